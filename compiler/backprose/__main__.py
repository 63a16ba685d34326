"""The command line: `backprose emit module:function --wrt w -o out.py`."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import Any

from backprose import __version__, errors


SIGNATURE_HELP = """kinds of the parameters, in order or as name: kind. f8[:, :] is an array (an axis is : for any
length but 1, 1, or ? for unknown), float, int, bool and complex are numbers, ? is any number; lists, tuples and dicts
are written [f8[:], ...], (f8[:], float) and {w: f8[:, :], b: f8[:]}. What is left out is taken from annotations and
defaults."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 1 after an error, which is printed without a traceback."""
    options = parser().parse_args(arguments)
    try:
        text = emit(options)
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
    command = commands.add_parser("emit", help="write a module with the gradient of a function")
    command.add_argument("function", help="module:function, or module:Class.method")
    command.add_argument("--wrt", default="0", help="parameters by name or position, with commas between (the first)")
    command.add_argument("--signature", help=SIGNATURE_HELP)
    command.add_argument("--value", action="store_true", help="the value and the gradient")
    command.add_argument("-o", "--output", type=Path, help="the file to write (standard output)")
    return top


def emit(options: argparse.Namespace) -> str:
    """The text of the module that was asked for."""
    from backprose.annotations import parse_signature
    from backprose.derivative import Derivative
    from backprose.standalone import module_text

    argnums = tuple(_argnum(part) for part in options.wrt.split(","))
    function = find(options.function)
    derivative = Derivative(function, argnums[0] if len(argnums) == 1 else argnums, value=options.value)
    names = list(derivative.parameters)
    given = parse_signature(options.signature, names) if options.signature is not None else {}
    specialization = derivative.compile_for(given)
    return module_text(specialization, options.function, __version__)


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
