"""Reports: what is kept for the reverse sweep, who reads it, how many bytes it takes, and where derivatives end."""

from __future__ import annotations

import numpy as np

from backprose import checkpoint, differentiable, grad, hessian, stop_gradient, value_and_grad, vjp
from backprose.explaining import size_text

X = np.linspace(0.5, 2.0, 50)


def layer(w, x):
    h = np.tanh(w @ x)
    return np.sum(h * h)


def found(report, expression):
    (entry,) = [entry for entry in report if entry.expression == expression]
    return entry


def line_of(function, behind):
    """The line of the file that stands so many lines behind the `def`."""
    return function.__code__.co_firstlineno + behind


# What is kept


def test_values_in_straight_line_code():
    w = np.ones((4, 50))
    g = grad(layer, (0, 1))
    report = g.residuals(w, X)
    assert [entry.expression for entry in report] == ["w", "x", "h", "h * h"]
    h = found(report, "h")
    assert (h.line, h.bytes, h.form) == (line_of(layer, 1), 4 * 8, "in its variable")
    assert h.readers == (("h * h", line_of(layer, 2)),)
    assert found(report, "x").readers == (("w @ x", line_of(layer, 1)),)
    assert found(report, "x").bytes == 0 and found(report, "x").form == "the argument itself"
    assert found(report, "h * h").readers == (("np.tanh(w @ x)", line_of(layer, 1)),)  # 1 - h * h: computed once
    assert report.bytes == 64
    assert "Kept for the reverse sweep of `layer`, 64 bytes:" in str(report)
    assert grad(layer).explain().residuals.bytes is None


def pendulum(theta, steps, dt):
    q, p = theta[0], theta[1]
    for _ in range(steps):
        p = p - dt * np.sin(q)
        q = q + dt * p
    return q * q + p


def test_a_list_grows_with_the_iterations():
    g = grad(pendulum)
    sizes = [g.residuals(np.array([1.0, 0.5]), n, 0.01).bytes for n in (10, 110)]
    assert sizes[1] - sizes[0] == 100 * 8
    (entry,) = [e for e in g.explain().residuals if "list" in e.form]
    assert entry.expression == "q" and entry.readers == (("np.sin(q)", line_of(pendulum, 3)),)


def nested(x, n):
    for i in range(n):
        for j in range(2):
            x = np.sin(x)
    return np.sum(x)


def test_lists_of_lists():
    report = grad(nested).residuals(X, 5)
    (entry,) = [e for e in report if "list" in e.form]  # of whose entries the first is x itself
    assert entry.form == "in a list, one for each iteration of each loop" and entry.bytes == (5 * 2 - 1) * X.nbytes


def linear(u, n):
    for _ in range(n):
        u[1:-1] = u[1:-1] + 0.1 * (u[2:] - u[:-2])
    return np.sum(u)


def test_a_linear_loop_keeps_nothing_that_grows():
    g = grad(linear)
    assert g.residuals(X, 5).bytes == g.residuals(X, 50).bytes
    assert X[0] == 0.5 and X[-1] == 2.0


def shape_only(x):
    y = np.exp(x) * 2
    return np.mean(y)


def test_a_shape_alone():
    _, pullback = vjp(lambda x: np.sum(np.sin(x) + np.mean(np.floor(x))), X)
    assert not any(entry.bytes > 400 for entry in pullback.residuals)
    _, pullback = vjp(shape_only, X)
    report = pullback.residuals
    assert any(entry.form == "a shape alone" for entry in report)
    assert found(report, "np.exp(x)").bytes == 400
    assert report.bytes == sum(entry.bytes for entry in report)


def views(x):
    y = np.exp(x)
    return np.sum(y[:10] * y[10:20]) + np.sum(y[5:] ** 3)


def test_what_shares_memory_counts_once():
    assert grad(views).residuals(X).bytes == X.nbytes
    assert X.nbytes <= vjp(views, X)[1].residuals.bytes < X.nbytes + 50  # and some lengths


def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


def test_what_a_recursion_keeps_at_each_level():
    report = grad(power).residuals(1.2, 3)
    levels = found(report, "what power_forward keeps")
    assert levels.form == "a tuple, in which there is one for each level"
    assert grad(power).residuals(1.2, 30).bytes > 9 * report.bytes


def test_checkpoints_keep_less():
    def f(x):
        return np.sum(np.exp(np.sin(x)) * np.cos(x))

    again = checkpoint(f)
    assert grad(f).residuals(X).bytes > 1000
    assert grad(lambda x: again(x)).residuals(X).bytes == 0


def chosen(x, k):
    pairs = zip(x, x * x)
    if k:
        y = sum(a * b for a, b in pairs)
    else:
        y = sum(b for a, b in pairs)
    return y


