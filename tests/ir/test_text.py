"""The textual form: golden texts, and round trips of every op, constant and kind."""

import collections
import dataclasses
import inspect
import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backprose.ir import kinds as k
from backprose.ir.build import Builder
from backprose.ir.literals import Objects, kind_text, literal
from backprose.ir.nodes import OPS, Function, Loc, Module, Region, Value
from backprose.ir.objects import public_name, resolve
from backprose.ir.parse import parse, parse_kind
from backprose.ir.reader import ParseError, Reader
from backprose.ir.text import foreign_objects, print_ir
from backprose.ir.walk import all_ops


@dataclasses.dataclass
class Layer:
    w: float
    b: float


Pair = collections.namedtuple("Pair", "first second")


def helper(x):
    return x


GOLDEN = """module

function loss(%w: f64[N], %n: dim) signature(w, /, n=10, *args, m, p=-0.0, **rest) <wrt=(0,)> { # model.py:6
  doc 'The loss.\\nOf a "model".'
  %0 = const 1.0                                                 # L7
  %z: f64[?] = operator.matmul(%w, %w)                           # L7
  %s = numpy.sum(%z, axis=%0) as .sum                            # other.py:3 ~
  %g = global np in live
  %u: unbound = unbound
  %1 = apply %g(%w, *%z, **%s, k=%0) statement
  %2 = getattr(%g, linalg)
  %3 = tuple()
  %4 = list(%3, %3)
  %5 = dict(%0: %z, %s: %s)
  %6 = record @Layer(%w, %z)
  %7 = @helper(%6) <pure=True>
  %f = closure(%w) <defaults={'y': 0}> function                  # L8
  inner(%w, %y, %x) signature(y=None, x=1) {                     # model.py:8
    %0 = closure() self                                          # L9
    return %x
  }
  %a: float, %l = for (%i: int in %s, %x in %z; %c: f64[N] = %w, %d = %0) collected=1 stops { # L10
    %stop = const True
    yield %stop, %c, %d
  }
  for (%i.1 in %s) {
  }
  %a.1 = while (%k = %0) {
    %t = operator.lt(%k, %0)
    yield %t
  } do (%k.1) {
    yield %k.1
  }
  while () {
    yield %0
  } do () {
  }
  %b, %b.1 = if %s {
    yield %0, %0
  } else {
    raise(%0)
    yield %s, %s
  }
  %v = with(%0, %s) {
    yield %0
  }
  store set(%w, %0, %0)
  store iadd(%w, %0, %0)
  %8 = invoke 'a b'(%w, %0)
  return %z
}

function 'a b'(%x, %x.1) {
  return %x.1
}

objects {
  @Layer: type
  @helper: function
}
""".replace("  %r = range_of!!\n", "")
OBJECTS = {"Layer": Layer, "helper": helper}


def test_golden_text_holds_every_op():
    names = {op.name for function in parse(GOLDEN, OBJECTS).functions.values() for op in all_ops(function.region)}
    assert names == set(OPS)


def test_golden_text_prints_as_it_was_parsed():
    module = parse(GOLDEN, OBJECTS)
    assert str(module) == print_ir(module) == GOLDEN
    assert foreign_objects(module) == OBJECTS


def test_what_is_parsed_is_what_was_written():
    loss = parse(GOLDEN, OBJECTS).entry
    ops = {op.results[0].name: op for op in reversed(loss.ops) if op.results}
    assert loss.doc == 'The loss.\nOf a "model".'
    assert loss.attrs == {"wrt": (0,)}
    assert [(p.name, p.kind.name) for p in loss.signature.parameters.values()] == [
        ("w", "POSITIONAL_ONLY"),
        ("n", "POSITIONAL_OR_KEYWORD"),
        ("args", "VAR_POSITIONAL"),
        ("m", "KEYWORD_ONLY"),
        ("p", "KEYWORD_ONLY"),
        ("rest", "VAR_KEYWORD"),
    ]
    assert repr(loss.signature.parameters["p"].default) == "-0.0"
    assert loss.loc == Loc("model.py", 6, 0, 6, 0, "loss")
    assert ops["s"].fn is np.sum and ops["s"].attrs["method"] == "sum" and list(ops["s"].keywords) == ["axis"]
    assert ops["s"].loc == Loc("other.py", 3, 0, 3, 0, "loss", "reverse")
    assert ops["a"].attrs == {"iterables": 2, "collected": 1, "stops": True}
    assert [v.name for v in ops["a"].inits] == ["w", ""]
    template = ops["f"].attrs["template"]
    assert template.name == "inner" and [v.name for v in template.params] == ["w", "y", "x"]
    assert ops["f"].attrs["defaults"] == {"y": 0}
    (apply,) = [op for op in loss.ops if op.name == "apply"]
    assert apply.attrs == {"keywords": ("k",), "spread": ("", "*", "**", ""), "statement": True}


