"""Each invariant broken once: the verifier names it, under the guilty line."""

import operator

import pytest

from backprose.errors import InternalError
from backprose.ir.build import Builder
from backprose.ir.nodes import Function, Module, Op, Region, Value
from backprose.ir.parse import parse
from backprose.ir.verify import verify


def complaints(code, stage=""):
    """Pairs of a printed line and the complaint under it."""
    with pytest.raises(InternalError) as caught:
        verify(code, stage)
    lines = [line.strip() for line in str(caught.value).splitlines()]
    return [(lines[i - 1], line[2:]) for i, line in enumerate(lines) if line.startswith("^ ")]


BROKEN_TEXTS = {
    "the branches yield differently": (
        """function f(%c) {
             %r = if %c {
               yield %c
             } else {
               yield %c, %c
             }
             return %r
           }""",
        [("yield %c, %c", "has 2 yields, not 1")],
    ),
    "a value of a branch is read after it": (
        """function f(%c) {
             if %c {
               %a = const 1
             } else {
             }
             return %a
           }""",
        [("return %a", "%a is read outside the region that defines it, or before its definition")],
    ),
    "a loop yields too few values": (
        """function f(%xs, %a) {
             %b = for (%x in %xs; %c = %a) stops {
               yield %c
             }
             return %b
           }""",
        [("yield %c", "has 1 yields, not 2")],
    ),
    "a loop has too few results": (
        """function f(%xs, %a) {
             %b = for (%x in %xs; %c = %a) collected=1 {
               yield %c, %x
             }
             return %b
           }""",
        [("%b = for (%x in %xs; %c = %a) collected=1 {", "has 1 results, not 2")],
    ),
    "a condition yields nothing": (
        """function f(%a) {
             %b = while (%c = %a) {
             } do (%d) {
               yield %d
             }
             return %b
           }""",
        [("yield", "has 0 yields, not 1")],
    ),
    "a `with` yields differently": (
        """function f(%a) {
             %b = with(%a) {
             }
             return %b
           }""",
        [("yield", "has 0 yields, not 1")],
    ),
    "a function returns two values": (
        """function f(%a) {
             return %a, %a
           }""",
        [("return %a, %a", "has 2 results, not 1")],
    ),
    "a function returns nothing": (
        "function f(%a) {\n}",
        [("return", "has 0 results, not 1")],
    ),
    "a called function does not exist": (
        """function f(%a) {
             %b = invoke g(%a)
             return %b
           }""",
        [("%b = invoke g(%a)", "there is no function g")],
    ),
    "a called function takes other arguments": (
        """function f(%a) {
             %b = invoke f(%a, %a)
             return %b
           }""",
        [("%b = invoke f(%a, %a)", "has 2 operands, not 1")],
    ),
    "a keyword is given twice": (
        """function f(%a) {
             %b = numpy.sum(%a, axis=%a, axis=%a)
             return %b
           }""",
        [("%b = numpy.sum(%a, axis=%a)", "names a keyword twice")],
    ),
    "`self` outside a closure": (
        """function f() {
             %b = closure() self
             return %b
           }""",
        [("%b = closure() self", "there is no enclosing closure")],
    ),
    "a fault inside a template": (
        """function f() {
             %b = closure() function
             inner(%x) {
               return %x, %x
             }
             return %b
           }""",
        [("return %x, %x", "has 2 results, not 1")],
    ),
    "a record of a class without fields": (
        """function f(%a) {
             %b = record builtins.int(%a)
             return %b
           }""",
        [("%b = record builtins.int(%a)", "its class is neither a dataclass nor a namedtuple")],
    ),
    "a `raise` of three values": (
        """function f(%a) {
             raise(%a, %a, %a)
             return %a
           }""",
        [("raise(%a, %a, %a)", "has 3 operands, not at most 2")],
    ),
    "an `if` without a result for the yields": (
        """function f(%a) {
             if %a {
               yield %a
             } else {
             }
             return %a
           }""",
        [("yield %a", "has 1 yields, not 0")],
    ),
}


@pytest.mark.parametrize("name", BROKEN_TEXTS)
def test_broken_text(name):
    text, expected = BROKEN_TEXTS[name]
    assert complaints(parse(text)) == expected


def function(*ops, results=(), params=()):
    return Function("f", Region(tuple(params), tuple(ops), tuple(results)))


def call(operands, results, fn=operator.neg, keywords=()):
    return Op("call", tuple(operands), tuple(results), {"fn": fn, "keywords": keywords, "method": None})