def test_what_a_path_leaves_unbound():
    """There are as many pairs in either case; how many is known to one branch alone."""
    assert grad(chosen).residuals(X, 0).bytes <= grad(chosen).residuals(X, 1).bytes < 3 * X.nbytes


def test_effects_and_globals():
    report = grad(reads_a_global).residuals(X)
    assert found(report, "scale").form == "the global itself" and report.bytes == X.nbytes


scale = np.linspace(1.0, 2.0, 50)


def reads_a_global(x):
    return np.sum(np.exp(x * scale))


# Where derivatives end


def ends(a, b, c, d, e, x):
    k = int(b)
    s = stop_gradient(c) * 2
    y = np.round(a) * k + s
    return y * len(x) if d > 0 else y * 2.0


def test_why_a_gradient_is_zero():
    g = grad(ends, tuple(range(6)))
    g(1.2, 3.4, 1.0, 2.0, 3.0, X)
    a, b, c, d, e, x = g.explain().arguments
    assert [argument.active for argument in (a, b, c, d, e, x)] == [False] * 6
    assert [(s.expression, s.line, s.why) for s in a.stops] == [("np.round(a)", line_of(ends, 3), "is piecewise constant")]
    assert [(s.expression, s.why) for s in b.stops] == [("int(b)", "gives whole numbers")]
    assert [(s.expression, s.why) for s in c.stops] == [("stop_gradient(c)", "stops it")]
    assert d.stops[0].expression == "d > 0" and "comparison" in d.stops[0].why
    assert (e.why, e.stops) == ("is not read", ())
    assert [(s.expression, s.why) for s in x.stops] == [("len(x)", "reads the shape only")]
    text = str(g.explain())
    assert f"a has the derivative 0, for it does not pass\n    `np.round(a)`, line {line_of(ends, 3)}: is piecewise" in text


def partly(x, y):
    z = x * x
    unused = y * x
    if x > 1.0:
        z = z + np.floor(x)
    return z


def test_where_an_active_argument_does_not_count():
    g = grad(partly, (0, 1))
    g(1.5, 2.0)
    x, y = g.explain().arguments
    assert x.active and [stop.expression for stop in x.stops] == ["x > 1.0", "np.floor(x)"]
    assert not y.active and y.why in ("does not reach the result", "is not read")
    assert "x has a derivative, but not through\n" in str(g.explain())


def control(x, y):
    total = 0.0
    while total < y:
        total = total + x
    for i in range(int(np.ceil(y))):
        total = total * x
    return total


def test_numbers_of_iterations():
    g = grad(control, (0, 1))
    g(1.5, 2.5)
    x, y = g.explain().arguments
    assert x.active and not y.active
    assert [stop.expression for stop in y.stops] == ["total < y", "np.ceil(y)"]


# One line


def test_one_line():
    g = grad(partly, (0, 1))
    g(1.5, 2.0)
    line = line_of(partly, 4)
    text = str(g.explain(line=line))
    assert f"Line {line}: z = z + np.floor(x)" in text
    assert f"No derivative by x passes\n    `np.floor(x)`, line {line}: is piecewise constant" in text
    assert "x > 1.0" not in text
    assert "Its derivative reads:\n  x: the argument itself" in str(g.explain(line=line_of(partly, 1)))
    assert "Nothing is kept of it" in str(g.explain(line=1))
    g = grad(pendulum)
    g(X[:2], 3, 0.1)
    assert "Kept of it for the reverse sweep" in str(g.explain(line_of(pendulum, 2)))


# Where it is offered


@differentiable
def annotated(x: "f8[:]", k: float = 2.0):
    return k * np.sum(np.sin(x) ** 3)


def test_on_whatever_is_a_derivative():
    assert str(annotated.explain()).startswith("Gradient of `annotated`, for x: f64[N], k: float")
    assert annotated.residuals(X).bytes == 50 * 8
    assert str(value_and_grad(layer).explain()).startswith("Value and gradient of `layer`")
    assert str(hessian(annotated.fun).explain()).startswith("Hessian of `annotated`")
    _, pullback = vjp(layer, np.ones((4, 50)), X)
    assert str(pullback.explain()).startswith("Pullback of `layer`, for w: f64[N, N], x: f64[N]")
    assert found(pullback.residuals, "x").bytes == X.nbytes  # it keeps a copy: the caller may change x
    report = grad(variadic).residuals(X, X, X, scale=2.0)
    assert report.bytes > 0


def variadic(x, *others, scale=1.0):
    for y in others:
        x = np.sin(x) * y
    return np.sum(x) * scale


def test_before_a_call_the_kinds_come_from_annotations():
    assert grad(layer).explain().signature == "w: number, x: number"


def test_sizes_in_words():
    assert [size_text(n) for n in (0, 1, 999, 1500, 80_000_000, 2 * 10**9)] == [
        "0 bytes", "1 byte", "999 bytes", "1.5 kB", "80 MB", "2 GB",
    ]  # fmt: skip
