"""`scipy.stats`: densities and distribution functions. Distributions are objects: the table holds their bound methods.

Where SciPy has a parameter of a distribution under a name of its own (`a`, `df`), it is taken by that name too.
"""

from backprose.rules.of_scipy import continuous, discrete, multivariate

__all__ = ["continuous", "discrete", "multivariate"]
