"""Covariances and histograms."""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import at_compile_time, real_only, refused, rule
from backprose.rules.static import require
from backprose.rules.running import widened


# Covariances. Observations are columns; the mean's own share is 0, because what reaches the deviations sums to 0.


@rule(np.cov, wrt=("m", "y", "aweights"))
def cov(c, m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, c_bar, dtype=None):
    """C = D W D^H / f  =>  X_bar = (C_bar + C_bar^H) conj(D) W / f,  with deviations D = X - mean and W = diag(w).

    The weights are w = fweights aweights;
    w_bar = diag(D^T C_bar conj(D)) / f - <C_bar, C> f' / f with the norm f = sum w - ddof (sum w aweights) / sum w.
    Shapes: X (k, n) from m and y, or their transposes without `rowvar`; C (k, k), or a number if k = 1.
    """
    require(not np.iscomplexobj(aweights), "weights are real")
    x = variables(m, y, rowvar)
    w = weights_of(fweights, aweights)
    d = deviations(x, w)
    f = norm(np.shape(x)[1], degrees(bias, ddof), w, aweights)
    c_bar = np.reshape(c_bar, (np.shape(x)[0], np.shape(x)[0])) / f
    mirror = np.conjugate(d)
    x_bar = (c_bar + np.conjugate(np.transpose(c_bar))) @ (mirror if w is None else mirror * w)
    m_bar, y_bar = of_variables(x_bar, m, y, rowvar)
    if aweights is None:
        return m_bar, y_bar, None
    counts = 1.0 if fweights is None else fweights
    slope = norm_slope(degrees(bias, ddof), w, aweights, counts)
    energy = np.sum(np.reshape(c, np.shape(c_bar)) * c_bar)
    return m_bar, y_bar, counts * np.sum(d * (c_bar @ mirror), axis=0) - energy * slope


@rule(np.corrcoef, wrt=("x", "y"))
def corrcoef(r, x, y=None, rowvar=True, *, r_bar, dtype=None):
    """R = U U^H with rows u = d / |d| of deviations d  =>  U_bar = (R_bar + R_bar^H) conj(U),

    d_bar = (u_bar - conj(u) Re<u, u_bar>) / |d|; the mean's own share is 0.
    NumPy clips rounding errors beyond -1 and 1, which changes no derivative.  Choice for a constant variable: 0.
    """
    d = deviations(variables(x, y, rowvar), None)
    lengths = np.sqrt(np.sum(np.real(d * np.conjugate(d)), axis=1, keepdims=True))
    lengths = lengths + (lengths == 0)
    u = d / lengths
    r_bar = np.reshape(r_bar, (np.shape(d)[0], np.shape(d)[0]))
    mirror = np.conjugate(u)
    u_bar = (r_bar + np.conjugate(np.transpose(r_bar))) @ mirror
    along = np.sum(np.real(u * u_bar), axis=1, keepdims=True)
    return of_variables((u_bar - mirror * along) / lengths, x, y, rowvar)


def variables(m, y, rowvar):
    """All variables as rows."""
    return in_rows(m, rowvar) if y is None else np.concatenate([in_rows(m, rowvar), in_rows(y, rowvar)], axis=0)


def in_rows(m, rowvar):
    if np.ndim(m) < 2:
        return np.reshape(m, (1, np.size(m)))
    return m if rowvar else np.transpose(m)


def of_variables(x_bar, m, y, rowvar):
    """The cotangents of m and y from that of all variables."""
    if y is None:
        return of_rows(x_bar, m, rowvar), None
    k = np.shape(in_rows(m, rowvar))[0]
    return of_rows(x_bar[:k], m, rowvar), of_rows(x_bar[k:], y, rowvar)


def of_rows(x_bar, m, rowvar):
    if np.ndim(m) < 2:
        return np.reshape(x_bar, np.shape(m))
    return x_bar if rowvar else np.transpose(x_bar)


