"""Bessel functions, Airy functions, Struve functions, hypergeometric functions: by the argument, at constant order.

Source of the recurrences: DLMF 10.6, 10.29, 10.51, 9.2, 11.4, 13.3, 15.5.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from backprose.rules.registry import elementwise, real_only, rule


@elementwise(special.j0)
def j0(y, x, *, d):
    """J_0' = -J_1."""
    return -d * special.j1(x)


@elementwise(special.j1)
def j1(y, x, *, d):
    """J_1' = (J_0 - J_2) / 2."""
    return d * ((special.j0(x) - special.jv(2, x)) / 2)


@elementwise(special.jv, wrt="z")
def jv(y, v, z, *, d):
    """J_v' = (J_{v-1} - J_{v+1}) / 2.  Restriction: the order is constant."""
    return d * ((special.jv(v - 1, z) - special.jv(v + 1, z)) / 2)


@elementwise(special.jve, wrt="z")
def jve(y, v, z, *, d):
    """J_v of a real argument, which is not scaled.  Restriction: the order is constant."""
    return d * ((special.jve(v - 1, z) - special.jve(v + 1, z)) / 2)


@elementwise(special.y0)
def y0(y, x, *, d):
    """Y_0' = -Y_1."""
    return -d * special.y1(x)


@elementwise(special.y1)
def y1(y, x, *, d):
    """Y_1' = Y_0 - Y_1 / x."""
    return d * (special.y0(x) - y / x)


@elementwise(special.yn, wrt="x")
def yn(y, n, x, *, d):
    """Y_n' = (Y_{n-1} - Y_{n+1}) / 2.  Restriction: the order is constant."""
    return d * ((special.yn(n - 1, x) - special.yn(n + 1, x)) / 2)


@elementwise(special.yv, wrt="z")
def yv(y, v, z, *, d):
    """Y_v' = (Y_{v-1} - Y_{v+1}) / 2.  Restriction: the order is constant."""
    return d * ((special.yv(v - 1, z) - special.yv(v + 1, z)) / 2)


@elementwise(special.yve, wrt="z")
def yve(y, v, z, *, d):
    """Y_v of a real argument, which is not scaled.  Restriction: the order is constant."""
    return d * ((special.yve(v - 1, z) - special.yve(v + 1, z)) / 2)


# Modified


@elementwise(special.i0)
def i0(y, x, *, d):
    """I_0' = I_1."""
    return d * special.i1(x)


@elementwise(special.i1)
def i1(y, x, *, d):
    """I_1' = (I_0 + I_2) / 2."""
    return d * ((special.i0(x) + special.iv(2, x)) / 2)


@elementwise(special.i0e)
def i0e(y, x, *, d):
    """y = e^-|x| I_0  =>  y' = e^-|x| I_1 - sign(x) y."""
    return d * (special.i1e(x) - np.sign(x) * y)


@elementwise(special.i1e)
def i1e(y, x, *, d):
    """y = e^-|x| I_1  =>  y' = e^-|x| (I_0 + I_2) / 2 - sign(x) y."""
    return d * ((special.i0e(x) + special.ive(2, x)) / 2 - np.sign(x) * y)


@elementwise(special.iv, wrt="z")
def iv(y, v, z, *, d):
    """I_v' = (I_{v-1} + I_{v+1}) / 2.  Restriction: the order is constant."""
    return d * ((special.iv(v - 1, z) + special.iv(v + 1, z)) / 2)


@elementwise(special.ive, wrt="z")
def ive(y, v, z, *, d):
    """y = e^-|z| I_v  =>  y' = e^-|z| (I_{v-1} + I_{v+1}) / 2 - sign(z) y.  Restriction: the order is constant."""
    return d * ((special.ive(v - 1, z) + special.ive(v + 1, z)) / 2 - np.sign(z) * y)


@elementwise(special.k0)
def k0(y, x, *, d):
    """K_0' = -K_1."""
    return -d * special.k1(x)


@elementwise(special.k1)
def k1(y, x, *, d):
    """K_1' = -K_0 - K_1 / x."""
    return -d * (special.k0(x) + y / x)


@elementwise(special.k0e)
def k0e(y, x, *, d):
    """y = e^x K_0  =>  y' = y - e^x K_1."""
    return d * (y - special.k1e(x))


@elementwise(special.k1e)
def k1e(y, x, *, d):
    """y = e^x K_1  =>  y' = y - e^x K_0 - y / x."""
    return d * (y - special.k0e(x) - y / x)


@elementwise(special.kn, wrt="x")
def kn(y, n, x, *, d):
    """K_n' = -(K_{n-1} + K_{n+1}) / 2, where K_{-1} = K_1.  Restriction: the order is constant."""
    return -d * ((special.kn(np.abs(n - 1), x) + special.kn(n + 1, x)) / 2)


@elementwise(special.kv, wrt="z")
def kv(y, v, z, *, d):
    """K_v' = -(K_{v-1} + K_{v+1}) / 2.  Restriction: the order is constant."""
    return -d * ((special.kv(v - 1, z) + special.kv(v + 1, z)) / 2)


