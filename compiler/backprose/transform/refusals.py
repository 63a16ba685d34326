"""Refusals of calls: of functions without rules, and of what is given to those that have one."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import backprose_runtime
import numpy as np

from backprose import errors
from backprose.analysis.activity import carries_derivative
from backprose.analysis.kinds import is_complex, is_none, is_number
from backprose.ir.kinds import Dict, FixedList, List, Record, Sparse, Static, Tuple, Unknown
from backprose.ir.nodes import Value
from backprose.ir.objects import public_name
from backprose.rules.registry import (
    ELSEWHERE, Refusal, Rule, has_effect, is_real_only, not_compiled_because, refusal_of, ufunc_of,
)  # fmt: skip

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Keywords = Mapping[str, Value]


def without_rule(fn: Any, loc: Any) -> errors.UnsupportedCall:
    return errors.UnsupportedCall(
        f"`{name_of(fn)}` has no derivative rule", loc,
        "it is in no table of known functions, and it is no plain Python function that could be read instead",
        "write it with functions that have rules (docs/rules.md), or compute it outside the differentiated function",
    )  # fmt: skip


def without_derivative(fn: Any, loc: Any) -> errors.NotDifferentiable:
    """The refusal of a derivative through a function that may be called."""
    reason = refusal_of(fn) or Refusal("an active value goes through it", ELSEWHERE)
    ufunc = ufunc_of(fn)
    name = getattr(fn, "__name__", str(fn)) if ufunc is None else f"{ufunc.__name__}.{fn.__name__}"
    return errors.NotDifferentiable(f"`{name}` has no derivative rule", loc, reason.why, reason.instead)


def refuse_not_compiled(fn: Any, loc: Any) -> None:
    """Refuse what the table says can't be compiled."""
    reason = not_compiled_because(fn)
    if reason is not None:
        raise errors.UnsupportedCall(f"a call of `{name_of(fn)}` is not supported", loc, reason.why, reason.instead)


def refuse_writes(fn: Any, loc: Any) -> None:
    """Refuse functions that change an argument."""
    if getattr(fn, "__name__", "") == "shuffle" and has_effect(fn):
        raise errors.UnsupportedUpdate(
            f"`{name_of(fn)}` changes its argument in place", loc, "where each entry goes is drawn inside the call",
            "index with a permutation: `x[rng.permutation(len(x))]`",
        )  # fmt: skip


def refuse_overwriting(fn: Any, rule: Rule, args: tuple[Value, ...], keywords: Keywords, loc: Any) -> None:
    """Refuse `overwrite_input`: what is left in the argument afterwards is not defined."""
    if "overwrite_input" not in rule.params:
        return
    given = {**dict(zip(rule.params, args)), **keywords}.get("overwrite_input")
    if given is not None and given.kind != Static(False):
        raise errors.UnsupportedUpdate(
            f"`{name_of(fn)}` may overwrite its argument", loc, "what `overwrite_input` leaves in it is not defined",
            "leave it out",
        )  # fmt: skip


def refuse_iterators(engine: Inference, fn: Any, args: tuple[Value, ...], loc: Any) -> None:
    if any(v in engine.single or v in engine.iterators for v in args):
        raise errors.UnsupportedCall(
            f"`{name_of(fn)}` of an iterator is not supported", loc, "it gives its elements once, one after the other",
            "make it a list: `list(...)`",
        )  # fmt: skip


def refuse_long_index(engine: Inference, index: Value, loc: Any) -> None:
    """Refuse a tuple of unknown length as an index: it names one entry, where a list would name several."""
    if index in engine.tuples:
        raise errors.UnsupportedCall(
            "how many positions are in this index is not known", loc, "it is a tuple of what is counted at run time only",
            "name them: `i, j = position` and `x[i, j]`",
        )  # fmt: skip


def refuse_contexts(values: list[Value], loc: Any) -> None:
    for value in values:
        if isinstance(value.kind, Record):
            raise errors.UnsupportedCall(
                f"`with` on an object of the class `{value.kind.cls.__qualname__}` is not supported", loc,
                "what its `__enter__` and `__exit__` change is not followed", "call its methods before and after",
            )  # fmt: skip


NO_OUT = Value("", Static(None))


def check_parameters(fn: Any, rule: Rule, args: tuple[Value, ...], keywords: Keywords, loc: Any) -> Keywords:
    """Refuse what the rule does not cover; an `out` that is None, and a `where` that is True, are dropped."""
    keywords = {
        k: v for k, v in keywords.items() if not (k == "out" and is_none(v.kind)) and not (k == "where" and v.kind == Static(True))
    }
    for name in keywords:
        if name not in rule.params + rule.options or name == "out":
            raise errors.UnsupportedCall(
                f"the parameter `{name}` of `{name_of(fn)}` is not supported", loc,
                "it is not among the functions whose result is followed there" if name == "out" else "its rule does not have it",
                f"leave it out; supported: {', '.join(p for p in rule.params + rule.options if p != 'out')}",
            )  # fmt: skip
    if isinstance(fn, np.ufunc) and len(args) > fn.nin:
        raise errors.UnsupportedUpdate(
            f"`{name_of(fn)}` writes into its argument {fn.nin + 1}", loc, "its result is not followed there",
            "leave it out, and use the result",
        )  # fmt: skip
    if "out" in rule.params and not is_none(dict(zip(rule.params, args)).get("out", NO_OUT).kind):
        raise errors.UnsupportedCall(
            f"the parameter `out` of `{name_of(fn)}` is not supported", loc, "its result is not followed there",
            "leave it out",
        )  # fmt: skip
    for name, value in {**dict(zip(rule.params, args)), **keywords}.items():
        if name.startswith("overwrite_") and value.kind != Static(False):
            raise errors.UnsupportedUpdate(
                f"the parameter `{name}` of `{name_of(fn)}` is not supported", loc,
                "it lets the function write anything into its argument", "leave it out",
            )  # fmt: skip
    given = dict(zip(rule.params, args)) | dict(keywords)
    if rule.form != "linear" and not is_none(given.get("dtype", NO_OUT).kind) and any(is_complex(v.kind) for v in args):
        raise errors.UnsupportedCall(
            f"the parameter `dtype` of `{name_of(fn)}` of complex numbers is not supported", loc,
            "NumPy may take the real parts only, which its rule does not", "convert the numbers first: `x.astype(...)`",
        )  # fmt: skip
    if is_real_only(fn) and any(is_complex(v.kind) for v in (*args, *keywords.values())):
        raise errors.UnsupportedCall(
            f"`{name_of(fn)}` of complex numbers is not supported", loc, "its derivative rule holds for real numbers only",
            "take real and imaginary parts, or the squared modulus",
        )  # fmt: skip
    return keywords


