"""Jacobians: one sweep for a stack of directions, or one for each, by forward or by reverse mode.

Forward mode pushes a unit direction for each entry of the arguments, reverse mode pulls one for each entry of the
result. The sweep is a region that is linear in its direction: `batch.py` makes it one sweep over directions that are
stacked along a leading axis, and where it can't, a loop goes over them. What is found is arranged as in JAX: the
structure of the result, in each place that of the arguments, and there arrays of the shape `y.shape + x.shape`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose import errors
from backprose.analysis.activity import carries_derivative
from backprose.analysis.kinds import dtype_of, is_complex, is_number, join, ndim_of
from backprose.ir.kinds import ANY, Array, Dict, FixedList, Kind, List, Number, Record, Scalar, Tuple
from backprose.ir.nodes import Function, Module, Region, Value
from backprose.ir.walk import clone
from backprose.transform.batch import Batch, NotBatched
from backprose.transform.batch_functions import Calls
from backprose.transform.cotangents import cotangent_kind, part
from backprose.transform.directions import Block, Directions, leaf_name, leaf_values, tree
from backprose.transform.drop_dead import drop_dead_ops
from backprose.transform.gradient import Request, gradient, require_complex, return_loc, split_aux, sweeps, taken_apart
from backprose.transform.jvp import tangent
from backprose.transform.keep_unbound import keep_unbound
from backprose.transform.pairs import register, with_reachable
from backprose.transform.paths import CONTAINERS, keys_of, kind_at, leaves
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

FORWARD, REVERSE, CHEAPER = "forward", "reverse", "cheaper"


def jacobian(module: Module, engine: Inference, request: Request) -> Module:
    """The module whose entry computes the Jacobian (and the auxiliary output) of `module`'s entry."""
    fn = taken_apart(_of_known_length(module.entry), request)
    module = Module({name: fn if f is module.entry else f for name, f in module.functions.items()})
    register(engine, module)
    place = return_loc(fn)
    b = TypedBuilder(fn.loc)
    b.learn(fn.region)
    result, _ = split_aux(b, fn, request)
    inputs = [fn.params[i] for i in request.wrt]
    _check(fn, inputs, result, request, place)
    mode = _cheaper(inputs, result, request) if request.jacobian == CHEAPER else request.jacobian
    moving = any(True for v in inputs for _ in leaves(v.kind))
    if mode == REVERSE and isinstance(result.kind, Scalar) and not request.holomorphic and not request.integers:
        return _of_scalar(module, engine, request)
    builder = TypedBuilder(place and (place.beside() if mode == FORWARD else place.reversed()))
    builder.pinned = True
    build = {FORWARD: _forward, REVERSE: _reverse, CHEAPER: _either}[mode] if moving else _nothing_moves
    found = build(builder, module, engine, request)
    out = _nested(builder, inputs, found, request)
    if request.has_aux:
        out = builder.tuple((out, found.aux))
    region = drop_dead_ops(Region(fn.params, tuple(builder.ops), (out,)))
    attrs = {"owned": (0,) if request.has_aux else ()}
    entry = replace(
        fn, name=fn.name + request.suffix, region=region, signature=None, doc=_doc(fn, inputs, mode), attrs=attrs
    )
    return found.module(entry)


def _of_scalar(module: Module, engine: Inference, request: Request) -> Module:
    """The Jacobian of a scalar function, by reverse mode, is its gradient."""
    found = gradient(module, engine, replace(request, jacobian=""))
    fn, entry = module.entry, found.entry
    made = replace(entry, name=fn.name + request.suffix, doc=_doc(fn, [fn.params[i] for i in request.wrt], REVERSE))
    return with_reachable(engine, made)


@dataclass
class Found:
    """A Jacobian in parts: for each leaf of the result and each leaf of the arguments, an array `y.shape + x.shape`."""

    result: Value
    aux: Value | None
    parts: list[list[Value]]
    module: Callable[[Function], Module]  # with what the entry reaches by `invoke`


def _forward(b: TypedBuilder, module: Module, engine: Inference, request: Request) -> Found:
    fn = module.entry
    asked = replace(Request.of_tangent(request.wrt, request.has_aux), guard_zeros=request.guard_zeros)
    pushed = tangent(module, engine, asked)
    entry, inputs = pushed.entry, [fn.params[i] for i in request.wrt]
    region = clone(entry.region, {v: v for v in fn.params})
    b.learn(region)
    value, dot, *aux = b.parts[region.results[0]]
    directions = Directions(b, inputs)
    linear = Region(region.params[len(fn.params) :], region.ops, (dot,))

    def again() -> list[Value]:  # a loop computes the value in each round: here for its shape, and what comes along
        nonlocal value, aux
        value, *aux = _inlined(b, fn, request)
        return list(leaf_values(b, value))

    rows, swept = _sweep(b, engine, linear, directions, again)
    ys = list(leaf_values(b, value))
    parts = [[_columns(b, y, row, directions, x, swept) for x in directions.blocks] for y, row in zip(ys, rows)]

    def whole(made: Function) -> Module:
        return with_reachable(engine, made)

    return Found(value, aux[0] if aux else None, parts, whole)


