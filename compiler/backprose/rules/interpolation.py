"""Interpolation in tables."""

from __future__ import annotations

import numpy as np

from backprose.rules.reductions import array_of
from backprose.rules.registry import rule
from backprose.rules.static import require
from backprose_runtime import add_at


@rule(np.interp, wrt=("x", "xp", "fp", "left", "right"))
def interp(y, x, xp, fp, left=None, right=None, period=None, *, y_bar):
    """y = (1 - t) f[k] + t f[k+1] with t = (x - x[k]) / (x[k+1] - x[k])  =>  y_bar goes to f by these weights.

    x_bar = s y_bar with the slope s = (f[k+1] - f[k]) / (x[k+1] - x[k]);  x[k] and x[k+1] get -s (1 - t) y_bar and
    -s t y_bar.
    Outside of the table y is constant, the first or last f, or `left` or `right`.  Choice at a point of the table: the
    slope to the right, at the last one to the left.  With a period, x and the table are taken modulo it; the derivative
    by the period itself is refused.
    """
    x, xp, fp = array_of(x), array_of(xp), array_of(fp)
    require(not np.iscomplexobj(x) and not np.iscomplexobj(xp), "of complex points NumPy takes the real part only")
    if period is None:
        return table_bars(x, xp, fp, left, right, y_bar)
    length = np.abs(period)
    order = np.argsort(xp % length)
    points, values = (xp % length)[order], fp[order]
    points = np.concatenate([points[-1:] - length, points, points[:1] + length])
    values = np.concatenate([values[-1:], values, values[:1]])
    x_bar, points_bar, values_bar, _, _ = table_bars(x % length, points, values, None, None, y_bar)
    return x_bar, unwound(points_bar, order), unwound(values_bar, order), None, None


def unwound(bar, order):
    """The cotangent of a table from that of the sorted one with its last entry also before it and its first after it."""
    inner = add_at(add_at(bar[1:-1], slice(-1, None), bar[:1]), slice(None, 1), bar[-1:])
    return inner[np.argsort(order)]


def table_bars(x, xp, fp, left, right, y_bar):
    """The cotangents of all operands where the table is not periodic."""
    n = np.size(xp)
    k = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, np.maximum(n - 2, 0))
    following = np.minimum(k + 1, n - 1)
    width = xp[following] - xp[k]
    width = width + (width == 0)
    below, above = x < xp[0], x > xp[-1]
    inside = (x >= xp[0]) & (x <= xp[-1])
    t = np.where(inside, (x - xp[k]) / width, np.where(above, 1.0, 0.0))
    x_bar = np.where(inside, y_bar * ((fp[following] - fp[k]) / width), 0.0)
    xp_bar = add_at(add_at(np.zeros_like(xp), k, (t - 1) * x_bar), following, -t * x_bar)
    share = y_bar if left is None else np.where(below, 0.0, y_bar)
    share = share if right is None else np.where(above, 0.0, share)
    fp_bar = add_at(add_at(np.zeros_like(fp), k, (1 - t) * share), following, t * share)
    left_bar = None if left is None else np.sum(np.where(below, y_bar, 0.0))
    right_bar = None if right is None else np.sum(np.where(above, y_bar, 0.0))
    return x_bar, xp_bar, fp_bar, left_bar, right_bar
