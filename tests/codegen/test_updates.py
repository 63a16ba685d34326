"""Updates in place, on generated programs over arrays, views and containers: never visible where they must not be."""

import operator
from dataclasses import dataclass, field
from typing import Any

import backprose_runtime as runtime
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprose.analysis.rotations import apart
from backprose.codegen.python import emit
from backprose.ir.build import Builder
from backprose.ir.interpret import interpret
from backprose.ir.kinds import Array, List, Range, Scalar, Tuple
from backprose.ir.nodes import Function, Loc, Module, Value
from backprose.ir.walk import defined_values
from backprose.transform.drop_dead import drop_dead

VECTOR, FLOAT, INT = Array("float64", ("N",)), Scalar("float64"), Scalar("int")
LIST = List(VECTOR)
NAMES = ("x_bar", "y_bar", "h", "", "")
SIZE = 3


@dataclass
class Scope:
    builder: Builder
    arrays: list[Value]
    lists: list[Value] = field(default_factory=list)
    pairs: list[Value] = field(default_factory=list)

    def inner(self, *arrays: Value) -> "Scope":
        return Scope(Builder(self.builder.loc), [*self.arrays, *arrays], list(self.lists), list(self.pairs))


class Generator:
    """Programs over vectors of length SIZE; most operands are recent values, so that updates form chains."""

    def __init__(self, draw: Any):
        self.draw, self.line = draw, 1

    def function(self) -> Function:
        params = [Value("x", VECTOR), Value("y", VECTOR)]
        scope = Scope(Builder(), list(params))
        scope.arrays.append(scope.builder.call(runtime.zeros_like, params[0], kind=VECTOR, name="x_bar"))
        self.block(scope, 2)
        kept = [self.read(scope) for _ in range(self.draw(st.integers(1, 3)))] + scope.lists[-1:] + scope.pairs[-1:]
        return Function("generated", scope.builder.region(params, [scope.builder.tuple(kept)]), None)

    def block(self, scope: Scope, depth: int) -> None:
        makers = [self.update] * 4 + [self.arithmetic, self.view, self.container, self.element]
        makers += [self.loop, self.branch, self.rotation] if depth else []
        for _ in range(self.draw(st.integers(1, 5))):
            self.line += 1
            scope.builder.loc = Loc("f.py", self.line, 0, self.line, 1, "f", self.draw(st.sampled_from(["", "reverse"])))
            self.draw(st.sampled_from(makers))(scope, depth)

    def name(self) -> str:
        return self.draw(st.sampled_from(NAMES))

    def read(self, scope: Scope) -> Value:
        recent = scope.arrays[-2:]
        return self.draw(st.sampled_from(recent + scope.arrays if self.draw(st.booleans()) else recent))

    def update(self, scope: Scope, depth: int) -> None:
        b, buffer = scope.builder, self.read(scope)
        if self.draw(st.integers(0, 2)) == 0 and scope.lists:
            buffer = self.draw(st.sampled_from(scope.lists))
            index = b.const(0)
            scope.lists.append(b.call(runtime.add_at, buffer, index, self.read(scope), kind=LIST, name=self.name()))
            return
        index = self.draw(st.sampled_from([1, -1, slice(0, 2), slice(None, None, -1), Ellipsis, "repeated", "mask"]))
        if index == "repeated":
            place, value = b.const(np.array([0, 0, 2])), self.read(scope)
            place = Value("", Array("int64", ("N",)))
            b.op("call", (b.const([0, 0, 2]),), [place], fn=np.array, keywords=(), method=None)
        elif index == "mask":
            place, value = b.call(operator.gt, self.read(scope), b.const(0.0), kind=Array("bool", ("N",))), None
        else:
            place, value = b.const(index), self.read(scope) if index is Ellipsis or index == slice(None, None, -1) else None
        if value is None:
            value = b.call(np.sum, self.read(scope), kind=FLOAT, method="sum")
        scope.arrays.append(b.call(runtime.add_at, buffer, place, value, kind=VECTOR, name=self.name()))

    def arithmetic(self, scope: Scope, depth: int) -> None:
        fn = self.draw(st.sampled_from([operator.add, operator.sub, operator.mul, np.add, np.maximum, np.copy]))
        args = [self.read(scope) for _ in range(1 if fn is np.copy else 2)]
        made = scope.builder.call(fn, *args, kind=VECTOR, name=self.name())
        scope.arrays.append(scope.builder.call(np.tanh, made, kind=VECTOR, name=self.name()) if fn is operator.mul else made)

    def view(self, scope: Scope, depth: int) -> None:
        b, x, name = scope.builder, self.read(scope), self.name()
        match self.draw(st.integers(0, 3)):
            case 0:
                made = b.call(operator.getitem, x, b.const(slice(None, None, -1)), kind=VECTOR, name=name)
            case 1:
                made = b.getattr(x, "T", VECTOR, name)
            case 2:
                made = b.call(np.reshape, x, b.const(-1), kind=VECTOR, name=name, method="reshape")
            case _:
                made = b.call(runtime.unbroadcast, x, self.read(scope), kind=VECTOR, name=name)
        scope.arrays.append(made)

    def container(self, scope: Scope, depth: int) -> None:
        x, y = self.read(scope), self.read(scope)
        if self.draw(st.booleans()):
            scope.lists.append(scope.builder.list([x, y], LIST, self.name()))
        else:
            scope.pairs.append(scope.builder.tuple([x, y], Tuple((VECTOR, VECTOR)), self.name()))

    def element(self, scope: Scope, depth: int) -> None:
        if held := scope.lists + scope.pairs:
            b, index = scope.builder, self.draw(st.integers(0, 1))
            source = self.draw(st.sampled_from(held))
            scope.arrays.append(b.call(operator.getitem, source, b.const(index), kind=VECTOR, name=self.name()))

    def loop(self, scope: Scope, depth: int) -> None:
        b = scope.builder
        over_list = bool(scope.lists) and self.draw(st.booleans())
        source = scope.lists[-1] if over_list else b.call(range, b.const(self.draw(st.integers(0, 3))), kind=Range())
        item = Value(self.name(), VECTOR if over_list else INT)
        count = self.draw(st.integers(1, 2))
        inits, carried = [self.read(scope) for _ in range(count)], [Value(self.name(), VECTOR) for _ in range(count)]
        inner = scope.inner(*carried, *([item] if over_list else []))
        self.block(inner, depth - 1)
        collected = self.draw(st.integers(0, 1)) if not over_list else 1
        yields = [self.read(inner) for _ in range(count + collected)]
        results = [Value(self.name(), VECTOR) for _ in range(count)]
        lists = [Value(self.name(), LIST) for _ in range(collected)]
        body = inner.builder.region([item, *carried], yields)
        b.op("for", [source, *inits], [*results, *lists], [body], iterables=1, collected=collected, stops=False)
        scope.arrays += results
        kept = b.list([self.read(scope), self.read(scope)], LIST)
        scope.lists += [b.call(operator.add, kept, made, kind=LIST) for made in lists]

    def rotation(self, scope: Scope, depth: int) -> None:
        """A loop that hands buffers round, updating some; now and then one is new, or one is yielded twice."""
        b, count = scope.builder, self.draw(st.integers(2, 3))
        inits = [self.read(scope) for _ in range(count)]
        if self.draw(st.integers(0, 3)):
            inits = [b.call(np.copy, v, kind=VECTOR, name=self.name()) for v in inits]
        carried = [Value(self.name(), VECTOR) for _ in range(count)]
        is_while = self.draw(st.integers(0, 4)) == 0
        counter = [Value("", INT)] if is_while else []
        inner = scope.inner(*carried)
        held = list(carried)
        for _ in range(self.draw(st.integers(1, 4))):
            k = self.draw(st.integers(0, count - 1))
            inner.builder.loc = Loc("f.py", self.line, 0, self.line, 1, "f", self.draw(st.sampled_from(["", "reverse"])))
            index, v = inner.builder.const(self.draw(st.sampled_from([1, slice(0, 2), Ellipsis]))), self.read(inner)
            if index.kind.value is not Ellipsis:
                v = inner.builder.call(np.sum, v, kind=FLOAT)
            fn = self.draw(st.sampled_from([runtime.add_at, runtime.set_at]))
            operands = (held[k], index, v) if fn is runtime.add_at else (held[k], v, index)
            held[k] = inner.builder.call(fn, *operands, kind=VECTOR, name=self.name())
            inner.arrays.append(held[k])
            if self.draw(st.integers(0, 3)) == 0:
                self.block(inner, 0 if depth < 2 else self.draw(st.integers(0, 1)))
        held = self.draw(st.permutations(held))
        if self.draw(st.integers(0, 3)) == 0:
            held[0] = self.read(inner)
        collected = [self.read(inner)] if self.draw(st.booleans()) else []
        results = [Value(self.name(), VECTOR) for _ in range(count)]
        lists = [Value(self.name(), LIST) for _ in collected]
        steps = b.const(self.draw(st.integers(0, 4)))
        if is_while:
            head, again = Builder(b.loc), [Value(v.name, v.kind) for v in (*counter, *carried)]
            test = head.region(again, [head.call(operator.lt, again[0], steps, kind=Scalar("bool"))])
            grown = inner.builder.call(operator.add, counter[0], inner.builder.const(1), kind=INT)
            body = inner.builder.region([*counter, *carried], [grown, *held, *collected])
            outs = [Value("", INT), *results, *lists]
            b.op("while", [b.const(0), *inits], outs, [test, body], collected=len(lists), stops=False)
        else:
            body = inner.builder.region([Value(self.name(), INT), *carried], [*held, *collected])
            source = b.call(range, steps, kind=Range())
            attrs = {"iterables": 1, "collected": len(lists), "stops": False}
            b.op("for", [source, *inits], [*results, *lists], [body], **attrs)
        scope.arrays += results
        kept = b.list([self.read(scope), self.read(scope)], LIST)
        scope.lists += [b.call(operator.add, kept, made, kind=LIST) for made in lists]

    def branch(self, scope: Scope, depth: int) -> None:
        b = scope.builder
        condition = b.call(operator.gt, b.call(np.sum, self.read(scope), kind=FLOAT), b.const(0.5), kind=Scalar("bool"))
        results, regions = [Value(self.name(), VECTOR) for _ in range(self.draw(st.integers(1, 2)))], []
        for _ in range(2):
            inner = scope.inner()
            self.block(inner, depth - 1)
            regions.append(inner.builder.region((), [self.read(inner) for _ in results]))
        b.op("if", (condition,), results, regions)
        scope.arrays += results


