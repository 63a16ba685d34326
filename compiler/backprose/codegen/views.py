"""A view that a loop takes in each iteration is taken once, before the loop.

    below = u[2:, 1:-1]                           for _ in range(steps):
    for _ in range(steps):                            below = u[2:, 1:-1]
        u[1:-1, 1:-1] += dt * below                   u[1:-1, 1:-1] += dt * below

    a_row = a[i]                                  for j in range(1, n):
    for j in range(1, n):                             a[i, j] += a[i, j - 1]
        a_row[j] += a_row[j - 1]

In a program that updates arrays in place a view shows what is in the array when it is read. So it matters only that the
variable keeps its array: in the loop nothing is assigned to it, and nothing else to the variable of the view. An index that
might be out of range must not be read early, for the loop may not run at all: slices never are, and numbers are
evidently in range if they are counted by loops whose bounds are known with the array's length (`codegen/ranges`).
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

from backprose.codegen.names import first_free
from backprose.codegen.ranges import Known, Ranges
from backprose.ir.syntax import children, nodes, statements

LOOPS = (ast.For, ast.While)


def take_views_once(body: list[ast.stmt], params: Iterable[str], known: Known, taken: set[str]) -> list[ast.stmt]:
    """The body of a function with views taken before its loops; `taken` are names that nothing else may have."""
    if not any(isinstance(n, LOOPS) for n in statements(ast.Module(body, []))):
        return body
    names = {n.id for n in nodes(body) if isinstance(n, ast.Name)}
    walk = _Walk(known, taken | names, _always_views(body))
    return walk.block(body, Ranges(known), set(params))


@dataclass(frozen=True)
class View:
    """`base[index]`, basic and in range; `text` says whether another is the same."""

    base: str
    index: tuple[ast.expr, ...]

    @property
    def text(self) -> str:
        return f"{self.base}[{', '.join(map(ast.dump, self.index))}]"

    def node(self) -> ast.Subscript:
        index = self.index[0] if len(self.index) == 1 else ast.Tuple(list(self.index), ast.Load())
        return ast.Subscript(ast.Name(self.base, ast.Load()), index, ast.Load())


class _Walk:
    def __init__(self, known: Known, taken: set[str], views: set[str]):
        self.known, self.taken, self.views = known, taken, views
        self.rows: dict[str, str] = {}  # the names of rows

    def block(self, block: Sequence[ast.stmt], ranges: Ranges, bound: set[str]) -> list[ast.stmt]:
        """`bound` are the variables that every path to the block has assigned."""
        out: list[ast.stmt] = []
        bound = set(bound)
        for statement in block:
            inner = ranges.within(statement) if isinstance(statement, LOOPS) else ranges
            for part in ("body", "orelse"):
                if getattr(statement, part, None) and not isinstance(statement, ast.FunctionDef):
                    setattr(statement, part, self.block(getattr(statement, part), inner, bound))
            if isinstance(statement, LOOPS):
                loop = _Loop(self, statement, ranges, bound)
                out += [s for s in loop.before() if not _holds_already(s, out)]
            out.append(statement)
            bound |= _stored([statement]) if isinstance(statement, (ast.Assign, ast.AugAssign)) else set()
        return out

    def name(self, row: View) -> str:
        if row.text not in self.rows:
            self.rows[row.text] = name = first_free(_row_name(row.base), self.taken)
            self.taken.add(name)
            self.views.add(name)
        return self.rows[row.text]


class _Loop:
    """One loop: what is taken before it is removed from it."""

    def __init__(self, walk: _Walk, node: ast.For | ast.While, ranges: Ranges, bound: set[str]):
        self.walk, self.node, self.ranges, self.bound = walk, node, ranges, bound

    @cached_property
    def stored(self) -> set[str]:
        """The variables to which the loop assigns."""
        return _stored([self.node])

    def before(self) -> list[ast.stmt]:
        """The assignments that are made before the loop now."""
        moved = self.named()
        if moved:
            self.node.body = [s for s in self.node.body if s not in moved] or [ast.Pass()]
        names = {self.view(s.value).text: s.targets[0].id for s in moved}
        inside = nodes(self.node.body)
        if not any(isinstance(n, LOOPS) for n in inside):
            moved += self.rows([n for n in inside if isinstance(n, ast.Subscript)], names)
        if names:
            renamed = [_replaced(s, lambda node: self.renamed(node, names)) for s in self.node.body]
            self.node.body = _without_nothing(renamed) or [ast.Pass()]
        first: dict[str, ast.stmt] = {}
        for s in moved:
            first.setdefault(ast.dump(s), s)
        return list(first.values())

    def named(self) -> list[ast.stmt]:
        """Assignments of views in the loop's body, of variables that are never anything else."""
        found = []
        for s in self.node.body:
            name = _target(s)
            view = self.view(s.value) if name in self.walk.views else None
            if view is not None and self.is_steady(view, self.stored - {name}):
                found.append(s)
        return found

    def rows(self, entries: list[ast.Subscript], names: dict[str, str]) -> list[ast.stmt]:
        """Give names to the rows in which the loop reads or stores entries, two at least."""
        counts: Counter[str] = Counter()
        views: dict[str, View] = {}
        for row in filter(None, map(self.row, entries)):
            counts[row.text] += 1
            views[row.text] = row
        made = []
        for text, count in counts.items():
            if text not in names and count > 1:
                names[text] = self.walk.name(views[text])
                made.append(ast.Assign([ast.Name(names[text], ast.Store())], views[text].node()))
                made[-1].loc = getattr(self.node.body[0], "loc", None)
        return made

    def row(self, node: ast.Subscript) -> View | None:
        """The view of which the node is an entry or a slice, by a leading index that stays the same."""
        view = _view(node)
        rank = self.walk.known.rank(view.base) if view is not None else None
        if rank is None or len(view.index) > rank:
            return None
        is_int, count = self.walk.known.is_int, 0
        while count < len(view.index) - 1 and is_int(view.index[count]) and self.stays(view.index[count], self.stored):
            count += 1
        if not count or not all(isinstance(i, ast.Slice) or is_int(i) for i in view.index[count:]):
            return None
        row = replace(view, index=view.index[:count])
        return row if self.is_steady(row, self.stored) else None

    def renamed(self, node: ast.AST, names: dict[str, str]) -> ast.AST | None:
        """A view that has a name, or an entry of it, by that name; None for anything else."""
        if not isinstance(node, ast.Subscript):
            return None
        view, row = self.view(node), self.row(node)
        if view is not None and view.text in names and isinstance(node.ctx, ast.Load):
            return ast.Name(names[view.text], ast.Load())
        if row is None or row.text not in names:
            return None
        rest = _view(node).index[len(row.index) :]
        index = rest[0] if len(rest) == 1 else ast.Tuple(list(rest), ast.Load())
        return ast.Subscript(ast.Name(names[row.text], ast.Load()), index, node.ctx)

    def view(self, node: ast.expr) -> View | None:
        """The view of an array that the expression certainly is."""
        view = _view(node)
        rank = self.walk.known.rank(view.base) if view is not None else None
        if rank is None or len(view.index) > rank:
            return None
        numbers = [i for i in view.index if not isinstance(i, ast.Slice)]
        slices = [i for i in view.index if isinstance(i, ast.Slice)]
        bounds = [bound for i in slices for bound in (i.lower, i.upper) if bound is not None]
        if len(numbers) == rank or any(i.step is not None for i in slices):
            return None
        return view if all(map(self.walk.known.is_int, (*numbers, *bounds))) else None

    def is_steady(self, view: View, stored: set[str]) -> bool:
        """Whether the view is the same, and can be taken, before the loop."""
        if view.base in stored or view.base not in self.bound or not all(self.stays(i, stored) for i in view.index):
            return False
        return all(
            isinstance(index, ast.Slice) or self.ranges.is_within(index, self.walk.known.length(view.base, axis))
            for axis, index in enumerate(view.index)
        )

    def stays(self, index: ast.expr, stored: set[str]) -> bool:
        """Whether the index is made of constants and of variables which every path has assigned, and the loop does not."""
        parts = nodes([index])
        if not all(isinstance(n, (ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Slice)) for n in parts):
            return False
        return all(n.id not in stored and n.id in self.bound | self.ranges.counters for n in parts if isinstance(n, ast.Name))


