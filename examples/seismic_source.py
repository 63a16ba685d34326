"""Where and when did it quake? A source is located from seismograms with the gradient of a leapfrog wave equation.

Waves spread in a plane whose speed grows with depth, three buffers take turns, and six stations record what passes. The
misfit between these records and those of a supposed source has a gradient by the source's place and time. A coarse
search finds the valley, and L-BFGS its bottom, at the true source. The time loop keeps no wave for its reverse, for
the equation is linear in them: two numbers a step suffice.
"""

import numpy as np
from scipy.optimize import minimize

from backprose import value_and_grad

SIZE, STEPS, PERIOD = 50, 150, 40.0
DEPTH, WIDTH = np.meshgrid(np.arange(SIZE), np.arange(SIZE), indexing="ij")
COURANT = (0.25 + 0.3 * DEPTH / SIZE) ** 2  # (speed * time step / grid step) squared
STATIONS = (np.array([2, 2, 2, 25, 25, 47]), np.array([5, 25, 45, 3, 47, 33]))


def seismograms(source, courant, depth, width, stations, steps, period):
    """The records at the stations, shape (steps, stations), of a source at (depth, width) that peaks at a time."""
    z, x, peak = source[0], source[1], source[2]
    place = np.exp(-((depth - z) ** 2 + (width - x) ** 2) / 8)
    rows, columns = stations
    traces = np.zeros((steps, len(rows)))
    old, now, new = np.zeros_like(courant), np.zeros_like(courant), np.zeros_like(courant)
    for t in range(steps):
        phase = (np.pi * (t - peak) / period) ** 2
        push = (1 - 2 * phase) * np.exp(-phase)  # Ricker's wavelet
        bend = now[2:, 1:-1] + now[:-2, 1:-1] + now[1:-1, 2:] + now[1:-1, :-2] - 4 * now[1:-1, 1:-1]
        new[1:-1, 1:-1] = 2 * now[1:-1, 1:-1] - old[1:-1, 1:-1] + courant[1:-1, 1:-1] * bend
        new[1:-1, 1:-1] += push * place[1:-1, 1:-1]
        traces[t] = new[rows, columns]
        old, now, new = now, new, old
    return traces


def misfit(source, observed, courant, depth, width, stations, period):
    residuals = seismograms(source, courant, depth, width, stations, len(observed), period) - observed
    return np.sum(residuals**2) / np.sum(observed**2)


def coarse_search(observed):
    """The place and time on a coarse grid whose records match best. A later peak is the same records, later."""
    best, found = np.inf, None
    for z in range(5, SIZE, 6):
        for x in range(5, SIZE, 6):
            traces = seismograms(np.array([z, x, 40.0]), COURANT, DEPTH, WIDTH, STATIONS, STEPS, PERIOD)
            for late in range(0, 40, 4):
                residual = np.sum((traces[: STEPS - late] - observed[late:]) ** 2) + np.sum(observed[:late] ** 2)
                if residual < best:
                    best, found = residual, np.array([z, x, 40.0 + late])
    return found


def main():
    true = np.array([33.3, 20.6, 47.7])
    rng = np.random.default_rng(1)
    observed = seismograms(true, COURANT, DEPTH, WIDTH, STATIONS, STEPS, PERIOD)
    observed += 0.05 * np.abs(observed).max() * rng.normal(size=observed.shape)

    start = coarse_search(observed)  # the misfit has many valleys; this finds the right one
    misfit_and_gradient = value_and_grad(misfit)
    arguments = (observed, COURANT, DEPTH, WIDTH, STATIONS, PERIOD)
    before, _ = misfit_and_gradient(start, *arguments)
    lines = misfit_and_gradient.source.splitlines()
    first = next(i for i, line in enumerate(lines) if "in reverse" in line)
    print("The time loop of the reverse sweep:\n")
    print("\n".join(lines[first:]), "\n")

    found = minimize(misfit_and_gradient, start, arguments, jac=True, method="L-BFGS-B", options={"maxiter": 25})
    print(f"misfit {before:.4f} -> {found.fun:.4f} in {found.nfev} gradients")
    print("          depth  width   time")
    for name, source in (("true", true), ("start", start), ("found", found.x)):
        print(f"{name:8s}  {source[0]:5.2f}  {source[1]:5.2f}  {source[2]:5.2f}")
    assert np.all(np.abs(found.x - true) < 0.2), "the source should be found within a fraction of a grid step"


if __name__ == "__main__":
    main()
