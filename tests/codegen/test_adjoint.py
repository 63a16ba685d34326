"""The adjoint of a straight line, written by hand as IR, comes out as an expert would write it."""

import operator

import numpy as np

from backprose.codegen.python import emit
from backprose.ir.build import Builder
from backprose.ir.kinds import Array, Scalar
from backprose.ir.nodes import Function, Loc, Module, Value

VECTOR, MATRIX, FLOAT = Array("float64", ("N",)), Array("float64", ("N", "N")), Scalar("float64")

LOGISTIC = '''\
import numpy as np


def loss_value_and_grad(w, x, y):
    """Value of `loss` and its gradient with respect to w (reverse mode)."""
    # forward
    z = x @ w                                   # L7
    e = np.exp(-z)                              # L8
    p = 1 / (1 + e)
    q = 1 - p                                   # L9
    r = 1 - y
    value = -np.mean(y * np.log(p) + r * np.log(q))
    # backward
    p_bar = (r / q - y / p) / p.size            # L9
    z_bar = p_bar * e * p ** 2                  # L8
    w_bar = x.T @ z_bar                         # L7
    return value, w_bar                         # L9
'''


def logistic():
    w, x, y = Value("w", VECTOR), Value("x", MATRIX), Value("y", VECTOR)
    b = Builder()

    def at(line, sweep=""):
        b.loc = Loc("logistic.py", line, 0, line, 10, "loss", sweep)

    def call(fn, *args, kind=VECTOR, **options):
        return b.call(getattr(operator, fn, None) or getattr(np, fn), *args, kind=kind, **options)

    at(7)
    z = call("matmul", x, w, name="z")
    at(8)
    one = b.const(1)
    e = call("exp", call("neg", z))
    p = call("truediv", one, call("add", one, e), name="p")
    at(9)
    q, r = call("sub", one, p, name="q"), call("sub", one, y, name="r")
    total = call("add", call("mul", y, call("log", p)), call("mul", r, call("log", q)))
    value = call("neg", call("mean", total, kind=FLOAT), kind=FLOAT)
    at(9, "reverse")
    quotients = call("sub", call("truediv", r, q), call("truediv", y, p))
    p_bar = call("truediv", quotients, b.getattr(p, "size", Scalar("int")), name="p_bar")
    at(8, "reverse")
    z_bar = call("mul", call("mul", p_bar, e), call("pow", p, b.const(2)), name="z_bar")
    at(7, "reverse")
    w_bar = call("matmul", b.call(np.transpose, x, kind=MATRIX, method="T"), z_bar, name="w_bar")
    at(9)
    doc = "Value of `loss` and its gradient with respect to w (reverse mode)."
    loc = Loc("logistic.py", 6, 0, 9, 10, "loss")
    return Function("loss_value_and_grad", b.region([w, x, y], [b.tuple([value, w_bar])]), loc, doc)


def test_a_straight_line():
    assert emit(Module({"loss_value_and_grad": logistic()})).source == LOGISTIC
