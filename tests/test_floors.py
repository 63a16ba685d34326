"""The floors: api (with its parts) -> pipeline -> {frontend, transform, codegen} -> analysis -> rules -> ir -> errors.

Downward only. Imports are read from the source, so also those inside functions and under TYPE_CHECKING are seen.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
COMPILER = ROOT / "compiler"
RUNTIME = ROOT / "runtime"

FLOORS = [
    {"errors"},
    {"ir"},
    {"rules"},
    {"analysis"},
    {"frontend", "transform", "codegen"},  # siblings, which never import each other
    {"pipeline"},
    {"known", "steps"},
    {"signatures"},
    {"annotations", "variadic"},
    {"keys", "twins"},
    {"alike"},
    {"dispatch"},
    {"explaining"},
    {"second_part"},
    {"checkpoint", "custom", "derivative", "pullback", "standalone"},
    {"forward", "jacobians"},
    {"api"},
    {"checking", "samples"},
    {"__init__"},
    {"__main__"},
]
LEVEL = {part: level for level, parts in enumerate(FLOORS) for part in parts}

REQUIRED = {"numpy", "astor"}
OPTIONAL = {"numba", "cupy", "pandas", "scipy"}  # only inside functions: importing backprose must not load them
OPTIONAL_IN = {"backprose.rules.of_scipy": "scipy"}  # but in the rules of a library, which are imported after it
HEAVY = ("scipy", "numba", "cupy", "pandas", "jax", "torch", "sklearn")


def module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, root: Path) -> Iterator[tuple[str, int, bool]]:
    """Each imported module, absolute, with its line and whether the import stands outside every function."""
    package = module_name(path, root).split(".")
    if path.name != "__init__.py":
        package = package[:-1]

    def visit(node: ast.AST, outside: bool) -> Iterator[tuple[str, int, bool]]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, outside
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:  # `from backprose import ir` names a module; `from backprose.ir import walk` too
                yield f"{module}.{alias.name}", node.lineno, outside
        inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            yield from visit(child, outside and not inside)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")), True)


def part_of(module: str) -> str:
    """`backprose.ir.walk` -> `ir`, `backprose` -> `__init__`; a public name of `backprose` counts as `__init__`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LEVEL else "__init__"


def sources(root: Path, package: str) -> list[Path]:
    return sorted((root / package).rglob("*.py"))


def check_compiler_file(path: Path, root: Path = COMPILER) -> list[str]:
    """What the floors forbid in one file of the compiler, one complaint each."""
    complaints = []
    importer, package = part_of(module_name(path, root)), module_name(path.parent, root)
    for module, line, outside in imports(path, root):
        top = module.split(".")[0]
        where = f"{path.relative_to(root)}:{line}"
        if top == "backprose":
            imported = part_of(module)
            if imported != importer and LEVEL[imported] >= LEVEL[importer]:
                complaints.append(f"{where}: {importer} must not import {imported}")
        elif top in OPTIONAL and outside and OPTIONAL_IN.get(package) != top:
            complaints.append(f"{where}: {top} is optional; import it inside the function that needs it")
        elif top not in REQUIRED | OPTIONAL | {"backprose_runtime"} | sys.stdlib_module_names:
            complaints.append(f"{where}: {top} is not a dependency")
    return complaints


@pytest.mark.parametrize("path", sources(COMPILER, "backprose"), ids=lambda path: module_name(path, COMPILER))
def test_compiler_imports_go_downward(path):
    assert check_compiler_file(path) == []


def test_every_part_of_the_compiler_has_a_floor():
    entries = (COMPILER / "backprose").iterdir()
    parts = {path.stem for path in entries if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert parts <= LEVEL.keys()


@pytest.mark.parametrize("path", sources(RUNTIME, "backprose_runtime"), ids=lambda path: module_name(path, RUNTIME))
def test_runtime_needs_only_numpy(path):
    allowed = {"numpy", "backprose_runtime"} | sys.stdlib_module_names
    inside = {"scipy"} if path.stem in ("sparse", "interpolation") else set()  # which the program that calls it has imported
    needed = [(m.split(".")[0], outside) for m, _, outside in imports(path, RUNTIME)]
    assert [name for name, outside in needed if name not in allowed | (set() if outside else inside)] == []


@pytest.mark.parametrize(
    "part, text, forbidden",
    [
        ("ir", "from backprose.errors import InternalError", False),
        ("ir", "from . import walk", False),
        ("transform", "from ..ir import nodes", False),
        ("transform", "from backprose.codegen import names", True),
        ("transform", "from ..codegen import names", True),
        ("ir", "from backprose import rules", True),
        ("rules", "import backprose.analysis.kinds", True),
        ("rules", "def f():\n    import backprose.api", True),
        ("rules", "import backprose", True),
        ("codegen", "import numba", True),
        ("codegen", "def f():\n    import numba", False),
        ("codegen", "def f():\n    import jax", True),
    ],
)
def test_the_check_itself(tmp_path, part, text, forbidden):
    path = tmp_path / "backprose" / part / "sample.py"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert bool(check_compiler_file(path, tmp_path)) is forbidden


def test_importing_backprose_loads_no_heavy_package():
    program = f"import sys, backprose; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_importing_the_runtime_loads_no_compiler():
    program = "import sys, backprose_runtime; print(*[name for name in ('backprose', 'astor') if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