def test_names_that_clash_are_numbered_in_order_of_appearance():
    b, x, other = Builder(), Value("x"), Value("x")
    y = b.call(operator.add, x, other)
    assert print_ir(Function("f", b.region([x, other], [y]))) == (
        "function f(%x, %x.1) {\n  %0 = operator.add(%x, %x.1)\n  return %0\n}\n"
    )


def test_texts_do_not_depend_on_folders():
    def at(folder):
        loc = Loc(folder + "/m.py", 1, 0, 1, 1, "f")
        b, x = Builder(loc), Value("x")
        return print_ir(Function("f", b.region([x], [b.call(math.sin, x)]), loc))

    assert at("/a") == at("/b/c")


def test_same_names_of_different_objects_are_told_apart():
    first, second = (type("Thing", (), {})() for _ in range(2))
    b = Builder()
    values = [b.const(first), b.const(second), b.const(first)]
    function = Function("f", b.region([], [b.tuple(values)]))
    text = print_ir(function)
    assert "const @Thing\n" in text and "const @Thing.1\n" in text
    again = parse(text, foreign_objects(function))
    assert [op.attrs.get("value") for op in again.ops[:3]] == [first, second, first]
    assert print_ir(again) == text


def test_a_nested_template_has_names_of_its_own():
    x = Value("x")
    template = Function("g", Region((x,), (), (x,)), signature=inspect.Signature())
    b = Builder()
    made = [b.op("closure", (), [Value("g")], template=template).result for _ in range(2)]
    text = print_ir(Function("f", b.region([], [b.tuple(made)])))
    assert text.count("g(%x) signature() {") == 2
    assert print_ir(parse(text)) == text


def test_a_module_of_one_function_stays_a_module():
    module = Module({"f": parse("function f(%x) {\n return %x\n}")})
    assert isinstance(parse(str(module)), Module)


# Constants
def reread(text, objects):
    reader = Reader(text, objects)
    value = reader.literal()
    reader.next("newline")
    return value


plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.text(), st.binary(), st.just(...)
)
numpy_scalars = st.builds(
    lambda kind, x: kind(x), st.sampled_from([np.float64, np.float32, np.complex64, np.float16]), st.floats(-9, 9)
) | st.sampled_from([np.int8(-3), np.uint64(2**63), np.bool_(True), np.str_("a'b"), np.complex128(complex("nan"))])
others = st.sampled_from([
    np.dtype("float32"), np.dtype(">i2"), np.exp, np, np.linalg.norm, np.add.at, np.ndarray.sum, len, int,
    operator.iadd,
    slice(None, 2, -1), range(1, 9, 2), np.float64, np.pi, np.newaxis, helper, Layer,
])  # fmt: skip
constants = st.recursive(
    plain | numpy_scalars | others,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
)


@given(constants)
def test_constants_round_trip(value):
    objects = Objects()
    text = literal(value, objects)
    again = reread(text, objects.named)
    assert type(again) is type(value)
    assert repr(again) == repr(value)
    assert "\n" not in text


def test_literals_of_the_tricky_floats():
    values = (math.inf, -math.inf, math.nan, -0.0, complex(-0.0, math.inf), 1e-300)
    assert literal(values, Objects()) == "(inf, -inf, nan, -0.0, complex(-0.0, inf), 1e-300)"
    again = reread("(inf, -inf, nan, -0.0, complex(-0.0, inf), 1e-300)", {})
    assert repr(again) == repr(values)


@pytest.mark.parametrize(
    "value, name",
    [
        (np.exp, "numpy.exp"),
        (np.absolute, "numpy.absolute"),
        (np.linalg.norm, "numpy.linalg.norm"),
        (np.fft.fft, "numpy.fft.fft"),
        (math.sin, "math.sin"),
        (operator.and_, "operator.and_"),
        (operator.pow, "operator.pow"),
        (pow, "builtins.pow"),
        (np.float64, "numpy.float64"),
        (np.add.at, "numpy.add.at"),
        (np.ndarray.sum, "numpy.ndarray.sum"),
        (np.linalg, "numpy.linalg"),
        (dict.get, "builtins.dict.get"),
    ],
)
def test_public_names_lead_back(value, name):
    assert public_name(value) == name
    assert resolve(name) == value


def test_other_objects_have_no_public_name():
    assert public_name(helper) is None
    assert public_name([].append) is None


