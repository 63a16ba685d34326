"""What the tables of the compiler say of an object: used to find what they leave out, and to print them."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np

import backprose.pipeline  # noqa: F401 - completes the tables
from backprose.rules import registry
from backprose.rules.programs import PROGRAMS
from backprose.transform import attributes, builtin_calls, calls, members, structural

# Submodules, which are namespaces of their own, and data, which is read as it is.
DATA = (types.ModuleType, np.generic, bool, int, float, str, dict, tuple, set, type(None))


def said_of(x: Any) -> str:
    """How the compiler treats a call of a function or a class, or an object that is read; "" if nothing is said."""
    if isinstance(x, DATA) or isinstance(x, type) and issubclass(x, BaseException):
        return "read as it is"
    if not callable(x):
        return said_of(type(x).__getitem__) if hasattr(type(x), "__getitem__") else ""
    if isinstance(x, types.FunctionType) and x.__module__.startswith("numpy") and not calls.is_library(x):
        return "read as Python"
    try:
        return _said_of_callable(x)
    except TypeError:  # unhashable
        return ""


def _said_of_callable(x: Any) -> str:
    if registry.rule_for(x) is not None:
        return "rule"
    if registry.not_compiled_because(x) is not None:
        return "not compiled"
    if registry.refusal_of(x) is not None:
        return "refused"
    if registry.is_opaque(x):
        return "opaque"
    if registry.has_no_derivative(x):
        return "no derivative"
    if x in PROGRAMS or registry.meaning_of(x) is not None:
        return "program"
    if x in builtin_calls.HANDLERS or x in structural.STRUCTURAL:
        return "inference"
    return ""


def said_of_member(owner: type, name: str) -> str:
    """How the compiler treats the attribute or method `name` of arrays or NumPy's numbers; "" if nothing is said."""
    if name in registry.REFUSED_MEMBERS or name in attributes.OTHER_LAYOUT:
        return "refused"
    if name in members.ATTRIBUTES or name in members.FUNCTIONS or name in members.OWN_METHODS:
        return "inference"
    if name in registry.METHODS:
        return said_of(registry.METHODS[name])
    if getattr(np.ndarray, name, None) in PROGRAMS:
        return "program"
    return said_of(getattr(owner, name))


def public_names(owner: Any) -> list[str]:
    """The names of a module or a class that do not begin with an underscore."""
    return [name for name in dir(owner) if not name.startswith("_")]


def load_all() -> None:
    """Complete the tables by the rules of the libraries that are installed."""
    for name in list(registry.LIBRARIES):
        __import__(name)
    registry.load_libraries()
    assert "scipy" in sys.modules
