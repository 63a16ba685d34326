"""The command line: `backprose emit module:function --wrt w -o out.py`, and `explain` and `check` for the same function."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backprose import __version__, errors

if TYPE_CHECKING:
    from backprose.derivative import Derivative
    from backprose.dispatch import Specialization
    from backprose.ir.kinds import Kind

SIGNATURE_HELP = """kinds of the parameters, in order or as name: kind. f8[:, :] is an array (an axis is : for any
length but 1, 1, or ? for unknown), float, int, bool and complex are numbers, ? is any number; lists, tuples and dicts
are written [f8[:], ...], (f8[:], float) and {w: f8[:, :], b: f8[:]}. What is left out is taken from annotations and
defaults."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 1 after an error, which is printed without a traceback."""
    options = parser().parse_args(arguments)
    try:
        text = options.run(options)
        if options.output is None:
            sys.stdout.write(text)
        else:
            options.output.write_text(text, encoding="utf-8")
    except (errors.BackproseError, CommandError, ValueError, TypeError, OSError) as error:
        print(f"backprose: {_title(error)}{error}", file=sys.stderr)
        return 1
    return 0


class CommandError(Exception):
    """What the command was asked for can't be had."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser("backprose", description="Writes the derivatives of plain NumPy functions.")
    top.add_argument("--version", action="version", version=f"backprose {__version__}")
    commands = top.add_subparsers(required=True, metavar="command")
    described = {
        "emit": (emit, "write a module with the gradient of a function"),
        "explain": (explain, "say what the gradient keeps and why, and where derivatives end"),
        "check": (check, "compare the derivatives of a function with differences, at random arguments"),
    }
    for name, (run, what) in described.items():
        command = commands.add_parser(name, help=what)
        command.set_defaults(run=run)
        command.add_argument("function", help="module:function, or module:Class.method")
        command.add_argument("--signature", help=SIGNATURE_HELP)
        command.add_argument("-o", "--output", type=Path, help="the file to write (standard output)")
        if name == "check":
            command.add_argument("--order", type=int, default=2, help="the highest derivative (2)")
            command.add_argument("--modes", default="fwd,rev", help="fwd, rev or both, with a comma between (both)")
            command.add_argument("--length", type=int, default=3, help="of axes and lists of any length, and whole numbers (3)")
            command.add_argument("--seed", type=int, default=0, help="chooses the arguments (0)")
        else:
            command.add_argument("--wrt", default="0", help="parameters by name or position, with commas between (the first)")
            command.add_argument("--value", action="store_true", help="the value and the gradient")
        if name == "emit":
            command.add_argument("--passes", action="store_true", help="write what each pass of the compiler did, instead")
        if name == "explain":
            command.add_argument("--line", type=int, help="of the file: what is known of that line alone")
    return top


def emit(options: argparse.Namespace) -> str:
    """The text of the module that was asked for, or what each pass of the compiler did for it."""
    from backprose.standalone import module_text
    from backprose.steps import listing

    _, found = compiled(options)
    if options.passes:
        return listing(found.compilation)
    return module_text(found, options.function, __version__)


def explain(options: argparse.Namespace) -> str:
    """The report on the gradient."""
    derivative, found = compiled(options)
    return f"{derivative.explanation_of(found, options.line)}\n"


def check(options: argparse.Namespace) -> str:
    """A line that says what was checked; an error where derivatives disagree."""
    import numpy as np

    from backprose.annotations import annotated
    from backprose.checking import check_grads
    from backprose.derivative import Derivative
    from backprose.ir.kinds import Number
    from backprose.samples import sample

    derivative = Derivative(find(options.function))
    given, rng = given_kinds(derivative, options), np.random.default_rng(options.seed)
    args = []
    for name, parameter in derivative.__signature__.parameters.items():
        if name not in given and parameter.default is not parameter.empty:
            args.append(parameter.default)
            continue
        stated = parameter.annotation is not parameter.empty
        kind = given.get(name) or (annotated(parameter.annotation, derivative.fun, name) if stated else Number())
        args.append(sample(kind, rng, options.length, name))
    modes = tuple(mode.strip() for mode in options.modes.split(","))
    check_grads(derivative.fun, args, options.order, modes)
    order = "first order" if options.order == 1 else f"orders 1 to {options.order}"
    return f"{options.function}: {order} agree with differences ({', '.join(modes)})\n"


def compiled(options: argparse.Namespace) -> tuple[Derivative, Specialization]:
    """The gradient that the options ask for, and what was compiled for the kinds that they tell."""
    from backprose.derivative import Derivative

    argnums = tuple(_argnum(part) for part in options.wrt.split(","))
    function = find(options.function)
    derivative = Derivative(function, argnums[0] if len(argnums) == 1 else argnums, value=options.value)
    return derivative, derivative.compile_for(given_kinds(derivative, options))


def given_kinds(derivative: Derivative, options: argparse.Namespace) -> dict[str, Kind]:
    """The kinds of the parameters that the option `--signature` tells."""
    from backprose.annotations import parse_signature

    return parse_signature(options.signature, list(derivative.parameters)) if options.signature is not None else {}


def _argnum(text: str) -> int | str:
    text = text.strip()
    return int(text) if text.lstrip("-").isdigit() else text


def find(path: str) -> Any:
    """The function `module:name`; modules of the working directory are found."""
    module, _, name = path.partition(":")
    if not module or not name:
        raise CommandError(f"expected module:function, not {path!r}")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(error.name + ".")):
            raise CommandError(f"there is no module {error.name!r}") from error
        raise CommandError(f"importing {module!r} failed: {error}") from error
    except Exception as error:  # the user's module runs here
        raise CommandError(f"importing {module!r} failed: {type(error).__name__}: {error}") from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise CommandError(f"{module!r} has no function {name!r}")
        found = getattr(found, part)
    return found


def _title(error: Exception) -> str:
    """The kind of error, where the message itself does not tell."""
    return f"{type(error).__name__}: " if isinstance(error, errors.CompileError) else ""


if __name__ == "__main__":
    sys.exit(main())
