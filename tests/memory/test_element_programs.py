"""Elements of lists updated in place: the right numbers, or a refusal that names what shares memory."""

import inspect

import element_programs
import list_programs
import numpy as np
import pytest
from oracle_of_memory import check

from backprose import errors, grad

FUNCTIONS = {n: f for n, f in vars(element_programs).items() if inspect.isfunction(f) and f.__module__ == "element_programs"}
REFUSED = {
    "one_row_many_times": "element of a container", "rows_repeated": "element of a container",
    "element_appended_again": "an element of `g`", "last_row_under_its_name": "`row`",
    "element_of_known_list_then_name": "`a` is updated", "row_appended_in_each_iteration": "`g` .* `row`",
    "rows_of_a_slice": "an element of `g`", "row_of_the_iteration_before": "`prev`",
    "row_of_the_iteration_before_read": "`row`", "row_that_moved": "`row` and `g`", "row_taken_and_given": "`g`",
    "arrays_of_objects": "element of a container", "arrays_of_objects_by_position": "element of a container",
    "arrays_of_objects_given": "element of a container", "row_stored_twice": "an element of `a`",
    "rows_unpacked": "`r0`", "row_replaced": "`row` and `g`", "rows_of_a_comprehension": "element of a container",
    "row_found_in_a_loop": "`last` and `g`", "row_of_a_branch": "share memory",
}  # fmt: skip


def arguments(name):
    return element_programs.SPECIAL.get(name, (element_programs.X, 3))


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in REFUSED])
def test_program(name):
    check(FUNCTIONS[name], arguments(name), (0,))


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    with pytest.raises(errors.CompileError, match=REFUSED[name]):
        grad(FUNCTIONS[name])(*arguments(name))


@pytest.mark.parametrize("name", ["edit_table", "grid_of_arrays", "elimination", "row_under_a_name", "ring_of_buffers"])
def test_lists_are_updated_in_place(name):
    gradient = grad(FUNCTIONS[name])
    gradient(*arguments(name))
    forward = gradient.source.split("# backward")[0].split("# forward")[1]
    assert not any(word in forward for word in ("set_at", "add_at", "with_item", "appended"))


SECOND = {
    **{name: (FUNCTIONS[name], arguments(name)) for name in (
        "edit_table", "grid_of_arrays", "appended_rows", "ring_of_buffers", "row_under_a_name", "lists_of_arrays",
        "rows_exchanged")},
    **{name: (getattr(list_programs, name), list_programs.ARGUMENTS[name]) for name in (
        "queue", "part_assigned", "stack_machine", "bubble_sort", "inserted_at_a_place", "deleted_in_a_loop")},
}  # fmt: skip


@pytest.mark.parametrize("name", SECOND)
def test_second_derivative(name):
    function, (x, *rest) = SECOND[name]
    first, weights = grad(function), np.arange(1.0, 6.0)

    def weighed(x, *rest):
        return np.sum(first(x, *rest) * weights)

    steps = np.eye(5) * 1e-6
    expected = [(weighed(x + e, *rest) - weighed(x - e, *rest)) / 2e-6 for e in steps]
    np.testing.assert_allclose(grad(weighed)(x, *rest), expected, rtol=1e-4, atol=1e-4)
