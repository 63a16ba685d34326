"""Marked loops taken apart, before they are differentiated in reverse: a loop over segments around a loop over each.

    for t in paced(range(n), every=k):          for start in range(0, n, k):
        u = step(u, t)                              for t in range(start, min(start + k, n)):
                                                        u = step(u, t)

The inner loop stands in a block that runs again in the reverse sweep, so what the outer one keeps of each segment is
what it starts from. A `while` has segments of which each is an iteration longer than the one before, as nobody
knows how many there will be.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

import backprose_runtime

from backprose import errors
from backprose.analysis.activity import maybe_unbound
from backprose.ir.kinds import Kind, List, Range, Scalar, Static
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, clone, defined_values, substitute
from backprose.rules.checkpoints import OPTIONS, bytes_of, paced
from backprose.transform.drop_dead import acts
from backprose.transform.loop_edits import carry_also, counting
from backprose.transform.schedules import LEG, PLAIN, SEGMENT
from backprose.transform.typed import TypedBuilder


def in_segments(fn: Function) -> Function:
    """The function with its marked loops taken apart, and without marks."""
    if not any(op.fn is paced for op in all_ops(fn.region)):
        return fn
    b = TypedBuilder(fn.loc)
    b.learn(fn.region)
    segments = Segments(maybe_unbound(fn.region))
    return without_marks(replace(fn, region=segments.region(b, fn.region)))


def without_marks(fn: Function, kinds: tuple[type, ...] = (Kind,)) -> Function:
    """Let loops that were marked for checkpoints, by marks of these kinds, go over what was marked."""
    marks = {op.result: op.operands[0] for op in all_ops(fn.region) if op.fn is paced and isinstance(op.result.kind, kinds)}
    return replace(fn, region=substitute(_without(fn.region, marks), _resolved(marks))) if marks else fn


def marked_in_blocks(fn: Function) -> Function:
    """The function with each marked loop, as it is, in a block that runs again."""
    marks = {op.result for op in all_ops(fn.region) if op.fn is paced}
    return replace(fn, region=_in_blocks(fn.region, marks)) if marks else fn


def _in_blocks(region: Region, marks: Collection[Value]) -> Region:
    ops = []
    for op in region.ops:
        op = replace(op, regions=tuple(_in_blocks(r, marks) for r in op.regions))
        if not marks.isdisjoint(op.iterables if op.name == "for" else op.regions[0].results if op.name == "while" else ()):
            inner = replace(op, results=tuple(Value(v.name, v.kind) for v in op.results))
            op = Op("with", (), op.results, {"again": "loop"}, (Region((), (inner,), inner.results),), op.loc)
        ops.append(op)
    return replace(region, ops=tuple(ops))


def _without(region: Region, marks: Mapping[Value, Value]) -> Region:
    ops = (op for op in region.ops if op.fn is not paced or op.result not in marks)
    return replace(region, ops=tuple(replace(op, regions=tuple(_without(r, marks) for r in op.regions)) for op in ops))


def _resolved(marks: Mapping[Value, Value]) -> dict[Value, Value]:
    """What is marked twice stands for what was marked first."""

    def source(value: Value) -> Value:
        return source(marks[value]) if value in marks else value

    return {value: source(value) for value in marks}


@dataclass
class Segments:
    """One function whose marked loops are being taken apart."""

    unbound: set[Value]  # what may hold nothing
    marks: dict[Value, Op] = field(default_factory=dict)

    def region(self, b: TypedBuilder, region: Region) -> Region:
        inner = b.nested()
        for op in region.ops:
            if op.fn is paced:
                self.marks[op.result] = op
                for table in (b.parts, b.reversals):
                    if op.operands[0] in table:
                        table[op.result] = table[op.operands[0]]
            op = replace(op, regions=tuple(self.region(inner, r) for r in op.regions))
            inner.loc = op.loc
            mark = self._mark(op)
            if mark is None:
                inner.add(op)
            elif op.name == "for":
                self._for(inner, op, mark)
            else:
                self._while(inner, op, mark)
        return inner.region(region.params, region.results)

    def _mark(self, op: Op) -> dict[str, Value] | None:
        """The options of a loop that is marked."""
        subjects = op.iterables if op.name == "for" else op.regions[0].results if op.name == "while" else ()
        found = next((self.marks[v] for v in subjects if v in self.marks), None)
        return dict(zip(OPTIONS, found.operands[1:])) if found is not None else None

    def _budget(
        self, b: TypedBuilder, op: Op, options: Mapping[str, Value], count: Value | None
    ) -> tuple[Value, Value]:
        """The iterations of a segment, and the snapshots; `count` None: nobody knows how many there will be."""
        if options["memory"].kind != Static(None):
            memory = b.const(bytes_of(options["memory"].kind.value))
            known = b.const(None) if count is None else count
            state = [v for v in op.inits if v not in self.unbound]
            pair = b.op("call", (memory, known, *state), [Value("", LEG)], fn=backprose_runtime.within, **PLAIN).result
            return _place(b, pair, 0, "every"), _place(b, pair, 1, "snapshots")
        every = options["every"]
        return (b.const(1) if every.kind == Static(None) else _interval(b, None, every)), options["snapshots"]

    def _for(self, b: TypedBuilder, op: Op, options: Mapping[str, Value]) -> None:
        count = _iterations(b, op)
        whole = [_sliceable(b, v) for v in op.iterables]
        if _is_scheduled(options) and op.attrs["stops"]:
            self._for_until_stopped(b, op, options, count, whole)
            return
        carried, body = _params(op), b.nested()
        if _is_scheduled(options):
            _refuse_comprehension(op)
            every, snapshots = self._budget(b, op, options, count)
            operands = (count, every, snapshots)
            goes_over = b.op("call", operands, [Value("", List(LEG))], fn=backprose_runtime.segments, **PLAIN).result
            item = Value("", LEG)
            start, end = (_place(body, item, i, name) for i, name in enumerate(("start", "end")))
        else:
            every = _interval(b, count, options["every"])
            goes_over = b.op("call", (b.const(0), count, every), [Value("", Range())], fn=range, **PLAIN).result
            item = start = Value("start", Scalar("int"))
            end = None

        def parts(inner: TypedBuilder) -> list[Value]:
            after = inner.call(operator.add, start, every) if end is None else end
            return [_part(inner, v, start, after, count, end is not None) for v in whole]

        after, stop, lists = _block(body, op, parts, carried, op.attrs["stops"])
        nested = [Value("", List(v.kind)) for v in lists]
        region = body.region((item, *carried), (*stop, *after, *lists))
        attrs = {"iterables": 1, "collected": len(lists), "stops": bool(stop)}
        b.op("for", (goes_over, *op.inits), (*op.carried_results, *nested), [region], **attrs)
        for value, result in zip(nested, op.collected_results):
            b.op("call", (value,), (result,), fn=backprose_runtime.flatten, **PLAIN)

    def _for_until_stopped(
        self, b: TypedBuilder, op: Op, options: Mapping[str, Value], count: Value, whole: list[Value]
    ) -> None:
        """A `for` that stops early, under a schedule: as a `while` over what is left, which counts its iterations."""
        _refuse_comprehension(op)
        every, snapshots = self._budget(b, op, options, count)
        test, at = b.nested(), Value("n", Scalar("int"))
        cond = test.region((*_params(op), at), (test.call(operator.lt, at, count, kind=Scalar("bool")),))

        def parts(inner: TypedBuilder, start: Value, end: Value) -> list[Value]:
            return [_part(inner, v, start, end, count, True) for v in whole]

        _while_counted(b, op, cond, op, parts, (every, snapshots, count))

    def _while(self, b: TypedBuilder, op: Op, options: Mapping[str, Value]) -> None:
        """The inner loop ends with its segment, or after an iteration behind which the condition is false."""
        cond = op.regions[0]
        if any(map(acts, cond.ops)):
            raise errors.NotDifferentiable(
                "the condition of a loop that is checkpointed draws or prints", op.loc,
                "it is looked at once more between segments", "do that in the loop's body",
            )  # fmt: skip
        options = {name: _from_outside(b, value, name, cond, op) for name, value in options.items()}
        if _is_scheduled(options):
            every, snapshots = self._budget(b, op, options, None)
            cond = replace(cond, params=(*cond.params, Value("n", Scalar("int"))))
            _while_counted(b, op, cond, _up_to_condition(b, op), _plain_part, (every, snapshots))
            return
        every = options["every"]
        grows = every.kind == Static(None)
        length = Value("length", Scalar("int")) if grows else _interval(b, None, every)
        carried, body = _params(op), b.nested()

        def parts(inner: TypedBuilder) -> list[Value]:
            return [inner.op("call", (length,), [Value("", Range())], fn=range, **PLAIN).result]

        after, stop, _ = _block(body, _up_to_condition(b, op), parts, carried, op.attrs["stops"])
        if grows:
            longer = body.call(operator.add, length, body.const(1), name="length", method="__iadd__")
            cond = replace(cond, params=(*cond.params, Value("length", Scalar("int"))))
            after, carried = [*after, longer], [*carried, length]
        inits = (*op.inits, b.const(1)) if grows else op.inits
        results = (*op.carried_results, Value("length", Scalar("int"))) if grows else op.carried_results
        region = body.region(carried, (*stop, *after))
        b.op("while", inits, results, [cond, region], collected=0, stops=bool(stop))


def _params(op: Op) -> list[Value]:
    return [Value(v.name, v.kind) for v in op.carried]


def _block(
    b: TypedBuilder, loop: Op, parts: Callable[[TypedBuilder], list[Value]], inits: list[Value], stops: bool
) -> tuple[list[Value], list[Value], list[Value]]:
    """The block of a segment: the loop over these `parts`, from what the one before left. What it leaves, whether
    it was stopped, and what it collected."""
    inner, count = b.nested(), len(loop.inits)
    results = [Value(v.name, v.kind) for v in loop.results]
    loop = replace(loop, operands=(*parts(inner), *inits), results=tuple(results))
    if stops:
        after = Value("stopped", Scalar("bool"))
        loop = carry_also(loop, inner.const(False), Value("stopped", Scalar("bool")), loop.body.results[0], after)
    inner.add(loop)
    out = [Value(v.name, v.kind) for v in loop.results]
    b.op("with", (), out, [inner.region((), loop.results)], again=SEGMENT)
    return out[:count], out[count : count + stops], out[count + stops :]


def _iterations(b: TypedBuilder, op: Op) -> Value:
    """How many iterations the loop makes, if nothing stops it."""
    lengths: dict[Value, Value] = {}
    for iterable in op.iterables:
        bounds = b.parts.get(iterable, ()) if isinstance(iterable.kind, Range) else ()
        if len(bounds) == 1 and iterable not in b.reversals:
            lengths.setdefault(b.lengths.get(bounds[0], bounds[0]), bounds[0])
        elif iterable not in lengths:
            lengths[iterable] = b.call(len, b.reversals.get(iterable, iterable))
    counts = list(lengths.values())
    return counts[0] if len(counts) == 1 else b.call(min, *counts, kind=Scalar("int"), name="n")


def _interval(b: TypedBuilder, count: Value | None, every: Value) -> Value:
    """How many iterations a segment has."""
    if every.kind == Static(None):
        return b.call(backprose_runtime.interval, count, kind=Scalar("int"), name="every")
    if isinstance(every.kind, Static):
        return b.const(operator.index(every.kind.value))
    return b.call(backprose_runtime.positive, every, kind=Scalar("int"), name="every")


def _sliceable(b: TypedBuilder, iterable: Value) -> Value:
    """The iterable as something that has slices, which `reversed(xs)` has not."""
    if iterable not in b.reversals:
        return iterable
    step = b.call(slice, b.const(None), b.const(None), b.const(-1))
    return b.call(operator.getitem, b.reversals[iterable], step, kind=iterable.kind)


def _is_scheduled(options: Mapping[str, Value]) -> bool:
    return any(options[name].kind != Static(None) for name in ("schedule", "memory"))


def _while_counted(
    b: TypedBuilder, op: Op, cond: Region, loop: Op, parts: Callable[[TypedBuilder, Value, Value], list[Value]],
    options: tuple[Value, ...],
) -> None:  # fmt: skip
    """The loop `op` as a `while` over segments of `loop` that counts iterations, for a schedule of unknown length.

    The options are those of `next_segment`.
    """
    body, n = b.nested(), Value("n", Scalar("int"))
    carried = [*_params(op), n]
    segment = body.op("call", (n, *options), [Value("", LEG)], fn=backprose_runtime.next_segment, **PLAIN).result
    start, end = (_place(body, segment, i, name) for i, name in enumerate(("start", "end")))
    zero = b.const(0)
    loop = counting(loop, zero, Value("n", Scalar("int")))
    after, stop, _ = _block(body, loop, lambda inner: parts(inner, start, end), carried, op.attrs["stops"])
    region = body.region(carried, (*stop, *after))
    results = (*op.carried_results, Value("n", Scalar("int")))
    b.op("while", (*op.inits, zero), results, [cond, region], collected=0, stops=bool(stop))


def _plain_part(b: TypedBuilder, start: Value, end: Value) -> list[Value]:
    return [b.op("call", (start, end), [Value("", Range())], fn=range, **PLAIN).result]


def _place(b: TypedBuilder, pair: Value, i: int, name: str) -> Value:
    return b.op("call", (pair, b.const(i)), [Value(name, Scalar("int"))], fn=operator.getitem, **PLAIN).result


def _refuse_comprehension(op: Op) -> None:
    if op.attrs["collected"]:
        raise errors.NotDifferentiable(
            "a comprehension can't be checkpointed with a schedule", op.loc,
            "what it makes is kept for each iteration anyway", "use `every=`, or leave the options out",
        )  # fmt: skip


def _part(b: TypedBuilder, iterable: Value, start: Value, end: Value, count: Value, within: bool) -> Value:
    """What a segment goes over; `within`: its end is not behind that of the whole."""
    bounds = b.parts.get(iterable, ()) if isinstance(iterable.kind, Range) else ()
    if len(bounds) != 1:
        return b.call(operator.getitem, iterable, b.call(slice, start, end), kind=Range() if bounds else iterable.kind)
    bounds = (start, end if within else b.call(min, end, count, kind=Scalar("int")))
    value = b.op("call", bounds, [Value("", Range())], fn=range, **PLAIN).result
    b.parts[value] = bounds
    return value


def _up_to_condition(b: TypedBuilder, op: Op) -> Op:
    """The `while` as a `for` that stops where the condition is false behind an iteration."""
    cond, body = op.regions
    yields = body.results[1:] if op.attrs["stops"] else body.results
    tail = b.nested()
    at = tail.nested()
    test = clone(cond, dict(zip(cond.params, yields[: len(cond.params)])))
    at.ops.extend(test.ops)
    stop = at.call(operator.not_, test.results[0], kind=Scalar("bool"))
    if op.attrs["stops"]:
        stopped = tail.nested()
        true = stopped.const(True)
        sides = [stopped.region((), (true,)), at.region((), (stop,))]
        stop = tail.op("if", (body.results[0],), [Value("", Scalar("bool"))], sides).result
    else:
        tail.ops.extend(at.ops)
    item = Value("", Scalar("int"))
    region = Region((item, *body.params), (*body.ops, *tail.ops), (stop, *yields))
    attrs = {"iterables": 1, "collected": op.attrs["collected"], "stops": True}
    return replace(op, name="for", operands=(item, *op.inits), regions=(region,), attrs=attrs)


def _from_outside(b: TypedBuilder, value: Value, name: str, cond: Region, op: Op) -> Value:
    """The option of a `while`, which stands in its condition."""
    if isinstance(value.kind, Static):
        return b.const(value.kind.value)
    if value in defined_values(cond):
        raise errors.NotDifferentiable(
            f"`{name}=` is computed in the condition of a loop", op.loc, "it must be known before the loop",
            "give it a name before the loop",
        )  # fmt: skip
    return value