def _view(node: ast.expr) -> View | None:
    """`a[i, j]` and `a[i][j]` taken apart."""
    index: list[ast.expr] = []
    while isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if index and any(isinstance(part, ast.Slice) for part in parts):
            return None
        index = [*parts, *index]
        node = node.value
    return View(node.id, tuple(index)) if isinstance(node, ast.Name) and index else None


def _row_name(base: str) -> str:
    return f"{base[:-4]}_row_bar" if base.endswith("_bar") else f"{base}_row"


def _target(s: ast.stmt) -> str | None:
    if isinstance(s, ast.Assign) and len(s.targets) == 1 and isinstance(s.targets[0], ast.Name):
        return s.targets[0].id
    return None


def _without_nothing(block: list[ast.stmt]) -> list[ast.stmt]:
    """The block without `view = view`, which is left of a view that is taken again further inside."""
    left = [s for s in block if not (isinstance(getattr(s, "value", None), ast.Name) and _target(s) == s.value.id)]
    for s in left:
        for part in ("body", "orelse"):
            if inner := getattr(s, part, None):
                setattr(s, part, _without_nothing(inner) or ([ast.Pass()] if part == "body" else []))
    return left


def _stored(block: Sequence[ast.AST]) -> set[str]:
    return {n.id for n in nodes(block) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}


