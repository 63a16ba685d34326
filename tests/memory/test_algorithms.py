"""Algorithms that work in place, against central differences."""

import copy

import algorithm_programs
import oracle_of_memory
import pytest


@pytest.mark.parametrize("name", algorithm_programs.ARGUMENTS)
def test_algorithm(name):
    oracle_of_memory.check(getattr(algorithm_programs, name), copy.deepcopy(algorithm_programs.ARGUMENTS[name]))
