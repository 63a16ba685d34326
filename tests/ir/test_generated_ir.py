"""Properties of generated IR: it verifies, prints and parses back, and means the same afterwards."""

from generate import arguments, functions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprose.ir.interpret import interpret
from backprose.ir.parse import parse
from backprose.ir.text import print_ir
from backprose.ir.verify import verify

relaxed = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@relaxed
@given(functions())
def test_generated_ir_is_well_formed_at_every_stage(function):
    verify(function, "inferred")


@relaxed
@given(functions())
def test_generated_ir_prints_and_parses_back(function):
    text = print_ir(function)
    again = parse(text)
    verify(again, "inferred")
    assert print_ir(again) == text


@relaxed
@given(functions(), st.data())
def test_parsed_ir_computes_the_same_bits(function, data):
    args = data.draw(arguments(function))
    value = interpret(function, *args)
    assert type(value) is float
    assert repr(interpret(parse(print_ir(function)), *args)) == repr(value)
