"""ADBench's LSTM: a network that predicts the next of a sequence of vectors, with diagonal weights.

A layer has weights and biases for four gates; the cells and hidden states are in lists that the loop writes to.
"""

import numpy as np

from benchmarks.texts import with_names

ARGNUMS = (0, 1)
SIZES = {"tiny": (3, 2, 4), "small": (20, 2, 14), "large": (1_000, 4, 64)}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def layer(weights, biases, hidden, cell, x):
    forget = sigmoid(x * weights[0] + biases[0])
    take = sigmoid(hidden * weights[1] + biases[1])
    give = sigmoid(x * weights[2] + biases[2])
    change = np.tanh(hidden * weights[3] + biases[3])
    cell = cell * forget + take * change
    return give * np.tanh(cell), cell


def primal(layers, extra, start, sequence):
    hidden = [start[i, 0] for i in range(len(layers))]
    cells = [start[i, 1] for i in range(len(layers))]
    total = 0.0
    for t in range(len(sequence) - 1):
        x = sequence[t] * extra[0]
        for i in range(len(layers)):
            x, cells[i] = layer(layers[i, 0], layers[i, 1], hidden[i], cells[i], x)
            hidden[i] = x
        y = x * extra[1] + extra[2]
        total += np.sum(sequence[t + 1] * (y - np.log(2 + np.sum(np.exp(y)))))
    return -total / (len(sequence) - 1) / sequence.shape[1]


def sigmoid_by_hand(x, weight, bias):
    z = x * weight
    z += bias
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    return np.divide(1, z, out=z)


def by_hand(layers, extra, start, sequence):
    parameters = [(list(weights), list(biases)) for weights, biases in layers]
    hidden, cells = list(start[:, 0]), list(start[:, 1])
    kept, total = [], 0.0
    for x, following in zip(sequence, sequence[1:]):
        seen, x = x, x * extra[0]
        gates = []
        for i, (weights, biases) in enumerate(parameters):
            h, c = hidden[i], cells[i]
            forget = sigmoid_by_hand(x, weights[0], biases[0])
            take = sigmoid_by_hand(h, weights[1], biases[1])
            give = sigmoid_by_hand(x, weights[2], biases[2])
            change = h * weights[3]
            change += biases[3]
            np.tanh(change, out=change)
            cells[i] = c * forget
            cells[i] += take * change
            shown = np.tanh(cells[i])
            hidden[i] = give * shown
            gates.append((x, h, c, forget, take, give, change, shown))
            x = hidden[i]
        y = x * extra[1]
        y += extra[2]
        e = np.exp(y)
        sums = 2 + np.sum(e)
        y -= np.log(sums)
        y *= following
        total += np.sum(y)
        kept.append((seen, gates, x, e, sums, following))

    scale = -1 / (len(sequence) - 1) / sequence.shape[1]
    layers_bar, extra_bar = np.zeros_like(layers), np.zeros_like(extra)
    bars = [(list(weights), list(biases)) for weights, biases in layers_bar]
    of_seen, of_last, of_shift = extra_bar
    hidden_bars = [np.zeros_like(h) for h in hidden]
    cell_bars = [np.zeros_like(c) for c in cells]
    while kept:
        seen, gates, last, e, sums, following = kept.pop()
        e *= following.sum() / sums
        np.subtract(following, e, out=e)
        e *= scale  # the cotangent of y
        of_shift += e
        last = last * e
        of_last += last
        e *= extra[1]
        x_bar = e
        for i in range(len(parameters) - 1, -1, -1):
            x, h, c, forget, take, give, change, shown = gates[i]
            weights, (weights_bar, biases_bar) = parameters[i][0], bars[i]
            h_bar, c_bar = hidden_bars[i], cell_bars[i]
            h_bar += x_bar
            give_bar = h_bar * shown
            shown *= shown
            np.subtract(1, shown, out=shown)
            shown *= give
            shown *= h_bar
            c_bar += shown
            forget_bar, take_bar, change_bar = c_bar * c, c_bar * change, c_bar * take
            c_bar *= forget
            change *= change
            np.subtract(1, change, out=change)
            change_bar *= change
            for gate, gate_bar in ((forget, forget_bar), (take, take_bar), (give, give_bar)):
                gate_bar *= gate
                np.subtract(1, gate, out=gate)
                gate_bar *= gate
            gate_bars = forget_bar, take_bar, give_bar, change_bar
            for gate_bar, read, weight_bar, bias_bar in zip(gate_bars, (x, h, x, h), weights_bar, biases_bar):
                bias_bar += gate_bar
                weight_bar += gate_bar * read
            x_bar = forget_bar
            x_bar *= weights[0]
            give_bar *= weights[2]
            x_bar += give_bar
            np.multiply(take_bar, weights[1], out=h_bar)
            change_bar *= weights[3]
            h_bar += change_bar
        x_bar *= seen
        of_seen += x_bar
    return total * scale, (layers_bar, extra_bar)


def arguments(rng, steps, layers, width):
    sequence = rng.integers(0, 2, size=(steps, width)).astype(float)
    parameters = rng.normal(size=(layers, 2, 4, width)) / 2
    return parameters, rng.normal(size=(3, width)), rng.normal(size=(layers, 2, width)), sequence


def stand_ins(tool):
    if tool == "torch":
        from torch import sigmoid

        return {"sigmoid": sigmoid}
    return {}


def in_jax():
    from jax import lax, nn
    from jax import numpy as jnp

    cell_of = with_names(layer, np=jnp, sigmoid=nn.sigmoid)

    def loss(layers, extra, start, sequence):
        def step(state, now_and_next):
            seen, following = now_and_next
            x, states = seen * extra[0], []
            for (weights, biases), (hidden, cell) in zip(layers, state):
                states.append(cell_of(weights, biases, hidden, cell, x))
                x = states[-1][0]
            y = x * extra[1] + extra[2]
            return states, jnp.sum(following * (y - jnp.log(2 + jnp.sum(jnp.exp(y)))))

        _, totals = lax.scan(step, [tuple(s) for s in start], (sequence[:-1], sequence[1:]))
        return -jnp.mean(totals) / sequence.shape[1]

    return loss
