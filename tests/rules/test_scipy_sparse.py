"""`scipy.sparse` in programs: constant matrices, matrices that the function makes of stored values, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.linalg import cg, spsolve

import backprose
from backprose import errors
from check import slope

RNG = np.random.default_rng(3)
D, X = RNG.normal(size=5), RNG.normal(size=4)
ROWS, COLUMNS = np.array([0, 1, 4, 1, 2]), np.array([3, 0, 1, 0, 2])  # the entry (1, 0) twice
A = sparse.random(5, 4, density=0.5, format="csr", random_state=0)
SQUARE = sparse.csr_matrix(RNG.normal(size=(4, 4)))


# Constant matrices


def by_the_transpose(x):
    return np.sum(np.sin(A.T @ (A @ x)))


def by_dot(x):
    return np.sum(np.sin(A.dot(x))) + np.sum(np.cos(A.transpose().dot(A.dot(x))))


def from_the_left(x):
    return np.sum(np.sin(x.T @ A.T) * np.arange(5))


def times_of_a_matrix(x):
    return np.sum(np.sin(A * x))


def converted(x):
    return np.sum(np.sin(A.tocsc() @ x)) * A.shape[0] + np.sum(A.toarray() @ x**2) + A.nnz + A.ndim


def sum_and_multiple(x):
    return np.sum(np.sin((2.0 * A * 0.5 + A - A / 3.0 - (-A)) @ x))


def steps(x):
    for _ in range(3):
        x = np.tanh(SQUARE @ x) + x
    return np.sum(x)


def stored_values(x):
    return np.sum(A.data * np.sum(x**2))


def system(x):
    return np.sum(np.sin(spsolve(SQUARE.tocsc(), x)))


def identity(x):
    return np.sum(np.sin((SQUARE - sparse.eye(4)) @ x))


@pytest.mark.parametrize(
    "f",
    [by_the_transpose, by_dot, from_the_left, times_of_a_matrix, converted, sum_and_multiple, steps, stored_values, system,
     identity],
)  # fmt: skip
@pytest.mark.parametrize("x", [X, RNG.normal(size=(4, 3)), RNG.normal(size=(4, 1))], ids=["vector", "matrix", "column"])
def test_constant_matrix(f, x):
    np.testing.assert_allclose(backprose.grad(f)(x), slope(f, x), rtol=1e-6, atol=1e-8)
    backprose.check_grads(f, (x,), order=2)


CLASSES = [getattr(sparse, f"{f}_{kind}") for f in "csr csc coo bsr dia lil dok".split() for kind in ("matrix", "array")]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_matrix_as_an_argument(cls):
    def f(matrix, x):
        return np.sum(np.sin(matrix @ x))

    gradient = backprose.grad(f, argnums=1)
    for matrix in (cls(A), cls(2 * A)):
        expected = slope(lambda x: f(matrix, x), X)
        np.testing.assert_allclose(gradient(matrix, X), expected, rtol=1e-6, atol=1e-8)
    assert len(gradient.specializations) == 1
    assert gradient(cls(A.astype(np.float32)), X.astype(np.float32)).dtype == np.float32


def test_another_matrix_of_the_same_kind_is_read_anew():
    class Model:
        def __init__(self, matrix):
            self.matrix = matrix

        def loss(self, x):
            return np.sum(self.matrix @ x)

    model = Model(A)
    gradient = backprose.grad(lambda x: model.loss(x))
    np.testing.assert_allclose(gradient(X), A.toarray().sum(axis=0))
    model.matrix = 3 * A
    np.testing.assert_allclose(gradient(X), 3 * A.toarray().sum(axis=0))
    model.matrix.data[:] = 1.0
    np.testing.assert_allclose(gradient(X), (A.toarray() != 0).sum(axis=0))


def test_a_product_is_printed_as_it_was_written():
    gradient = backprose.grad(lambda x: np.sum(np.sin(A @ x)))
    gradient(X)
    assert "A.T @ np.cos(" in gradient.source


def test_a_large_matrix_is_never_made_dense():
    n = 200_000
    matrix = sparse.diags([np.ones(n), np.ones(n - 1)], [0, 1]).tocsr()  # 320 GB if it were dense

    def f(data, x):
        return np.sum((csr_matrix((data, matrix.indices, matrix.indptr), shape=(n, n)) @ (matrix @ x)) ** 2)

    data_bar, x_bar = backprose.grad(f, argnums=(0, 1))(matrix.data, np.ones(n))
    assert data_bar.shape == matrix.data.shape and x_bar.shape == (n,)


# Matrices of stored values


def compressed_rows(d, x):
    return np.sum(np.sin(csr_matrix((d, [0, 1, 1, 3, 0], [0, 1, 3, 3, 3, 5])) @ x))


def compressed_columns(d, x):
    return np.sum(np.sin(x.T @ sparse.csc_array((d, [0, 1, 1, 3, 0], [0, 1, 3, 3, 5]), shape=(4, 4))))


def coordinates(d, x):
    return np.sum(np.sin(coo_matrix((d, (ROWS, COLUMNS)), shape=(5, 4)) @ x))


def compressed_from_coordinates(d, x):
    return np.sum(np.sin(x.T @ sparse.csr_array((d, (COLUMNS, ROWS)), (4, 5), copy=True)))


def transposed_twice(d, x):
    m = coo_matrix((d, (ROWS, COLUMNS)), shape=(5, 4)).tocsr()
    return np.sum(np.tanh(m.T @ m.dot(x)))


def in_a_loop(d, x):
    m = coo_matrix((d, (ROWS, COLUMNS)), shape=(5, 4))
    for _ in range(3):
        x = np.tanh(m.T @ (m @ x))
    return np.sum(x)


def one_of_two(d, x):
    m = coo_matrix((d, (ROWS, COLUMNS)), shape=(5, 4)) if d[0] > 0 else coo_matrix((2 * d, (ROWS, COLUMNS)), shape=(5, 4))
    return np.sum(np.sin(m @ x))


def multiples(d, x):
    m = coo_matrix((d, (ROWS, COLUMNS)), shape=(5, 4))
    return np.sum(np.sin((d[0] * m) @ x) + (m * 2) * x + (-m / d[1]).dot(x))


def sums(d, x):
    m = coo_matrix((d, (ROWS, COLUMNS)), shape=(5, 4))
    return np.sum(np.sin((d[0] * A * 2.0 + A - m) @ x)) + np.sum((m - A + (A + m)) @ x)


def dense(d, x):
    return np.sum(np.sin(coo_matrix((d, (ROWS, COLUMNS)), shape=(5, 4)).toarray() @ x))


def diagonals(d, x):
    return np.sum(np.sin(sparse.diags([d[:4], d[1:4], d[0], 2.0], [0, -1, 1, 2], shape=(4, 4)) @ x))


def one_diagonal(d, x):
    return np.sum(np.sin(sparse.diags(d[:2], -2) @ x)) + np.sum(sparse.diags_array([d[:4]], offsets=[0]).T @ x)


def system_of_stored_values(d, x):
    values = np.concatenate([d**2 + 0.3, d[:1] ** 2 + 1])
    m = coo_matrix((values, ([0, 1, 2, 3, 0, 1], [0, 1, 2, 3, 3, 2])), shape=(4, 4)).tocsc()
    return np.sum(np.sin(spsolve(m, x)))


def asked_what_it_is(d, x):
    m = coo_matrix((d, (ROWS, COLUMNS)), shape=(5, 4))
    return np.sum(m @ x) if sparse.issparse(m) and m is not None and m.shape == (5, 4) else 0.0


@pytest.mark.parametrize(
    "f",
    [compressed_rows, compressed_columns, coordinates, compressed_from_coordinates, transposed_twice, in_a_loop, one_of_two,
     multiples, sums, dense, diagonals, one_diagonal, system_of_stored_values, asked_what_it_is],
)  # fmt: skip
@pytest.mark.parametrize("x", [X, RNG.normal(size=(4, 3)), RNG.normal(size=(4, 1))], ids=["vector", "matrix", "column"])
def test_stored_values(f, x):
    d_bar, x_bar = backprose.grad(f, argnums=(0, 1))(D, x)
    np.testing.assert_allclose(d_bar, slope(lambda d: f(d, x), D), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(x_bar, slope(lambda x: f(D, x), x), rtol=1e-5, atol=1e-7)
    value, tangent = backprose.jvp(f, (D, x), (np.ones_like(D), np.ones_like(x)))
    np.testing.assert_allclose(value, f(D, x))
    np.testing.assert_allclose(tangent, d_bar.sum() + x_bar.sum(), rtol=1e-9)


def test_a_matrix_shares_the_values_that_it_is_made_of():
    def f(d):
        values = d.copy()
        shared = coo_matrix((values, (ROWS, COLUMNS)), shape=(5, 4))
        copied = shared.tocsr()
        values[0] = 7.0
        return np.sum(shared @ X) + 10 * np.sum(copied @ X)

    value, gradient = backprose.value_and_grad(f)(D)
    np.testing.assert_allclose(value, f(D))
    np.testing.assert_allclose(gradient, slope(f, D), rtol=1e-6, atol=1e-8)


# Refusals


def made(d):
    return coo_matrix((d, (ROWS, COLUMNS)), shape=(5, 4))


REFUSED = [
    (lambda x: np.sum(A**2 @ x[:4]), "`pow` of a sparse matrix"),
    (lambda x: np.sum(np.dot(A, x[:4])), "`numpy.dot` of a sparse matrix"),
    (lambda x: np.sum(A + x[:4]), "write A.toarray() + x"),
    (lambda x: np.sum(x[:4] + A), "`add` of a sparse matrix"),
    (lambda x: np.sum(A.sum(axis=0) @ x[:4]), "`sum` of a sparse matrix"),
    (lambda x: np.sum(A[0] @ x[:4]), "`getitem` of a sparse matrix"),
    (lambda x: np.sum(x) if (A < 2).nnz else 0.0, "`lt` of a sparse matrix"),
    (lambda x: np.sum(x[0] * sparse.kron(A, A) @ x), "`scipy.sparse.kron`"),
    (lambda x: np.sum(cg(SQUARE, x[:4])[0]), "`scipy.sparse.linalg.cg`"),
    (lambda d: made(d), "returns a sparse matrix"),
    (lambda d: {"m": made(d)}, "returns a sparse matrix"),
    (lambda d: np.sum(made(d)), "`numpy.sum` of a sparse matrix"),
    (lambda d: made(d).sum(), "toarray, transpose and shape are known"),
    (lambda d: np.sum(d) if isinstance(made(d), coo_matrix) else 0.0, "`isinstance` of a sparse matrix"),
    (lambda d: np.sum(d) if type(made(d)) is coo_matrix else 0.0, "`type` of a sparse matrix"),
    (lambda d: np.sum((made(d) @ A.T).toarray()), "products of two sparse matrices"),
    (lambda d: np.sum((A.T @ made(d)).toarray()), "`matmul` of a sparse matrix"),
    (lambda d: np.sum(made(d) + np.ones((5, 4))), "the sum with a dense operand"),
    (lambda d: np.sum(made(d)[0].toarray()), "`getitem` of a sparse matrix"),
    (lambda d: np.sum(sparse.coo_array((d, (ROWS, COLUMNS))) * np.ones(4)), "`*` goes entry by entry"),
    (lambda d: np.sum(coo_matrix((d, (ROWS, COLUMNS)), dtype=np.float32) @ X), "data.astype"),
    (lambda d: np.sum(csr_matrix(np.outer(d, d)) @ d), "make a constant matrix outside"),
    (lambda d: np.sum(sparse.lil_matrix((5, 5)) @ d), "filled in place"),
    (lambda d: np.sum(sparse.dia_matrix((d, 0), shape=(5, 5)) @ d), "scipy.sparse.diags"),
    (lambda d: np.sum(sparse.diags([d], 0) @ d), "a diagonal is a vector"),
]


def test_products_entry_by_entry_of_a_constant_are_refused():
    matrix = sparse.csr_array(A)
    with pytest.raises(errors.CompileError, match="goes entry by entry"):
        backprose.grad(lambda x: np.sum(matrix * x))(X)


@pytest.mark.parametrize("f, words", REFUSED, ids=[words for _, words in REFUSED])
def test_what_has_no_rule_is_refused(f, words):
    with pytest.raises(errors.CompileError) as caught:
        backprose.vjp(f, D)
    assert words in str(caught.value)


def updated_values(d):
    A.data[0] = d[0]
    return np.sum(A @ d[:4])


def updated_entry(d):
    A[0, 0] = d[0]
    return np.sum(A @ d[:4])


def scaled_in_place(d):
    m = A
    m *= 2
    return np.sum(m @ d[:4])


def made_and_scaled_in_place(d):
    m = made(d)
    m *= 2
    return np.sum(m @ d[:4])


def made_and_updated(d):
    m = made(d)
    m.data[0] = 3.0
    return np.sum(m @ d[:4])


@pytest.mark.parametrize("f", [updated_values, updated_entry, scaled_in_place, made_and_scaled_in_place, made_and_updated])
def test_updates_in_place_are_refused(f):
    with pytest.raises(errors.CompileError):
        backprose.grad(f)(D)


def test_a_matrix_as_the_argument_that_is_asked_for():
    with pytest.raises(errors.NotDifferentiable, match="holds no floating-point number"):
        backprose.grad(lambda matrix, x: np.sum(matrix @ x))(A, X)