# Kinds
KINDS = {
    "f64[N, 1, ?]": k.Array("float64", ("N", "1", "?")),
    "f64[]": k.Array("float64", ()),
    "b1[N]": k.Array("bool", ("N",)),
    "'datetime64[ns]'[N]": k.Array("datetime64[ns]", ("N",)),
    "float": k.Scalar("float"),
    "f64": k.Scalar("float64"),
    "bool": k.Scalar("bool"),
    "bool_": k.Scalar("bool_"),
    "str": k.Scalar("str"),
    "dim": k.Dim(),
    "number": k.Number(),
    "number(f32)": k.Number("float32"),
    "=1": k.Static(1),
    "=-0.0": k.Static(-0.0),
    "=numpy.exp": k.Static(np.exp),
    "=dtype('<f4')": k.Static(np.dtype("float32")),
    "=', ] %x # L3'": k.Static(", ] %x # L3"),
    "=None": k.Static(None),
    "=Ellipsis": k.Static(...),
    "=@helper": k.Static(helper),
    "()": k.Tuple(()),
    "(int,)": k.Tuple((k.Scalar("int"),)),
    "(int, [f64, ...])": k.Tuple((k.Scalar("int"), k.List(k.Scalar("float64")))),
    "[]": k.FixedList(()),
    "[int, unknown]": k.FixedList((k.Scalar("int"), k.UNKNOWN)),
    "[=Ellipsis, ...]": k.List(k.Static(...)),
    "{'w': f64[N], 1: =None}": k.Dict(("w", 1), (k.Array("float64", ("N",)), k.Static(None))),
    "record @Layer(w: float, b: int)": k.Record(Layer, ("w", "b"), (k.Scalar("float"), k.Scalar("int"))),
    "range": k.Range(),
    "slice(int, =None, =None)": k.Slice(k.Scalar("int"), k.Static(None), k.Static(None)),
    "closure(@g)": k.Closure(Function("g", Region()), ()),
    "closure(@g, int, f32)": k.Closure(Function("g", Region()), (k.Scalar("int"), k.Scalar("float32"))),
    "f64[N] | None": k.Maybe(k.Array("float64", ("N",))),
    "[=1 | None, ...]": k.List(k.Maybe(k.Static(1))),
    "object(@Layer)": k.Object(Layer),
    "object(builtins.tuple)": k.Object(tuple),
    "sparse(@Layer, f32[N, 1])": k.Sparse(Layer, "float32", ("N", "1")),
    "residuals(power_forward)": k.Residuals("power_forward"),
    "unbound": k.UNBOUND,
    "unknown": k.UNKNOWN,
}


@pytest.mark.parametrize("text", KINDS)
def test_kinds_round_trip(text):
    objects = Objects()
    assert kind_text(KINDS[text], objects) == text
    again = parse_kind(text, objects.named)
    assert again == KINDS[text] and hash(again) == hash(KINDS[text])


def test_every_kind_has_a_form():
    # By name: a dataclass with slots replaces the class that it was made from.
    assert {type(kind).__name__ for kind in KINDS.values()} == {
        cls.__name__ for cls in (*k.Kind.__subclasses__(), *k.Object.__subclasses__()) if cls.__module__ == k.__name__
    }


def test_constants_are_of_their_own_kind_unless_the_text_says_otherwise():
    text = "function f() {\n  %0 = const 1\n  %1: int = const 1\n  %2: unknown = const 1\n  return %0\n}\n"
    function = parse(text)
    assert [op.result.kind for op in function.ops] == [k.Static(1), k.Scalar("int"), k.UNKNOWN]
    assert print_ir(function) == text


# Errors
@pytest.mark.parametrize(
    "text, message",
    [
        ("function f(%x) {\n  return %y\n}", "line 2: %y is not defined"),
        ("function f(%x, %x) {\n}", "line 1: %x is defined twice"),
        ("function f(%x) {\n  %y = scipy.expit(%x)\n}", "line 2: 'scipy.expit' is in none of the modules"),
        ("function f(%x) {\n  %y = numpy.nothing(%x)\n}", "line 2: there is no 'numpy.nothing'"),
        ("function f(%x) {\n  %y = @helper(%x)\n}", "line 2: @helper is not among the objects given"),
        ("function f(%x) {\n  %y = const 1 2\n}", "line 2: expected a newline, found '2'"),
        ("function f(%x) {\n", "expected"),
        ("function f(%x) {\n  $\n}", "line 2: can't read '$"),
        ("function f() {\n}\nfunction g() {\n}", "several functions need `module` before them"),
        ("", "expected a function"),
    ],
)
def test_what_is_not_ir_is_refused(text, message):
    with pytest.raises(ParseError) as caught:
        parse(text)
    assert message in str(caught.value)
