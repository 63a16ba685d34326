"""Every program that reverse mode takes, in forward mode."""

import pytest
from forward import check_forward
from test_programs import CASES


@pytest.fixture(autouse=True)
def verified(monkeypatch):
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_program(case):
    check_forward(case.function, case.args)
