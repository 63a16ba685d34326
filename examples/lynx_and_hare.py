"""Lynx and hare: Lotka and Volterra's equations fitted to the pelts of the Hudson's Bay Company, 1900 to 1920.

The equations are solved by a Runge-Kutta pair of order 3 and 2 (Bogacki and Shampine) that chooses its own steps: a
`while` loop tries one, measures the error, and takes the step or halves it. The stages are written to buffers made
once. The gradient goes backwards over just the steps that were tried. The script fits six parameters to the 42 counts
and compares them with the published fit of the same data by Bayesian inference (Carpenter 2018, a case study of Stan).
"""

import numpy as np
from scipy.optimize import minimize

from backprose import value_and_grad

HARE = np.array([
    30, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22, 25.4, 27.1, 40.3, 57, 76.6, 52.3, 19.5, 11.2, 7.6, 14.6, 16.2,
    24.7,
])  # fmt: skip
LYNX = np.array([
    4, 6.1, 9.8, 35.2, 59.4, 41.7, 19, 13, 8.3, 9.1, 7.4, 8, 12.3, 19.5, 45.7, 51.1, 29.7, 15.8, 9.7, 10.1, 8.6,
])  # fmt: skip
PUBLISHED = {"alpha": 0.55, "beta": 0.028, "gamma": 0.80, "delta": 0.024, "hares": 34.0, "lynxes": 5.9}


def growth(rates, y, out):
    """out = dy/dt: hares grow and are eaten, lynxes starve and eat."""
    out[0] = (rates[0] - rates[1] * y[1]) * y[0]
    out[1] = (rates[3] * y[0] - rates[2]) * y[1]


def populations(rates, start, years, tolerance):
    """Thousands of hares and lynxes at the end of each year, shape (years + 1, 2)."""
    y = start.copy()
    k1, k2, k3, k4 = np.empty(2), np.empty(2), np.empty(2), np.empty(2)
    counts = np.empty((years + 1, 2))
    counts[0] = y
    h = 0.1
    for year in range(1, years + 1):
        left = 1.0
        while left > 0:
            step = min(h, left)
            growth(rates, y, k1)
            growth(rates, y + step / 2 * k1, k2)
            growth(rates, y + step * 3 / 4 * k2, k3)
            trial = y + step / 9 * (2 * k1 + 3 * k2 + 4 * k3)
            growth(rates, trial, k4)
            error = step * np.max(np.abs(-5 / 72 * k1 + k2 / 12 + k3 / 9 - k4 / 8) / (1 + y))
            if error < tolerance:
                y[:] = trial
                left -= step
                h = step * 1.5
            else:
                h = step / 2
        counts[year] = y
    return counts


def misfit(theta, observed, tolerance):
    """Squared differences of logarithms; theta holds the logarithms of the four rates and the two first counts."""
    p = np.exp(theta)
    counts = populations(p[:4], p[4:], len(observed) - 1, tolerance)
    return np.mean((np.log(counts) - np.log(observed)) ** 2)


def main():
    observed = np.stack([HARE, LYNX], axis=1)
    misfit_and_gradient = value_and_grad(misfit)
    start = np.log([0.5, 0.02, 0.9, 0.02, 30.0, 4.0])
    value, _ = misfit_and_gradient(start, observed, 1e-3)
    source = misfit_and_gradient.source.splitlines()
    print("The end of the reverse sweep, where the first stage hands on to the rates and the state before:\n")
    print("    ...\n" + "\n".join(source[-21:]), "\n")

    found = minimize(misfit_and_gradient, start, (observed, 1e-3), jac=True, method="L-BFGS-B")
    print(f"misfit {value:.4f} -> {found.fun:.4f} in {found.nfev} gradients")
    print("            found  published")
    fitted = np.exp(found.x)
    for (name, published), here in zip(PUBLISHED.items(), fitted):
        print(f"{name:>8}  {here:7.3f}  {published:9.3f}")
    assert np.allclose(fitted, list(PUBLISHED.values()), rtol=0.2), "the fit should be near the published one"


if __name__ == "__main__":
    main()
