"""The whole compiler on one page: a plain function in, the text of its derivative out.

    function -> lowered IR -> IR with kinds -> adjoint IR -> optimised IR -> text -> function

Every stage is a pure function on immutable IR; `Compilation.stages` keeps what the long ones gave, under its name. Between
these stand the passes of the tables below, and those of `codegen/python` for the text. They are run again by whoever wants
to see what one of them did (`steps`): that costs nothing until it is asked for.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

import backprose.rules  # noqa: F401 - fills the table of rules
from backprose.analysis.devices import compiling_for
from backprose.analysis.rotations import forget_ownership
from backprose.codegen.cupy import check_functions
from backprose.codegen.load import load
from backprose.codegen.python import Emitted, emit
from backprose.frontend.lower import lower
from backprose.ir.kinds import Kind
from backprose.ir.nodes import Function, Module
from backprose.ir.verify import verify
from backprose.transform.add_through import add_through
from backprose.transform.algebra import simplify
from backprose.transform.check_once import check_once
from backprose.transform.clear_late import clear_late
from backprose.transform.common import share_common
from backprose.transform.contract import contract
from backprose.transform.copy_live_views import copy_live_views
from backprose.transform.copy_views import copy_kept_views
from backprose.transform.custom import open_calls
from backprose.transform.dense_first import dense_first
from backprose.transform.derivatives import derivative
from backprose.transform.drop_dead import drop_dead
from backprose.transform.finish_last import finish_last
from backprose.transform.go_forward import go_forward
from backprose.transform.gradient import Request, pullback
from backprose.transform.hoist import hoist_invariants
from backprose.transform.infer import Inference
from backprose.transform.jvp import beside_primals
from backprose.transform.keep_parts import keep_parts
from backprose.transform.linear import linear_parts
from backprose.transform.move_signs import move_signs
from backprose.transform.open_blocks import open_blocks
from backprose.transform.outside import Guard
from backprose.transform.own_updated import own_updated
from backprose.transform.real_numbers import refuse_complex
from backprose.transform.late_shapes import read_shapes_late
from backprose.transform.own_buffers import own_buffers
from backprose.transform.own_results import own_results
from backprose.transform.read_outside import read_outside
from backprose.transform.read_stored import read_stored
from backprose.transform.restore import restore_overwritten
from backprose.transform.reuse_buffers import reuse_buffers, reuse_in_tiles
from backprose.transform.segments import without_marks
from backprose.transform.skip_last import skip_last
from backprose.transform.skip_zeros import skip_zeros
from backprose.transform.store_cleared import store_cleared
from backprose.transform.store_once import store_once
from backprose.transform.sum_first import sum_first
from backprose.transform.stopping import drop_stops
from backprose.transform.tile_chains import tile_chains
from backprose.transform.two_parts import hand_over_what_is_read


@dataclass(frozen=True)
class OfModule:
    """A pass over a whole module; others are done to each of its functions."""

    step: Callable[[Module], Module]


Pass = Callable[[Function], Function] | OfModule
Passes = tuple[tuple[str, Pass], ...]

# What is done to the primal before it is differentiated, and to the adjoint before it is emitted.
PRIMAL_PASSES: Passes = (
    ("drop_dead in the primal", drop_dead),
)  # fmt: skip
DERIVATIVE_PASSES: Passes = (
    ("drop_dead in the adjoint", drop_dead),
)  # fmt: skip
OPENING: Passes = (
    ("open_calls", open_calls),
    ("drop_stops", drop_stops),
    ("without_marks", without_marks),
)  # fmt: skip
SIMPLIFYING: Passes = (
    ("simplify", simplify),
    ("hoist_invariants", hoist_invariants),
    ("share_common", share_common),
    ("read_outside", read_outside),
    ("drop_dead", drop_dead),
    ("skip_zeros", skip_zeros),
    ("sum_first", sum_first),
    ("add_through", add_through),
    ("dense_first", dense_first),
    ("read_stored", read_stored),
    ("store_once", store_once),
    ("simplify again", simplify),
    ("move_signs", move_signs),
    ("contract", contract),
    ("drop_dead again", drop_dead),
)  # fmt: skip
ADJOINT_PASSES: Passes = (
    *SIMPLIFYING,
    ("check_once", check_once),
    ("restore_overwritten", restore_overwritten),
    ("read_shapes_late", read_shapes_late),
    ("go_forward", go_forward),
    ("finish_last", finish_last),
    ("skip_last", skip_last),
    ("clear_late", clear_late),
    ("keep_parts", keep_parts),
    ("store_cleared", store_cleared),
    ("copy_kept_views", copy_kept_views),
    ("copy_live_views", copy_live_views),
    ("own_updated", own_updated),
    ("own_buffers", own_buffers),
    ("own_results", own_results),
    ("drop_dead at last", drop_dead),
    ("reuse_buffers", reuse_buffers),
)  # fmt: skip
TILING: Passes = (
    ("tile_chains", OfModule(tile_chains)),
    ("reuse_in_tiles", reuse_in_tiles),
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What to make of a function: `request` None emits the function itself."""

    request: Request | None
    paired: bool = False  # a forward and a backward part instead of one function
    debug: bool = False  # what users' rules return must have the dtypes of the arguments


