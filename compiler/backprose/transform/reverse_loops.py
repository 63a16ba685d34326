"""The reverse of a loop: a loop over the same iterations, last first.

It carries the cotangents of what the primal loop carries, and accumulates those of what the body reads from outside.
What its body reads of the primal's body comes back in one of four ways: elements of the iterables by going over these
in reverse; what is cheap, by repeating it; what one iteration leaves to the next, from the iteration after it; the rest
from lists that the forward sweep collects.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import backprose_runtime

from backprose import errors
from backprose.analysis.recording import plan
from backprose.analysis.kinds import ndim_of
from backprose.ir.kinds import Array, List, Range, Scalar, Unbound
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import defined_values, free_values, substitute
from backprose.transform.algebra import simplified
from backprose.transform.cotangents import Cotangents, bar_name, cotangent_kind
from backprose.transform.drop_dead import drop_dead_ops
from backprose.transform.evident_sums import drop_evident_sums
from backprose.transform.loop_edits import carry_also, counting
from backprose.transform.outer_shapes import asking_outside, contents_read
from backprose.transform.paths import Path, kind_at, leaves
from backprose.transform.residuals import definitions_in, keep_elements, keep_shapes, needed_from, own_values, repeat
from backprose.transform.schedules import bring_back_scheduled, schedule_of, without_test
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.adjoint import Reversal

Slot = tuple[Value, Path]


@dataclass
class Sides:
    """The two loops as they are being built: the forward op and the reverse body with what it goes over."""

    op: Op
    reverse: Region
    iterables: list[tuple[Value, Value]] = field(default_factory=list)  # (what to go over, the body's item)
    carried: list[tuple[Value, Value, Value]] = field(default_factory=list)  # (init, parameter, yield)
    before: tuple[Op, ...] = ()  # what the forward loop needs before it
    backwards: bool = True  # whether the reverse body goes over the iterations last first; a linear part does not
    names: dict[Value, str] = field(default_factory=dict)  # what temporaries of the reverse body turned out to be


def reverse_loop(reversal: Reversal, b: TypedBuilder, op: Op, bars: Cotangents) -> tuple[Op, ...]:
    """Build the reverse of the loop `op` into `b`; return the ops that the forward sweep has to run for it."""
    active = reversal.active
    if any(item in active and not isinstance(v.kind, (Array, List)) for v, item in zip(op.iterables, op.items)):
        raise errors.InternalError("a loop goes over active values that are neither an array nor a list")
    loop_slots = [
        (k, path) for k, y in enumerate(op.yields) for path, _ in leaves(op.carried_results[k].kind)
        if y in active or op.carried[k] in active or bars.get(op.carried_results[k], path) is not None
    ]  # fmt: skip
    outer = [v for v in free_values(*op.regions) if v in active]
    outer_slots = [(v, path) for v in outer for path, _ in leaves(v.kind)]
    arrays = [v for v, item in zip(op.iterables, op.items) if item in active and isinstance(v.kind, Array)]
    outer_slots += [(v, ()) for v in dict.fromkeys(arrays) if (v, ()) not in outer_slots]

    # The reverse body, reading whatever it likes of the primal's body
    inner, inside = b.nested(), Cotangents(active, names=bars.names, likes=bars.likes)
    outer_params = {slot: _bar_param(*slot) for slot in outer_slots}
    for (v, path), param in outer_params.items():
        inside.set(v, path, param)
    loop_params = {(k, path): _bar_param(op.carried_results[k], path) for k, path in loop_slots}
    for (k, path), param in loop_params.items():
        inside.add(inner, op.yields[k], param, path)
    extended, before = _with_companions(b, op, bars, loop_slots)
    collected = _collected_bars(b, op, bars, inner, inside)
    around, reversal.local = reversal.local, defined_values(op.body)
    schedule = schedule_of(op, reversal.made)
    again = op if schedule is None else without_test(op)
    untouched = inside.child()
    ops = reversal.region(inner, again.body.ops, inside)
    first = op if again is op or extended is op else _with_ops(op, reversal.region(b.nested(), op.body.ops, untouched))
    reversal.local = around
    position = Value("", Scalar("int"))
    _scatter_rows(inner, op, inside, position)
    loop_yields = [inside.leaf(inner, op.carried[k], path) for k, path in loop_slots]
    lists = [(v, item) for v, item in zip(op.iterables, op.items) if item in active and isinstance(v.kind, List)]
    item_bars = [inside.tree(inner, item) for _, item in lists]
    touched = [s for s in outer_slots if inside.get(*s) is not outer_params[s]]

    results = [*loop_yields, *(inside.get(*s) for s in touched), *item_bars]
    params = [*loop_params.values(), *(outer_params[s] for s in touched)]
    tail = extended.body.ops[len(op.body.ops) :]
    first = _with_ops(extended, (*first.body.ops, *tail))
    sides = Sides(_with_ops(extended, (*ops, *tail)), inner.region(params, results), before=before, names=bars.names)
    sides.iterables += collected
    inits = [bars.get(op.carried_results[k], path) for k, path in loop_slots]
    inits = [
        bar if bar is not None else bars.zeros(b, op.carried_results[k], path)
        for bar, (k, path) in zip(inits, loop_slots)
    ]
    inits += [bars.leaf(b, *s) for s in touched]
    if schedule is not None:
        bring_back_scheduled(b, sides, first, schedule, bars.likes.unbound)
    else:
        bring_back(b, sides, position, bars.likes.missing, reversal.overwritten)
    outs = _emit(b, sides, inits, params, results, [bar_name(v) for v, _ in lists])

    # What the reverse loop leaves behind
    count = len(loop_slots)
    for s, bar in zip(touched, outs[count:]):
        bars.set(*s, bar)
    for (v, _), out in zip(lists, outs[len(inits) :]):
        bar = _backwards_list(b, out)
        if not _goes_over_all(b, op):
            bar = b.call(operator.concat, bar, _zeros_of_rest(b, v, b.call(len, out)), kind=out.kind)
        bars.add(b, v, b.restate(bar, bar_name(v)))
    for (k, path), bar in zip(loop_slots, outs):
        if not isinstance(op.inits[k].kind, Unbound):
            bars.add(b, op.inits[k], bar, path)
    return (*sides.before, sides.op)


def _with_ops(op: Op, ops: tuple[Op, ...]) -> Op:
    return replace(op, regions=(*op.regions[:-1], replace(op.body, ops=ops)))


def _backwards_list(b: TypedBuilder, items: Value) -> Value:
    step = b.call(slice, b.const(None), b.const(None), b.const(-1))
    return b.call(operator.getitem, items, step, kind=items.kind)


def _zeros_of_rest(b: TypedBuilder, iterable: Value, count: Value) -> Value:
    """Zero cotangents of the elements that a loop which stopped early, or ran beside a shorter one, did not reach."""
    rest = b.call(operator.getitem, _sliceable(b, iterable), b.call(slice, count, b.const(None), b.const(None)))
    return b.call(backprose_runtime.zeros_like, rest, kind=rest.kind)


def _goes_over_all(b: TypedBuilder, op: Op) -> bool:
    """Whether each iterable is surely gone over to its end."""
    return op.name == "for" and not op.attrs["stops"] and _same_length(b, op)


def _sliceable(b: TypedBuilder, iterable: Value) -> Value:
    """The iterable as something that has a length and slices: `reversed(xs)` is an iterator, `xs[::-1]` a list."""
    return _backwards_list(b, b.reversals[iterable]) if iterable in b.reversals else iterable


def _length(b: TypedBuilder, iterable: Value) -> Value:
    return b.call(len, b.reversals.get(iterable, iterable))


def _bar_param(value: Value, path: Path) -> Value:
    return Value(bar_name(value, path), cotangent_kind(kind_at(value.kind, path)))


def _with_companions(b: TypedBuilder, op: Op, bars: Cotangents, slots: list[tuple[int, Path]]) -> tuple[Op, tuple[Op, ...]]:
    """The loop also carrying the companions of carried values that may be unbound, and the ops that this needs before."""
    before, tail = TypedBuilder(op.loc, b.parts), TypedBuilder(op.loc, b.parts)
    for k, path in slots:
        kind = kind_at(op.carried[k].kind, path)
        if bars.likes.wanted(op.carried[k]) and ndim_of(kind) != 0:
            init = bars.likes.define(before, op.inits[k], path, kind)
            after = bars.likes.define(tail, op.yields[k], path, kind)
            param, result = bars.likes.of(op.carried[k], path), bars.likes.of(op.carried_results[k], path)
            op = carry_also(op, init, param, after, result)
    body = replace(op.body, ops=(*op.body.ops, *tail.ops))
    return replace(op, regions=(*op.regions[:-1], body)), tuple(before.ops)


def _collected_bars(
    b: TypedBuilder, op: Op, bars: Cotangents, inner: TypedBuilder, inside: Cotangents
) -> list[tuple[Value, Value]]:
    """Cotangents of collected lists are gone over in reverse; each element is that of one collected value."""
    found = []
    for result, value in zip(op.collected_results, op.collects):
        bar = bars.get(result)
        if bar is None:
            continue
        same = _same_for_all(b, bar)
        if same is not None:
            inside.add(inner, value, same)
            continue
        item = Value(bar_name(value), bar.kind.item if isinstance(bar.kind, List) else cotangent_kind(value.kind))
        inside.add(inner, value, item)
        found.append((b.call(reversed, bar, kind=bar.kind), item))
    return found


def _same_for_all(b: TypedBuilder, bar: Value) -> Value | None:
    """The one value that every element of a list of cotangents is, as in the reverse of a sum."""
    op = next((op for op in reversed(b.ops) if bar in op.results), None)
    if op is None or op.name != "for" or bar not in op.collected_results:
        return None
    value = op.collects[op.collected_results.index(bar)]
    return None if value in own_values(op.body) else value


def _scatter_rows(inner: TypedBuilder, op: Op, inside: Cotangents, position: Value) -> None:
    """A loop over an array's rows adds each row's cotangent to the array's, at the iteration's position."""
    for iterable, item in zip(op.iterables, op.items):
        if isinstance(iterable.kind, Array) and inside.has(item):
            inside.add_at(inner, iterable, (), position, inside.leaf(inner, item))


# Bringing back what the reverse body reads of the primal's body


def bring_back(b: TypedBuilder, sides: Sides, position: Value | None, unbound: set[Value], overwritten: set[Value]) -> None:
    forward = sides.op.body
    sides.reverse = drop_dead_ops(simplified(drop_evident_sums(sides.reverse, forward), forward, sides.names))
    forward_body, sides.reverse = keep_elements(sides.op.body, sides.reverse, unbound)
    forward_body, sides.reverse = keep_shapes(forward_body, sides.reverse, unbound, b.versions)
    sides.op = replace(sides.op, regions=(*sides.op.regions[:-1], forward_body))
    op, body = sides.op, forward_body
    needed = needed_from(body, sides.reverse)
    items = set(op.items)
    own = own_values(body)
    after = {
        y: k for k, y in enumerate(op.yields)
        if sides.backwards and op.carried[k] in needed and y in own and y not in body.params
    }  # fmt: skip
    kept = items | after.keys()
    read = contents_read(sides.reverse)
    definitions = asking_outside(definitions_in(body), own, b.versions)

    def is_gone(value: Value) -> bool:
        return value in overwritten and value not in kept and value not in read

    choice = plan(needed, definitions, lambda v: v not in own or v in kept, is_gone)
    sides.reverse = repeat(sides.reverse, choice.recompute)
    needed = needed_from(body, sides.reverse)

    mapping: dict[Value, Value] = {}
    recorded = {v: Value(v.name, v.kind) for v in needed if v in choice.record}
    for value, back in recorded.items():
        mapping[value] = back
    for value in needed:
        if value in after and value not in recorded:
            mapping[value] = _from_next(sides, after[value], recorded)
    op, lists = _record(op, list(recorded))
    sides.op = op
    uses_position = position is not None and position in free_values(sides.reverse)
    sides.reverse = substitute(sides.reverse, mapping)
    sides.iterables += [(_in_order(b, sides, xs), back) for xs, back in zip(lists, recorded.values())]
    _go_over_items(b, sides, [v for v in needed if v in items], lists, position if uses_position else None)


def _from_next(sides: Sides, k: int, recorded: dict[Value, Value]) -> Value:
    """What an iteration left in carried value k is what the next one found there; the last one's is the result."""
    op = sides.op
    param = Value(op.carried[k].name, op.yields[k].kind)
    sides.carried.append((op.carried_results[k], param, recorded[op.carried[k]]))
    return param


