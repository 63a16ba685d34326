"""The table of callables: what each one's derivative is, or that it has none.

A rule is a plain Python function in the subset that the compiler accepts. It is compiled with the kinds of its
operands and inlined into the adjoint, so what it reads is exactly what the forward sweep has to keep. Rules state
mathematics only: sums over broadcast axes, casts and accumulation are done once, in `transform/adjoint.py`.

Three forms, by how much has to be said:

    @elementwise(np.sin)                 the derivative acts entry by entry: given the result, the operands and a
    def sin(y, x, *, d):                 perturbation d, return d times each partial. The same text serves both
        return d * np.cos(x)             modes: d is y_bar in reverse mode and x_dot in forward mode.

    @linear(np.transpose, wrt="x")       y is linear in x: return the transpose applied to y_bar.
    def transpose(y, x, axes=None, *, y_bar): ...

    @rule(np.matmul, wrt=("a", "b"))     anything else: return the cotangent of each operand in `wrt`.
    def matmul(c, a, b, *, c_bar): ...

Forward mode needs no text of its own. Where one reads better, or is faster, it is stated beside the rule:

    multilinear(np.matmul)               linear in each operand of `wrt`: its tangent is the sum of the function
                                         itself with one operand after the other replaced by its tangent.

    @pushforward(np.pad)                 given the result, the operands, and a tangent `x_dot` for each operand x in
    def pad_dot(y, x, n, *, x_dot): ...  `wrt`, None for one that does not move, return the tangent of the result.

The parameters after the result are those of the function itself, with its names and defaults; a call that uses a
parameter which the rule does not have is refused. A parameter named `out` only keeps the order: a call that gives it
anything but None is refused. Where the function is variadic, its options are keyword-only parameters with defaults.

Pure helpers of static arguments (axes, permutations, subscripts) are marked `@at_compile_time`: the compiler calls them
while it compiles when all their arguments are static, so that emitted code holds their results as constants; with other
arguments such a helper is inlined like any function. A `ValueError` that one raises refuses the call, with its text
as the reason.

A function that is best said as a Python program (one that takes functions, or only renames others) has no rule but a
meaning: `@means(np.apply_over_axes)` decorates the program, which stands for the call and is inlined there.

An operand that is not in `wrt` must carry no derivative: where it does, the gradient is refused, unless the rule says
that its derivative is 0 (`inert`).
"""

from __future__ import annotations

import importlib
import inspect
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import BuiltinFunctionType, BuiltinMethodType
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Rule:
    """`text(result, *operands, **options, <bar>=cotangent)` gives the cotangents of the operands named in `wrt`."""

    form: str  # "elementwise", "linear" or "general"
    text: Callable
    wrt: tuple[str, ...]
    bar: str  # name of the keyword-only parameter that takes the cotangent
    params: tuple[str, ...]  # the function's own positional parameters, without the result
    options: tuple[str, ...] = ()  # its keyword-only parameters
    inert: tuple[str, ...] = ()  # operands by which the derivative is 0
    of_user: bool = False  # what it returns is compared with the operands

    @property
    def is_elementwise(self) -> bool:
        return self.form == "elementwise"

    @cached_property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """Of the text."""
        return inspect.signature(self.text).parameters


@dataclass(frozen=True)
class Refusal:
    """Why something is refused, and what to do in its stead."""

    why: str
    instead: str


RULES: dict[Any, Rule] = {}
OF_USERS: set[Any] = set()  # functions that users registered a rule for
PUSHFORWARDS: dict[Any, Callable] = {}
MULTILINEAR: set[Any] = set()
NO_DERIVATIVE: set[Any] = set()
EFFECTS: set[Any] = set()
OPAQUE: set[Any] = set()
REFUSED: dict[Any, Refusal] = {}
NOT_COMPILED: dict[Any, Refusal] = {}
MEANINGS: dict[Any, Callable] = {}
METHODS: dict[str, Any] = {}
REFUSED_MEMBERS: dict[str, Refusal] = {}
VARIADIC_METHODS: set[str] = set()
CONTEXTS: set[Any] = set()
COMPILE_TIME: set[Any] = set()
REAL_ONLY: set[Any] = set()
STEPS_OF_REALS: set[Any] = set()
OF_TUPLES: set[Any] = set()
ANY_LENGTH: set[Any] = set()
PLACES: dict[Any, tuple[str, ...]] = {}
SINGULAR: set[Any] = set()

