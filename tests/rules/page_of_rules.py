"""Prints docs/rules.md from the table: what is differentiated and how, what has no derivative, what is refused and why."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from said import load_all

from backprose.ir.objects import public_name
from backprose.rules import derived, registry
from backprose.rules.programs import PROGRAMS
from backprose.transform import attributes, members

SYMBOLS = {
    "add": "a + b", "sub": "a - b", "mul": "a * b", "truediv": "a / b", "floordiv": "a // b", "mod": "a % b", "pow": "a ** b",
    "matmul": "a @ b", "neg": "-a", "pos": "+a", "abs": "abs(a)", "getitem": "a[i]", "lt": "a < b", "le": "a <= b",
    "gt": "a > b", "ge": "a >= b", "eq": "a == b", "ne": "a != b", "and_": "a & b", "or_": "a | b", "xor": "a ^ b",
    "lshift": "a << b", "rshift": "a >> b", "is_": "a is b", "is_not": "a is not b", "not_": "not a",
    "contains": "b in a", "concat": "a + b",
}  # fmt: skip

# Read once each, these labels divide a docstring; the text before the first of them is the formula.
LABEL = re.compile(r"(?:(?<=\s)|^)(Shapes|Reads|Source|Choices?|Restrictions?)((?: [^:.;]{1,60})?): ")

INTRODUCTION = """# Rules

What Backprose knows of NumPy, SciPy and Python. A call of anything that stands nowhere on this page is refused, unless its
source can be read: a plain Python function is compiled like the one that calls it.

This page is printed from the table itself, with NumPy {numpy} and SciPy {scipy}, by

    python -m pytest tests/rules/test_page_of_rules.py --update-golden

and a test compares it with the table. Another test checks every rule against differences, in both modes and in two
orders; another one walks the namespaces of NumPy, and fails on a name of which nothing is said here.

`x_bar` is the cotangent of `x`: the derivative of the result of the whole function by `x`. For an elementwise function the
derivative is given, or its partials in the order of the operands. At ties and kinks the choice is the same in both modes.
An option that is not covered is refused where it is used. A store with `out=` is covered for all that have the option.
"""


def page() -> str:
    """The text of docs/rules.md."""
    import scipy

    load_all()
    short = lambda version: ".".join(version.split(".")[:2])  # noqa: E731
    parts = [INTRODUCTION.format(numpy=short(np.__version__), scipy=short(scipy.__version__))]
    sections = {text.__module__: [] for text in _by_text()}
    for text, functions in _by_text().items():
        sections[text.__module__].append(_row(text, functions))
    for module, rows in sorted(sections.items(), key=lambda item: _place(item[0])):
        parts.append(f"## {_heading(sys.modules[module])}\n\n" + _table(("function", "formula", "choice", "restrictions"), rows))
    parts.append("## Methods of other ufuncs\n\n" + _table(("method", "formula", "choice", "restrictions"), _methods_of_ufuncs()))
    parts += [_meanings(), _programs(), _members(), _without_derivative(), _refused(), _not_compiled()]
    return "\n".join(parts)


# Rules


def _by_text() -> dict[Callable, list[Any]]:
    """The functions that people call, by the text of their rule."""
    found: dict[Callable, list[Any]] = {}
    for function, rule in registry.RULES.items():
        if rule.text.__module__.startswith("backprose.") and not _path(function).startswith("backprose"):
            found.setdefault(rule.text, []).append(function)
    return found


def _place(module: str) -> tuple[bool, str]:
    """NumPy's families first, in alphabetical order, then Python's, then SciPy's."""
    name = module.removeprefix("backprose.rules.")
    return name.startswith("of_scipy") or name in ("python", "containers"), name


def _heading(module: Any) -> str:
    first = re.split(r"[.:](?:\s|$)", module.__doc__, maxsplit=1)[0]
    return " ".join(first.split()).replace("`", "")


def _row(text: Callable, functions: list[Any]) -> tuple[str, ...]:
    formula, choice, restrictions = _parsed(_documentation(text, functions))
    rule = registry.rule_for(functions[0])
    if all(map(registry.is_real_only, functions)):
        restrictions.append("Real numbers only.")
    missing = _options_not_covered(functions, rule)
    if missing:
        restrictions.append(f"Not covered: {', '.join(f'`{name}`' for name in missing)}.")
    return _names(functions), formula, choice, " ".join(restrictions)