def _record(op: Op, values: list[Value]) -> tuple[Op, list[Value]]:
    """The forward loop collecting `values` as well, and the lists."""
    lists = [Value("", List(v.kind)) for v in values]
    body = replace(op.body, results=(*op.body.results, *values))
    return replace(
        op,
        results=(*op.results, *lists),
        regions=(*op.regions[:-1], body),
        attrs={**op.attrs, "collected": op.attrs["collected"] + len(values)},
    ), lists


def _go_over_items(b: TypedBuilder, sides: Sides, items: list[Value], lists: list[Value], position: Value | None) -> None:
    """Go over the iterables in reverse for the items that are read; over the iterations if nothing else is gone over."""
    op = sides.op
    whole = _goes_over_all(b, op) or bool(lists and not sides.backwards)  # the shortest ends the loop
    if not items and position is None and ((sides.iterables and (whole or sides.backwards)) or (whole and _plain_count(b, sides))):
        return
    if position is not None:
        items, position = _position_among(b, sides, items, position)
    count = None if whole else _count(b, sides, lists)
    for item in items:
        iterable = op.iterables[op.items.index(item)]
        if not whole:
            upto = b.call(slice, b.const(None), count, b.const(None))
            iterable = b.call(operator.getitem, _sliceable(b, iterable), upto)
        back = Value(item.name, item.kind)
        sides.iterables.insert(0, (_in_order(b, sides, iterable), back))
        sides.reverse = substitute(sides.reverse, {item: back})
    if position is not None:
        length = count if count is not None else _length(b, op.iterables[0])
        sides.iterables.insert(0, (_backwards(b, _range(b, length)), position))
    if not sides.iterables or (count is not None and not items and position is None):
        sides.iterables.append((_range(b, count), Value("", Scalar("int"))))


