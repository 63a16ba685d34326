"""Every rule against central differences; and the checker against rules that are wrong."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import inspect
import math
import sys
import textwrap
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import backprose_runtime  # noqa: E402
from cases import CASES, LOSSY, Case, differentiated  # noqa: E402
from check import WrongRule, check, cotangents, leaves, mapped, random_like  # noqa: E402

import backprose.rules  # noqa: E402, F401
from backprose.rules import registry  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
every_case = pytest.mark.parametrize("case", CASES, ids=[f"{i}-{case.id}" for i, case in enumerate(CASES)])


def is_ours(rule: registry.Rule) -> bool:
    """Other tests register rules of their own."""
    return rule.text.__module__.startswith("backprose.")


def test_every_rule_has_a_case():
    covered = {case.function for case in CASES}
    missing = [function for function, rule in registry.RULES.items() if is_ours(rule) and function not in covered]
    assert not missing


def test_every_operand_of_every_rule_is_differentiated_somewhere():
    seen = {}
    for case in CASES:
        rule = registry.rule_for(case.function)
        names = list(inspect.signature(rule.text).parameters)[1:]
        for key in case.wrt:
            seen.setdefault(rule.text, set()).add(key if isinstance(key, str) else names[min(key, len(names) - 1)])
            if any(p.kind is p.VAR_POSITIONAL for p in inspect.signature(rule.text).parameters.values()):
                seen[rule.text].update(rule.wrt)
    for rule in filter(is_ours, registry.RULES.values()):
        missing = set(rule.wrt) - seen.get(rule.text, set())
        if np.lib.NumpyVersion(np.__version__) < "2.1.0":
            missing -= {"min", "max"}
        assert not missing, (rule.text, missing)


def test_no_callable_is_both_differentiable_and_without_derivative():
    assert not set(registry.RULES) & registry.NO_DERIVATIVE


def test_every_method_means_a_function_of_the_table():
    unknown = {name for name, function in registry.METHODS.items() if not registry.is_known(function)}
    assert not unknown


@every_case
def test_rule_agrees_with_differences(case: Case):
    with np.errstate(all="ignore"):
        if case.function in LOSSY:
            bars = cotangents(case, 1.5)
            assert bars == [1.5]
            return
        check(case)


def narrow(x):
    return np.asarray(x, np.complex64 if np.iscomplexobj(x) else np.float32) if isinstance(x, np.ndarray) else x


@every_case
def test_operands_are_left_alone(case: Case):
    before = [np.copy(leaf) for leaf in leaves(list(case.values))]
    with np.errstate(all="ignore"):
        cotangents(case, random_like(case.call(case.values), np.random.default_rng(3)))
    for leaf, copy in zip(leaves(list(case.values)), before):
        np.testing.assert_array_equal(leaf, copy)


def one_more(x):
    return np.asarray(x + 1.0) if isinstance(x, np.ndarray) else x + 1.0


@every_case
def test_linear_rules_are_linear(case: Case):
    if registry.rule_for(case.function).form != "linear" or case.function in LOSSY:
        return
    y_bar = random_like(case.call(case.values), np.random.default_rng(3))
    moved = [mapped(value, one_more) for value in case.values]
    for a, b in zip(cotangents(case, y_bar), cotangents(case, y_bar, values=moved)):
        for g, h in zip(leaves(a), leaves(b), strict=True):
            np.testing.assert_array_equal(g, h)


# Choices at kinks

KINKS = [
    (np.absolute, (np.array([0.0]),), [[0.0]]),
    (abs, (0.0,), [0.0]),
    (math.fabs, (0.0,), [0.0]),
    (np.maximum, (np.array([1.0]), np.array([1.0])), [[0.5], [0.5]]),
    (np.minimum, (1.0, 1.0), [0.5, 0.5]),
    (max, (1.0, 1.0), [0.5, 0.5]),
    (min, ([1.0, 1.0, 2.0],), [[0.5, 0.5, 0.0]]),
    (np.clip, (np.array([-1.0, 1.0]), -1.0, 1.0), [[1.0, 1.0], 0.0, 0.0]),
    (np.power, (0.0, 0), [0.0]),
    (np.power, (np.array([0.0]), np.array([2.0])), [[0.0], [0.0]]),
    (np.power, (np.array([0.0]), np.array([0.0])), [[0.0], [0.0]]),
    (np.power, (np.array([-2.0]), np.array([3.0])), [[12.0], [0.0]]),
    (pow, (0.0, 0.0), [0.0, 0.0]),
    (math.pow, (0.0, 1.0), [1.0, 0.0]),
    (np.hypot, (np.array([0.0]), np.array([0.0])), [[0.0], [0.0]]),
    (math.hypot, (0.0, 0.0), [0.0, 0.0]),
    (math.dist, ([1.0], [1.0]), [[0.0], [0.0]]),
    (np.arctan2, (np.array([0.0]), np.array([0.0])), [[0.0], [0.0]]),
    (math.atan2, (0.0, 0.0), [0.0, 0.0]),
    (np.linalg.norm, (np.zeros(2),), [[0.0, 0.0]]),
    (np.linalg.norm, (np.zeros(2), 3), [[0.0, 0.0]]),
    (np.std, (np.ones(2),), [[0.0, 0.0]]),
    (np.max, (np.array([1.0, 3.0, 3.0]),), [[0.0, 0.5, 0.5]]),
    (np.min, (np.array([[1.0, 1.0], [2.0, 3.0]]), 1), [[[0.5, 0.5], [1.0, 0.0]]]),
    (np.sqrt, (np.array([0.0]),), [[np.inf]]),
    (np.copysign, (np.array([0.0]), np.array([1.0])), [[0.0]]),
    (np.maximum.reduce, (np.array([1.0, 3.0, 3.0]),), [[0.0, 0.5, 0.5]]),
    (np.maximum.accumulate, (np.array([1.0, 3.0, 3.0, 2.0]),), [[1.0, 3.0, 0.0, 0.0]]),
    (np.fmax.accumulate, (np.array([np.nan, 2.0, np.nan]),), [[1.0, 2.0, 0.0]]),
    (np.logaddexp.reduce, (np.array([-np.inf, -np.inf]),), [[0.0, 0.0]]),
    (np.hypot.reduce, (np.array([0.0, 0.0]),), [[0.0, 0.0]]),
    (np.multiply.reduce, (np.array([0.0, 2.0]),), [[2.0, 0.0]]),
    (np.angle, (np.array([0.0, -1.0]),), [[0.0, 0.0]]),
]


@pytest.mark.parametrize("function, args, expected", KINKS)
def test_choice_at_a_kink(function, args, expected):
    case = Case(function, args, {}, differentiated(function, args, {}))
    y = case.call(case.values)
    with np.errstate(divide="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        bars = cotangents(case, np.ones(np.shape(y)) if np.ndim(y) else 1.0)
    assert len(bars) == len(expected)
    for bar, want in zip(bars, expected):
        np.testing.assert_array_equal(bar, want)


def test_where_keeps_an_infinite_cotangent_out_of_the_path_not_taken():
    case = Case(np.where, (np.array([True, False]), np.ones(2), np.ones(2)), {}, (1, 2))
    x_bar, y_bar = cotangents(case, np.array([1.0, np.inf]))
    np.testing.assert_array_equal(x_bar, [1.0, 0.0])
    np.testing.assert_array_equal(y_bar, [0.0, np.inf])


# What rules compute with

RULE_FILES = sorted(
    {
        name.removeprefix("backprose.rules.") for name in (rule.text.__module__ for rule in registry.RULES.values())
        if name.startswith("backprose.rules.")  # other tests register rules of their own
    } - {"containers", "updates"}
)


@pytest.mark.parametrize("name", RULE_FILES)
def test_rules_compute_with_functions_of_the_table_only(name):
    """So that the derivative of a derivative exists."""
    module = sys.modules[f"backprose.rules.{name}"]
    tree = ast.parse(inspect.getsource(module))
    parameters = {p.arg for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) for p in node.args.args}
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or is_compile_time(module, node):
            continue
        for call in ast.walk(ast.Module(body=node.body, type_ignores=[])):
            if not isinstance(call, ast.Call):
                continue
            text = ast.unparse(call.func)
            if text in parameters:
                continue
            root = getattr(module, text.split(".")[0], None)
            if isinstance(call.func, ast.Attribute) and not isinstance(root, types.ModuleType):
                raise AssertionError((node.name, text))
            function = eval(text, vars(builtins) | vars(module))  # noqa: S307
            own = (inspect.isfunction(function) or inspect.isclass(function)) and function.__module__.startswith("backprose.")
            known = registry.is_known(function) or function in (zip, enumerate, tuple, list, isinstance, type, hasattr)
            assert own or known, (node.name, text)


def is_compile_time(module, node: ast.FunctionDef) -> bool:
    return registry.is_compile_time(getattr(module, node.name, None))


@pytest.mark.parametrize("name", RULE_FILES)
def test_rules_state_their_formula(name):
    module = sys.modules[f"backprose.rules.{name}"]
    obvious = 12
    for rule in registry.RULES.values():
        if rule.text.__module__ == module.__name__ and not rule.text.__doc__:
            body = ast.parse(textwrap.dedent(inspect.getsource(rule.text))).body[0].body
            assert len(body) == 1 and len(list(ast.walk(body[0]))) < 4 * obvious, rule.text


def test_the_table_does_not_import_scipy():
    import subprocess

    code = "import sys, backprose.rules; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The checker finds what is wrong


def planted(function, text):
    return dataclasses.replace(registry.rule_for(function), text=text)


def wrong_factor(y, x, *, d):
    return d * 1.001 * np.cos(x)


def wrong_operand(c, a, b, *, c_bar):
    return c_bar @ b.T, c_bar.T @ a


def wrong_operand_square(c, a, b, *, c_bar):
    return c_bar @ b, a.T @ c_bar


def forgotten_axis(y, a, axis=None, dtype=None, out=None, keepdims=False, *, y_bar):
    return np.broadcast_to(y_bar, np.shape(a))


def forgotten_sum(y, array, shape, subok=False, *, y_bar):
    return y_bar


def wrong_piece(y, arrays, axis=0, out=None, *, y_bar):
    return [y_bar[i] for i in reversed(range(len(arrays)))]


def wrong_sign(y, a, b, *, d):
    return d / b, d * y / b


def swapped_output(y, ary, indices_or_sections, axis=0, *, y_bar):
    return np.concatenate(y_bar[::-1], axis=axis)


ROW = np.array([[0.3, 1.2, -0.4], [2.0, 0.7, 0.1]])
SQUARE = np.array([[0.3, 1.2, -0.4], [2.0, 0.7, 0.1], [0.9, -1.1, 0.4]])
PLANTED = [
    (Case(np.sin, (ROW,), {}, (0,)), wrong_factor),
    (Case(np.matmul, (ROW, SQUARE), {}, (0, 1)), wrong_operand),
    (Case(np.matmul, (SQUARE, SQUARE + 1), {}, (0, 1)), wrong_operand_square),
    (Case(np.sum, (SQUARE,), {"axis": 1}, (0,)), forgotten_axis),
    (Case(np.broadcast_to, (ROW, (2, 2, 3)), {}, (0,)), forgotten_sum),
    (Case(np.stack, ([ROW, ROW],), {}, (0,)), wrong_piece),
    (Case(np.divide, (ROW, ROW + 5), {}, (0, 1)), wrong_sign),
    (Case(np.split, (ROW, 2), {}, (0,)), swapped_output),
]


@pytest.mark.parametrize("case, text", PLANTED, ids=[text.__name__ for _, text in PLANTED])
def test_a_wrong_rule_is_caught(case, text):
    check(case)
    with pytest.raises(WrongRule):
        check(case, planted(case.function, text))


def test_runtime_helpers_of_rules_are_exported():
    assert {"add_at", "unbroadcast"} <= set(backprose_runtime.__all__)
