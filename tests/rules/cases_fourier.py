"""Fourier transforms: lengths that cut and that continue with zeros, every norm, even and odd lengths, several axes."""

from __future__ import annotations

import numpy as np

from cases import arr, case, cplx

NORMS = (None, "backward", "ortho", "forward")

for _f in (np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.ihfft, np.fft.irfft, np.fft.hfft):
    _make = arr if _f in (np.fft.rfft, np.fft.ihfft) else cplx
    for _n in (1, 2, 4, 5):
        if _n > 1 or _f not in (np.fft.irfft, np.fft.hfft):
            case(_f, _make(_n))
    for _n in (3, 4, 7, 8):
        case(_f, _make(5), _n)
        case(_f, _make(2, 5), n=_n, axis=1)
    for _norm in NORMS:
        case(_f, _make(4, 3), norm=_norm)
        case(_f, _make(4, 3), 5, 0, _norm)
    case(_f, _make(3, 4, 2), axis=-2)
    case(_f, _make(3, 4, 2), 6, -3)
for _f in (np.fft.fft, np.fft.ifft, np.fft.irfft, np.fft.hfft):
    case(_f, arr(5), note=" real")
    case(_f, arr(3, 4), 5, 0, note=" real")

for _f in (np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn):
    _make = arr if _f is np.fft.rfftn else cplx
    case(_f, _make(4))
    case(_f, _make(3, 4))
    case(_f, _make(2, 3, 4))
    case(_f, _make(2, 3, 4), axes=(0, 2))
    case(_f, _make(2, 3, 4), axes=(-1, 0), norm="ortho")
    case(_f, _make(3, 4), s=(5, 2), axes=(0, 1))
    case(_f, _make(3, 4), s=(2, 5), axes=(1, 0), norm="forward")
    case(_f, _make(2, 3, 4), s=(5,), axes=(1,))
    case(_f, _make(2, 3, 4), (3, 6), (-2, -1), "backward")
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        case(_f, _make(3, 4), s=(-1, 5), axes=(0, 1))
        case(_f, _make(3, 4), s=(5, -1), axes=(0, 1))
for _f in (np.fft.fftn, np.fft.ifftn):
    case(_f, cplx(3, 4), axes=(0, 1, 0))
    case(_f, arr(3, 4), note=" real")
for _f in (np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2):
    _make = arr if _f is np.fft.rfft2 else cplx
    case(_f, _make(3, 4))
    case(_f, _make(2, 3, 5), norm="ortho")
    case(_f, _make(3, 4), (2, 6))
    case(_f, _make(3, 4, 2), s=(4, 3), axes=(1, 0))

for _f in (np.fft.fftshift, np.fft.ifftshift):
    for _make in (arr, cplx):
        case(_f, _make(5))
        case(_f, _make(3, 4))
        case(_f, _make(3, 5), 1)
        case(_f, _make(3, 5, 2), axes=(0, -2))
for _f in (np.fft.fftfreq, np.fft.rfftfreq):
    case(_f, 5, 0.5)
    case(_f, 4, d=2.5)