def _position_among(
    b: TypedBuilder, sides: Sides, items: list[Value], position: Value
) -> tuple[list[Value], Value | None]:
    """A loop that goes over `range(n)` has its position among its items."""
    for iterable, item in zip(sides.op.iterables, sides.op.items):
        if isinstance(iterable.kind, Range) and len(b.parts.get(iterable, ())) == 1:
            sides.reverse = substitute(sides.reverse, {position: item})
            return (items if item in items else [*items, item]), None
    return items, position


def _plain_count(b: TypedBuilder, sides: Sides) -> bool:
    """Nothing is read by position: go over the first iterable itself, just to count."""
    iterable = sides.op.iterables[0]
    if not isinstance(iterable.kind, Range):
        iterable = _range(b, _length(b, iterable))
    sides.iterables.append((iterable, Value("", Scalar("int"))))
    return True


def _range(b: TypedBuilder, length: Value) -> Value:
    value = b.op("call", (length,), [Value("", Range())], fn=range, keywords=(), method=None).result
    b.parts[value] = (length,)
    return value


def _in_order(b: TypedBuilder, sides: Sides, iterable: Value) -> Value:
    """The iterable as the reverse body goes over it."""
    if sides.backwards:
        return _backwards(b, iterable, sides.op)
    if iterable in b.reversals:  # an iterator, which has been gone over
        return b.call(reversed, b.reversals[iterable], kind=iterable.kind)
    return _again(b, iterable, sides.op)