def _documentation(text: Callable, functions: list[Any]) -> str:
    if text.__doc__:
        return " ".join(inspect.cleandoc(text.__doc__).split())
    name = functions[0].__name__
    same = registry.RULES.get(getattr(np, name, None)) if functions[0].__module__ == "math" else None
    if same is not None and same.text.__doc__:
        return " ".join(inspect.cleandoc(same.text.__doc__).split())
    (function,) = ast.parse(textwrap.dedent(inspect.getsource(text))).body
    return f"`{ast.unparse(function.body[-1].value)}`"


def _parsed(documentation: str) -> tuple[str, str, list[str]]:
    """The formula, with shapes and source; the choices; the restrictions. What a rule reads is left out."""
    head, *rest = LABEL.split(documentation)
    formula, choices, restrictions = [head.strip()], [], []
    for label, where, text in zip(rest[::3], rest[1::3], rest[2::3]):
        text = text.strip()
        if label == "Reads":
            formula.append(re.split(r"(?<=\.) ", text, maxsplit=1)[1] if re.search(r"\. ", text) else "")
        elif label.startswith("Choice"):
            choices.append(f"{where.strip()}: {text}" if where else text)
        elif label.startswith("Restriction"):
            restrictions.append(text[0].upper() + text[1:])
        else:
            formula.append(f"{label}{where}: {text}")
    return " ".join(filter(None, formula)), " ".join(choices), restrictions


def _options_not_covered(functions: list[Any], rule: registry.Rule) -> list[str]:
    """Parameters of the function that the rule does not have, by name."""
    covered = {*rule.params, *rule.options, "out", "like", "subok", "device"}
    found: dict[str, None] = {}
    for function in functions:
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            continue
        own = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        for i, p in enumerate(own):
            positional = p.kind is p.POSITIONAL_ONLY or (i < len(rule.params) and p.default is p.empty)
            skipped = isinstance(function, (np.ufunc, type))
            if not positional and p.name not in covered and p.default is not p.empty and not skipped:
                found[p.name] = None
    return list(found)


def _methods_of_ufuncs() -> Iterator[tuple[str, ...]]:
    """The rules that follow from partials, of an `f` that stands for any."""
    for form in derived.FORMS:
        formula, choice, restrictions = _parsed(_documentation(registry.rule_for(getattr(np.subtract, form)).text, [np.subtract]))
        yield f"`f.{form}`", formula, choice, " ".join(restrictions)


# What is no rule


def _members() -> str:
    same, other = [], []
    for name, function in sorted(registry.METHODS.items()):
        path = _path(function).replace("numpy.", "np.")
        own = path in (f"np.{name}", f"np.ndarray.{name}") or path.startswith("backprose")
        (same if own else other).append(name if own else f"`.{name}()` is `{path}`")
    refused: dict[registry.Refusal, list[str]] = {}
    for name, refusal in sorted(registry.REFUSED_MEMBERS.items()):
        refused.setdefault(refusal, []).append(f"`.{name}`")
    rows = [(", ".join(names), refusal.why, refusal.instead) for refusal, names in refused.items()]
    rows += [(f"`.{name}()`", why, attributes.NEW_ARRAY) for name, why in sorted(attributes.OTHER_LAYOUT.items())]
    return "\n".join([
        "## Attributes and methods of arrays and numbers\n\nAttributes that are followed:\n",
        _filled({*members.ATTRIBUTES, *members.FUNCTIONS}),
        "Methods that mean the function of the same name, or have an entry of their own:\n",
        _filled({*same, *members.OWN_METHODS}),
        "Methods that write in place, and are followed:\n",
        _filled(_writing_methods()),
        "Methods that mean a function of another name: " + ", ".join(other) + ".\n",
        "Refused:\n",
        _table(("member", "reason", "instead"), rows),
    ])  # fmt: skip


def _filled(names: Iterable[str]) -> str:
    return textwrap.fill(", ".join(f"`.{name}`" for name in sorted(names)), 120) + "\n"


def _writing_methods() -> Iterable[str]:
    return {f.__name__ for f in PROGRAMS if getattr(f, "__objclass__", None) is np.ndarray} - set(registry.METHODS)