@elementwise(special.kve, wrt="z")
def kve(y, v, z, *, d):
    """y = e^z K_v  =>  y' = y - e^z (K_{v-1} + K_{v+1}) / 2.  Restriction: the order is constant."""
    return d * (y - (special.kve(v - 1, z) + special.kve(v + 1, z)) / 2)


# Spherical, where order -1 is only met with the factor 0


@elementwise(special.spherical_jn, wrt="z")
def spherical_jn(y, n, z, derivative=False, *, d):
    """j_n' = (n j_{n-1} - (n + 1) j_{n+1}) / (2 n + 1), and the same of its derivative.  The order is constant."""
    below, above = special.spherical_jn(np.maximum(n - 1, 0), z, derivative), special.spherical_jn(n + 1, z, derivative)
    return d * ((n * below - (n + 1) * above) / (2 * n + 1))


@elementwise(special.spherical_yn, wrt="z")
def spherical_yn(y, n, z, derivative=False, *, d):
    """y_n' = (n y_{n-1} - (n + 1) y_{n+1}) / (2 n + 1), and the same of its derivative.  The order is constant."""
    below, above = special.spherical_yn(np.maximum(n - 1, 0), z, derivative), special.spherical_yn(n + 1, z, derivative)
    return d * ((n * below - (n + 1) * above) / (2 * n + 1))


@elementwise(special.spherical_in, wrt="z")
def spherical_in(y, n, z, derivative=False, *, d):
    """i_n' = (n i_{n-1} + (n + 1) i_{n+1}) / (2 n + 1), and the same of its derivative.  The order is constant."""
    below, above = special.spherical_in(np.maximum(n - 1, 0), z, derivative), special.spherical_in(n + 1, z, derivative)
    return d * ((n * below + (n + 1) * above) / (2 * n + 1))


@elementwise(special.spherical_kn, wrt="z")
def spherical_kn(y, n, z, derivative=False, *, d):
    """k_n' = -(n k_{n-1} + (n + 1) k_{n+1}) / (2 n + 1), and the same of its derivative.  The order is constant."""
    below, above = special.spherical_kn(np.maximum(n - 1, 0), z, derivative), special.spherical_kn(n + 1, z, derivative)
    return -d * ((n * below + (n + 1) * above) / (2 * n + 1))


# Airy, Struve, hypergeometric


@rule(special.airy)
def airy(y, z, *, y_bar):
    """(Ai, Ai', Bi, Bi'), where Ai'' = z Ai and Bi'' = z Bi."""
    return y_bar[0] * y[1] + y_bar[1] * (z * y[0]) + y_bar[2] * y[3] + y_bar[3] * (z * y[2])


def struve_inhomogeneity(v, x):
    """(x / 2)^v / (sqrt(pi) Gamma(v + 3/2))."""
    return (x / 2) ** v * special.rgamma(v + 1.5) / math.sqrt(math.pi)


@elementwise(special.struve, wrt="x")
def struve(y, v, x, *, d):
    """H_v' = (H_{v-1} - H_{v+1} + (x / 2)^v / (sqrt(pi) Gamma(v + 3/2))) / 2.  Restriction: the order is constant."""
    return d * ((special.struve(v - 1, x) - special.struve(v + 1, x) + struve_inhomogeneity(v, x)) / 2)


@elementwise(special.modstruve, wrt="x")
def modstruve(y, v, x, *, d):
    """L_v' = (L_{v-1} + L_{v+1} + (x / 2)^v / (sqrt(pi) Gamma(v + 3/2))) / 2.  Restriction: the order is constant."""
    return d * ((special.modstruve(v - 1, x) + special.modstruve(v + 1, x) + struve_inhomogeneity(v, x)) / 2)


@elementwise(special.hyp0f1, wrt="z")
def hyp0f1(y, v, z, *, d):
    """0F1(v; z)' = 0F1(v + 1; z) / v.  Restriction: the parameter is constant."""
    return d * (special.hyp0f1(v + 1, z) / v)


@elementwise(special.hyp1f1, wrt="x")
def hyp1f1(y, a, b, x, *, d):
    """1F1(a; b; x)' = a / b 1F1(a + 1; b + 1; x).  Restriction: the parameters are constant."""
    return d * (a / b * special.hyp1f1(a + 1, b + 1, x))


@elementwise(special.hyp2f1, wrt="z")
def hyp2f1(y, a, b, c, z, *, d):
    """2F1(a, b; c; z)' = a b / c 2F1(a + 1, b + 1; c + 1; z).  Restriction: the parameters are constant."""
    return d * (a * b / c * special.hyp2f1(a + 1, b + 1, c + 1, z))


@elementwise(special.hyperu, wrt="x")
def hyperu(y, a, b, x, *, d):
    """U(a, b, x)' = -a U(a + 1, b + 1, x).  Restriction: the parameters are constant."""
    return -d * (a * special.hyperu(a + 1, b + 1, x))


real_only(special.jve, special.yve, special.ive)
