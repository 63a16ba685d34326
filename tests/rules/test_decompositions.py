"""Factors that are not determined: phases, repeated values, columns that are left over; and singular matrices.

What is determined of them has a derivative, which is that of differences; what is not is infinite, NaN or refused, never a
finite number that is wrong.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from check import slope  # noqa: E402
from compiled import function_from  # noqa: E402

import backprose  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
RNG = np.random.default_rng(17)
NEW = np.lib.NumpyVersion(np.__version__) >= "2.0.0"


def cplx(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape) + 1j * RNG.normal(size=shape)


def hermitian(n: int) -> np.ndarray:
    x = cplx(n, n)
    return x + x.conj().T + np.diag(3.0 * np.arange(n))


def program(text: str, **constants: Any):
    lines = "\n    ".join(text.split("; "))
    head, _, last = lines.rpartition("\n    ")
    body = f"{head}\n    return {last}" if head else f"return {last}"
    return function_from(f"def f(a):\n    {body}\n", "f", constants)


W, Z = RNG.normal(size=(4, 4)), cplx(4, 4)

INVARIANT = {
    "moduli of eigenvectors": ("w, v = np.linalg.eigh(a); np.sum(W * np.real(v * np.conj(v))) + np.sum(w**3)", hermitian(4)),
    "of the upper triangle": ("w, v = np.linalg.eigh(a, 'U'); np.sum(W * np.real(v * np.conj(v)))", hermitian(4)),
    "a function of a Hermitian matrix": (
        "w, v = np.linalg.eigh(a); np.real(np.sum(Z * ((v * np.exp(w / 9)) @ np.conj(v.T))))", hermitian(4)),
    "a complex matrix put together": (
        "u, s, vh = np.linalg.svd(a, full_matrices=False); np.real(np.sum(Z * ((u * s**2) @ vh)))", cplx(4, 4)),
    "moduli of singular vectors": (
        "u, s, vh = np.linalg.svd(a, False); np.sum(W[:, :2] * np.real(u * np.conj(u))) + np.sum(s)", cplx(4, 2)),
    "a wide complex matrix": ("u, s, vh = np.linalg.svd(a, False); np.real(np.sum(Z[:2] * (u @ vh)))", cplx(2, 4)),
    "the subspace that is left over": (
        "u, s, vh = np.linalg.svd(a); n = u[:, 2:]; np.sum(W * (n @ n.T)) + np.sum(u[:, 0] * W[0]) + np.sum(s * vh[1])",
        RNG.normal(size=(4, 2))),
    "the null space": ("u, s, vh = np.linalg.svd(a); n = vh[2:]; np.sum(W * (n.T @ n))", RNG.normal(size=(2, 4))),
    "the complex null space": (
        "u, s, vh = np.linalg.svd(a); n = vh[2:]; np.real(np.sum(Z * (np.conj(n.T) @ n)))", cplx(2, 4)),
    "columns of a complete Q": (
        "q, r = np.linalg.qr(a, 'complete'); n = q[:, 2:]; np.sum(W * (n @ n.T)) + np.sum(q[:, :2] * W[:, :2]) + np.sum(r**2 * r)",
        RNG.normal(size=(4, 2))),
    "columns of a complex complete Q": (
        "q, r = np.linalg.qr(a, 'complete'); n = q[:, 2:]; np.real(np.sum(Z * (n @ np.conj(n.T))) + np.sum(q[:, :2] * Z[:, :2]))",
        cplx(4, 2)),
    "a singular matrix": ("np.linalg.det(a)", np.arange(9.0).reshape(3, 3)),
    "a zero row": ("np.linalg.det(a)", np.array([[1.0, 2.0, 0.5], [0.0, 0.0, 0.0], [0.3, 1.0, 2.0]])),
    "a singular complex matrix": ("np.real(np.linalg.det(a) * (1 - 2j))", np.array([[1.0, 1j], [1j, -1.0]])),
    "a stack with a singular matrix": ("np.sum(np.linalg.det(a) * [1.0, 2.0])", np.stack([np.ones((2, 2)), W[:2, :2]])),
    "rank 1": ("np.linalg.det(a)", np.ones((3, 3))),
    "the real parts of what may be complex": (
        "w, v = np.linalg.eig(a + 0j); np.sum(np.real(w) ** 2) + np.sum(W[:2, :2] * np.imag(v)) + np.sum(np.real(v * w))",
        np.array([[0.5, 2.0], [-1.5, 0.7]])),
}  # fmt: skip


@pytest.mark.parametrize("text, a", INVARIANT.values(), ids=INVARIANT)
def test_what_is_determined_has_its_derivative(text: str, a: np.ndarray):
    f = program(text, W=W, Z=Z)
    found, expected = backprose.grad(f)(a), slope(lambda x: float(f(x)), a)
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-7)


REPEATED = {
    "a sum of eigenvalues": ("np.sum(np.linalg.eigh(a)[0] ** 3)", 3 * np.eye(3)),
    "a sum of eigenvalues alone": ("np.sum(np.linalg.eigvalsh(a) ** 3)", 3 * np.eye(3)),
    "a sum of eigenvalues of a general matrix": ("np.sum(np.real(np.linalg.eigvals(a + 0j) ** 3))", 3 * np.eye(3)),
    "a sum of them with their vectors": ("w, v = np.linalg.eig(a + 0j); np.sum(np.real(w**3))", 3 * np.eye(3)),
    "a sum of singular values": ("np.sum(np.linalg.svd(a)[1] ** 3)", 3 * np.eye(3)),
    "of a singular matrix": ("np.sum(np.linalg.svd(a)[1] ** 2)", np.ones((3, 3))),
}


@pytest.mark.parametrize("text, a", REPEATED.values(), ids=REPEATED)
def test_functions_that_treat_equal_values_alike_have_their_derivative(text: str, a: np.ndarray):
    f = program(text)
    read = np.tril if "eigh" in text or "eigvalsh" in text else np.asarray
    expected = slope(lambda x: float(f(x)), a)
    if read is np.tril:  # differences by one entry change two of a symmetric matrix
        assert np.all(backprose.grad(f)(a) == read(backprose.grad(f)(a)))
    np.testing.assert_allclose(backprose.grad(f)(a), expected, rtol=1e-6, atol=1e-6)


MADE_OF_REPEATED = {
    "a logarithm": ("w, v = np.linalg.eigh(a); np.sum(Z[:3, :3].real * ((v * np.log(w)) @ v.T))", np.eye(3)),
    "a product with a diagonal": ("w, v = np.linalg.eigh(a); np.sum(W[:3, :3] * (v @ np.diag(np.log(w)) @ v.T))", np.eye(3)),
    "a logarithm of a general matrix": (
        "w, v = np.linalg.eig(a + 0j); np.sum(W[:3, :3] * np.real((v * np.log(w)) @ np.linalg.inv(v)))", np.eye(3)),
    "zeros put together": ("u, s, vh = np.linalg.svd(a); np.sum(W[:2, :2] * ((u * s) @ vh))", np.zeros((2, 2))),
    "a tall matrix of rank 1": (
        "u, s, vh = np.linalg.svd(a, False); np.sum(W[:3, :2] * ((u * s) @ vh))", np.array([[2.0, 0.0], [0.0, 0.0], [0.0, 0.0]])),
}  # fmt: skip


@pytest.mark.parametrize("mode", ["rev", "fwd"])
@pytest.mark.parametrize("text, a", MADE_OF_REPEATED.values(), ids=MADE_OF_REPEATED)
def test_where_a_zero_does_not_tell_whether_vectors_count_nothing_finite_is_claimed(text: str, a: np.ndarray, mode: str):
    f, along = program(text, W=W, Z=Z), RNG.normal(size=a.shape)
    found = backprose.grad(f)(a) if mode == "rev" else backprose.jvp(f, (a,), (along,))[1]
    assert not np.all(np.isfinite(found))


SINGULAR = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])


@pytest.mark.parametrize("text, a", [
    ("u, s, vh = np.linalg.svd(a); np.sum(W[:3, :3] * u * u)", SINGULAR),
    ("u, s, vh = np.linalg.svd(a); np.sum(W[:3, :3] * np.real(u * np.conj(u)))", SINGULAR @ SINGULAR + 0j),
    ("u, s, vh = np.linalg.svd(a); np.sum(W[:3, :3] * vh * vh)", np.diag([3.0, 2.0, 0.0]) + 0 * SINGULAR),
    ("u, s, vh = np.linalg.svd(a); np.sum(W[:2, :2] * np.real(vh * np.conj(vh)))", cplx(2, 2)),
    ("u, s, vh = np.linalg.svd(a, False); np.sum(W[:2, :2] * vh * vh)", np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 0.0]])),
])  # fmt: skip
def test_a_single_value_0_leaves_the_vectors_their_derivative(text: str, a: np.ndarray):
    f = program(text, W=W)
    np.testing.assert_allclose(backprose.grad(f)(a), slope(lambda x: float(f(x)), a), rtol=1e-6, atol=1e-7)


UNDETERMINED = {
    "an eigenvector of a repeated eigenvalue": ("np.linalg.eigh(a)[1][0, 1]", np.eye(2)),
    "the phase of an eigenvector": ("np.real(np.linalg.eigh(a)[1][1, 0])", hermitian(3)),
    "the phase of a singular vector": ("np.real(np.linalg.svd(a)[0][1, 0])", cplx(3, 3)),
    "a vector of the null space": ("np.linalg.svd(a)[2][2, 0]", RNG.normal(size=(2, 4))),
    "a column that completes Q": ("np.linalg.qr(a, 'complete')[0][0, 3]", RNG.normal(size=(4, 2))),
    "a pseudoinverse that cuts off": ("np.sum(np.linalg.pinv(a, 0.5))", np.array([[1.0, 0.2], [0.2, 0.3]])),
}


@pytest.mark.parametrize("text, a", UNDETERMINED.values(), ids=UNDETERMINED)
def test_what_is_not_determined_has_no_finite_derivative(text: str, a: np.ndarray):
    assert not np.all(np.isfinite(backprose.grad(program(text))(a)))


@pytest.mark.parametrize("text", ["np.real(np.linalg.eig(a)[0][0])", "np.sum(np.real(np.linalg.eigvals(a)))"])
def test_eigenvalues_of_a_real_matrix_are_refused_for_they_may_be_complex(text: str):
    with pytest.raises(backprose.errors.CompileError, match="a \\+ 0j"):
        backprose.grad(program(text))(np.eye(2))


@pytest.mark.skipif(not NEW, reason="before NumPy 2 the sign of a complex determinant is read from a tuple")
def test_names_of_results_are_followed():
    f = program("r = np.linalg.svd(a); np.sum(r.S**2) + r.U[0, 0]")
    a = RNG.normal(size=(3, 3))
    np.testing.assert_allclose(backprose.grad(f)(a), slope(f, a), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("function", ["inv", "det", "eigvalsh", "svd"])
def test_second_derivatives_far_from_repeated_values(function: str):
    text = {"inv": "np.sum(np.linalg.inv(a) ** 2)", "det": "np.linalg.det(a) ** 2",
            "eigvalsh": "np.sum(np.linalg.eigvalsh(a) ** 3)", "svd": "np.sum(np.linalg.svd(a)[1] ** 3)"}[function]  # fmt: skip
    a, v = RNG.normal(size=(3, 3)) + np.diag([1.0, 4.0, 8.0]), RNG.normal(size=(3, 3))
    gradient = backprose.grad(program(text))
    along = function_from("def along(a):\n    return np.sum(v * gradient(a))\n", "along", {"gradient": gradient, "v": v})
    np.testing.assert_allclose(backprose.grad(along)(a), slope(along, a), rtol=1e-5, atol=1e-5)