def _reverse(b: TypedBuilder, module: Module, engine: Inference, request: Request) -> Found:
    fn = module.entry
    inputs = [fn.params[i] for i in request.wrt]
    both = sweeps(fn, engine, inputs, request.guard_zeros, replace(request, single=False))
    b.ops.extend(both.ops)
    b.learn(Region((), both.ops))
    directions = Directions(b, [both.result])
    xs = [x for v in inputs for x in leaf_values(b, v)]
    rows, swept = _sweep(b, engine, both.reverse, directions, lambda: xs)
    parts = [[_rows(b, y, directions, x, row, swept) for x, row in zip(xs, rows)] for y in directions.blocks]

    def whole(made: Function) -> Module:
        made = replace(made, region=keep_unbound(made.region, both.bars.likes))
        return with_reachable(engine, made)

    return Found(both.result, both.aux, parts, whole)


def _either(b: TypedBuilder, module: Module, engine: Inference, request: Request) -> Found:
    """Both modes, behind the question which of them takes fewer sweeps."""
    fn = module.entry
    inputs = [fn.params[i] for i in request.wrt]
    result, *aux = _inlined(b, fn, request)
    entries, outcomes = Directions(b, inputs), Directions(b, [result])
    few = b.call(operator.lt, outcomes.total, entries.total)
    regions, found = [], []
    for build in (_reverse, _forward):
        inner = b.nested()
        inner.loc = inner.loc and (inner.loc.reversed() if build is _reverse else inner.loc.beside())
        found.append(build(inner, module, engine, request))
        flat = [part for row in found[-1].parts for part in row]
        regions.append(Region((), tuple(inner.ops), tuple(flat)))
    results = [Value("", join(v.kind, w.kind)) for v, w in zip(*(r.results for r in regions))]
    b.op("if", (few,), results, regions)
    flat = iter(results)
    parts = [[next(flat) for _ in entries.blocks] for _ in outcomes.blocks]

    def whole(made: Function) -> Module:
        functions: dict[str, Function] = {}
        for one in found:
            functions.update(one.module(made).functions)
        return Module({made.name: found[0].module(made).entry, **{k: f for k, f in functions.items() if k != made.name}})

    return Found(result, aux[0] if aux else None, parts, whole)


def _nothing_moves(b: TypedBuilder, module: Module, engine: Inference, request: Request) -> Found:
    """Arguments of integers alone have no directions."""
    value, *aux = _inlined(b, module.entry, request)
    parts: list[list[Value]] = [[] for _ in leaf_values(b, value)]
    return Found(value, aux[0] if aux else None, parts, lambda made: with_reachable(engine, made))


def _inlined(b: TypedBuilder, fn: Function, request: Request) -> tuple[Value, ...]:
    """The function itself: its value, and what comes along."""
    primal = clone(fn.region, {v: v for v in fn.params})
    b.ops.extend(primal.ops)
    b.learn(primal)
    return b.parts[primal.results[0]] if request.has_aux else primal.results


# The sweep

SINGLE, STACK, LOOP = "single", "stack", "loop"


def _sweep(
    b: TypedBuilder, engine: Inference, linear: Region, directions: Directions, likes: Callable[[], list[Value]]
) -> tuple[list[Value | None], str]:
    """What the region gives for all directions, leaf by leaf, and how they were swept; `likes` are values like the leaves.

    Each is stacked along a leading axis, unless there is but one direction; None is zero in all directions.
    """
    if directions.is_single:
        one = directions.single(b)
        region = clone(linear, _given(b, linear, lambda: iter([one])))
        b.ops.extend(region.ops)
        b.learn(region)
        return list(leaf_values(b, region.results[0])), SINGLE
    inner = b.nested()
    try:
        return _stack(inner, engine, linear, directions, b), STACK
    except NotBatched:
        return _loop(b, linear, directions, likes()), LOOP


def _stack(
    inner: TypedBuilder, engine: Inference, linear: Region, directions: Directions, b: TypedBuilder
) -> list[Value | None]:
    """One sweep over stacked directions."""
    stacks = iter(directions.stacked(inner, names_of(linear)))
    first = cotangent_kind(directions.blocks[0].leaf.kind)
    single = len(directions.blocks) == 1 and ndim_of(first) == 1
    batch = Batch(directions.total, first.axes[0] if single else ANY, first.length(0) if single else None, calls=Calls(engine))
    for param, given in _given(inner, linear, lambda: stacks).items():
        batch.give(param, given)
    batch.region(inner, linear)
    found = list(batch.leaves(inner, linear.results[0]))
    b.ops.extend(inner.ops)
    return found


