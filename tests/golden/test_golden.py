"""Golden files: a source, and the text that is emitted for its derivative.

A file names the transformation in its first line, the arguments in its second, then holds the source, whose last
function is differentiated, and behind `# emitted:` the text. `pytest --update-golden` writes the text anew, after its
numbers were checked against central differences: a wrong one is never blessed.
"""

from __future__ import annotations

import copy
import inspect
import linecache
import re
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprose.analysis.kinds import kind_of
from backprose.codegen.load import load
from backprose.codegen.python import emit
from backprose.ir.kinds import Number
from backprose.pipeline import ADJOINT_PASSES, PRIMAL_PASSES, Plan, compile_function, lowered, run_passes
from backprose.transform.gradient import Request, gradient
from backprose.transform.infer import Inference
from backprose.transform.nested import gradient_module

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent / "property"))
import oracle  # noqa: E402

SWEEPS = {"jacfwd": "forward", "jacrev": "reverse", "jacobian": "cheaper"}
FILES = sorted(FOLDER.glob("*.golden"))
FORMAT = re.compile(
    r"# golden: (?P<what>grad of grad|grad|value_and_grad|vjp|jvp|linearize|hvp|hessian|jacfwd|jacrev|jacobian)(?: argnums=(?P<argnums>[\d,]+))?(?P<generic> generic)?\n"
    r"# args: (?P<args>[^\n]*)\n(?P<source>.*?)\n# emitted:\n(?P<emitted>.*)", re.DOTALL
)  # fmt: skip


@dataclass(frozen=True)
class Golden:
    """`wrt` are the positions asked for; a generic golden is compiled without kinds of the arguments."""

    what: str
    wrt: tuple[int, ...]
    generic: bool
    arguments: str
    source: str
    emitted: str


def read(path: Path) -> Golden:
    found = FORMAT.fullmatch(path.read_text(encoding="utf-8"))
    assert found, f"{path.name} is not in the format of a golden file"
    wrt = tuple(map(int, (found["argnums"] or "0").split(",")))
    return Golden(found["what"], wrt, bool(found["generic"]), found["args"], found["source"], found["emitted"])


def define(golden: Golden, name: str) -> tuple[Callable, tuple]:
    """The last function of the source, and its arguments; line numbers count from the source's own first line."""
    filename = f"<{name}>"
    text = golden.source.lstrip("\n") + "\n"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    sys.modules["golden"] = module = types.ModuleType("golden")  # where dataclasses look for their annotations
    namespace = module.__dict__
    exec(compile(text, filename, "exec"), namespace)
    functions = [v for v in namespace.values() if inspect.isfunction(v) and v.__module__ == "golden"]
    return functions[-1], eval(f"({golden.arguments},)", {**namespace, "rng": np.random.default_rng(0), "np": np})


def compiled(golden: Golden, f: Callable, args: tuple) -> tuple[str, dict[str, Any]]:
    """The emitted text and its namespace."""
    kinds = {name: kind_of(a) for name, a in zip(inspect.signature(f).parameters, args)}
    if golden.generic:
        kinds = {name: Number() for name in kinds}
    request = Request(golden.wrt, len(golden.wrt) == 1, golden.what == "value_and_grad")
    if golden.what in ("jvp", "linearize"):
        request = Request.of_tangent(golden.wrt)
    if golden.what == "hvp":
        request = replace(Request.of_tangent(golden.wrt), inner=request)
    if golden.what in SWEEPS:
        request = replace(request, jacobian=SWEEPS[golden.what])
    if golden.what == "hessian":
        request = replace(request, jacobian="forward", inner=replace(request, jacobian="reverse"))
    if golden.what == "grad of grad":
        module = run_passes(gradient_module(Inference(lowered), f, kinds, request), (*PRIMAL_PASSES, *ADJOINT_PASSES))
        module = run_passes(gradient(module, Inference(lowered), request), (*PRIMAL_PASSES, *ADJOINT_PASSES))
        emitted = emit(module)
        return emitted.source, load(emitted, f.__name__, f.__globals__)
    compilation = compile_function(f, kinds, Plan(request, golden.what in ("vjp", "linearize")))
    return compilation.emitted.source, compilation.load(f.__name__, f.__globals__)