def _programs() -> str:
    functions = sorted({_path(f) for f in PROGRAMS} | {"numpy.ufunc.at"})
    return (
        "## Functions that write to an argument\n\nThey are followed like stores that the user wrote.\n\n"
        + _listing(functions)
    )


def _meanings() -> str:
    """Functions that are Python programs; those of objects that are indexed say so themselves."""
    by_program: dict[Callable, list[Any]] = {}
    for function, program in registry.MEANINGS.items():
        by_program.setdefault(program, []).append(function)
    rows = [
        ("" if "__" in _names(functions) else _names(functions), _parsed(_documentation(program, functions))[0])
        for program, functions in sorted(by_program.items(), key=lambda item: _place(item[0].__module__))
        if "of_scipy." not in _path(functions[0])  # what stands for an object that is made
    ]
    return (
        "## Calls that stand for a program\n\nThe program is compiled in the place of the call, so the functions that it is "
        "given are differentiated too.\n\n" + _table(("function", "what it does"), rows)
    )


def _without_derivative() -> str:
    effects, opaque = registry.EFFECTS, registry.OPAQUE
    plain = registry.NO_DERIVATIVE - effects - opaque
    return "\n".join([
        "## Without derivative\n\nResults that are integers, booleans, text or types, steps, and arrays that are new.\n",
        _listing(map(_path, plain)),
        "Functions that also do something: they run once, in their place. A derivative by what they are given is refused.\n",
        _listing(map(_path, effects)),
        "Functions whose results depend on numbers that they are given, in a way that is not in the table: what they return\n"
        "is constant, and a derivative that would have to pass through them is refused.\n",
        _listing(map(_path, opaque - effects)),
    ])  # fmt: skip


def _refused() -> str:
    rows = _refusals(registry.REFUSED)
    return (
        "## Refused where a derivative passes through\n\nThey may be called on what carries none.\n\n"
        + _table(("function", "reason", "instead"), rows)
    )


def _not_compiled() -> str:
    return "## Not compiled\n\nNo call of these is.\n\n" + _table(("function", "reason", "instead"), _refusals(registry.NOT_COMPILED))


def _refusals(table: dict[Any, registry.Refusal]) -> list[tuple[str, ...]]:
    by_reason: dict[registry.Refusal, list[Any]] = {}
    for function, refusal in table.items():
        if not _path(function).startswith("backprose"):
            by_reason.setdefault(refusal, []).append(function)
    rows = [(_names(functions), refusal.why, refusal.instead) for refusal, functions in by_reason.items()]
    return sorted(rows, key=lambda row: row[0].replace("`", ""))  # whatever was imported first


# Text


def _path(function: Any) -> str:
    found = public_name(function)
    if found is None:
        module = getattr(function, "__module__", None) or getattr(function, "__objclass__", np.ndarray).__module__
        found = f"{re.sub(r'[.](_generator|mtrand)$', '', module)}.{getattr(function, '__qualname__', function)}"
    return found.removeprefix("builtins.")


def _names(functions: list[Any]) -> str:
    names = []
    for path in sorted(map(_path, functions), key=lambda path: (not path.startswith("numpy."), path)):
        if path.startswith("backprose"):
            continue
        names.append(SYMBOLS[path[9:]] if path.startswith("operator.") and path[9:] in SYMBOLS else path)
    return ", ".join(f"`{name.replace('numpy.', 'np.')}`".replace("|", "\\|") for name in dict.fromkeys(names))


def _escaped(text: str) -> str:
    return re.sub(r"([*|<])", r"\\\1", text)


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    lines += ["| " + " | ".join([name, *map(_escaped, cells)]) + " |" for name, *cells in rows]
    return "\n".join(lines) + "\n"


def _listing(paths: Iterable[str]) -> str:
    """The names, a paragraph for each module."""
    by_module: dict[str, set[str]] = {}
    for path in paths:
        if path.startswith("backprose"):
            continue
        module, _, name = path.rpartition(".")
        by_module.setdefault(module or "Python", set()).add(SYMBOLS.get(name, name) if module == "operator" else name)
    lines = []
    for module, names in sorted(by_module.items()):
        whole = ", ".join(f"`{name}`".replace(" ", "~") for name in sorted(names))  # not to be broken
        lines.append(textwrap.fill(f"{module}: {whole}", 120, break_on_hyphens=False).replace("~", " "))
    return "\n\n".join(lines) + "\n"