def _given(b: TypedBuilder, linear: Region, items: Callable[[], Any]) -> dict[Value, Value]:
    """The parameters of the region, which are trees, made of leaves."""
    source = items()
    return {p: tree(b, p.kind, lambda path, kind: next(source)) for p in linear.params}


def _loop(b: TypedBuilder, linear: Region, directions: Directions, likes: list[Value]) -> list[Value]:
    """One sweep for each direction, and what they give stacked."""
    kinds = [kind for v in linear.params for _, kind in leaves(v.kind)]
    items = [Value(name, Scalar(kind.dtype) if ndim_of(kind) == 0 else kind) for name, kind in zip(names_of(linear), kinds)]
    inner = b.nested()
    given = [inner.call(np.asarray, v, kind=k) if isinstance(k, Array) and not k.axes else v for v, k in zip(items, kinds)]
    region = clone(linear, _given(inner, linear, lambda: iter(given)))
    inner.ops.extend(region.ops)
    inner.learn(region)
    found = list(leaf_values(inner, region.results[0]))
    lists = [Value("", List(v.kind)) for v in found]
    body = Region(tuple(items), tuple(inner.ops), tuple(found))
    b.op("for", directions.stacked(b), lists, [body], iterables=len(items), collected=len(found), stops=False)
    total = b.tuple([directions.total])
    shapes = [b.call(operator.add, total, b.call(np.shape, like)) for like in likes]
    return [_to_shape(b, b.call(np.array, v), shape, like) for v, shape, like in zip(lists, shapes, likes)]


def names_of(linear: Region) -> list[str]:
    """Names for the directions of the leaves."""
    return [leaf_name(v, path) for v in linear.params for path, _ in leaves(v.kind)]


# Where the rows belong


def _columns(b: TypedBuilder, y: Value, rows: Value | None, directions: Directions, x: Block, swept: str) -> Value:
    """Forward mode: rows are directions in x, which come last."""
    if swept == SINGLE:
        return rows
    if rows is None:
        return _zeros(b, y, x.leaf)
    rows = directions.rows(b, rows, x)
    ndim, k = ndim_of(y.kind), ndim_of(cotangent_kind(x.leaf.kind))
    if ndim is None or ndim > 0:
        rows = b.call(np.transpose, rows) if ndim == 1 else b.call(np.moveaxis, rows, b.const(0), b.const(-1))
    return rows if k == 1 else _reshaped(b, rows, y, x.leaf)


def _rows(b: TypedBuilder, y: Block, directions: Directions, x: Value, rows: Value | None, swept: str) -> Value:
    """Reverse mode: rows are directions in y, which come first."""
    if swept == SINGLE:
        return rows
    if rows is None:
        return _zeros(b, y.leaf, x)
    rows = directions.rows(b, rows, y)
    return rows if ndim_of(cotangent_kind(y.leaf.kind)) == 1 else _reshaped(b, rows, y.leaf, x)


def _reshaped(b: TypedBuilder, rows: Value, y: Value, x: Value) -> Value:
    return _to_shape(b, rows, _shape(b, y, x), y, x)


def _to_shape(b: TypedBuilder, rows: Value, shape: Value, *of: Value) -> Value:
    """The rows in a shape that is made of those of other values, whose ranks may be unknown."""
    unknown = any(ndim_of(cotangent_kind(v.kind)) is None for v in of)
    return b.call(np.reshape, rows, shape, kind=Number(dtype_of(rows.kind)) if unknown else None)


def _shape(b: TypedBuilder, y: Value, x: Value) -> Value:
    return b.call(operator.add, b.call(np.shape, y), b.call(np.shape, x))


def _zeros(b: TypedBuilder, y: Value, x: Value) -> Value:
    kind = cotangent_kind(y.kind)
    dtype = () if kind.dtype in ("float", "float64") else (b.data(np.dtype(kind.dtype).type),)
    return b.call(np.zeros, _shape(b, y, x), *dtype)


def _nested(b: TypedBuilder, inputs: list[Value], found: Found, request: Request) -> Value:
    """The parts in the structure of the result, in each place that of the arguments."""
    rows = iter(found.parts)

    def of_leaf(path: Any, kind: Kind) -> Value:
        items = iter(next(rows))

        def of_integers(x: Value) -> Callable[[Any], Value] | None:
            return (lambda at: _zeros(b, part(b, found.result, path), part(b, x, at))) if request.integers else None

        trees = [tree(b, v.kind, lambda path, kind: next(items), other=of_integers(v)) for v in inputs]
        return trees[0] if request.single else b.tuple(trees)

    return tree(b, found.result.kind, of_leaf)


# What is refused, and what is chosen


