"""The passes of the compiler, seen one by one: each has a name and a job, changes no number, and is shown with what it did."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from backprose import grad, jacobian, linearize, value_and_grad, vjp
from backprose.__main__ import main
from backprose.analysis.devices import compiling_for
from backprose.codegen.load import load
from backprose.codegen.python import CHOICES, emit
from backprose.ir.interpret import interpret
from backprose.steps import steps
from benchmarks.workloads import WORKLOADS

MODEL = '''
import numpy as np


def decay(x: "f8[:]", rate: float):
    y = np.exp(-rate * x)
    return np.sum(y)
'''

LISTED = '''\
] fold, 12 -> 11 lines: Write temporaries that are read once within the expression that reads them.
@@ -6,6 +6,5 @@
     # forward
     t = -rate  # L6
-    t1 = t * x
-    y = np.exp(t1)
+    y = np.exp(t * x)
     # backward
     x_bar = y * t  # L6

'''


def relaxed(x):
    u, v = x.copy(), np.zeros_like(x)
    for i in range(1, len(x)):
        if u[i] > 3.0:
            break
        v[i] = u[i] * u[i - 1]
        u, v = v, u
    return np.sum(u * v) + np.sum(u)


def compilation(transformed, *args):
    transformed(*args)
    (found,) = transformed.specializations
    return found.compilation


@pytest.fixture(scope="module")
def example():
    return compilation(value_and_grad(relaxed), np.linspace(1.0, 2.0, 5))


def test_each_pass_has_a_name_of_its_own_and_a_job(example):
    found = steps(example)
    names = [step.name for step in found]
    assert len(set(names)) == len(names)
    for step in found:
        assert step.job.endswith(".") and len(step.job) < 120, step.name
    assert names[:3] == ["drop_dead in the primal", "drop_dead in the adjoint", "open_calls"]
    assert names[-len(CHOICES) :] == [name for name, _ in CHOICES]


def test_the_last_step_is_what_was_emitted(example):
    found = steps(example)
    assert found[-1].after == example.emitted.source
    after = {step.name: step.after for step in found}
    assert str(after["beside_primals"]) == str(example.stages["optimised"])


def test_a_pass_changes_no_number(example):
    x = np.array([1.0, 1.5, 0.5, 2.0, 7.0])
    value, gradient = value_and_grad(relaxed)(x)
    start = next(i for i, step in enumerate(steps(example)) if step.name == "open_calls")
    for step in steps(example)[start : -len(CHOICES) - 3]:
        found_value, found = interpret(step.after, x)
        assert found_value == value and found.tolist() == gradient.tolist(), step.name


@pytest.mark.parametrize("workload", WORKLOADS)
def test_the_text_is_right_without_any_choice(workload):
    module = importlib.import_module(f"benchmarks.workloads.{workload}")
    arguments = module.arguments(np.random.default_rng(0), *module.SIZES["tiny"])
    transform = jacobian if workload == "ba" else value_and_grad
    found = compilation(transform(module.primal, module.ARGNUMS), *arguments)
    results = []
    with compiling_for(found.kinds.values()):
        for left_out in ([], *([name] for name, _ in CHOICES), [name for name, _ in CHOICES]):
            emitted = emit(found.stages["optimised"], left_out)
            results.append(load(emitted, workload, module.__dict__)[found.entry](*arguments))
    for result in results[1:]:
        np.testing.assert_equal(result, results[0])


def test_before_and_after_a_pass():
    f = grad(relaxed)
    f(np.linspace(1.0, 2.0, 5))
    assert "drop_dead" not in f.ir("before:simplify") and f.ir("before:simplify") == f.ir("after:open_blocks")
    assert f.ir("after:simplify") != f.ir("before:simplify")
    assert "v = set_at(v, " in f.ir("after:fold") and "v[i] = " in f.ir("after:updates_in_place")
    assert f.ir("after:unpack") == f.source


def test_an_unknown_pass_is_an_error_that_lists_them():
    f = grad(relaxed)
    f(np.linspace(1.0, 2.0, 5))
    with pytest.raises(ValueError, match="no pass 'folding'; there are drop_dead in the primal, .*, simplify, .*, fold, "):
        f.ir("after:folding")
    with pytest.raises(ValueError, match="no stage 'fold'; there are lowered, .*, and each pass as before:fold or after:fold"):
        f.ir("fold")


def test_pullbacks_have_passes_of_two_functions():
    _, pullback = vjp(relaxed, np.linspace(1.0, 2.0, 5))
    listing = pullback.ir("passes")
    assert "hand_over_what_is_read, " in listing and " @@ relaxed_backward\n" in listing


def test_forward_mode_has_passes():
    _, linear = linearize(relaxed, np.linspace(1.0, 2.0, 5))
    assert "] beside_primals, " in linear.ir("passes") and " @@ relaxed_linear\n" in linear.ir("passes")


@pytest.fixture
def model(tmp_path, monkeypatch):
    (tmp_path / "decaying.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)


def test_the_command_line_lists_what_each_pass_did(model, capsys):
    assert main(["emit", "decaying:decay", "--passes"]) == 0
    text = capsys.readouterr().out
    assert LISTED in text
    assert text.startswith("# inferred, 8 ops\nfunction decay(%x: f64[N], %rate: float)")
    assert "\n# derivative, 8 ops\n" in text and "\n# Python, 12 lines\nimport numpy as np\n" in text
    assert "\n[ 4] drop_stops, no change: Put its argument" in text


def test_values_keep_their_names_from_pass_to_pass(model, capsys):
    """What a pass leaves alone stands on no line of a diff."""
    assert main(["emit", "decaying:decay", "--passes"]) == 0
    dropped = capsys.readouterr().out.partition("] drop_dead, ")[2].partition("\n\n")[0]
    changed = [line for line in dropped.splitlines() if line.startswith(("-", "+"))]
    assert [line.split()[1] for line in changed] == ["%3:", "%y_bar:"]
