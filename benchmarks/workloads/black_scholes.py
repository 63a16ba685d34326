"""The value of a portfolio of European calls by Black and Scholes' formula, and its greeks."""

import math
from importlib import import_module

import numpy as np
from scipy.special import erf

ARGNUMS = (0, 1, 2)
SIZES = {"tiny": (4,), "small": (1_000,), "large": (1_000_000,)}
TILE = 16_384


def normal(x):
    return 0.5 * (1 + erf(x / math.sqrt(2)))


def primal(spot, volatility, expiry, strike, rate):
    deviation = volatility * np.sqrt(expiry)
    d1 = (np.log(spot / strike) + (rate + volatility**2 / 2) * expiry) / deviation
    d2 = d1 - deviation
    return np.sum(spot * normal(d1) - strike * np.exp(-rate * expiry) * normal(d2))


def by_hand(spot, volatility, expiry, strike, rate):
    """By the closed forms: delta is N(d1), vega is S n(d1) sqrt(T)."""
    delta, vega, theta = (np.empty_like(spot) for _ in range(3))
    value = 0.0
    for start in range(0, len(spot), TILE):
        tile = slice(start, start + TILE)
        greeks = delta[tile], vega[tile], theta[tile]
        value += tile_by_hand(spot[tile], volatility[tile], expiry[tile], strike[tile], rate, *greeks)
    return value, (delta, vega, theta)


def normal_into(x, out):
    np.multiply(x, math.sqrt(0.5), out=out)
    erf(out, out=out)
    out += 1
    out *= 0.5
    return out


def tile_by_hand(spot, volatility, expiry, strike, rate, delta, vega, theta):
    root = np.sqrt(expiry)
    deviation = volatility * root
    d1 = spot / strike
    np.log(d1, out=d1)
    drift = volatility * volatility
    drift *= 0.5
    drift += rate
    drift *= expiry
    d1 += drift
    d1 /= deviation
    np.subtract(d1, deviation, out=deviation)
    normal_into(d1, delta)
    discounted = np.multiply(expiry, -rate, out=drift)
    np.exp(discounted, out=discounted)
    discounted *= strike
    discounted *= normal_into(deviation, theta)  # strike e^(-r T) N(d2)
    value = np.sum(spot * delta - discounted)
    d1 *= d1
    d1 *= -0.5
    np.exp(d1, out=d1)
    d1 *= spot
    d1 *= 1 / math.sqrt(2 * math.pi)  # spot n(d1)
    np.multiply(d1, root, out=vega)
    np.multiply(d1, volatility, out=theta)
    theta /= root
    theta *= 0.5
    discounted *= rate
    theta += discounted
    return value


def arguments(rng, n):
    spot, strike = rng.uniform(80, 120, size=n), rng.uniform(80, 120, size=n)
    return spot, rng.uniform(0.1, 0.5, size=n), rng.uniform(0.2, 2, size=n), strike, 0.03


def stand_ins(tool):
    library = {"autograd": "autograd.scipy.special", "torch": "torch", "jax": "jax.scipy.special"}[tool]
    return {"erf": import_module(library).erf}
