"""How long does the Nile remember? A Gaussian process, fitted through a Cholesky factorisation written by hand.

The yearly flow at Aswan, 1871 to 1970 (Cobb 1978), is modelled as a mean, a slow process of unknown variance and
memory, and noise of each year. The log-likelihood factorises the covariance in place and substitutes forward; its
gradient comes from this loop as it stands. The script checks it against the closed form of the textbooks, maximises
the likelihood, and shows the level of the river before and after it fell around 1899.
"""

import numpy as np
from scipy.optimize import minimize

from backprose import value_and_grad

FLOW = np.array([
    1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
    1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
    831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759,
    781, 865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
    744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
])  # fmt: skip
YEAR = np.arange(1871, 1971)


def covariance(theta, lag):
    """Matern's covariance of order 3/2, and noise; theta = log (memory, slow deviation, deviation of each year)."""
    reach = np.sqrt(3) * lag / np.exp(theta[0])
    return np.exp(2 * theta[1]) * (1 + reach) * np.exp(-reach) + np.exp(2 * theta[2]) * np.eye(len(lag))


def cost(theta, lag, y):
    """Minus the log-likelihood of y, without its constant."""
    a = covariance(theta, lag)
    z = y.copy()
    total = 0.0
    for j in range(len(y)):
        a[j:, j] -= a[j:, :j] @ a[j, :j]
        a[j:, j] /= np.sqrt(a[j, j])
        z[j] = (z[j] - a[j, :j] @ z[:j]) / a[j, j]
        total += np.log(a[j, j])
    return total + 0.5 * np.sum(z * z)


def closed_form(theta, lag, y):
    """The gradient of `cost`: tr(K^-1 dK) / 2 - y^T K^-1 dK K^-1 y / 2 (Rasmussen and Williams, eq. 5.9)."""
    weights = np.linalg.solve(covariance(theta, lag), y)
    middle = np.linalg.inv(covariance(theta, lag)) - np.outer(weights, weights)
    step = 1e-6 * np.eye(3)
    slopes = [(covariance(theta + e, lag) - covariance(theta - e, lag)) / 2e-6 for e in step]
    return np.array([0.5 * np.sum(middle * slope) for slope in slopes])


def main():
    lag = np.abs(YEAR[:, None] - YEAR).astype(float)
    y = (FLOW - FLOW.mean()) / FLOW.std()
    cost_and_gradient = value_and_grad(cost)
    start = np.log([10.0, 1.0, 1.0])
    _, gradient = cost_and_gradient(start, lag, y)
    source = cost_and_gradient.source.splitlines()
    first = next(i for i, line in enumerate(source) if "in reverse" in line)
    print("The factorisation, in reverse:\n")
    print("\n".join(source[first : first + 26]), "\n    ...\n")
    print("gradient     ", gradient)
    print("closed form  ", closed_form(start, lag, y))
    np.testing.assert_allclose(gradient, closed_form(start, lag, y), rtol=1e-6)

    found = minimize(cost_and_gradient, start, (lag, y), jac=True, method="L-BFGS-B")
    memory, slow, noise = np.exp(found.x) * [1, FLOW.std(), FLOW.std()]
    print(f"memory {memory:.0f} years, slow changes {slow:.0f}, each year's noise {noise:.0f} (10^8 m^3)")
    smooth = covariance(found.x, lag) - np.exp(2 * found.x[2]) * np.eye(len(y))
    level = FLOW.mean() + FLOW.std() * smooth @ np.linalg.solve(covariance(found.x, lag), y)
    for year in (1880, 1895, 1905, 1940):
        print(f"level in {year}: {level[YEAR == year][0]:.0f}")
    assert np.abs(closed_form(found.x, lag, y)).max() < 1e-2, "the closed form agrees that this is the optimum"
    assert level[YEAR == 1890] > level[YEAR == 1910] + 150, "the river fell around 1899"


if __name__ == "__main__":
    main()
