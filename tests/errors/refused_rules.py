"""Users' rules that are refused; the defaults are what they are called with, errors stand on the guilty lines."""

import numpy as np

from backprose import custom_jvp, custom_vjp

V = np.array([0.3, -1.2, 2.0])


@custom_vjp
def short(x):
    return x * 2


short.defvjp(lambda x: (x * 2, None), lambda _, y_bar: (y_bar, y_bar))


@custom_vjp
def summed(x):
    return x * 2


summed.defvjp(lambda x: (x * 2, None), lambda _, y_bar: (np.sum(y_bar),))


@custom_vjp
def unstated(x):
    return x * 2


@custom_vjp(nondiff_argnums=("f",))
def applied(f, x):
    return f(x)


applied.defvjp(lambda f, x: (f(x), x), lambda f, x, y_bar: (y_bar * x,))


@custom_vjp
def overwriting(x):
    x[0] = 1.0
    return x


overwriting.defvjp(lambda x: (x * 1, None), lambda _, y_bar: (y_bar,))


@custom_jvp
def squared_tangent(x):
    return x * 2


squared_tangent.defjvp(lambda primals, tangents: (primals[0] * 2, tangents[0] ** 2))


def too_many_cotangents(v=V):
    return np.sum(short(v))  # RuleMismatch: the rule `<lambda>` of `short` does not fit


def another_rank(v=V):
    return np.sum(summed(v))  # RuleMismatch: the rule `<lambda>` of `summed` does not fit


def no_rule_yet(v=V):
    return np.sum(unstated(v))  # NotDifferentiable: `unstated` has no derivative rule yet


def captures_an_active_value(v=V):
    return np.sum(applied(lambda t: t * v, v))  # NotDifferentiable: the function `f` that is passed to `applied` captures `v`, which depends on what is differentiated


def writes_to_its_argument(v=V):
    return np.sum(overwriting(v * 1))  # UnsupportedUpdate: `overwriting` writes to its argument `x`


def tangent_not_linear(v=V):
    return np.sum(squared_tangent(v))  # NotDifferentiable: the tangent that the rule of `squared_tangent` gives is not linear in the tangents


def rule_stated_inside(x=0.5):
    def square(t):
        return t * t

    return custom_vjp(square)(x)  # UnsupportedCall: a rule is stated inside a function that is differentiated
