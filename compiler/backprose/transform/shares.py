"""What a user's rule returns: the cotangents of the arguments, each compared with the argument before it is added.

What can be told from kinds is refused when compiling: a wrong number of cotangents, another structure, another number
of axes, an axis of length 1 where the argument has none. Where that leaves the shape open, emitted code compares it. A
cotangent is cast to the dtype of its argument, unless it was asked to refuse another one (`debug=True`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import backprose_runtime
import numpy as np

from backprose import errors
from backprose.analysis.activity import carries_derivative
from backprose.analysis.kinds import dtype_of, is_complex, is_none, is_number, ndim_of
from backprose.ir.kinds import ANY, ONE, Array, FixedList, Kind, List, Maybe, Static, Tuple, Unbound, Unknown
from backprose.ir.nodes import Value
from backprose.transform.paths import CONTAINERS, keys_of, part
from backprose.transform.typed import TypedBuilder, typed_call

@dataclass(frozen=True)
class Source:
    """Whose these are, for messages: of the function `owner`, returned by its rule `name`; `loc` is the call."""

    owner: str
    name: str
    loc: Any
    debug: bool = False
    noun: str = "cotangent"

    def refuse(self, why: str, instead: str) -> errors.RuleMismatch:
        return errors.RuleMismatch(f"the rule `{self.name}` of `{self.owner}` does not fit", self.loc, why, instead)


def cotangents(
    b: TypedBuilder, rule: Source, out: Value, operands: Sequence[tuple[str, Value]]
) -> list[tuple[Value, tuple, Value]]:
    """The cotangents in the tuple `out`: the operand, which is given by name, a path in it, and what belongs to that."""
    names = ", ".join(name for name, _ in operands)
    if not isinstance(out.kind, (Tuple, FixedList)):
        raise rule.refuse(f"it returns {described(out.kind)}", f"return a tuple with a cotangent for each of ({names})")
    if len(out.kind.items) != len(operands):
        count = len(out.kind.items)
        raise rule.refuse(
            f"it returns {count} cotangent{'s' * (count != 1)} for {len(operands)} argument{'s' * (len(operands) != 1)} ({names})",
            f"return one for each of ({names}), None where it is zero",
        )
    pairs = zip(operands, b.items_of(out))
    return [(operand, *leaf) for (name, operand), share in pairs for leaf in fitting(b, rule, name, operand, share)]


def tangents(b: TypedBuilder, rule: Source, out: Value, result: Value) -> list[tuple[tuple, Value]]:
    """The tangents in `out`, by their paths in the result of the call."""
    return fitting(b, rule, "value", result, out)


def fitting(b: TypedBuilder, rule: Source, name: str, primal: Value, share: Value) -> list[tuple[tuple, Value]]:
    """The parts of a cotangent or tangent with their paths, after a comparison with its primal."""
    found = mismatch(primal.kind, share.kind, name, is_cotangent=True, exact_dtype=rule.debug)
    if found:
        where, want, have = found
        raise rule.refuse(
            f"its {rule.noun} of `{where}` is {have}, and `{where}` is {want}",
            f"return a {rule.noun} that is like `{where}`, None where it is zero",
        )
    return [
        (path, _compared(b, rule, leaf, part(b, primal, path), spelled(name, path)))
        for path, leaf in _leaves(b, primal.kind, share, ())
    ]


def _leaves(b: TypedBuilder, kind: Kind, share: Value, path: tuple) -> Iterator[tuple[tuple, Value]]:
    """The parts of a cotangent that fits, with their paths; None stands for zeros of whatever structure."""
    if is_none(share.kind) or not carries_derivative(kind):
        return
    if isinstance(kind, CONTAINERS):
        for key, item, inner in zip(keys_of(kind), b.items_of(share), kind.items):
            yield from _leaves(b, inner, item, (*path, key))
    else:
        yield path, share


def _compared(b: TypedBuilder, rule: Source, share: Value, operand: Value, where: str) -> Value:
    """The share, compared when it runs in what kinds leave open: its shape, unless that is certain."""
    return compared(b, share, operand, f"the rule `{rule.name}` of `{rule.owner}`: its {rule.noun} of `{where}`")


def compared(b: TypedBuilder, share: Value, like: Value, what: str) -> Value:
    """The number, array or list `share`, which is to have the shape of `like`, and is compared where that is not certain."""
    if isinstance(share.kind, List) and isinstance(like.kind, List):
        return typed_call(b, backprose_runtime.checked_list, (share, like, b.const(what)), share.kind)
    if not is_number(share.kind) or _is_certain(like.kind, share.kind):
        return share
    return typed_call(b, backprose_runtime.checked_cotangent, (share, b.call(np.shape, like), b.const(what)), share.kind)


def _is_certain(want: Kind, have: Kind) -> bool:
    """Whether a cotangent of kind `have` surely has the shape of an argument of kind `want`."""
    want = want.item if isinstance(want, Maybe) else want
    if ndim_of(want) is None or ndim_of(want) != ndim_of(have):
        return False
    return ndim_of(want) == 0 or all(
        mine == its == ONE or (want.length(i) is not None and want.length(i) == have.length(i))
        for i, (mine, its) in enumerate(zip(want.axes, have.axes))
    )


def mismatch(
    want: Kind, have: Kind, name: str, path: tuple = (), is_cotangent: bool = False, exact_dtype: bool = True
) -> tuple[str, str, str] | None:
    """Where two values certainly differ in structure, rank, or lengths of axes; and what each of them is there.

    A cotangent may be None, it may be anything where there is no derivative, and it is real where the primal is. Unless
    `exact_dtype` was asked for, it may have another precision.
    """
    if is_cotangent and (is_none(have) or not carries_derivative(want)):
        return None
    if isinstance(want, CONTAINERS):
        if type(want) is not type(have) or len(want.items) != len(have.items) or keys_of(want) != keys_of(have):
            return spelled(name, path), described(want), described(have)
        for key, mine, its in zip(keys_of(want), want.items, have.items):
            found = mismatch(mine, its, name, (*path, key), is_cotangent, exact_dtype)
            if found:
                return found
        return None
    want = want.item if isinstance(want, Maybe) else want
    fits = number_fits(want, have, is_cotangent, exact_dtype) if is_number(want) and is_number(have) else _other_fits(want, have)
    return None if fits else (spelled(name, path), described(want), described(have))


def number_fits(want: Kind, have: Kind, is_cotangent: bool, exact_dtype: bool) -> bool:
    """Whether a number or array of kind `have` may be like one of kind `want`."""
    if is_cotangent and is_complex(have) and not is_complex(want):
        return False
    if exact_dtype and not _same_dtype(dtype_of(want), dtype_of(have)):
        return False
    if ndim_of(want) is None or ndim_of(have) is None:
        return True
    if ndim_of(want) != ndim_of(have):
        return False
    return not (isinstance(want, Array) and isinstance(have, Array)) or all(
        _axis_fits(want, have, i) for i in range(want.ndim)
    )


def _same_dtype(want: str | None, have: str | None) -> bool:
    """Whether two dtypes may be the same: a Python number is as good as NumPy's of its precision."""
    plain = {"float": "float64", "int": "int64", "complex": "complex128", "bool_": "bool"}
    return want is None or have is None or plain.get(want, want) == plain.get(have, have)


def _axis_fits(want: Array, have: Array, i: int) -> bool:
    mine, its = want.length(i), have.length(i)
    if mine is not None and its is not None and mine[0] == its[0]:
        return mine == its
    return ANY in (want.axes[i], have.axes[i]) or want.axes[i] == have.axes[i]


def _other_fits(want: Kind, have: Kind) -> bool:
    if isinstance(want, List):
        return isinstance(have, (List, FixedList))
    return isinstance(have, (Unknown, Unbound, Maybe)) or isinstance(want, (Unknown, Unbound)) or type(want) is type(have)


def spelled(name: str, path: tuple) -> str:
    """The expression that reads a part of an argument."""
    return name + "".join(f"[{key!r}]" for key in path)


def described(kind: Kind) -> str:
    """A kind in an error: `f64[N, N]`, `None`, `{'w': f64[N]}`."""
    if isinstance(kind, Static) and (kind.value is None or is_number(kind)):
        return "None" if kind.value is None else f"the number {kind.value!r}"
    return str(kind)
