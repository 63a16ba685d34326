"""Logistic regression on the breast cancer data, trained with a compiled gradient until it agrees with scikit-learn.

The loss is plain NumPy. `value_and_grad` writes the function that computes its value and gradient; the script prints
what was written, minimises the loss with it (L-BFGS, below), compares the coefficients with scikit-learn's, and saves
the course of the loss to `logistic_regression.png`. It exits with status 1 if a coefficient is off by more than 1e-5.
"""

import sys

import matplotlib
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

from backprose import value_and_grad


def loss(w, b, x, sign, penalty):
    """Mean logistic loss for labels -1 and 1, plus an L2 penalty on the weights but not on the intercept."""
    margin = sign * (x @ w + b)
    return np.mean(np.logaddexp(0, -margin)) + 0.5 * penalty * np.sum(w**2)


def minimise(value_and_gradient, theta, tolerance=1e-9, memory=20, report=print):
    """The minimiser, and the values on the way to it, by L-BFGS (Nocedal and Wright, algorithm 7.5)."""
    value, gradient = value_and_gradient(theta)
    values, pairs = [value], []
    while np.abs(gradient).max() > tolerance:
        step = -inverse_hessian_times(gradient, pairs)
        length = 1.0 if pairs else 1 / np.linalg.norm(gradient)
        slope = gradient @ step
        while True:  # halve until the value falls as it should; the slack is the rounding error of the value itself
            new_theta = theta + length * step
            new_value, new_gradient = value_and_gradient(new_theta)
            if new_value <= value + 1e-4 * length * slope + 1e-14 * abs(value):
                break
            length /= 2
        change, curvature = new_theta - theta, new_gradient - gradient
        if change @ curvature > 0:
            pairs = [*pairs, (change, curvature)][-memory:]
        theta, value, gradient = new_theta, new_value, new_gradient
        values.append(value)
        if len(values) % 10 == 1:
            report(f"step {len(values) - 1:3d}   loss {value:.10f}   gradient at most {np.abs(gradient).max():.1e}")
    return theta, values


def inverse_hessian_times(gradient, pairs):
    """The two-loop recursion of L-BFGS (Nocedal and Wright, algorithm 7.4)."""
    direction, weights = gradient.copy(), []
    for change, curvature in reversed(pairs):
        weights.append(change @ direction / (change @ curvature))
        direction -= weights[-1] * curvature
    if pairs:
        change, curvature = pairs[-1]
        direction *= change @ curvature / (curvature @ curvature)
    for change, curvature in pairs:
        direction += change * (weights.pop() - curvature @ direction / (change @ curvature))
    return direction


def plot(values, path):
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 4), layout="constrained")
    axes.semilogy(np.array(values[:-1]) - values[-1])
    axes.set(xlabel="step", ylabel="loss above its minimum", title="Logistic regression, breast cancer data")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=150)


def main():
    x, label = load_breast_cancer(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    sign = 2.0 * label - 1
    penalty = 1 / len(x)  # scikit-learn's C = 1 on the scale of the mean

    loss_and_gradient = value_and_grad(loss, argnums=("w", "b"))

    def at(theta):
        value, (w_bar, b_bar) = loss_and_gradient(theta[:-1], theta[-1], x, sign, penalty)
        return value, np.append(w_bar, b_bar)

    start = np.zeros(x.shape[1] + 1)
    at(start)  # the first call compiles for arguments of these kinds
    print(loss_and_gradient.source)
    theta, values = minimise(at, start)
    print(f"done in {len(values) - 1} steps, loss {values[-1]:.12f}")
    plot(values, "logistic_regression.png")

    reference = LogisticRegression(C=1.0, tol=1e-12, max_iter=100_000).fit(x, label)
    difference = np.abs(theta - np.append(reference.coef_, reference.intercept_)).max()
    print(f"largest difference from scikit-learn's coefficients: {difference:.1e}")
    return 0 if difference <= 1e-5 else 1


if __name__ == "__main__":
    sys.exit(main())
