"""Which function is meant, and which of its parameters: callables, `argnums`, and what may be differentiated."""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.known import known

if TYPE_CHECKING:
    from backprose.ir.kinds import Kind

Argnums = int | str | tuple[int | str, ...]
VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class Target:
    """A callable taken apart: the plain function, and the arguments that are already bound to it."""

    function: Any
    prefix: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)

    @property
    def signature(self) -> inspect.Signature:
        """Of the plain function, with the bound arguments."""
        return inspect.signature(self.function, follow_wrapped=False)


class Decorated:
    """A function of which a decorator has said something: it is called, and bound to an object, as the function itself."""

    def __init__(self, fun: Callable, signature: inspect.Signature):
        self.fun = fun
        self.__signature__ = signature
        functools.update_wrapper(self, fun, updated=())

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self.fun(*args, **keywords)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)


def target_of(fun: Any) -> Target:
    """Look through bound methods, `functools.partial`, and objects with a `__call__`."""
    if hasattr(fun, "__backprose_target__"):
        return target_of(fun.__backprose_target__)
    if isinstance(fun, types.MethodType):
        inner = target_of(fun.__func__)
        return Target(inner.function, (*inner.prefix, fun.__self__), inner.keywords)
    if isinstance(fun, functools.partial):
        inner = target_of(fun.func)
        return Target(inner.function, (*inner.prefix, *fun.args), {**inner.keywords, **fun.keywords})
    if isinstance(fun, types.FunctionType) or hasattr(fun, "__backprose_module__"):
        return Target(fun)
    if isinstance(fun, (staticmethod, classmethod)):
        name = type(fun).__name__
        raise TypeError(f"a {name} object can't be differentiated: put the decorator below @{name}")
    call = getattr(type(fun), "__call__", None)
    if isinstance(call, types.FunctionType) and not isinstance(fun, type):
        return Target(call, (fun,))
    if not callable(fun):
        raise TypeError(f"expected a function, not {type(fun).__name__}: {fun!r}")
    in_table = known(fun)
    if in_table is not None:
        return Target(in_table)
    raise errors.SourceUnavailable(
        f"`{name_of(fun)}` has no Python source",
        why="only functions that are written in Python can be compiled",
        instead="pass a Python function that calls it",
    )


def name_of(fun: Any) -> str:
    return getattr(fun, "__name__", None) or type(fun).__name__


def is_module_level(wrapper: Any) -> bool:
    """Whether the wrapper stands in its module under its own name, as a decorated function does."""
    module = sys.modules.get(wrapper.__module__)
    return getattr(module, getattr(wrapper, "__qualname__", ""), None) is wrapper


def resolve(signature: inspect.Signature, argnums: Argnums, skip: int, name: str) -> tuple[tuple[int, ...], bool]:
    """Indices of the parameters that `argnums` names, and whether it names a single one.

    The first `skip` parameters are bound already (`self`), and positions are counted behind them.
    """
    single = not isinstance(argnums, (tuple, list))
    wanted = (argnums,) if single else tuple(argnums)
    if not wanted:
        raise ValueError(f"argnums is empty: no parameter of {name}() is asked for")
    indices = tuple(_index(signature, item, skip, name) for item in wanted)
    if len(set(indices)) != len(indices):
        raise ValueError(f"argnums={argnums!r} names a parameter of {name}() twice")
    return indices, single


def _index(signature: inspect.Signature, item: Any, skip: int, name: str) -> int:
    parameters = list(signature.parameters.values())
    if isinstance(item, str):
        if item not in signature.parameters:
            known = ", ".join(p.name for p in parameters[skip:])
            raise ValueError(f"argnums={item!r}: {name}() has no parameter of that name; it has ({known})")
        index = list(signature.parameters).index(item)
    elif isinstance(item, int) and not isinstance(item, bool):
        index = _position(parameters, item, skip, name)
    else:
        raise TypeError(f"argnums must be an int, a parameter's name, or a tuple of these, not {item!r}")
    if index < skip:
        raise ValueError(f"argnums={item!r}: {parameters[index].name!r} of {name}() is bound already")
    if parameters[index].kind in VARIADIC:
        raise ValueError(
            f"argnums={item!r}: {parameters[index]} of {name}() can't be differentiated; "
            "give the argument a parameter of its own"
        )
    return index


def _position(parameters: list[inspect.Parameter], item: int, skip: int, name: str) -> int:
    variadic = next((i for i, p in enumerate(parameters) if p.kind is p.VAR_POSITIONAL), None)
    positional = [i for i, p in enumerate(parameters) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][skip:]
    if variadic is not None and not 0 <= item < len(positional):
        return variadic
    if not -len(positional) <= item < len(positional):
        known = ", ".join(parameters[i].name for i in positional)
        raise ValueError(f"argnums={item}: {name}() takes {len(positional)} positional arguments ({known})")
    return positional[item]


