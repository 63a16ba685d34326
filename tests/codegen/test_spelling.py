"""Derivatives use the methods of arrays, and the user's lines stay as they are written."""

import numpy as np
import pytest

import backprose

rng = np.random.default_rng(3)
X, V = rng.normal(size=(3, 4)), rng.normal(size=3)


def weighted(x, v):
    return np.sum(np.expand_dims(v, 1) * np.sin(x) * np.sum(v))


def outer(x, v):
    return np.sum(np.tanh(x @ np.outer(x[0], v)))


def entries(x, v):
    return x[0, 0] * x[1, 1] * v[2]


def planes(x, v):
    return np.sum(np.sin(np.moveaxis(np.transpose(x[:, None] * v[:, None], (1, 2, 0)), 0, 1)) * v)


def a_reshaped_part_is_updated(x, v):
    y = np.zeros((3, 2, 4))
    y[:, 0] = x
    rows = y[0].reshape(4, 2)
    rows[1] = rows[0] * v[0]
    return np.sum(y[0] ** 3) + np.sum(y[1] ** 2)


PROGRAMS = [weighted, outer, entries, planes, a_reshaped_part_is_updated]


@pytest.mark.parametrize(
    ("program", "written"),
    [(weighted, ("np.expand_dims(v, 1)", "np.sum(v)")), (outer, ("np.outer(t, v)",)),
     (entries, ("np.zeros(x.shape)", "np.zeros(v.shape)")),
     (planes, ("np.moveaxis(np.transpose(", ".transpose(1, 0, 2)"))],
    ids=lambda found: getattr(found, "__name__", ""),
)  # fmt: skip
def test_text(program, written):
    gradient = backprose.grad(program, (0, 1))
    gradient(X, V)
    forward, _, backward = gradient.source.partition("# backward")
    assert all(text in forward + backward for text in written)
    slow = ("np.sum(", "np.expand_dims(", "np.outer(", "np.moveaxis(", "np.zeros_like(")
    assert not any(text in backward for text in slow)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("order", ["C", "F"])
def test_gradients(program, order):
    backprose.check_grads(program, (np.array(X, order=order), V))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision(program, dtype):
    x_bar, v_bar = backprose.grad(program, (0, 1))(X.astype(dtype), V.astype(dtype))
    assert (x_bar.dtype, v_bar.dtype) == (dtype, dtype)
    assert np.allclose(x_bar, backprose.grad(program)(X, V), rtol=1e-4, atol=1e-5)


def test_an_array_without_axes():
    def scaled(x, c):
        return np.sum(x * c)

    gradient = backprose.grad(scaled, (0, 1))
    x_bar, c_bar = gradient(X, np.array(2.0))
    assert np.ndim(c_bar) == 0 and c_bar == pytest.approx(X.sum()) and (x_bar == 2).all()
    assert gradient(X, 2.0)[1] == c_bar


def test_complex_entries():
    def entry(z):
        return (z[0, 0] * z[1, 1]).real

    z = X + 1j
    z_bar = backprose.grad(entry)(z.astype(np.complex64))
    assert z_bar.dtype == np.complex64 and z_bar[0, 0] == pytest.approx(z[1, 1])