# What makes the rules that follow from others, when they are asked for.
DERIVATIONS: list[Callable[[Any], Rule | None]] = []

# The rules of other libraries, completed when a program that has imported the library asks for a function that is not
# in the table: what a program does not use costs it nothing.
LIBRARIES: dict[str, str] = {}
_modules = 0  # how many were loaded when those of libraries were last looked for
WITHOUT_ATTRIBUTES = frozenset({BuiltinFunctionType, np.ufunc})  # which no one gives attributes


def elementwise(*functions: Any, wrt: str | tuple[str, ...] | None = None, inert: tuple[str, ...] = ()):
    """Register the decorated partials for `functions`, which act entry by entry with broadcasting.

    `wrt` names the operands that partials are returned for (default: those without default).
    """

    def register(text: Callable) -> Callable:
        return _register(functions, "elementwise", text, wrt, inert)

    return register


def linear(*functions: Any, wrt: str | tuple[str, ...], inert: tuple[str, ...] = ()):
    """Register the decorated transpose for `functions`, which are linear in the operands `wrt` taken together."""

    def register(text: Callable) -> Callable:
        return _register(functions, "linear", text, wrt, inert)

    return register


def rule(*functions: Any, wrt: str | tuple[str, ...] | None = None):
    """Register the decorated pullback; `wrt` names the operands it returns cotangents for (default: as above)."""

    def register(text: Callable) -> Callable:
        return _register(functions, "general", text, wrt, ())

    return register


def named(owner: Any, *names: str) -> tuple[Any, ...]:
    """What the names, of which one string may hold many, stand for in the installed version, which may lack some."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some are on their way out
        return tuple(getattr(owner, name) for text in names for name in text.split() if hasattr(owner, name))


def pushforward(*functions: Any) -> Callable:
    """Register the decorated tangent for `functions`, which have a rule: it takes the result, the operands and options
    as the rule does, and `<operand>_dot` for each operand in `wrt`, None where that does not move."""

    def register(text: Callable) -> Callable:
        for function in functions:
            if function in PUSHFORWARDS:
                raise ValueError(f"{function!r} has two pushforwards")
            PUSHFORWARDS[function] = text
        return text

    return register


def multilinear(*functions: Any) -> None:
    """Declare that `functions` are linear in each operand in their rule's `wrt`."""
    MULTILINEAR.update(functions)


def no_derivative(*functions: Any) -> None:
    """Declare functions whose results carry no derivative: integers, booleans, steps, and arrays that are new."""
    NO_DERIVATIVE.update(functions)


def effect(*functions: Any) -> None:
    """Declare functions that do something besides returning (printing, drawing random numbers). They carry no
    derivative, run exactly once, and keep their order."""
    NO_DERIVATIVE.update(functions)
    EFFECTS.update(functions)


def context(*functions: Any) -> None:
    """Declare functions that make what `with` enters; each object is entered once."""
    NO_DERIVATIVE.update(functions)
    CONTEXTS.update(functions)


def opaque(*functions: Any) -> None:
    """Declare functions whose results do depend on numbers they are given, in a way that is not in the table: what
    they return is constant, and a gradient that would have to pass through them is refused."""
    NO_DERIVATIVE.update(functions)
    OPAQUE.update(functions)


ELSEWHERE = "compute it outside the differentiated function, or write it with functions that have rules"


def refused(*functions: Any, why: str, instead: str = ELSEWHERE) -> None:
    """Declare functions that may be called, but not differentiated, with the reason and the way out that an error gives."""
    REFUSED.update(dict.fromkeys(functions, Refusal(why, instead)))


def not_compiled(*functions: Any, why: str, instead: str) -> None:
    """Declare functions of which no call can be compiled, whatever they are given."""
    NOT_COMPILED.update(dict.fromkeys(functions, Refusal(why, instead)))


def means(*functions: Any) -> Callable[[Callable], Callable]:
    """Declare that a call of `functions` is a call of the decorated program: it is inlined, with the functions that it
    is given, and so needs no rule. It must give the values, dtypes and errors that the function itself gives. Inside it,
    a call of the function itself is meant as such, by the rule that it then has."""

    def register(program: Callable) -> Callable:
        MEANINGS.update(dict.fromkeys(functions, program))
        return program

    return register