@st.composite
def programs(draw):
    return Generator(draw).function()


def flat(value):
    return [leaf for item in value for leaf in flat(item)] if isinstance(value, (tuple, list)) else [value]


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(), st.integers(0, 3))
def test_updates_are_never_seen_from_elsewhere(function, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=SIZE), rng.normal(size=SIZE)
    emitted = emit(Module({"generated": function}))
    namespace = dict(emitted.names)
    exec(emitted.source, namespace)
    with np.errstate(all="ignore"):
        expected = flat(interpret(function, x.copy(), y.copy()))
        given_x, given_y = x.copy(), y.copy()
        found = flat(namespace["generated"](given_x, given_y))
    assert np.array_equal(given_x, x) and np.array_equal(given_y, y), emitted.source
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        assert np.array_equal(a, b, equal_nan=True), f"{a} is not {b}\n{emitted.source}"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs())
def test_what_may_share_memory_is_found_by_groups(function):
    """What is looked for among a value's group alone is all that there is, as asking of every value shows."""
    owned, values = apart(function), defined_values(function.region)
    for value in values:
        sharing = {other for other in values if owned.may_share(value, other)}
        assert set(owned.sharing(value, values)) == sharing
        near = owned.near(value, inside=True)
        assert near is None or near.issuperset(v for v in values if owned.may_share(value, v, inside=True))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs())
