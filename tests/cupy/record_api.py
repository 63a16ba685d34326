"""Writes `cupy_api.json`: the public names of the CuPy that is installed, with the parameters of its functions.

    python tests/cupy/record_api.py

CuPy can be imported, and so recorded, without a GPU.
"""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

MODULES = (
    "cupy", "cupy.linalg", "cupy.fft", "cupy.random", "cupy.lib.stride_tricks", "cupyx.scipy.special", "cupyx.scipy.linalg",
    "cupyx.scipy.signal", "cupyx.scipy.ndimage", "cupyx.scipy.interpolate", "cupyx.scipy.fft", "cupyx.scipy.sparse",
    "cupyx.scipy.stats",
)  # fmt: skip
FILE = Path(__file__).parent / "cupy_api.json"


def entry(value: Any) -> Any:
    """"ufunc", the names of a function's parameters, "object" for a class or a constant, None where nothing is told."""
    if hasattr(value, "nin") and hasattr(value, "nargs"):
        return "ufunc"
    if isinstance(value, type) or not callable(value):
        return "object"
    try:
        parameters = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    return [("*" if p.kind is p.VAR_POSITIONAL else "**" if p.kind is p.VAR_KEYWORD else "") + p.name for p in parameters]


def record() -> dict[str, Any]:
    import cupy

    found: dict[str, Any] = {"version": cupy.__version__}
    for path in MODULES:
        module = importlib.import_module(path)
        for name in sorted(dir(module)):
            if not name.startswith("_") and not inspect.ismodule(getattr(module, name)):
                found[f"{path}.{name}"] = entry(getattr(module, name))
    for name in sorted(dir(cupy.ndarray)):
        if not name.startswith("_"):
            found[f"cupy.ndarray.{name}"] = entry(getattr(cupy.ndarray, name))
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(record(), indent=0) + "\n", encoding="utf-8")