def weights_of(fweights, aweights):
    """The weight of each observation; None if all have 1."""
    if fweights is None:
        return aweights
    return fweights if aweights is None else fweights * aweights


def deviations(x, w):
    """The rows less their means."""
    if w is None:
        return x - np.mean(x, axis=1, keepdims=True)
    return x - np.expand_dims(x @ w, 1) / np.sum(w)


@at_compile_time
def degrees(bias, ddof):
    """What is subtracted from the number of observations."""
    return (0 if bias else 1) if ddof is None else ddof


def norm(n, ddof, w, aweights):
    """What the sums of products are divided by."""
    if w is None:
        return n - ddof
    if ddof == 0:
        return np.sum(w)
    return np.sum(w) - ddof * (1 if aweights is None else np.sum(w * aweights) / np.sum(w))


def norm_slope(ddof, w, aweights, counts):
    """The derivative of the norm by aweights."""
    if ddof == 0:
        return counts
    whole = np.sum(w)
    return counts * (1 + ddof * np.sum(w * aweights) / whole**2) - 2 * ddof * w / whole


# Histograms. Which bin an entry falls into is a step: what is counted carries no derivative, what is summed does.


@rule(np.bincount, wrt="weights")
def bincount(y, x, weights=None, minlength=0, *, y_bar):
    """y[k] = the sum of the weights of the entries that are k: each gets what its bin has.  Shapes: x, weights (n,)."""
    return y_bar[x]


@rule(np.histogram, wrt=("a", "weights"))
def histogram(y, a, bins=10, range=None, density=None, weights=None, *, y_bar):
    """(heights, edges): heights are sums of the weights in each bin, so each weight gets what its bin has.

    a moves the edges only, where their range is not given: they lie evenly from its least to its largest entry.
    With `density`, heights are c / (d sum c) for sums c and widths d:  c_bar = (y_bar / d - <y_bar, y>) / sum c,
    d_bar = -y_bar y / d.  Choice at ties of the least and largest: split evenly.
    """
    heights, edges = y[0], y[1]
    sums_bar, edges_bar = y_bar[0], y_bar[1]
    if density:
        d = np.diff(edges)
        edges_bar = edges_bar - np.diff(widened(-sums_bar * heights / d))
    if weights is None:
        return moved_edges(a, edges, edges_bar, bins, range), None
    place = np.searchsorted(edges, a, side="right") - 1
    place = np.where(a == edges[-1], np.size(heights) - 1, place)
    counted = (a >= edges[0]) & (a <= edges[-1])
    if density:
        sums_bar = (sums_bar / d - np.sum(sums_bar * heights)) / np.sum(np.where(counted, weights, 0.0))
    weights_bar = np.where(counted, sums_bar[np.where(counted, place, 0)], 0.0)
    return moved_edges(a, edges, edges_bar, bins, range), weights_bar


def moved_edges(a, edges, edges_bar, bins, range):
    """The cotangent of the entries between whose least and largest the edges lie."""
    if range is not None or not is_number(bins):
        return np.zeros_like(a)
    t = np.linspace(0.0, 1.0, np.size(edges))
    return split(a == np.min(a), (1 - t) @ edges_bar) + split(a == np.max(a), t @ edges_bar)


def split(hit, share):
    """The share, split evenly over what is hit."""
    return np.where(hit, share / np.sum(hit), 0.0)


@at_compile_time
def is_number(bins):
    """Whether the bins are a number of them; names of estimators are refused."""
    if isinstance(bins, str):
        raise ValueError("how many bins there are is estimated from the entries: give their number or their edges")
    return isinstance(bins, int)


real_only(np.histogram)
refused(np.histogram_bin_edges, why="its edges are those of np.histogram", instead="take the second result of np.histogram")
refused(np.histogram2d, np.histogramdd, why="only sums by bins along one axis are in the table", instead="use np.digitize and np.bincount with weights")
