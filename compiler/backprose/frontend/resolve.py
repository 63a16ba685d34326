"""Which names a piece of core syntax binds and reads, and how its statements can end.

Nested functions and comprehensions are scopes of their own. All answers are ordered by first appearance, so that
what is built from them is the same in every process.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator

from backprose.ir.syntax import children, statements

FUNCTIONS = (ast.FunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.DictComp, ast.GeneratorExp)
FALL = "fall"

_LOOPED = 2  # a binding in a loop counts as more than one


def parameters(node: ast.FunctionDef | ast.Lambda) -> list[ast.arg]:
    """All parameters, in the order of the signature."""
    args = node.args
    variadic = [arg for arg in (args.vararg,) if arg is not None]
    keywords = [arg for arg in (args.kwarg,) if arg is not None]
    return [*args.posonlyargs, *args.args, *variadic, *args.kwonlyargs, *keywords]


def defaults(node: ast.FunctionDef | ast.Lambda) -> dict[str, ast.expr]:
    """The default expressions by parameter, in the order in which Python evaluates them."""
    args = node.args
    positional = [*args.posonlyargs, *args.args]
    found = dict(zip([arg.arg for arg in positional[len(positional) - len(args.defaults) :]], args.defaults))
    found.update((a.arg, default) for a, default in zip(args.kwonlyargs, args.kw_defaults) if default is not None)
    return found


def body_of(node: ast.FunctionDef | ast.Lambda) -> list[ast.stmt]:
    """The statements; the expression of a lambda is what it returns."""
    if isinstance(node, ast.Lambda):
        return [ast.copy_location(ast.Return(node.body), node.body)]
    return node.body


def bindings(node: ast.FunctionDef | ast.Lambda) -> Counter[str]:
    """How often each local variable is bound: once for a parameter, at least twice for a binding in a loop."""
    counts = Counter(arg.arg for arg in parameters(node))
    for name, weight in _bound(body_of(node), 1):
        counts[name] += weight
    return counts


def variables(node: ast.FunctionDef | ast.Lambda, bound: Iterable[str]) -> set[str]:
    """The user's local variables among the `bound`, without those that are annotated and never bound."""
    bare = [n.target for n in statements(node) if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]
    annotated = {target.id for target in bare}
    return {name for name in bound if "." not in name and name not in annotated}


def assigned(nodes: Iterable[ast.AST]) -> list[str]:
    """Names of the function's own scope that the nodes bind or delete."""
    return list(dict.fromkeys(name for name, _ in _bound(nodes, 1)))


def _bound(nodes: Iterable[ast.AST], weight: int) -> Iterator[tuple[str, int]]:
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            yield node.name, weight
            yield from _bound(defaults(node).values(), weight)
        elif isinstance(node, ast.Lambda):
            yield from _bound(defaults(node).values(), weight)
        elif isinstance(node, COMPREHENSIONS):
            yield from _bound([node.generators[0].iter], weight)
        elif isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                yield node.id, weight
        elif isinstance(node, (ast.For, ast.While)):
            head = [node.target, *node.body] if isinstance(node, ast.For) else [node.test, *node.body]
            if isinstance(node, ast.For):
                yield from _bound([node.iter], weight)
            yield from _bound(head, _LOOPED)
            yield from _bound(node.orelse, weight)
        else:
            yield from _bound(children(node), weight)


def defined_functions(nodes: Iterable[ast.AST]) -> list[str]:
    """Names that the statements bind to a nested function, by `def` or by `name = lambda`."""
    names: dict[str, None] = {}
    for node in nodes:
        if isinstance(node, ast.FunctionDef):
            names[node.name] = None
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            names.update((target.id, None) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.stmt):
            names.update(dict.fromkeys(defined_functions(children(node))))
    return list(names)


def target_names(target: ast.expr) -> list[str]:
    """Names that an assignment target binds."""
    if isinstance(target, ast.Name):
        return [target.id]
    return [node.id for node in ast.walk(target) if isinstance(node, ast.Name)]


def free_names(node: ast.FunctionDef | ast.Lambda) -> list[str]:
    """Names that a nested function reads and does not bind, also for the functions nested in it."""
    own = bindings(node)
    return list(dict.fromkeys(name for name in _read(body_of(node)) if name not in own))


def _read(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, FUNCTIONS):
            yield from _read(defaults(node).values())
            yield from free_names(node)
        elif isinstance(node, COMPREHENSIONS):
            first, *others = node.generators
            yield from _read([first.iter])
            own = {name for generator in node.generators for name in target_names(generator.target)}
            parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            inner = [*first.ifs, *others, *parts]
            yield from (name for name in _read(inner) if name not in own)
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                yield node.id
        elif isinstance(node, ast.AugAssign):
            yield from target_names(node.target)
            yield from _read([node.value])
        elif isinstance(node, ast.AnnAssign):
            yield from _read([] if node.value is None else [node.value])
        else:
            yield from _read(children(node))


def endings(statements: Iterable[ast.stmt]) -> set[str]:
    """The ways in which control may leave the statements: fall, return, break, continue, raise."""
    ways: set[str] = set()
    for statement in statements:
        found = _endings(statement)
        ways |= found - {FALL}
        if FALL not in found:
            return ways
    return ways | {FALL}


def _endings(node: ast.stmt) -> set[str]:
    if isinstance(node, (ast.Return, ast.Break, ast.Continue, ast.Raise)):
        return {type(node).__name__.lower()}
    if isinstance(node, ast.If):
        return endings(node.body) | endings(node.orelse)
    if isinstance(node, ast.With):
        return endings(node.body)
    if isinstance(node, (ast.For, ast.While)):
        body = endings(node.body)
        ways = body & {"return", "raise"}
        if "break" in body:
            ways.add(FALL)
        return ways if is_endless(node) else ways | endings(node.orelse)
    return {FALL}


def is_endless(node: ast.For | ast.While) -> bool:
    """Whether only a `break`, `return` or exception ends the loop."""
    return isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and bool(node.test.value)
