"""Which resistor matters most? Sensitivities of a bridge circuit through Gauss elimination with row swaps.

The unknowns of modified nodal analysis are voltages and the source's current, and its matrix has a zero on the
diagonal: elimination has to swap rows for a safe pivot. Here it is written by hand, in place, swaps and all, and
differentiated as it stands. Tellegen's theorem gives the same sensitivities from two solutions, the circuit's and its
adjoint's; the script checks that they agree, and then balances the bridge by Newton's method.
"""

import numpy as np

from backprose import value_and_grad

# Resistors by their two nodes; node 0 is the ground, node 1 the battery's pole. The detector reads nodes 2 and 3.
NODES = ((1, 2), (1, 3), (2, 0), (3, 0), (2, 3))
BATTERY = 10.0


def solve(a, b):
    """The solution of a x = b by elimination with row swaps. Both arguments are overwritten; b ends as the solution."""
    n = len(b)
    for j in range(n):
        p = j + int(np.argmax(np.abs(a[j:, j])))
        if p != j:
            a[[j, p]] = a[[p, j]]
            b[j], b[p] = b[p], b[j]
        for i in range(j + 1, n):
            factor = a[i, j] / a[j, j]
            a[i, j:] -= factor * a[j, j:]
            b[i] -= factor * b[j]
    for i in range(n - 1, -1, -1):
        b[i] = (b[i] - a[i, i + 1 :] @ b[i + 1 :]) / a[i, i]


def equations(resistance):
    """The matrix of modified nodal analysis: Kirchhoff's currents at nodes 1 to 3, and the battery's voltage."""
    a = np.zeros((5, 5))  # row and column 0 are the ground's
    for (p, q), r in zip(NODES, resistance):
        a[p, p] += 1 / r
        a[q, q] += 1 / r
        a[p, q] -= 1 / r
        a[q, p] -= 1 / r
    a[1, 4] = a[4, 1] = 1.0
    return a[1:, 1:].copy()


def detector(resistance, battery):
    """The voltage between nodes 2 and 3."""
    a = equations(resistance)
    x = np.zeros(4)
    x[3] = battery
    solve(a, x)
    return x[1] - x[2]


def tellegen(resistance):
    """The same sensitivities by two solutions: current times the adjoint circuit's current, in each resistor."""
    a = equations(resistance)
    voltage, adjoint = np.linalg.solve(a, [0, 0, 0, BATTERY]), np.linalg.solve(a.T, [0, 1.0, -1.0, 0])
    voltage, adjoint = np.append(0, voltage), np.append(0, adjoint)
    drops = [(voltage[p] - voltage[q]) * (adjoint[p] - adjoint[q]) for p, q in NODES]
    return np.array(drops) / resistance**2


def main():
    resistance = np.array([100.0, 220.0, 330.0, 150.0, 1000.0])
    with_gradient = value_and_grad(detector)
    voltage, resistance_bar = with_gradient(resistance, BATTERY)
    source = with_gradient.source.splitlines()
    first = next(i for i, line in enumerate(source) if "in reverse" in line)
    print("Back substitution, in reverse:\n")
    print("\n".join(source[first : first + 10]), "\n    ...\n")

    print(f"the detector shows {voltage:.3f} V, and changes by")
    for nodes, r, r_bar in zip(NODES, resistance, resistance_bar):
        print(f"  {1000 * r_bar:7.2f} mV for one more ohm in the {r:4.0f} ohm between nodes {nodes[0]} and {nodes[1]}")
    np.testing.assert_allclose(resistance_bar, tellegen(resistance), rtol=1e-10)

    for step in range(20):
        voltage, resistance_bar = with_gradient(resistance, BATTERY)
        if abs(voltage) < 1e-12:
            break
        resistance[3] -= voltage / resistance_bar[3]
    print(f"balanced in {step} steps with {resistance[3]:.3f} ohm instead")
    np.testing.assert_allclose(resistance[0] * resistance[3], resistance[1] * resistance[2], rtol=1e-9)


if __name__ == "__main__":
    main()
