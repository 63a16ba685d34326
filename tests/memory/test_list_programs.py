"""Lists that change: value, gradient and arguments, against the function itself and central differences."""

import list_programs
import pytest
from oracle_of_memory import check


@pytest.mark.parametrize("name", list_programs.ARGUMENTS)
def test_program(name):
    check(getattr(list_programs, name), list_programs.ARGUMENTS[name])
