"""`scipy.interpolate`: curves that the function makes, which are linear in the values that they pass through."""

from __future__ import annotations

import numpy as np
from scipy import interpolate

from backprose.rules.of_scipy.entries import walked
from backprose.rules.registry import at_compile_time, means, named, not_compiled, pushforward, real_only, rule
from backprose.rules.static import positive_axis, refuse, require, span
from backprose_runtime import interpolated

LINEAR = "use CubicSpline or make_interp_spline, or np.interp, which is differentiated by the places as well"

not_compiled(
    *named(interpolate, "PchipInterpolator pchip_interpolate Akima1DInterpolator"),
    why="its slopes are no linear function of the values", instead=LINEAR,
)  # fmt: skip
not_compiled(
    *named(interpolate, "BSpline PPoly BPoly NdPPoly CubicHermiteSpline BarycentricInterpolator KroghInterpolator"),
    *named(interpolate, "UnivariateSpline InterpolatedUnivariateSpline LSQUnivariateSpline make_smoothing_spline"),
    *named(interpolate, "make_lsq_spline splrep splev lagrange approximate_taylor_polynomial"),
    why="its derivative is in no table", instead=LINEAR,
)  # fmt: skip
not_compiled(
    *named(interpolate, "RegularGridInterpolator interpn griddata LinearNDInterpolator NearestNDInterpolator"),
    *named(interpolate, "CloughTocher2DInterpolator RBFInterpolator Rbf RectBivariateSpline SmoothBivariateSpline"),
    why="its derivative is in no table",
    instead="on a grid, interpolate along one axis after the other; or state a rule of its own (docs/custom-rules.md)",
)  # fmt: skip


@rule(interpolated, wrt=("y", "t"))
def of_curve(value, kind, x, y, option, t, order=0, *, value_bar):
    """The value is W(t) y, where W(t) is had from the identity in the stead of y  =>  y_bar = W(t)^T value_bar.

    t_bar is value_bar times the derivative of the curve.  Choice at a point where that jumps: the one to the right, at
    the last point to the left.  Shapes: x (n,), y (n, ...), the value t.shape + (...); W is dense.  Reads: y, t.
    """
    n, size = np.shape(y)[0], np.size(t)
    bars = np.reshape(value_bar, (size, np.size(y) // n))
    weights = np.reshape(interpolated(kind, x, np.eye(n), option, t, order), (size, n))
    slopes = np.reshape(interpolated(kind, x, y, option, t, order + 1), np.shape(bars))
    return np.reshape(weights.T @ bars, np.shape(y)), np.reshape(np.sum(bars * slopes, axis=1), np.shape(t))


@pushforward(interpolated)
def of_curve_dot(value, kind, x, y, option, t, order=0, *, y_dot, t_dot):
    """The curve through y_dot, and t_dot times the derivative of the curve."""
    by_values = None if y_dot is None else interpolated(kind, x, y_dot, option, t, order)
    if t_dot is None:
        return by_values
    slopes = np.reshape(interpolated(kind, x, y, option, t, order + 1), (np.size(t), np.size(y) // np.shape(y)[0]))
    by_places = np.reshape(slopes * np.reshape(t_dot, (np.size(t), 1)), np.shape(value))
    return by_places if by_values is None else by_values + by_places


real_only(interpolated)


class Curve:
    """A curve of this kind through the points (x, y); y has the axis of the points first."""

    stands_for = "a curve that the function makes"

    def __init__(self, kind, x, y, option, axis):
        self.kind, self.x, self.y, self.option, self.axis = kind, x, y, option, axis

    @walked
    def __call__(self, x, nu=0, extrapolate=None):
        require(extrapolate is None or extrapolate is True, "past the last points only the same curve is in the table")
        places = x if isinstance(x, np.ndarray) else np.asarray(x)
        values = interpolated(self.kind, self.x, self.y, self.option, places, nu)
        values = np.reshape(values, np.shape(places) + np.shape(self.y)[1:])  # so that the rank is known
        if self.axis == 0:
            return values
        n = np.ndim(places)
        return np.moveaxis(values, span(0, n), span(self.axis, self.axis + n))

    def __getattr__(self, name):
        refuse("of a curve that the function makes, only calls are known: spline(t, 1) is its derivative")


def curve(kind, x, y, option, axis):
    """The curve through y, whose points are along this axis."""
    y = y if isinstance(y, np.ndarray) else np.asarray(y)
    place = positive_axis(axis, np.ndim(y))
    return Curve(kind, x, y if place == 0 else np.moveaxis(y, place, 0), option, place)


@at_compile_time
def refuse_conditions(bc_type, known):
    """Refuse boundary conditions that are no linear function of the values, or are not known."""
    if not (bc_type is None or isinstance(bc_type, str)) or bc_type not in known:
        names = ", ".join(repr(name) for name in known)
        raise ValueError(f"bc_type={bc_type!r} is not in the table: only {names} are")


@means(interpolate.CubicSpline)
def CubicSpline(x, y, axis=0, bc_type="not-a-knot", extrapolate=None):
    """A curve that is differentiated by y and by the places at which it is called.  Restriction: x is constant."""
    refuse_conditions(bc_type, ("not-a-knot", "clamped", "natural"))
    require(extrapolate is None or extrapolate is True, "past the last points only the same curve is in the table")
    return curve("cubic", x, y, bc_type, axis)


@means(interpolate.make_interp_spline)
def make_interp_spline(x, y, k=3, t=None, bc_type=None, axis=0, check_finite=True):
    """As CubicSpline, of any degree."""
    require(t is None, "knots that are given are not in the table")
    refuse_conditions(bc_type, (None, "not-a-knot", "clamped", "natural"))
    return curve("spline", x, y, (k, bc_type), axis)


@at_compile_time
def refuse_table(kind, bounds_error, fill_value):
    """Refuse kinds of tables that are steps, and fill values."""
    if kind not in ("linear", "slinear", "quadratic", "cubic"):
        raise ValueError(f"kind={kind!r} is not in the table: linear, slinear, quadratic and cubic are")
    extrapolates = isinstance(fill_value, str) and fill_value == "extrapolate"
    given = not extrapolates and not (isinstance(fill_value, float) and fill_value != fill_value)
    if given or bounds_error is False and not extrapolates:
        raise ValueError("of fill values only 'extrapolate' is in the table: clip the places, or use np.interp")


@means(interpolate.interp1d)
def interp1d(x, y, kind="linear", axis=-1, copy=True, bounds_error=None, fill_value=np.nan, assume_sorted=False):
    """As CubicSpline, for the kinds that are continuous."""
    refuse_table(kind, bounds_error, fill_value)
    return curve("table", x, y, (kind, fill_value), axis)