def primal_indices(signature: inspect.Signature, skip: int, count: int) -> tuple[tuple[int, ...], bool]:
    """The parameters that the primals are passed to, and whether the last of them takes a tuple of primals."""
    parameters = list(signature.parameters.values())
    positional = [i for i, p in enumerate(parameters) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    wanted = positional[skip : skip + count]
    if len(wanted) < count:
        return (*wanted, len(positional)), True
    return tuple(wanted), False


# What may be differentiated


def check_differentiable(
    name: str, kind: Kind, allow_int: bool, loc: Any, asked: str = "a gradient with respect to it", offer_int: bool = True
) -> bool:
    """Refuse a differentiated argument with integer leaves, or without any that has a derivative.

    True if there are integer leaves, which are allowed by `allow_int`, if the caller is to `offer_int`.
    """
    from backprose.analysis.activity import carries_derivative

    whole = [(path, leaf) for path, leaf in number_leaves(kind, name) if not carries_derivative(leaf)]
    if whole and not allow_int:
        path, leaf = whole[0]
        other = f"leave `{name}` out by argnums, or set allow_int=True" if offer_int else f"or leave `{name}` out by argnums"
        raise errors.NotDifferentiable(
            f"{_subject(name, path)} is {describe(leaf)}, which has no derivative", loc, f"{asked} was asked for",
            f"pass {'floats' if _is_array(leaf) else 'a float'}, {other}",
        )  # fmt: skip
    if not whole and not carries_derivative(kind):
        raise errors.NotDifferentiable(
            f"the argument `{name}` holds no floating-point number: it is {describe(kind)}", loc,
            f"{asked} was asked for", f"{_way_out(kind)}leave `{name}` out by argnums",
        )  # fmt: skip
    return bool(whole)


def _way_out(kind: Kind) -> str:
    from backprose.ir.kinds import Static
    from backprose.ir.records import is_plain

    return "make its class a dataclass, or " if isinstance(kind, Static) and is_plain(kind.value) else ""


def number_leaves(kind: Kind, path: str) -> Iterator[tuple[str, Kind]]:
    """The numbers in a kind, with the expressions that read them."""
    from backprose.analysis.kinds import is_number
    from backprose.ir.kinds import Dict, FixedList, List, Maybe, Record, Static, Tuple

    if isinstance(kind, Record):
        for name, item in zip(kind.fields, kind.items):
            yield from number_leaves(item, f"{path}.{name}")
    elif isinstance(kind, Dict):
        for key, item in zip(kind.keys, kind.items):
            yield from number_leaves(item, f"{path}[{_quoted(key)}]")
    elif isinstance(kind, (Tuple, FixedList)):
        for i, item in enumerate(kind.items):
            yield from number_leaves(item, f"{path}[{i}]")
    elif isinstance(kind, List):
        yield from number_leaves(kind.item, f"{path}[0]")
    elif isinstance(kind, Maybe):
        yield from number_leaves(kind.item, path)
    elif is_number(kind) and not isinstance(kind, Static):
        yield path, kind


def part_text(kind: Kind, path: tuple, text: str) -> str:
    """The expression that reads a part: `params["w"]`, `q[0]`, `layers[i].rate` of each in a list, `q[any other]`."""
    from backprose.analysis.apart import Element
    from backprose.ir.kinds import Dict, List, Record

    places = [element.key for element in path if isinstance(element, Element)]
    for key in (*(key for key in path if not isinstance(key, Element)), None):
        while isinstance(kind, List) and (places or key is not None):
            text, kind = f"{text}[{places.pop(0) if places else 'i'}]", kind.item
        if isinstance(kind, Record) and key is not None:
            text, kind = f"{text}.{key}", kind.items[kind.fields.index(key)]
        elif isinstance(kind, Dict) and key is not None:
            text, kind = f"{text}[{_quoted(key)}]", kind.items[kind.keys.index(key)]
        elif key is not None:
            text, kind = f"{text}[{key}]", kind.items[key]
    return text


def describe(kind: Kind) -> str:
    """A kind in words, for an error: `an int64 array with 2 axes`, `an int`, `a str`."""
    from backprose.ir.kinds import Array, Scalar, Static

    if isinstance(kind, Array):
        axes = "1 axis" if kind.ndim == 1 else f"{kind.ndim} axes"
        return f"{article(kind.dtype)} array with {axes}"
    if isinstance(kind, Scalar):
        return article(kind.dtype.rstrip("_"))
    if isinstance(kind, Static):
        return "None" if kind.value is None else article(type(kind.value).__name__)
    return str(kind)


def _is_array(kind: Kind) -> bool:
    return getattr(kind, "ndim", 0) > 0


def article(noun: str) -> str:
    return ("an " if noun[0] in "aeioAEIO" else "a ") + noun


def _subject(name: str, path: str) -> str:
    return f"the argument `{name}`" if path == name else f"`{path}` in the argument `{name}`"


def _quoted(key: Any) -> str:
    return f'"{key}"' if isinstance(key, str) and '"' not in key else repr(key)


def zeros_for_integers(bar: Any, value: Any) -> Any:
    """A gradient in which integer leaves, which have None, get float64 zeros of their shape."""
    import numpy as np
    from backprose_runtime.containers import is_container, items, map_items

    if bar is not None and not is_container(bar):
        return bar
    if is_container(value):
        parts = iter(items(bar) if bar is not None else [None] * len(items(value)))
        return map_items(lambda item: zeros_for_integers(next(parts), item), value)
    if isinstance(value, (int, np.integer, np.bool_)):
        return 0.0
    if isinstance(value, np.ndarray) and value.dtype.kind in "biu":
        return np.zeros(value.shape)
    return bar


def arrange(signature: inspect.Signature) -> Callable[[tuple, Mapping[str, Any]], tuple] | None:
    """For a function of plain parameters: arguments and keywords -> all arguments by position, with the defaults.

    None for functions with keyword-only or variadic parameters.
    """
    parameters = list(signature.parameters.values())
    if any(p.kind in (*VARIADIC, inspect.Parameter.KEYWORD_ONLY) for p in parameters):
        return None
    count = len(parameters)
    defaults = tuple(p.default for p in parameters if p.default is not p.empty)
    required = count - len(defaults)

    def by_position(args: tuple, keywords: Mapping[str, Any]) -> tuple:
        if not keywords and required <= len(args) <= count:
            return args + defaults[len(args) - required :]
        bound = signature.bind(*args, **keywords)
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    return by_position