def _check(fn: Function, inputs: list[Value], result: Value, request: Request, place: Any) -> None:
    """Refuse what has no Jacobian: integers, lists of unknown length, and complex numbers unless `holomorphic`."""
    for value, what in [*((v, f"the argument `{v.name}`") for v in inputs), (result, "the result")]:
        _refuse_lists(value.kind, what, fn.loc if value in inputs else place)
    for path, kind in leaves_of_numbers(result.kind):
        if not carries_derivative(kind):
            raise errors.NotDifferentiable(
                "the result holds a number without a derivative, so it has no Jacobian", place, f"a part of it is {kind}",
                "return it beside the others with has_aux=True",
            )  # fmt: skip
    wanted = [(v, kind) for v in inputs for _, kind in leaves(v.kind)]
    if request.jacobian == REVERSE or request.holomorphic:
        wanted += [(result, kind) for _, kind in leaves(result.kind)]
    for value, kind in wanted:
        what = "the result" if value is result else f"the argument `{value.name}`"
        if is_complex(kind) and not request.holomorphic:
            raise errors.NotDifferentiable(
                f"{what} is complex, so that its derivatives are not numbers", place, "a function of complex numbers has one "
                "derivative only if it is holomorphic", "set holomorphic=True if it is, or take real and imaginary parts",
            )  # fmt: skip
        if request.holomorphic:
            require_complex(what, kind, place)


def _of_known_length(fn: Function) -> Function:
    """The function with lists in its result as lists of known length, if it is known what they are made of."""
    b = TypedBuilder(return_loc(fn))
    b.learn(fn.region)

    def counted(value: Value) -> Value:
        items, kind = b.parts.get(value), value.kind
        if items is None or not isinstance(kind, (*CONTAINERS, List)):
            return value
        fresh = tuple(map(counted, items))
        if isinstance(kind, List):
            return b.list(fresh, FixedList(tuple(v.kind for v in fresh)), value.name)
        if fresh == items:
            return value
        if isinstance(kind, Dict):
            return b.dict([(b.const(key), v) for key, v in zip(kind.keys, fresh)], name=value.name)
        if isinstance(kind, Record):
            return b.record(kind.cls, kind.fields, fresh, value.name)
        return b.tuple(fresh, name=value.name) if isinstance(kind, Tuple) else b.list(fresh, name=value.name)

    result = counted(fn.result)
    return replace(fn, region=drop_dead_ops(replace(fn.region, ops=(*fn.ops, *b.ops), results=(result,))))


def _refuse_lists(kind: Kind, what: str, place: Any) -> None:
    if any(isinstance(leaf, List) for _, leaf in leaves(kind)):
        raise errors.NotDifferentiable(
            f"{what} is a list whose length is not known when compiling, so it has no Jacobian", place,
            "its parts have no places of their own", "make it an array, for example by np.array or np.stack, or a tuple",
        )  # fmt: skip


def leaves_of_numbers(kind: Kind, path: tuple = ()) -> Iterator[tuple[tuple, Kind]]:
    """The paths and kinds of all numbers in containers of known structure."""
    if isinstance(kind, CONTAINERS):
        for key in keys_of(kind):
            yield from leaves_of_numbers(kind_at(kind, (key,)), (*path, key))
    elif is_number(kind):
        yield path, kind


def _cheaper(inputs: list[Value], result: Value, request: Request) -> str:
    """The mode that takes fewer sweeps, as far as kinds tell; of equals forward mode, which keeps nothing."""
    xs = [cotangent_kind(kind) for v in inputs for _, kind in leaves(v.kind)]
    ys = [cotangent_kind(kind) for _, kind in leaves(result.kind)]
    if len(xs) == 1 and ndim_of(xs[0]) == 0:
        return FORWARD
    if len(ys) == 1 and ndim_of(ys[0]) == 0:
        return REVERSE
    if any(map(is_complex, ys)) and not request.holomorphic:
        return FORWARD
    if all(ndim_of(y) == 0 for y in ys) or all(ndim_of(x) == 0 for x in xs):
        return FORWARD if all(ndim_of(x) == 0 for x in xs) else REVERSE
    same = len(xs) == len(ys) == 1 and isinstance(xs[0], Array) and isinstance(ys[0], Array) and xs[0].ndim == ys[0].ndim
    if same and all(xs[0].length(i) is not None and xs[0].length(i) == ys[0].length(i) for i in range(xs[0].ndim)):
        return FORWARD
    return CHEAPER


def _doc(fn: Function, inputs: list[Value], mode: str) -> str:
    names = [v.name for v in inputs]
    listed = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
    how = {FORWARD: "forward mode", REVERSE: "reverse mode", CHEAPER: "the mode that takes fewer sweeps"}[mode]
    return f"Jacobian of `{fn.name}` with respect to {listed} ({how})."
