"""The conductivity along a rod, found from thermometers: the gradient of an implicit heat equation solved by Thomas.

A rod of two materials, with a flaw in one of them, is heated at one end. Eight thermometers record its temperature.
The equation is solved as textbooks do it: implicit Euler in time, and in each step a tridiagonal system, factorised
once and solved in place, element by element. The 39 conductivities between the cells are adjusted until the solution
meets the records; the gradient costs a few solutions, however many conductivities there are. The script checks that
the flaw is found where it was put.
"""

import numpy as np
from scipy.optimize import minimize

from backprose import value_and_grad

CELLS, STEPS, NOISE = 40, 50, 0.002
SENSORS = np.arange(2, CELLS, 5)


def temperatures(log_conductivity, steps, sensors):
    """What the thermometers show, shape (steps, sensors); in units of a cell, a time step and the heater's power."""
    k = np.exp(log_conductivity)  # between each two neighbouring cells
    n = len(k) + 1
    diagonal = np.ones(n)
    diagonal[:-1] += k
    diagonal[1:] += k
    factor = np.empty(n - 1)
    for i in range(n - 1):
        factor[i] = -k[i] / diagonal[i]
        diagonal[i + 1] += factor[i] * k[i]

    u = np.zeros(n)
    records = np.empty((steps, len(sensors)))
    for step in range(steps):
        u[0] += 1.0
        for i in range(n - 1):
            u[i + 1] -= factor[i] * u[i]
        u[n - 1] /= diagonal[n - 1]
        for i in range(n - 2, -1, -1):
            u[i] = u[i] / diagonal[i] - factor[i] * u[i + 1]
        records[step] = u[sensors]
    return records


def misfit(log_conductivity, observed, sensors, noise, roughness):
    """Squared residuals in units of the noise, and a penalty that prefers a field without needless steps."""
    residuals = (temperatures(log_conductivity, len(observed), sensors) - observed) / noise
    steps = np.diff(log_conductivity)
    return np.sum(residuals**2) / residuals.size + roughness * np.sum(np.sqrt(steps**2 + 1e-4))


def main():
    true = np.where(np.arange(CELLS - 1) < 22, 20.0, 8.0)
    true[11:15] = 5.0  # the flaw
    rng = np.random.default_rng(0)
    observed = temperatures(np.log(true), STEPS, SENSORS)
    observed += NOISE * rng.normal(size=observed.shape)

    misfit_and_gradient = value_and_grad(misfit)
    start = np.full(CELLS - 1, np.log(10.0))
    arguments = (observed, SENSORS, NOISE, 0.02)
    before, _ = misfit_and_gradient(start, *arguments)
    source = misfit_and_gradient.source
    print("The solution runs backwards, in place, in the reverse sweep:\n")
    print(source[source.index("    # backward") :])

    found = minimize(misfit_and_gradient, start, arguments, jac=True, method="L-BFGS-B", options={"maxiter": 70})
    conductivity = np.exp(found.x)
    print(f"misfit {before:.1f} -> {found.fun:.3f} in {found.nfev} gradients")
    print("cells      true   found")
    for part in (slice(2, 10), slice(11, 15), slice(17, 21), slice(24, 36)):
        print(f"{part.start:2d} to {part.stop - 1:2d}  {true[part].mean():5.1f}   {conductivity[part].mean():5.1f}")
    error = np.abs(conductivity / true - 1)
    print(f"median error of the conductivities {np.median(error):.1%}")
    assert found.fun < 1.3, "the residuals should be as large as the noise"
    assert np.median(error) < 0.1
    assert 11 <= np.argmin(conductivity[:22]) < 15, "the flaw should be found where it is"


if __name__ == "__main__":
    main()
