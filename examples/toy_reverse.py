"""Reverse mode by rewriting source, in miniature: the whole idea of Backprose on one page.

The function below is read as text, broken into steps of one operation each, and written out again with a second
half that visits the steps backwards. If `t = a * b`, and `t_bar` says how the result moves when `t` moves, then `t`
hands on `a_bar += t_bar * b` and `b_bar += t_bar * a`. That is all; the rest of a compiler is language.
"""

import ast
import inspect
import math

import numpy as np


def f(x, y):
    u = x * y + math.sin(x)
    v = math.exp(-u) / (1 + x * x)
    return u * v - y


# One line an operation: what its result t, with adjoint d, hands on to each operand a, b.
RULES = {
    "{a}": ("{d}",),
    "-{a}": ("-{d}",),
    "{a} + {b}": ("{d}", "{d}"),
    "{a} - {b}": ("{d}", "-{d}"),
    "{a} * {b}": ("{d} * {b}", "{d} * {a}"),
    "{a} / {b}": ("{d} / {b}", "-{d} * {t} / {b}"),
    "math.sin({a})": ("{d} * math.cos({a})",),
    "math.exp({a})": ("{d} * {t}",),
}
OPERATORS = {ast.Add: "{a} + {b}", ast.Sub: "{a} - {b}", ast.Mult: "{a} * {b}", ast.Div: "{a} / {b}", ast.USub: "-{a}"}


def flatten(function):
    """The parameters, the steps (t, operation, operands) with one operation each, and the result's name."""
    (definition,) = ast.parse(inspect.getsource(function)).body
    parameters, steps = [parameter.arg for parameter in definition.args.args], []

    def visit(node, target=None):
        """Append the steps that compute `node` and return the name, or the literal, that holds its value."""
        if isinstance(node, (ast.Name, ast.Constant)):
            if target is None:
                return ast.unparse(node)
            operation, operands = "{a}", [node]
        elif isinstance(node, (ast.BinOp, ast.UnaryOp)):
            operation = OPERATORS.get(type(node.op))
            operands = [node.operand] if isinstance(node, ast.UnaryOp) else [node.left, node.right]
        else:
            operation, operands = ast.unparse(getattr(node, "func", node)) + "({a})", getattr(node, "args", [])
        if operation not in RULES:
            raise SyntaxError(f"no rule for {ast.unparse(node)}")
        operands = [visit(operand) for operand in operands]
        name = target or f"t{len(steps)}"
        if name in parameters or name in [t for t, _, _ in steps]:
            raise SyntaxError(f"{name} is bound twice, so its old value would be lost on the way back")
        steps.append((name, operation, operands))
        return name

    *assignments, last = definition.body
    for statement in assignments:
        visit(statement.value, statement.targets[0].id)
    return parameters, steps, visit(last.value, "out")


def gradient_source(function):
    """The source of a function that returns the gradient: the steps, and then the steps backwards."""
    parameters, steps, result = flatten(function)
    lines = [f"def {function.__name__}_grad({', '.join(parameters)}):"]
    lines += [f"{t} = " + operation.format(**dict(zip("ab", operands))) for t, operation, operands in steps]
    lines.append(f"{result}_bar = 1.0")
    begun = {result}  # whose adjoint has a first contribution: that one is `=`, the later ones are `+=`
    for t, operation, operands in reversed(steps):
        for operand, rule in zip(operands, RULES[operation]):
            if t in begun and operand.isidentifier():
                contribution = rule.format(t=t, d=f"{t}_bar", **dict(zip("ab", operands)))
                lines.append(f"{operand}_bar {'+=' if operand in begun else '='} {contribution}")
                begun.add(operand)
    lines.append("return " + ", ".join(f"{name}_bar" if name in begun else "0.0" for name in parameters))
    return "\n    ".join(lines)


source = gradient_source(f)
print(f"{inspect.getsource(f)}\n# becomes\n\n{source}\n")
exec(source)
f_grad = locals()["f_grad"]

x, y, h = 0.7, -1.3, 1e-6
differences = (f(x + h, y) - f(x - h, y)) / (2 * h), (f(x, y + h) - f(x, y - h)) / (2 * h)
np.testing.assert_allclose(f_grad(x, y), differences, rtol=1e-8)
print("f_grad      ", *f_grad(x, y))
print("differences ", *differences)