OF_ANY_OBJECT = frozenset({operator.getitem, reversed, list})


def refuse_objects(fn: Any, args: tuple[Value, ...], loc: Any) -> None:
    """Refuse objects and dicts where a rule reads numbers: what a special method of theirs gives is not known to it."""
    if fn in OF_ANY_OBJECT or (getattr(fn, "__module__", None) or "").startswith(backprose_runtime.__name__):
        return
    items = [v.kind for v in args]
    if getattr(fn, "__module__", None) != "_operator":  # an operator joins and repeats lists of anything
        items = [k for kind in items for k in (kind.items if isinstance(kind, (Tuple, FixedList)) else (kind,))]
        items = [k.item if isinstance(k, List) else k for k in items]
    for kind in items:
        if isinstance(kind, Sparse) and (getattr(fn, "__module__", None) or "").partition(".")[0] not in ("_operator", "scipy"):
            raise errors.UnsupportedCall(
                f"`{name_of(fn)}` of a sparse matrix is not supported", loc, "NumPy takes it for one object, not for a matrix",
                "write A @ x, or A.toarray() if that is small",
            )  # fmt: skip
        if isinstance(kind, Dict) or (isinstance(kind, Record) and not issubclass(kind.cls, tuple)):
            raise errors.UnsupportedCall(
                f"`{name_of(fn)}` of {described(kind)} is not supported", loc, "its derivative rule is for numbers and arrays",
                "take the numbers out of it first",
            )  # fmt: skip
    compared = items if len(args) == 1 else [v.kind for v in args]
    compared = [k for k in compared if not isinstance(k, Unknown) and not is_number(k)]
    if fn in (max, min) and any(map(carries_derivative, compared)):
        raise errors.UnsupportedCall(
            f"`{name_of(fn)}` of sequences is not supported", loc, "they are compared element by element",
            "choose by a condition on their elements",
        )  # fmt: skip


def refuse_stand_ins(fn: Any, args: tuple[Value, ...], loc: Any) -> None:
    """Refuse functions of an object by which inference follows one of another class: there is none when it runs."""
    own = getattr(fn, "__module__", None) in ("_operator", "builtins")  # which make containers, and take them apart
    for what in filter(None, (stands_for(v.kind, not own) for v in args)):
        asked = fn is isinstance and isinstance(args[1].kind, Static) and hasattr(args[1].kind.value, "stands_for")
        if not asked and fn not in (operator.is_, operator.is_not):
            raise errors.UnsupportedCall(
                f"`{name_of(fn)}` of {what} is not supported", loc, "only what is made of its values is followed",
                "take what is needed of it: A @ x, A.toarray()",
            )  # fmt: skip


def stands_for(kind: Any, inside: bool = False) -> str | None:
    """What an object, or the first such object `inside` a container, stands for."""
    if isinstance(kind, Record) and (what := getattr(kind.cls, "stands_for", None)) is not None:
        return what
    if not inside:
        return None
    inner = kind.items if hasattr(kind, "items") else (kind.item,) if hasattr(kind, "item") else ()
    return next(filter(None, (stands_for(item, True) for item in inner)), None)


def refuse_result(kind: Any, loc: Any) -> None:
    """Refuse to return what inference only follows."""
    if (what := stands_for(kind, True)) is not None:
        raise errors.UnsupportedCall(
            f"the function returns {what}", loc, "there is no cotangent of it", "return its values, or what is computed from it"
        )


def check_key(target: Value, key: Value, loc: Any) -> None:
    """The key that is read of a dict must be known, because each has a kind of its own."""
    if not isinstance(key.kind, Static):
        raise errors.UnresolvedKind(
            "which key of the dict is read is not known when compiling", loc, f"the key is {key.kind}",
            "use a list or a tuple where the index is computed, or a constant key",
        )  # fmt: skip


def described(kind: Any) -> str:
    if isinstance(kind, Record):
        return stands_for(kind) or f"an object of the class `{kind.cls.__qualname__}`"
    if isinstance(kind, Dict):
        return "a dict"
    return "None" if is_none(kind) else "a function"


def name_of(fn: Any) -> str:
    if isinstance(fn, np.ufunc) or (getattr(fn, "__module__", None) or "").startswith("scipy."):
        return public_name(fn) or repr(fn)
    module = getattr(fn, "__module__", None)
    name = getattr(fn, "__qualname__", None) or getattr(fn, "__name__", None) or repr(fn)
    if ufunc_of(fn) is not None:
        return public_name(fn) or repr(fn)
    if module in (None, "builtins", "__main__", "_operator"):
        return name
    return f"{module}.{name}"
