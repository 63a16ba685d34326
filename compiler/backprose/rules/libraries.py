"""Which module has the rules of which library: it is imported after a program has imported the library itself."""

from __future__ import annotations

from backprose.rules.registry import library

library("scipy.special", "backprose.rules.of_scipy.special")
library("scipy.linalg", "backprose.rules.of_scipy.linalg")
library("scipy.stats", "backprose.rules.of_scipy.stats")
library("scipy.signal", "backprose.rules.of_scipy.signal")
library("scipy.sparse", "backprose.rules.of_scipy.sparse")
library("scipy.ndimage", "backprose.rules.of_scipy.kernels")
library("scipy.fft", "backprose.rules.of_scipy.fft")
library("scipy.integrate", "backprose.rules.of_scipy.integrate")
library("scipy.interpolate", "backprose.rules.of_scipy.interpolate")