a, b, c, d = (Value(name) for name in "abcd")
CONST = Op("const", (), (b,), {"value": 1})
BROKEN_OPS = {
    "never defined": (function(call([c], [b]), results=[b]), "%b = operator.neg(%c)", "%c is never defined"),
    "before its definition": (
        function(call([b], [c]), CONST, results=[c]),
        "%c = operator.neg(%b)",
        "%b is read outside the region that defines it, or before its definition",
    ),
    "defined twice": (function(CONST, CONST, results=[b]), "%b: unknown = const 1", "%b is defined a second time"),
    "parameter defined again": (
        function(CONST, params=[b], results=[b]), "%b: unknown = const 1", "%b is defined a second time",
    ),
    "no such operation": (function(Op("jump", (), (b,)), results=[b]), "%b = jump!()", "there is no operation 'jump'"),
    "attribute missing": (
        function(Op("call", (), (b,), {"fn": len}), results=[b]),
        "%b = call!() <fn=builtins.len>",
        "lacks the attribute keywords, method",
    ),
    "regions missing": (
        function(Op("if", (a,), ()), params=[a], results=[a]), "if!(%a)", "has 0 regions, not 2",
    ),
    "results": (
        function(Op("const", (), (), {"value": 1}), params=[a], results=[a]), "const 1", "has 0 results, not 1",
    ),
    "operands": (
        function(Op("getattr", (a, a), (b,), {"name": "T"}), params=[a], results=[b]),
        "%b = getattr(%a, %a, T)",
        "has 2 operands, not 1",
    ),
    "callable": (function(call([], [b], fn=3), results=[b]), "%b = @int()", "what it calls is not callable"),
    "keywords": (
        function(call([a], [b], keywords=("x", "y")), params=[a], results=[b]),
        "%b = operator.neg(x=%a)",
        "has 2 keywords for 1 arguments",
    ),
    "odd dict": (
        function(Op("dict", (a,), (b,)), params=[a], results=[b]), "%b = dict(%a)", "has a key without a value",
    ),
    "spread": (
        function(
            Op("apply", (a, a), (b,), {"keywords": (), "spread": ("", "*"), "statement": False}),
            params=[a],
            results=[b],
        ),
        "%b = apply %a(%a)",
        "has 2 spreads for 1 arguments",
    ),
    "no callee": (
        function(Op("apply", (), (b,), {"keywords": (), "spread": (), "statement": False}), results=[b]),
        "%b = apply!() <keywords=(), spread=(), statement=False>",
        "has no callee",
    ),
    "template": (
        function(Op("closure", (), (b,), {"template": "other"}), results=[b]),
        "%b = closure() other",
        "its template is not a function",
    ),
    "loop without iterables": (
        function(
            Op("for", (), (), {"iterables": 0, "collected": 0, "stops": False}, (Region(),)), params=[a], results=[a]
        ),
        "for () {",
        "has 0 iterables and 0 operands",
    ),
    "loop parameters": (
        function(
            Op("for", (a,), (), {"iterables": 1, "collected": 0, "stops": False}, (Region(),)), params=[a], results=[a]
        ),
        "for (? in %a) {",
        "has 0 region parameters, not 1",
    ),
    "condition parameters": (
        function(
            CONST,
            Op("while", (a,), (c,), {"collected": 0, "stops": False}, (Region((), (), (b,)), Region((d,), (), (d,)))),
            params=[a],
            results=[c],
        ),
        "%c = while (? = %a) {",
        "has 0 parameters of its condition, not 1",
    ),
    "branch parameters": (
        function(Op("if", (a,), (), {}, (Region((b,)), Region())), params=[a], results=[a]),
        "if %a {",
        "has 1 region parameters, not 0",
    ),
    "reading itself inside": (
        function(Op("if", (a,), (b,), {}, (Region((), (), (b,)), Region((), (), (a,)))), params=[a], results=[b]),
        "yield %b",
        "%b is read outside the region that defines it, or before its definition",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_OPS)
def test_broken_op(name):
    code, line, complaint = BROKEN_OPS[name]
    assert (line, complaint) in complaints(code)


def test_module_files_functions_by_their_names():
    g = function(CONST, results=[b])
    assert complaints(Module({"g": g})) == [("function f() {", "is filed in the module under the name g")]


def test_the_stage_is_named():
    with pytest.raises(InternalError, match="malformed IR after stage 'lowered':"):
        verify(function(), "lowered")


def test_calls_are_resolved_after_inference():
    text = """function f(%g) {
        %a = apply %g()
        %b = closure() function
        inner() {
          %c = const 1
          return %c
        }
        %d = unbound
        %e = operator.neg(%d)
        return %e
      }"""
    verify(parse(text), "lowered")
    assert complaints(parse(text), "inferred") == [
        ("%a = apply %g()", "apply is left unresolved"),
        ("%b = closure() function", "closure is left unresolved"),
        ("%e = operator.neg(%d)", "%d is unbound"),
    ]


def test_unbound_values_may_be_carried_and_yielded():
    text = """function f(%xs) {
        %a = unbound
        %b = for (%x in %xs; %c = %a) {
          yield %x
        }
        return %b
      }"""
    verify(parse(text), "inferred")


def test_builder_makes_well_formed_ir():
    builder, x = Builder(), Value("x")
    y = builder.call(operator.mul, x, x)
    verify(Function("square", builder.region([x], [y])), "inferred")