def test_ownership_is_found_once_for_a_version_of_a_function(function):
    """A pass that changes nothing returns the function itself, of which the same is known."""
    function = drop_dead(function)
    assert drop_dead(function) is function
    assert apart(function) is apart(drop_dead(function))


def test_chains_are_in_place():
    """The updates that matter are really done in place: a buffer of zeros, added to in a loop."""
    x, buffer, item = Value("x", VECTOR), Value("x_bar", VECTOR), Value("i", INT)
    loc = Loc("f.py", 3, 0, 3, 1, "f", "reverse")
    inner = Builder(loc)
    part = inner.call(operator.getitem, x, item, kind=FLOAT)
    grown = inner.call(runtime.add_at, buffer, item, part, kind=VECTOR, name="x_bar")
    grown = inner.call(operator.mul, grown, inner.const(2.0), kind=VECTOR, name="x_bar")
    body = inner.region([item, buffer], [grown])
    b = Builder(loc)
    zeros = b.call(np.zeros_like, x, kind=VECTOR, name="x_bar")
    result = Value("x_bar", VECTOR)
    b.op("for", [b.call(range, b.call(len, x, kind=INT), kind=Range()), zeros], [result], [body], iterables=1, collected=0, stops=False)
    source = emit(Module({"f": Function("f", b.region([x], [result]))})).source
    assert "x_bar[i] += x[i]" in source and "x_bar *= 2.0" in source