def at_compile_time(function: Callable) -> Callable:
    """Mark a pure helper of rules which the compiler calls itself when all arguments are static."""
    COMPILE_TIME.add(function)
    return function


def real_only(*functions: Any) -> None:
    """Declare functions whose rule is right for real operands only: with a complex operand the call is refused."""
    REAL_ONLY.update(functions)


def step_of_reals(*functions: Any) -> None:
    """Declare functions with a rule for complex operands whose results carry no derivative where operands are real."""
    STEPS_OF_REALS.update(functions)


def of_tuples(*functions: Any) -> None:
    """Declare functions of other libraries for which a tuple is several arguments in one, and no array."""
    OF_TUPLES.update(functions)


def any_length(*functions: Any) -> None:
    """Declare functions whose result's length is the difference of two lengths, which no example can show."""
    ANY_LENGTH.update(functions)


def named_places(function: Any, names: tuple[str, ...]) -> None:
    """Declare that the arguments behind the first, which its rule knows by place, may be given by these names."""
    if names:
        PLACES[function] = names


def singular(*functions: Any) -> None:
    """Declare functions that are infinite or undefined at some finite operands, as `np.arccosh` is below 1: where what
    they give is multiplied by a cotangent, a zero annihilates (`transform/guard_zeros.py`)."""
    SINGULAR.update(functions)


def method(name: str, function: Any, *, variadic: bool = False) -> None:
    """Declare that `x.name(*args)` is `function(x, *args)`; `variadic`: `x.name(2, 3)` means `function(x, (2, 3))`."""
    METHODS[name] = function
    if variadic:
        VARIADIC_METHODS.add(name)


def member_refused(*names: str, why: str, instead: str) -> None:
    """Declare attributes and methods of arrays that are refused."""
    REFUSED_MEMBERS.update(dict.fromkeys(names, Refusal(why, instead)))


def derivation(make: Callable[[Any], Rule | None]) -> Callable[[Any], Rule | None]:
    """Register the decorated function, which makes the rule of a function that is in no table from those that are."""
    DERIVATIONS.append(make)
    return make


def library(name: str, rules: str) -> None:
    """Declare that the module `rules` completes the table for the functions of the library `name`."""
    LIBRARIES[name] = rules


def load_libraries() -> None:
    """Import the rules of the libraries that have been imported by now."""
    for name, rules in list(LIBRARIES.items()):
        if name in sys.modules:
            importlib.import_module(rules)
            LIBRARIES.pop(name, None)  # now only: a second thread waits for the import


def rule_for(function: Any) -> Rule | None:
    found = _get(RULES, function)
    return found if found is not None else _derived(function)


def ufunc_of(method: Any) -> np.ufunc | None:
    """The ufunc of which this is a method: np.add of `np.add.reduce`."""
    owner = method.__self__ if type(method) is BuiltinMethodType else None
    return owner if isinstance(owner, np.ufunc) else None


def pushforward_for(function: Any) -> Callable | None:
    return _get(PUSHFORWARDS, function)


def is_multilinear(function: Any) -> bool:
    return _contains(MULTILINEAR, function)


def has_no_derivative(function: Any) -> bool:
    """Whether the results carry no derivative; so do those of the methods of a ufunc of which this holds."""
    if _contains(NO_DERIVATIVE, function):
        return True
    owner = ufunc_of(function)
    return owner is not None and _contains(NO_DERIVATIVE, owner)


def is_opaque(function: Any) -> bool:
    return _contains(OPAQUE, function)


def is_known(function: Any) -> bool:
    """Whether the table says anything of `function`."""
    tables = REFUSED, MEANINGS
    return rule_for(function) is not None or has_no_derivative(function) or any(_contains(table, function) for table in tables)


def meaning_of(function: Any) -> Callable | None:
    """The program that a call of the function stands for."""
    return _get(MEANINGS, function)


def refusal_of(function: Any) -> Refusal | None:
    """Why the function can't be differentiated, if the table says so."""
    own = getattr(function, "refusal", "")
    return _get(REFUSED, function) or (Refusal(own, ELSEWHERE) if own else None)


def not_compiled_because(function: Any) -> Refusal | None:
    """Why no call of the function can be compiled, if the table says so."""
    return _get(NOT_COMPILED, function)


