"""Running IR directly, at any stage: the oracle of every pass.

Python objects stand for values, so what the interpreter computes has the bits that the user's code computes.
"""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import zip_longest
from types import CellType, MethodDescriptorType
from typing import Any

import backprose_runtime

from backprose.errors import InternalError
from backprose.ir.nodes import Function, Module, Op, Region, Value
from backprose.ir.records import fields_of, takes_fields


@dataclass(frozen=True)
class UnboundVariable:
    """What a variable holds that no statement has bound; yields pass it along, any other reading raises."""

    name: str


def interpret(
    code: Module | Function,
    *args: Any,
    globals: Mapping[str, Any] | None = None,
    cells: Mapping[str, Any] | None = None,
) -> Any:
    """Run a function, or the entry of a module, on `args`, one for each of its parameters.

    Free names are read from `globals`, then from the builtins; those of scope "cell" from `cells` (values or
    `types.CellType`) first.
    """
    functions = code.functions if isinstance(code, Module) else {code.name: code}
    entry = code.entry if isinstance(code, Module) else code
    return _Frame(functions, globals or {}, cells or {}).run(entry, args)


@dataclass
class _Frame:
    """One running function; `closure` is the callable that it is the body of, if it is one."""

    functions: Mapping[str, Function]
    globals: Mapping[str, Any]
    cells: Mapping[str, Any]
    closure: Callable | None = None

    def run(self, function: Function, args: Sequence[Any]) -> Any:
        if len(args) != len(function.params):
            raise TypeError(f"{function.name} takes {len(function.params)} arguments, got {len(args)}")
        env = dict(zip(function.params, args))
        self.execute(function.ops, env)
        return _read(function.result, env)

    def execute(self, ops: Iterable[Op], env: dict[Value, Any]) -> None:
        for op in ops:
            method = getattr(self, "op_" + op.name, None)
            if method is None:
                raise InternalError(f"the interpreter does not know the operation {op.name!r}")
            if op.name in ("if", "for", "while", "with", "raise", "store"):
                method(op, env)
            else:
                env[op.result] = method(op, *(_read(v, env) for v in op.operands))

    def region(self, region: Region, env: dict[Value, Any], args: Sequence[Any] = ()) -> list:
        env.update(zip(region.params, args, strict=True))
        self.execute(region.ops, env)
        return [env[v] for v in region.results]

    def op_store(self, op: Op, env: dict[Value, Any]) -> None:
        target, index, value, *before = (_read(v, env) for v in op.operands)
        update = op.attrs["operator"]
        target[index] = value if update is None else update(before[0] if before else target[index], value)

    # Each method below takes the values of the operands and returns that of the result.
    def op_const(self, op: Op) -> Any:
        return op.attrs["value"]

    def op_unbound(self, op: Op) -> UnboundVariable:
        return UnboundVariable(op.result.name)

    def op_global(self, op: Op) -> Any:
        name = op.attrs["name"]
        if op.attrs["scope"] == "cell" and name in self.cells:
            cell = self.cells[name]
            return cell.cell_contents if isinstance(cell, CellType) else cell
        if name in self.globals:
            return self.globals[name]
        if hasattr(builtins, name):
            return getattr(builtins, name)
        raise NameError(f"name {name!r} is not defined")

    def op_call(self, op: Op, *args: Any) -> Any:
        fn, names = op.fn, op.attrs["keywords"]
        cut = len(args) - len(names)
        named = dict(zip(names, args[cut:]))
        if isinstance(fn, MethodDescriptorType) and op.attrs["method"]:  # of arrays, which NumPy's scalars have too
            return getattr(args[0], op.attrs["method"])(*args[1:cut], **named)
        return fn(*args[:cut], **named)

    def op_apply(self, op: Op, callee: Any, *args: Any) -> Any:
        names = op.attrs["keywords"]
        cut = len(args) - len(names)
        positional, named = [], dict(zip(names, args[cut:]))
        for arg, spread in zip_longest(args[:cut], op.attrs["spread"][:cut], fillvalue=""):
            if spread == "*":
                positional.extend(arg)
            elif spread == "**":
                named |= arg
            else:
                positional.append(arg)
        return callee(*positional, **named)

    def op_invoke(self, op: Op, *args: Any) -> Any:
        return _Frame(self.functions, self.globals, self.cells).run(self.functions[op.attrs["callee"]], args)

    def op_getattr(self, op: Op, target: Any) -> Any:
        return getattr(target, op.attrs["name"])

    def op_tuple(self, op: Op, *items: Any) -> tuple:
        return items

    def op_list(self, op: Op, *items: Any) -> list:
        return list(items)

    def op_dict(self, op: Op, *parts: Any) -> dict:
        return dict(zip(parts[::2], parts[1::2]))

    def op_record(self, op: Op, *values: Any) -> Any:
        cls = op.attrs["cls"]
        names = fields_of(cls, op.result.kind)
        parts = dict(zip(names, values, strict=True))
        return cls(**parts) if takes_fields(cls, names) else backprose_runtime.new_record(cls, **parts)

    def op_closure(self, op: Op, *captured: Any) -> Callable:
        template = op.attrs["template"]
        if template == "self":
            return self.closure
        defaults = op.attrs.get("defaults") or template.attrs.get("defaults", {})
        signature = _signature(template, {name: captured[index] for name, index in defaults.items()})
        cut = len(template.params) - len(signature.parameters)

        def closure(*args: Any, **named: Any) -> Any:
            bound = signature.bind(*args, **named)
            bound.apply_defaults()
            frame = _Frame(self.functions, self.globals, self.cells, closure)
            return frame.run(template, (*captured[:cut], *bound.arguments.values()))

        closure.__name__ = template.name
        return closure

    # Control flow writes its results into the environment itself.
    def op_if(self, op: Op, env: dict[Value, Any]) -> None:
        then, otherwise = op.regions
        chosen = then if _read(op.operands[0], env) else otherwise
        env.update(zip(op.results, self.region(chosen, env), strict=True))

    def op_for(self, op: Op, env: dict[Value, Any]) -> None:
        items = zip(*[_read(v, env) for v in op.iterables])
        self.loop(op, env, lambda carried: next(items, None))

    def op_while(self, op: Op, env: dict[Value, Any]) -> None:
        self.loop(op, env, lambda carried: () if self.region(op.regions[0], env, carried)[0] else None)

    def loop(self, op: Op, env: dict[Value, Any], advance: Callable[[list], tuple | None]) -> None:
        """`advance(carried)` gives the elements of the next iteration, or None at the end."""
        carried, stop = [env[v] for v in op.inits], False
        collected: list[list] = [[] for _ in range(op.attrs["collected"])]
        while not stop and (items := advance(carried)) is not None:
            yields = self.region(op.body, env, (*items, *carried))
            if op.attrs["stops"]:
                stop = yields.pop(0)
            carried = yields[: len(carried)]
            for target, value in zip(collected, yields[len(carried) :], strict=True):
                target.append(value)
        env.update(zip(op.results, (*carried, *collected), strict=True))

    def op_with(self, op: Op, env: dict[Value, Any]) -> None:
        # A context may swallow an exception: then nothing was bound.
        env.update((v, UnboundVariable(v.name)) for v in op.results)
        with ExitStack() as stack:
            for context in op.operands:
                stack.enter_context(_read(context, env))
            env.update(zip(op.results, self.region(op.regions[0], env), strict=True))

    def op_raise(self, op: Op, env: dict[Value, Any]) -> None:
        match [_read(v, env) for v in op.operands]:
            case [exception, cause]:
                raise exception from cause
            case [exception]:
                raise exception
        raise


def _read(value: Value, env: Mapping[Value, Any]) -> Any:
    content = env[value]
    if isinstance(content, UnboundVariable):
        name = value.name or content.name
        raise UnboundLocalError(f"cannot access local variable {name!r} where it is not associated with a value")
    return content


def _signature(template: Function, defaults: Mapping[str, Any]) -> inspect.Signature:
    """The template's own parameters, without the captured values, with `defaults` filled in."""
    if template.signature is not None:
        own = list(template.signature.parameters.values())
    else:
        own = [inspect.Parameter(v.name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for v in template.params]
    return inspect.Signature([p.replace(default=defaults[p.name]) if p.name in defaults else p for p in own])