@dataclass(frozen=True)
class Compilation:
    """The result of one compilation; `stages` maps a stage's name to its IR, `last` are the passes after the adjoint."""

    stages: Mapping[str, Module]
    emitted: Emitted
    kinds: Mapping[str, Kind]
    last: Passes
    guards: Mapping[Any, Guard] = field(default_factory=dict)
    request: Request | None = None

    @property
    def entry(self) -> str:
        return self.stages["optimised"].entry.name

    def load(self, hint: str, names: Mapping[str, Any]) -> dict[str, Any]:
        """Run the text; `names` are the globals that it reads live."""
        return load(self.emitted, hint, names)


def compile_function(function: Any, kinds: Mapping[str, Kind], plan: Plan, optimise: bool = True) -> Compilation:
    """Compile `function` for parameters of these kinds."""
    with compiling_for(kinds.values()), _collecting_later():
        try:
            return _compiled(function, kinds, plan, optimise)
        finally:
            forget_ownership()


@contextmanager
def _collecting_later() -> Iterator[None]:
    """Garbage is collected after a compilation: all its IR is alive until then, and each collection would walk it."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _compiled(function: Any, kinds: Mapping[str, Kind], plan: Plan, optimise: bool) -> Compilation:
    stages: dict[str, Module] = {}
    target = getattr(function, "__func__", function)
    if not hasattr(target, "__backprose_module__"):
        first = lowered(target)
        _keep(stages, "lowered", Module({first.name: first}))
    engine = Inference(lowered, debug=plan.debug)
    module = stages["inferred"] = infer(function, kinds, engine)  # holds closures that are inlined, so not yet verified
    module = _keep(stages, "primal", run_passes(module, PRIMAL_PASSES))
    if plan.request is not None:
        refuse_complex(module)
        module = stages["derivative"] = differentiated(module, engine, plan)
        module = _keep(stages, "adjoint", run_passes(module, DERIVATIVE_PASSES))
    last = last_passes(plan, optimise)
    module = _keep(stages, "optimised", run_passes(module, last))
    check_functions(module)
    if optimise:
        module, last = _keep(stages, "tiled", run_passes(module, TILING)), (*last, *TILING)
    return Compilation(stages, emit(module), kinds, last, dict(engine.guards), plan.request)


def last_passes(plan: Plan, optimise: bool) -> Passes:
    """All that is done to the adjoint before it is emitted, in order."""
    as_functions = plan.request is not None and not plan.request.forward
    handing = (("hand_over_what_is_read", OfModule(hand_over_what_is_read)),) if plan.paired else ()
    optimising = (*SIMPLIFYING, *handing, *ADJOINT_PASSES[len(SIMPLIFYING) :]) if optimise else ()
    return (
        *OPENING,
        ("open_blocks", OfModule(partial(open_blocks, as_functions=as_functions))),
        *optimising,
        ("beside_primals", OfModule(beside_primals)),
    )


def differentiated(module: Module, engine: Inference, plan: Plan) -> Module:
    """The derivative that is asked for, as one function or as a forward and a backward part."""
    if not plan.paired:
        return derivative(module, engine, plan.request)
    return linear_parts(module, engine, plan.request) if plan.request.forward else pullback(module, engine, plan.request)


def infer(function: Any, kinds: Mapping[str, Kind], engine: Inference) -> Module:
    """The primal with kinds. What is itself compiled (a gradient) gives the IR of what it computes."""
    if hasattr(function, "__backprose_module__"):
        return function.__backprose_module__(engine, kinds)
    return engine.run(function, kinds)


def run_passes(module: Module, passes: Passes) -> Module:
    for _, module in modules_after(module, passes):
        pass
    return module


def modules_after(module: Module, passes: Passes) -> Iterator[tuple[str, Module]]:
    """The name of each pass, and the module as it is after it."""
    for name, step in passes:
        if isinstance(step, OfModule):
            module = step.step(module)
        else:
            module = Module({key: step(fn) for key, fn in module.functions.items()})
        _check(module, name)
        yield name, module


def _keep(stages: dict[str, Module], name: str, module: Module) -> Module:
    stages[name] = module
    _check(module, name)
    return module


def _check(module: Module, stage: str) -> None:
    """The verifier runs between the steps in tests and under a debug flag."""
    if os.environ.get("BACKPROSE_VERIFY"):
        verify(module, stage)


# Lowering looks at nothing but the code, so it is done once for each code object.

_LOWERED: WeakKeyDictionary[Any, dict[str, Function]] = WeakKeyDictionary()  # by code and file: copies are equal code
_LOCK = threading.Lock()


def lowered(function: Any) -> Function:
    """The lowered IR of a Python function."""
    code = function.__code__
    with _LOCK:
        found = _LOWERED.setdefault(code, {})
        if code.co_filename not in found:
            found[code.co_filename] = lower(function)
        return found[code.co_filename]
