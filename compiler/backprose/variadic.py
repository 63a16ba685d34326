"""A variadic function as calls of one shape see it: a function of plain parameters, one for each argument.

So arguments that arrive in `*args` and `**keywords`, as in most decorators' wrappers, can be differentiated, and the
wrapper gets exactly what the call gave it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import ref

if TYPE_CHECKING:
    from backprose.ir.kinds import Kind
    from backprose.ir.nodes import Module, Value
    from backprose.signatures import Target
    from backprose.transform.infer import Inference
    from backprose.transform.typed import TypedBuilder

Parameter = inspect.Parameter


class Shaped:
    """`function` called with `count` positional arguments and these keywords."""

    def __init__(self, function: Any, count: int, keywords: tuple[str, ...]):
        self.function = function
        self.__name__ = function.__name__
        self.count = count
        self.keywords = keywords
        self.__signature__ = shaped_signature(function, count, keywords)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self.function(*args, **keywords)

    def weakly(self) -> Callable[[], Shaped]:
        """What makes the same once more, without holding the function."""
        function, count, keywords = ref(self.function), self.count, self.keywords
        return lambda: Shaped(function(), count, keywords)

    def __backprose_module__(self, engine: Inference, kinds: Mapping[str, Kind]) -> Module:
        """The IR of one call of the function."""
        from backprose.analysis.kinds import widen
        from backprose.ir.nodes import Function, Value
        from backprose.ir.walk import clone
        from backprose.transform.binding import bind
        from backprose.transform.typed import TypedBuilder

        lowered, own = engine.lower(self.function), inspect.signature(self.function, follow_wrapped=False)
        b = TypedBuilder(lowered.loc)
        params = [Value(name, kinds[name]) for name in self.__signature__.parameters]
        keywords = dict(zip(self.keywords, params[self.count :]))
        values = bind(b, lowered.name, own, tuple(params[: self.count]), keywords, lowered.loc)
        inner = engine.run(self.function, {name: widen(v.kind) for name, v in zip(own.parameters, values)}).entry
        body = clone(inner.region, dict(zip(inner.params, values)))
        b.ops.extend(body.ops)
        (result,) = body.results
        entry = Function(lowered.name, b.region(params, [result]), lowered.loc, lowered.doc, self.__signature__)
        return engine.module(entry)


def fit_for(target: Target, count: int) -> Target:
    """The target of a call with so many arguments more: of one shape, where bound ones stand before them in `*args`."""
    parameters = target.signature.parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(target.prefix) <= len(positional) or not any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return target
    function = Shaped(target.function, len(target.prefix) + count, tuple(target.keywords))
    return replace(target, function=function)


def as_called(b: TypedBuilder, signature: inspect.Signature, params: Iterable[Value]) -> tuple[tuple, dict[str, Value]]:
    """The arguments and keywords of a call whose parameters have these values, `*args` and `**keywords` spread."""
    args, keywords = [], {}
    for parameter, value in zip(signature.parameters.values(), params):
        if parameter.kind is parameter.VAR_POSITIONAL:
            args += b.items_of(value)
        elif parameter.kind is parameter.VAR_KEYWORD:
            keywords |= dict(zip(value.kind.keys, b.items_of(value)))
        elif parameter.kind is parameter.KEYWORD_ONLY:
            keywords[parameter.name] = value
        else:
            args.append(value)
    return tuple(args), keywords


def is_variadic(signature: inspect.Signature) -> bool:
    """Whether it takes any number of arguments, or any keywords."""
    return any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in signature.parameters.values())


def signature_of_call(function: Any, count: int, keywords: Iterable[str]) -> inspect.Signature:
    """The parameters of a function; for one that takes any number, those of its call with so many arguments."""
    own = inspect.signature(function, follow_wrapped=False)
    return shaped_signature(function, count, keywords) if is_variadic(own) else own


def shaped_signature(function: Any, count: int, keywords: Iterable[str]) -> inspect.Signature:
    """A parameter for each of so many positional arguments and for each keyword."""
    taken = set(keywords)
    names = [_free(name, taken) for name in positional_names(function, count)]
    parameters = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
    return inspect.Signature([*parameters, *(Parameter(name, Parameter.KEYWORD_ONLY) for name in keywords)])


def positional_names(function: Any, count: int) -> Iterator[str]:
    """Names for positional arguments: of the parameters of what is wrapped, then `args_0`, `args_1`, ..."""
    plain = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    found = [p.name for p in outer_signature(function).parameters.values() if p.kind in plain][:count]
    yield from found
    variadic = next((p.name for p in own_parameters(function) if p.kind is p.VAR_POSITIONAL), "args")
    for i in range(count - len(found)):
        yield f"{variadic}_{i}"


def outer_signature(function: Any) -> inspect.Signature:
    """The signature that callers see: for a wrapper, that of what it wraps."""
    return inspect.signature(function)


def own_parameters(function: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(function, follow_wrapped=False).parameters.values())


def shape_before_a_call(function: Any) -> int | None:
    """With how many arguments a wrapper is called, if what it wraps tells."""
    parameters = outer_signature(function).parameters.values()
    plain = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    return len(parameters) if all(p.kind in plain for p in parameters) else None


def needs_shape(function: Any, argnums: Any, skip: int) -> bool:
    """Whether an argument that is asked for arrives in `*args` or `**keywords`."""
    if not hasattr(function, "__code__"):
        return False
    parameters = own_parameters(function)
    kinds = {p.kind for p in parameters}
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][skip:]
    for item in argnums if isinstance(argnums, (tuple, list)) else (argnums,):
        if isinstance(item, str) and item not in {p.name for p in parameters}:
            return Parameter.VAR_KEYWORD in kinds or (
                Parameter.VAR_POSITIONAL in kinds and item in outer_signature(function).parameters
            )
        if type(item) is int and not 0 <= item < len(plain) and Parameter.VAR_POSITIONAL in kinds:
            return True
    return False


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
