"""What the runtime calls exists in CuPy, with the parameters that it uses; read from its source and a record of CuPy.

The same of emitted code is checked whenever it is compiled (`codegen/cupy.check_functions`), here against the stand-in,
whose names and parameters are those of the record.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from standin import API

import backprose_runtime

FILES = sorted(Path(backprose_runtime.__file__).parent.glob("*.py"))
# NumPy's functions of types, indices and scalars, which have no array among their arguments.
ON_HOST = {"dtype", "can_cast", "generic", "integer", "inexact", "ndarray", "float64", "ndim", "shape", "size", "errstate", "flatiter",
           "isscalar", "number", "bool_", "result_type", "iscomplexobj", "issubdtype", "complexfloating", "floating"}  # fmt: skip


def calls(path: Path) -> Iterator[tuple[str, str, list[str], int]]:
    """What is called on an array module: (its name in the text, the function, keywords, line)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            text = ast.unparse(node.func)
            if not re.fullmatch(r"(array_module\(\w+\)|[\w.]+)\.\w+", text):
                continue  # a method of what a call gives
            owner, _, name = text.rpartition(".")
            if owner.partition(".")[0] in ("xp", "np") or owner.startswith("array_module("):
                inner = owner.partition(".")[2] if not owner.startswith("array_module(") else ""
                yield owner, f"{inner}.{name}".lstrip("."), [k.arg for k in node.keywords if k.arg], node.lineno


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_runtime_calls_what_cupy_has(path: Path):
    for owner, name, keywords, line in calls(path):
        if owner == "np" and name in ON_HOST:
            continue
        function, _, method = name.rpartition(".")
        if method in ("at", "reduce", "accumulate", "outer", "reduceat") and API.get(f"cupy.{function}") == "ufunc":
            continue
        entry = API.get(f"cupy.{name}", "absent")
        assert entry != "absent", f"{path.name}:{line}: CuPy has no {name}"
        allowed = ("out", "dtype", "casting") if entry == "ufunc" else entry if isinstance(entry, list) else keywords
        missing = [k for k in keywords if k not in allowed and not any(p.startswith("**") for p in allowed)]
        assert not missing, f"{path.name}:{line}: CuPy's {name} has no parameter {missing}"


def test_the_record_is_of_cupy():
    assert API["version"].split(".")[0].isdigit()
    assert sum(path.startswith("cupy.") for path in API) > 400
    assert API["cupy.add"] == "ufunc"
    assert "axis" in API["cupy.sum"]
    assert np.sum.__name__ in {path.rpartition(".")[2] for path in API}