def _always_views(body: list[ast.stmt]) -> set[str]:
    """The variables to which one and the same text is assigned wherever they are assigned, in the block of each reading
    or in one around it."""
    texts: dict[str, set[str]] = {}
    stores: Counter[str] = Counter()
    for node in nodes(body):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stores[node.id] += 1
        elif (name := _target(node)) is not None:
            texts.setdefault(name, set()).add(ast.dump(node.value) if isinstance(node.value, ast.Subscript) else "")
            stores[name] -= 1
    found = {name for name, known in texts.items() if len(known) == 1 and "" not in known and not stores[name]}
    return found - _read_elsewhere(body, found, set())


def _read_elsewhere(block: Sequence[ast.stmt], names: set[str], assigned: set[str]) -> set[str]:
    """Those of the variables that are read where neither the block nor one around it has assigned them."""
    found: set[str] = set()
    here = set()
    for s in block:
        inner = [part for name in ("body", "orelse") if (part := getattr(s, name, None)) and isinstance(part, list)]
        own = {n.id for n in nodes(_own(s)) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        found |= (own & names) - assigned
        for part in inner:
            found |= _read_elsewhere(part, names, assigned)
        if (name := _target(s)) in names and name not in assigned:
            assigned.add(name)
            here.add(name)
    assigned -= here
    return found


def _own(s: ast.stmt) -> list[ast.AST]:
    """What a statement consists of, without its blocks."""
    blocks = {id(n) for name in ("body", "orelse") if isinstance(getattr(s, name, None), list) for n in getattr(s, name)}
    return [n for n in children(s) if id(n) not in blocks]


def _holds_already(s: ast.stmt, block: Sequence[ast.stmt]) -> bool:
    """Whether the same was assigned before in the block, and the variable keeps the array since."""
    text, read = ast.dump(s), {n.id for n in nodes([s]) if isinstance(n, ast.Name)}
    for former in reversed(block):
        if isinstance(former, ast.Assign) and ast.dump(former) == text:
            return True
        if read & _stored([former]):
            return False
    return False


def _replaced(node: ast.AST, change: Callable[[ast.AST], ast.AST | None]) -> ast.AST:
    """The tree with other nodes where `change` gives one."""
    new = change(node)
    if new is not None:
        return new
    if not children(node):
        return node
    out = copy(node)
    for name in node._fields:
        part = getattr(node, name, None)
        if isinstance(part, list):
            setattr(out, name, [_replaced(p, change) if isinstance(p, ast.AST) else p for p in part])
        elif isinstance(part, (ast.expr, ast.stmt, ast.comprehension, ast.keyword)):
            setattr(out, name, _replaced(part, change))
    return out
