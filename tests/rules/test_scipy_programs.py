"""`scipy.fft` and `scipy.integrate`: what stands for functions of NumPy gives SciPy's values, and their derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import fft, integrate

import backprose
from backprose import errors
from check import slope

RNG = np.random.default_rng(2)
X, M, T = RNG.normal(size=6), RNG.normal(size=(3, 4)), np.array([0.0, 0.3, 1.0, 1.1, 2.0, 2.5])


def size(z):
    return np.real(z * np.conj(z))


PROGRAMS = {
    "fft": lambda x: np.sum(size(fft.fft(x, norm="ortho")) ** 2 * np.arange(6)),
    "ifft": lambda x: np.sum(np.real(fft.ifft(x, 8)) * np.arange(8) ** 2),
    "rfft": lambda x: np.sum(size(fft.rfft(x, workers=1)) ** 2 * np.arange(4)),
    "irfft": lambda x: np.sum(fft.irfft(x + 1j * x**2, 7) * np.arange(7)),
    "hfft": lambda x: np.sum(fft.hfft(x + 1j * x**2) * np.arange(10)),
    "ihfft": lambda x: np.sum(np.imag(fft.ihfft(x)) * np.arange(4)),
    "shifts": lambda x: np.sum(fft.fftshift(x) * fft.ifftshift(x) * fft.fftfreq(6)),
    "trapezoid": lambda x: integrate.trapezoid(x**2, dx=0.5) + integrate.trapezoid(x**2, T) + integrate.trapezoid(T, x),
    "running": lambda x: np.sum(integrate.cumulative_trapezoid(x**2, T) * np.arange(5)),
    "running from 0": lambda x: np.sum(integrate.cumulative_trapezoid(T, x**2, initial=0) * np.arange(6)),
}
OF_MATRICES = {
    "fft along 0": lambda x: np.sum(size(fft.fft(x, axis=0)) ** 2 * np.arange(4)),
    "fft2": lambda x: np.sum(size(fft.fft2(x, (4, 4))) ** 2),
    "ifft2": lambda x: np.sum(np.real(fft.ifft2(x)) * np.arange(4)),
    "fftn": lambda x: np.sum(size(fft.fftn(x, axes=(0,))) ** 2),
    "ifftn": lambda x: np.sum(size(fft.ifftn(x)) ** 2),
    "rfft2": lambda x: np.sum(size(fft.rfft2(x)) ** 2),
    "irfft2": lambda x: np.sum(fft.irfft2(x + 0j) * np.arange(6)),
    "rfftn": lambda x: np.sum(size(fft.rfftn(x)) ** 2),
    "irfftn": lambda x: np.sum(fft.irfftn(x + 0j, (3, 5)) * np.arange(5)),
    "running along 0": lambda x: np.sum(integrate.cumulative_trapezoid(x, x**3, axis=0) ** 2),
    "running of 1-D points": lambda x: np.sum(integrate.cumulative_trapezoid(x, x[0] ** 2, initial=0) ** 2),
    "trapezoid along 0": lambda x: np.sum(integrate.trapezoid(x**2, axis=0) * np.arange(4)),
}


@pytest.mark.parametrize("name", [*PROGRAMS, *OF_MATRICES])
def test_gradient_and_value(name):
    f, x = (PROGRAMS[name], X) if name in PROGRAMS else (OF_MATRICES[name], M)
    value, gradient = backprose.value_and_grad(f)(x)
    np.testing.assert_allclose(value, f(x), rtol=1e-13)
    np.testing.assert_allclose(gradient, slope(f, x), rtol=1e-5, atol=1e-7)


REFUSED = {
    "`overwrite_x`": lambda x: np.sum(size(fft.fft(x, overwrite_x=True))),
    "numpy.fft": lambda x: np.sum(fft.dct(x)),
    "trapezoid": lambda x: integrate.simpson(x),
    "other initial value": lambda x: np.sum(integrate.cumulative_trapezoid(x, initial=1)),
    "write the steps as a loop": lambda x: integrate.quad(np.sin, 0, x[0])[0],
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_not_covered_is_refused(words):
    with pytest.raises(errors.CompileError) as caught:
        backprose.grad(REFUSED[words])(X)
    assert words in str(caught.value)
