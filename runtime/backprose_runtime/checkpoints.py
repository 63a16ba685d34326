"""How often a loop that is checkpointed keeps what it carries."""

from __future__ import annotations

import math
import operator
from typing import Any


def interval(count: int) -> int:
    """How many iterations a segment of a loop of so many has: about the square root, so that there are as many segments."""
    return max(1, math.isqrt(max(0, count)))


def positive(every: Any) -> int:
    """`every` as it is, if it is a positive whole number. Raises ValueError."""
    if isinstance(every, bool) or not hasattr(type(every), "__index__") or every < 1:
        raise ValueError(f"checkpoint: every={every!r} is not a positive whole number")
    return operator.index(every)