def test_a_list_is_not_updated_while_it_is_iterated():
    x, carried, item, total = Value("x", VECTOR), Value("hs", LIST), Value("h", VECTOR), Value("total", VECTOR)
    loc = Loc("f.py", 3, 0, 3, 1, "f", "reverse")
    inner = Builder(loc)
    grown = inner.call(runtime.add_at, carried, inner.const(1), item, kind=LIST, name="hs")
    added = inner.call(operator.add, total, item, kind=VECTOR, name="total")
    body = inner.region([item, carried, total], [grown, added])
    b = Builder(loc)
    start = b.list([x, x], LIST, "hs")
    zeros = b.call(np.zeros_like, x, kind=VECTOR)
    results = [Value("hs", LIST), Value("total", VECTOR)]
    b.op("for", [start, start, zeros], results, [body], iterables=1, collected=0, stops=False)
    function = Function("f", b.region([x], [b.tuple(results)]))
    emitted = emit(Module({"f": function}))
    namespace = {}
    exec(emitted.source, namespace)
    found, expected = flat(namespace["f"](np.ones(2))), flat(interpret(function, np.ones(2)))
    assert all(np.array_equal(a, b) for a, b in zip(found, expected)), emitted.source


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_lists_of_what_iterations_update(data):
    """Nested loops that append what they update: before or after it is updated, to one list or two."""
    b = Builder(Loc("f.py", 1, 0, 1, 1, "f", "reverse"))
    x = Value("x", VECTOR)

    def body(depth: int, seen: list[Value]) -> tuple[list[Value], Builder]:
        inner, values = Builder(b.loc), list(seen)
        for _ in range(data.draw(st.integers(1, 4))):
            v = data.draw(st.sampled_from(values))
            match data.draw(st.integers(0, 4 if depth else 2)):
                case 0:
                    values.append(inner.call(np.copy, v, kind=VECTOR, name=data.draw(st.sampled_from(NAMES))))
                case 1:
                    values.append(inner.call(runtime.add_at, v, inner.const(1), inner.const(2.0), kind=VECTOR, name="x_bar"))
                case 2:
                    values.append(inner.call(operator.add, v, data.draw(st.sampled_from(values)), kind=VECTOR, name="x_bar"))
                case _:
                    values.append(loop(inner, v, depth - 1, values))
        return values, inner

    def loop(outer: Builder, init: Value, depth: int, seen: list[Value]) -> Value:
        item, param = Value("", INT), Value("x_bar", VECTOR)
        values, inner = body(depth, [*seen, param])
        yields = [data.draw(st.sampled_from(values[-3:])) for _ in range(3)]
        results = [Value("x_bar", VECTOR), Value("", LIST), Value("", LIST)]
        source = outer.call(range, outer.const(data.draw(st.integers(0, 3))), kind=Range())
        region = inner.region([item, param], yields)
        outer.op("for", [source, init], results, [region], iterables=1, collected=2, stops=False)
        lists.append((outer, results[1:]))
        return results[0]

    lists: list = []
    values, inner = body(2, [b.call(np.copy, x, kind=VECTOR, name="x_bar")])
    result = loop(inner, values[-1], 2, values)
    kept = [v for outer, made in lists if outer is inner for v in made]
    inner.ops = [*b.ops, *inner.ops]
    function = Function("f", inner.region([x], [inner.tuple([result, *kept])]))
    emitted = emit(Module({"f": function}))
    namespace = dict(emitted.names)
    exec(emitted.source, namespace)
    found, expected = flat(namespace["f"](np.ones(SIZE))), flat(interpret(function, np.ones(SIZE)))
    assert len(found) == len(expected) and all(map(np.array_equal, found, expected)), emitted.source