def has_effect(function: Any) -> bool:
    if _contains(EFFECTS, function):
        return True
    return type(function) not in WITHOUT_ATTRIBUTES and getattr(function, "has_effect", False) is True


def is_shaped_by_user(function: Any) -> bool:
    """Whether a user registered the function, and nothing is known of how its result's shape comes about."""
    if not _contains(OF_USERS, function):
        return False
    found = _get(RULES, function)
    return found is None or not found.is_elementwise


def is_context(function: Any) -> bool:
    return _contains(CONTEXTS, function)


def is_compile_time(function: Any) -> bool:
    return _contains(COMPILE_TIME, function)


def is_real_only(function: Any) -> bool:
    return _contains(REAL_ONLY, function) or _contains(REAL_ONLY, ufunc_of(function))


def is_step_of_reals(function: Any) -> bool:
    return _contains(STEPS_OF_REALS, function)


def has_any_length(function: Any) -> bool:
    return _contains(ANY_LENGTH, function)


def places_of(function: Any) -> tuple[str, ...]:
    """The names that the arguments behind the first may be given by, though its rule knows them by place."""
    return _get(PLACES, function) or ()


def takes_tuple(function: Any) -> bool:
    return _contains(OF_TUPLES, function)


def is_singular(function: Any) -> bool:
    return _contains(SINGULAR, function)


def _register(
    functions: tuple, form: str, text: Callable, wrt: str | tuple[str, ...] | None, inert: tuple[str, ...]
) -> Callable:
    entry = made(form, text, wrt, inert)
    for function in functions:
        if function in RULES:
            raise ValueError(f"{function!r} has two rules")
        RULES[function] = entry
    return text


def made(form: str, text: Callable, wrt: str | tuple[str, ...] | None = None, inert: tuple[str, ...] = ()) -> Rule:
    """The rule with this text."""
    parameters = list(inspect.signature(text).parameters.values())
    own = [p for p in parameters[1:] if p.kind is p.POSITIONAL_OR_KEYWORD or p.kind is p.VAR_POSITIONAL]
    named = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    (bar,) = [p.name for p in named if p.default is p.empty]
    options = tuple(p.name for p in named if p.default is not p.empty)
    if wrt is None:
        wrt = tuple(p.name for p in own if p.default is p.empty)
    elif isinstance(wrt, str):
        wrt = (wrt,)
    return Rule(form, text, wrt, bar, tuple(p.name for p in own), options, inert)


def _derived(function: Any) -> Rule | None:
    found = (make(function) for make in DERIVATIONS)
    return next((entry for entry in found if entry is not None), None)


def register_of_user(function: Any, form: str, text: Any, wrt: str | tuple[str, ...] | None) -> None:
    """Register a user's rule for a function that has none, in the stead of an earlier one of theirs.

    Form "no_derivative" has no text. Raises ValueError for a function of whose derivative the table knows, or that can't
    be called in compiled code.
    """
    name = getattr(function, "__name__", function)
    if function not in OF_USERS and (rule_for(function) is not None or has_no_derivative(function)):
        raise ValueError(f"{name} is in the table of rules already")
    if (reason := not_compiled_because(function)) is not None:
        raise ValueError(f"{name} can't be called in a differentiated function: {reason.why}")
    RULES.pop(function, None)
    NO_DERIVATIVE.discard(function)
    OF_USERS.add(function)
    if form == "no_derivative":
        no_derivative(function)
    else:
        RULES[function] = replace(made(form, text, wrt), of_user=True)


def _get(table: dict, key: Any) -> Any:
    try:
        found = table.get(key)
    except TypeError:  # an unhashable callable is in no table
        return None
    return table.get(key) if found is None and _loads_libraries() else found


def _contains(table: set | dict, key: Any) -> bool:
    try:
        if key in table:
            return True
    except TypeError:  # an unhashable callable is in no table
        return False
    return _loads_libraries() and key in table


def _loads_libraries() -> bool:
    """Import the rules of libraries that have been imported since this was last asked; whether there are such.

    It is asked ten thousands of times in a compilation, so it looks for them only where modules have been imported.
    """
    global _modules
    if len(sys.modules) == _modules:
        return False
    if sys.modules.keys().isdisjoint(LIBRARIES):
        _modules = len(sys.modules)
        return False
    load_libraries()
    return True
