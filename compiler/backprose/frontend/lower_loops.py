"""Loops and comprehensions.

A loop carries every variable that its body binds; `prune` drops the ones whose value is not needed afterwards nor in
the next iteration. A `return` inside is carried out of the loop as the flag `returned` and the value `result`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import Any

import backprose_runtime

from backprose.frontend import resolve
from backprose.frontend.lower_functions import Functions
from backprose.frontend.regions import FALL, RAISED, Env, Exit, Stale, plain
from backprose.ir.build import Builder
from backprose.ir.nodes import Region, Value


class Loops(Functions):
    """Lowers `for`, `while` and comprehensions."""

    scopes: tuple[dict[str, str], ...] = ()  # variables of the comprehensions around, by name
    comprehensions = 0

    def block(self, statements: Sequence[ast.stmt]) -> Exit:
        raise NotImplementedError

    def bind(self, target: ast.expr, value: Value) -> None:
        raise NotImplementedError

    # Statements
    def statement_For(self, node: ast.For) -> Exit:
        iterable = self.expression(node.iter)
        item = Value(node.target.id if isinstance(node.target, ast.Name) else "")

        def enter() -> None:
            with self.at(node.target):
                self.bind(node.target, item)

        return self.loop(node, [iterable], [item], enter, [node.target, *node.body])

    def statement_While(self, node: ast.While) -> Exit:
        return self.loop(node, [], [], lambda: None, node.body)

    def loop(
        self,
        node: ast.For | ast.While,
        iterables: list[Value],
        items: list[Value],
        enter: Callable[[], None],
        binding: Sequence[ast.AST],
    ) -> Exit:
        functions = resolve.defined_functions(node.body)
        keys = [name for name in resolve.assigned(binding) if name not in functions]
        inits = [self.value_of(key) for key in keys]
        stale: Env = {name: Stale(name) for name in functions}
        params = [Value(plain(key)) for key in keys]
        with self.region({**self.env, **stale, **dict(zip(keys, params))}) as builder:
            enter()
            exit = self.block([*node.body, ast.copy_location(ast.Continue(), node)])
            yields = [builder.unbound(plain(key)) if exit.forgets else self.yielded(key, node) for key in keys]
        extra = _Extra(self.builder, builder, exit, bool(node.orelse))
        stops = [extra.flag(exit.stop)] if exit.stop not in (None, False) else []
        regions = [builder.region([*items, *params, *extra.params], [*stops, *yields, *extra.yields])]
        if isinstance(node, ast.While):
            regions.insert(0, self.condition(node, keys, stale, extra))
        results = [Value(plain(key)) for key in keys]
        self.builder.op(
            type(node).__name__.lower(),
            [*iterables, *inits, *extra.inits],
            [*results, *extra.results],
            regions,
            **({"iterables": len(iterables)} if iterables else {}),
            collected=0,
            stops=bool(stops),
        )
        self.flags.update(extra.flags)
        self.env = {**self.env, **stale, **dict(zip(keys, results))}
        return self.after_loop(node, extra)

    def condition(self, node: ast.While, keys: Sequence[str], stale: Env, extra: _Extra) -> Region:
        """The test, with parameters of its own for all that is carried."""
        params = [Value(plain(key)) for key in keys]
        with self.region({**self.env, **stale, **dict(zip(keys, params))}) as builder:
            test = self.expression(node.test)
        return builder.region([*params, *(Value(param.name) for param in extra.params)], [test])

    def yielded(self, key: str, node: ast.AST) -> Value:
        """What the variable passes on to the next iteration."""
        if isinstance(self.env.get(key), Stale):
            return self.variable(key, node, escapes=True)
        return self.value_of(key)

    def after_loop(self, node: ast.For | ast.While, extra: _Extra) -> Exit:
        left = FALL if extra.returned is None else Exit(extra.returned, True, True, extra.result)
        if resolve.is_endless(node) and resolve.FALL not in resolve.endings([node]):
            return RAISED if extra.returned is None else Exit(True, True, True, extra.result)
        if not node.orelse:
            return left
        if extra.stopped is None:
            return self.block(node.orelse)
        # A loop that stopped by `break` or `return` skips its `else`.
        if extra.stopped is extra.returned:
            left = Exit(True, True, True, extra.result)
        return self.branch(extra.stopped, lambda: (left, ()), lambda: (self.block(node.orelse), ()))[0]

    # Comprehensions
    def comprehension(self, generators: Sequence[ast.comprehension], element: Callable[[], Value], name: str) -> Value:
        """The list of the elements. Only the first iterable is evaluated outside the comprehension's scope."""
        iterable = self.expression(generators[0].iter)
        self.comprehensions += 1
        names = [name for generator in generators for name in resolve.target_names(generator.target)]
        outer_scopes, outer_env = self.scopes, self.env
        self.scopes = (*outer_scopes, {name: f"{name} {self.comprehensions}" for name in names})
        self.env = dict(outer_env)
        value = self.generate(generators, iterable, element, name)
        self.scopes, self.env = outer_scopes, outer_env
        return value

    def generate(
        self, generators: Sequence[ast.comprehension], iterable: Value, element: Callable[[], Value], name: str
    ) -> Value:
        """A `for` that collects elements, or lists of them where tests or inner loops leave their number open."""
        first, *others = generators
        is_plain = not others and not first.ifs
        item = Value(first.target.id if isinstance(first.target, ast.Name) else "")

        def inner() -> Value:
            if not others:
                return self.builder.list([element()])
            return self.generate(others, self.expression(others[0].iter), element, "")

        with self.region(self.env) as builder:
            with self.at(first.target):
                self.bind(first.target, item)
            collected = element() if is_plain else self.test_all(first.ifs, inner)
        result = Value(name if is_plain else "")
        body = builder.region([item], [collected])
        self.builder.op("for", [iterable], [result], [body], iterables=1, collected=1, stops=False)
        return result if is_plain else self.builder.call(backprose_runtime.flatten, result, name=name)


class _Extra:
    """What a loop carries besides the user's variables: whether it returned and what, and whether it stopped."""

    def __init__(self, outer: Builder, inner: Builder, exit: Exit, has_else: bool):
        self.outer, self.inner = outer, inner
        self.inits: list[Value] = []
        self.params: list[Value] = []
        self.yields: list[Value] = []
        self.results: list[Value] = []
        self.flags: list[Value] = []
        self.returned = self.result = self.stopped = None
        if exit.returned not in (None, False):
            self.returned = self.carry("returned", outer.const(False), self.flag(exit.returned))
            self.result = self.carry("result", outer.unbound("result"), exit.result)
            self.flags.append(self.returned)
        if has_else and exit.stop not in (None, False):
            if exit.stop is exit.returned:
                self.stopped = self.returned
            else:
                self.stopped = self.carry("stopped", outer.const(False), self.flag(exit.stop))
                self.flags.append(self.stopped)

    def flag(self, flag: Any) -> Value:
        return flag if isinstance(flag, Value) else self.inner.const(flag)

    def carry(self, name: str, init: Value, yielded: Value) -> Value:
        result = Value(name)
        self.inits.append(init)
        self.params.append(Value(name))
        self.yields.append(yielded)
        self.results.append(result)
        return result
