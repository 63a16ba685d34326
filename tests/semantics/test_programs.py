"""Programs as people write them: value, gradient, interpretation, optimisation, arguments, second order."""

import data_programs
import function_programs
import loop_programs
import name_programs
import pytest
import statement_programs
import trap_programs
from checks import check, check_second

MODULES = (statement_programs, loop_programs, function_programs, data_programs, name_programs, trap_programs)
CASES = [case for module in MODULES for case in module.program.cases]


@pytest.fixture(autouse=True)
def verified(monkeypatch):
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_program(case):
    check(case.function, case.args)


@pytest.mark.parametrize("case", [c for c in CASES if c.second], ids=lambda case: case.name)
def test_second_order(case):
    check_second(case.function, case.args)


def test_size_of_the_corpus():
    functions = {case.function for case in CASES}
    twice = {case.function for case in CASES if case.second}
    assert len(functions) >= 120
    assert 4 * len(twice) >= 3 * len(functions)
