"""The compiler step by step, for whoever wants to see what a pass did.

Every pass is pure, so what it did is had by running it again on what the compilation keeps: the stages. A pass over IR is
shown as what it changed in the text of the IR, where values keep their names from one pass to the next; a choice of code
generation as what it changed in the emitted text, all later choices left out.
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from backprose.analysis.devices import compiling_for
from backprose.codegen.python import ARRANGING, CHOICES, emit
from backprose.ir.nodes import Module
from backprose.ir.text import Names, print_ir
from backprose.ir.walk import all_ops
from backprose.pipeline import DERIVATIVE_PASSES, PRIMAL_PASSES, Compilation, OfModule, Passes, modules_after

CONTEXT = 2  # lines around a change


@dataclass(frozen=True)
class Step:
    """A pass, and the program before and after it: IR, or the text that is emitted for it."""

    name: str
    job: str
    before: Module | str
    after: Module | str


def steps(compilation: Compilation) -> list[Step]:
    """Every pass of a compilation, in order."""
    with compiling_for(compilation.kinds.values()):
        return list(_steps(compilation))


def _steps(compilation: Compilation) -> Iterator[Step]:
    stages = compilation.stages
    yield from _run(stages["inferred"], PRIMAL_PASSES)
    if "derivative" in stages:
        yield from _run(stages["derivative"], DERIVATIVE_PASSES)
    yield from _run(stages.get("adjoint", stages["primal"]), compilation.last)
    yield from _run(stages["optimised"], ARRANGING)
    text = emit(stages["optimised"], [name for name, _ in CHOICES]).source
    for i, (name, choice) in enumerate(CHOICES, 1):
        before, text = text, emit(stages["optimised"], [later for later, _ in CHOICES[i:]]).source
        yield Step(name, job(choice), before, text)


def _run(module: Module, passes: Passes) -> Iterator[Step]:
    before = module
    for (name, step), (_, after) in zip(passes, modules_after(module, passes)):
        yield Step(name, job(step), before, after)
        before = after


def job(step: Any) -> str:
    """The first line of a pass's docstring."""
    step = step.step if isinstance(step, OfModule) else step
    return inspect.getdoc(step.func if isinstance(step, partial) else step).splitlines()[0]


def text_at(compilation: Compilation, stage: str) -> str:
    """The program at a stage, `before:` or `after:` a pass; what each of the `passes` did."""
    if stage in compilation.stages:
        return print_ir(compilation.stages[stage])
    if stage == "passes":
        return listing(compilation)
    side, _, name = stage.partition(":")
    if side not in ("before", "after"):
        there = ", ".join([*compilation.stages, "passes"])
        raise ValueError(f"no stage {stage!r}; there are {there}, and each pass as before:fold or after:fold")
    found = {step.name: step for step in steps(compilation)}
    if name not in found:
        raise ValueError(f"no pass {name!r}; there are {', '.join(found)}")
    program = getattr(found[name], side)
    return program if isinstance(program, str) else print_ir(program)


# The listing


def listing(compilation: Compilation) -> str:
    """What each pass did: the program where a part of the compiler begins, then what each pass changed in it.

    `[ 6] simplify, 37 -> 35 ops: Apply the table ...` stands above a unified diff of the IR's text, or of the emitted text.
    """
    begins = {id(compilation.stages[name]): name for name in ("inferred", "derivative") if name in compilation.stages}
    printer, lines = _Listing(), [""]
    for number, step in enumerate(steps(compilation), 1):
        began = "Python" if step.name == CHOICES[0][0] else begins.pop(id(step.before), None)
        if began:
            lines += [*_gap(lines), f"# {began}, {_size(step.before)}", *printer.lines(step.before), ""]
        changes = printer.changes(step)
        size = _size(step.before, step.after) if changes else "no change"
        lines += _gap(lines) if changes else []
        lines += [f"[{number:2}] {step.name}, {size}: {step.job}", *changes, *([""] if changes else [])]
    return "\n".join(lines).strip() + "\n"


def _gap(lines: list[str]) -> list[str]:
    return [""] if lines[-1] else []


class _Listing:
    """Prints steps; a value has one name in all of them."""

    def __init__(self) -> None:
        self.names: dict[str, Names] = {}

    def lines(self, program: Module | str) -> list[str]:
        """The whole program."""
        return (program if isinstance(program, str) else "\n".join(self.texts(program).values())).splitlines()

    def texts(self, program: Module | str) -> dict[str, str]:
        """The text of each function; Python is one text, in which comments are not aligned: that would change every line."""
        if isinstance(program, str):
            return {"": re.sub(r" {2,}# L", "  # L", program)}
        for name in program.functions:
            self.names.setdefault(name, Names())
        return {name: print_ir(fn, names=self.names).partition("\nobjects {")[0] for name, fn in program.functions.items()}

    def changes(self, step: Step) -> list[str]:
        """What a step changed, as unified diffs."""
        before, after = self.texts(step.before), self.texts(step.after)
        functions = {**before, **after}
        several = len(functions) > 1
        found = (_changes(before.get(name, ""), after.get(name, ""), name if several else "") for name in functions)
        return [line for lines in found for line in lines]


def _changes(before: str, after: str, function: str) -> Iterator[str]:
    """The lines of a unified diff without its head. `@@` names the function, if it is given."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=CONTEXT, lineterm="")
    for line in list(lines)[2:]:
        yield f"{line} {function}".rstrip() if line.startswith("@@") else line


def _size(*programs: Module | str) -> str:
    """`52 -> 40 ops`, or lines of text."""
    counts = [_count(program) for program in programs]
    return f"{' -> '.join(map(str, counts))} {'lines' if isinstance(programs[0], str) else 'ops'}"


def _count(program: Module | str) -> int:
    if isinstance(program, str):
        return program.count("\n")
    return sum(1 for fn in program.functions.values() for _ in all_ops(fn.region))