def check_numbers(golden: Golden, f: Callable, args: tuple, namespace: dict[str, Any]) -> None:
    """The emitted code's numbers against central differences; the cotangent of a `vjp` is random."""
    value = f(*copy.deepcopy(args))
    weight, function = 1.0, f
    if golden.what in ("hvp", "hessian", *SWEEPS):
        return check_along_a_direction(golden, f, args, namespace)
    if golden.what in ("jvp", "linearize"):
        return check_tangent(golden, f, args, namespace, value)
    if golden.what == "vjp":
        weight = np.random.default_rng(1).normal(size=np.shape(value)).astype(np.asarray(value).dtype)
        weight = weight if np.ndim(value) else float(weight)
        primal, residuals = namespace[f"{f.__name__}_forward"](*copy.deepcopy(args))
        assert oracle.same_bits(primal, value)
        found = namespace[f"{f.__name__}_backward"](residuals, weight)
    elif golden.what == "grad of grad":
        _, names = compiled(Golden("grad", golden.wrt, golden.generic, "", "", ""), f, args)
        function = names[f"{f.__name__}_grad"]
        found = namespace[f"{f.__name__}_grad_grad"](*copy.deepcopy(args))
    elif golden.what == "value_and_grad":
        primal, found = namespace[f"{f.__name__}_value_and_grad"](*copy.deepcopy(args))
        assert oracle.same_bits(primal, value)
    else:
        found = namespace[f"{f.__name__}_grad"](*copy.deepcopy(args))
    single = any(np.asarray(x).dtype == np.float32 for x in oracle.leaves(args))
    step, tolerance = (1e-2, 1e-2) if single else (1e-6, 1e-5)
    wanted = oracle.differences(function, args, golden.wrt, step, weight)
    found = [x for x in oracle.leaves(found)]
    assert oracle.close(found, wanted, tolerance, tolerance), f"differences {wanted}, emitted code {found}"
    if single:
        assert all(np.asarray(x).dtype == np.float32 for x in found)


def check_tangent(golden: Golden, f: Callable, args: tuple, namespace: dict[str, Any], value: Any) -> None:
    """The tangent along random directions against the gradients that differences give."""
    dots = [oracle.direction(args[i], np.random.default_rng(1)) for i in golden.wrt]
    if golden.what == "jvp":
        primal, dot = namespace[f"{f.__name__}_jvp"](*copy.deepcopy(args), *dots)
    else:
        primal, residuals = namespace[f"{f.__name__}_forward"](*copy.deepcopy(args))
        dot = namespace[f"{f.__name__}_linear"](residuals, *dots)
    assert oracle.same_bits(primal, value)
    bars = oracle.differences(f, args, golden.wrt, 1e-6)
    wanted = sum(np.sum(g * d) for g, d in zip(bars, oracle.leaves(dots), strict=True))
    assert oracle.close(dot, wanted, 1e-5, 1e-5), f"differences {wanted}, emitted code {dot}"


def check_along_a_direction(golden: Golden, f: Callable, args: tuple, namespace: dict[str, Any]) -> None:
    """A Jacobian, a Hessian or a product with one, along a random direction of the first argument, against a difference."""
    name, dot, step = f.__name__, oracle.direction(args[0], np.random.default_rng(1)), 1e-6
    function = f
    if golden.what in ("hvp", "hessian"):
        _, names = compiled(Golden("grad", golden.wrt, golden.generic, "", "", ""), f, args)
        function = names[f"{name}_grad"]
    ahead, behind = (function(shifted(args[0], dot, s * step), *copy.deepcopy(args[1:])) for s in (1, -1))
    wanted = [(a - b) / (2 * step) for a, b in zip(oracle.leaves(ahead), oracle.leaves(behind), strict=True)]
    given = (dot,) if golden.what == "hvp" else ()
    found = namespace[f"{name}_{golden.what}"](*copy.deepcopy(args), *given)
    if golden.what != "hvp":
        found = np.tensordot(found, dot, np.ndim(dot))
    assert oracle.close(list(oracle.leaves(found)), wanted, 1e-5, 1e-5), f"differences {wanted}, emitted code {found}"


def shifted(x: Any, dot: Any, by: float) -> Any:
    """x moved along `dot`, in containers too."""
    if isinstance(x, dict):
        return {key: shifted(v, dot[key], by) for key, v in x.items()}
    if isinstance(x, list):
        return [shifted(v, d, by) for v, d in zip(x, dot, strict=True)]
    return x + by * dot


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden(path, request):
    golden = read(path)
    f, args = define(golden, path.stem)
    source, namespace = compiled(golden, f, args)
    check_numbers(golden, f, args, namespace)
    if request.config.getoption("--update-golden"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text[: len(text) - len(golden.emitted)] + source, encoding="utf-8")
        return
    assert source == golden.emitted, "the emitted text changed; `pytest --update-golden` writes it anew"