def _backwards(b: TypedBuilder, iterable: Value, op: Op | None = None) -> Value:
    if iterable in b.reversals:
        return _again(b, b.reversals[iterable], op)
    iterable = _again(b, iterable, op)
    if isinstance(iterable.kind, Array):
        step = b.call(slice, b.const(None), b.const(None), b.const(-1))
        return b.call(operator.getitem, iterable, step, kind=iterable.kind)
    return b.call(reversed, iterable, kind=iterable.kind)


def _may_update(op: Op | None, value: Value) -> bool:
    """Whether the value is a list that the loop carries, or may be an element of one."""
    lists = [v for v in op.inits if isinstance(v.kind, List)] if op is not None else []
    return value in lists or any(ndim_of(v.kind.item) != 0 for v in lists)


def _again(b: TypedBuilder, iterable: Value, op: Op | None) -> Value:
    """The iterable itself; a range is written out again, which reads better than a variable that holds it.

    What the loop `op` may have updated is not read again for its length, lest it had to be kept.
    """
    if isinstance(iterable.kind, Range) and iterable in b.parts:
        bounds = [
            b.call(len, b.lengths[v]) if v in b.lengths and not _may_update(op, b.lengths[v]) else v
            for v in b.parts[iterable]
        ]
        return b.op("call", bounds, [Value("", Range())], fn=range, keywords=(), method=None).result
    return iterable


