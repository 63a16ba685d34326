"""`scipy.special`: the rules of its families. What stands in none of them is refused."""

from backprose.rules.of_scipy import bessel, errors_and_logistic, gamma, logarithms, polynomials

__all__ = ["bessel", "errors_and_logistic", "gamma", "logarithms", "polynomials"]
