"""Functions of the table themselves, as `np.sin`, where a function with Python source is expected."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from backprose.ir.kinds import Kind
    from backprose.ir.nodes import Module
    from backprose.transform.infer import Inference

Parameter = inspect.Parameter


class Known:
    """A function that has a rule, as one whose body is the call of it."""

    def __init__(self, function: Any):
        self.function = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__
        self.__signature__ = signature_of(function)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self.function(*args, **keywords)

    def __backprose_module__(self, engine: Inference, kinds: Mapping[str, Kind]) -> Module:
        """The IR of the call. Arguments that are left at their defaults are not written down."""
        from backprose.analysis.kinds import kind_of
        from backprose.ir.nodes import Function, Module, Value
        from backprose.transform.typed import TypedBuilder

        b = TypedBuilder()
        params = {name: Value(name, kinds[name]) for name in self.__signature__.parameters}
        args, keywords = [], {}
        for p in self.__signature__.parameters.values():
            if p.default is not p.empty and kinds[p.name] == kind_of(p.default):
                continue
            if p.kind is p.KEYWORD_ONLY or keywords or (p.default is not p.empty and p.kind is not p.POSITIONAL_ONLY):
                keywords[p.name] = params[p.name]
            else:
                args.append(params[p.name])
        result = engine.call_object(b, self.function, tuple(args), keywords, None)
        region = b.region(tuple(params.values()), [result])
        entry = Function(self.__name__, region, None, "", self.__signature__)
        return Module({entry.name: entry, **{i.name: i.function for i in engine.instances.values()}, **engine.functions})


def signature_of(function: Any) -> inspect.Signature:
    """The function's own signature; of a ufunc, and where it does not tell, the operands that its rule differentiates."""
    from backprose.rules.registry import rule_for

    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    if isinstance(function, np.ufunc) or not parameters or any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return inspect.Signature([Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in rule_for(function).wrt])
    return inspect.Signature([p for p in parameters if p.kind is not p.VAR_KEYWORD])


_KNOWN: dict[Any, Known] = {}


def known(function: Any) -> Known | None:
    """The function of the table that this is, if it is one; always the same object."""
    import backprose.rules  # noqa: F401 - fills the table
    from backprose.rules.registry import rule_for

    if rule_for(function) is None or not hasattr(function, "__name__"):
        return None
    return _KNOWN.setdefault(function, Known(function))