def _same_length(b: TypedBuilder, op: Op) -> bool:
    """Whether all iterables surely have one length."""
    return len(set(map(b.count, op.iterables))) == 1


def _count(b: TypedBuilder, sides: Sides, lists: list[Value]) -> Value:
    """How many iterations the forward loop made."""
    if lists:
        return b.call(len, lists[0])
    if sides.op.collected_results:
        return b.call(len, sides.op.collected_results[0])
    if sides.op.name == "for" and not sides.op.attrs["stops"]:
        return b.call(min, *(_length(b, iterable) for iterable in sides.op.iterables), kind=Scalar("int"), name="n")
    return _add_counter(sides, b)


def _add_counter(sides: Sides, b: TypedBuilder) -> Value:
    """Let the forward loop count its iterations."""
    start, count = Value("n", Scalar("int")), Value("n", Scalar("int"))
    zero = Op("const", (), (start,), {"value": 0}, (), sides.op.loc)
    sides.op = counting(sides.op, start, count)
    sides.before = (*sides.before, zero)
    return count


def _emit(
    b: TypedBuilder, sides: Sides, inits: list[Value], params: list[Value], results: list[Value], lists: list[str]
) -> list[Value]:
    """The reverse loop itself; its results are those of the carried values, then the collected ones."""
    items = [item for _, item in sides.iterables]
    extra_params = [p for _, p, _ in sides.carried]
    reverse = sides.reverse
    yields = reverse.results
    split = len(inits)
    body = Region(
        (*items, *params, *extra_params), reverse.ops, (*yields[:split], *(y for _, _, y in sides.carried), *yields[split:])
    )
    outs = [Value(p.name, p.kind) for p in params]
    extra_outs = [Value(p.name, p.kind) for p in extra_params]
    collected = [Value(name, List(v.kind)) for name, v in zip(lists, results[split:])]
    operands = [*(xs for xs, _ in sides.iterables), *inits, *(init for init, _, _ in sides.carried)]
    attrs = {"iterables": len(items), "collected": len(collected), "stops": False}
    b.op("for", operands, [*outs, *extra_outs, *collected], [body], **attrs)
    return [*outs, *collected]
