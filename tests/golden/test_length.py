"""Emitted code is about as long as what an expert wrote for the same function, which `targets/` holds."""

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
LONGER = 1.25


def statements(function: ast.FunctionDef) -> int:
    """The statements in a function, without its docstring and itself."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return sum(isinstance(node, ast.stmt) for statement in body for node in ast.walk(statement))


@pytest.mark.parametrize("name", ["logistic", "newton", "mlp", "stencil"])
def test_emitted_code_is_short(name):
    golden = (FOLDER / f"{name}.golden").read_text(encoding="utf-8").split("# emitted:\n")[1]
    (emitted,) = [node for node in ast.parse(golden).body if isinstance(node, ast.FunctionDef)]
    written = ast.parse((FOLDER / "targets" / f"{name}.py").read_text(encoding="utf-8")).body
    (target,) = [node for node in written if isinstance(node, ast.FunctionDef) and node.name == emitted.name]
    assert statements(emitted) <= LONGER * statements(target)
