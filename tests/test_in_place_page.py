"""Each form of update that the page on updates in place lists is differentiated right."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests" / "memory"))
import oracle_of_memory

PAGE = (ROOT / "docs" / "in-place.md").read_text(encoding="utf-8")
FORMS = re.findall(r"^\| .*\| `(.*)` \|$", PAGE, re.MULTILINE)
(PROGRAM,) = re.findall(r"^```python\n(.*?^    \.\.\.\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
X = np.array([0.8, -0.3, 0.5, 1.2, -0.7])


def program(line: str, folder: Path):
    """The page's function with a line of the table in the place of its dots, from a file so that it has source text."""
    path = folder / "form_of_update.py"
    path.write_text(PROGRAM.replace("    ...\n", f"    {line}\n"), encoding="utf-8")
    namespace = {"__name__": path.stem}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), namespace)
    return namespace["form"]


@pytest.mark.parametrize("line", FORMS)
def test_form(line, tmp_path):
    unchanged = program("pass", tmp_path)(X.copy())
    updated = program(line, tmp_path)
    assert updated(X.copy()) != unchanged
    oracle_of_memory.check(updated, (X.copy(),))


def test_the_table_is_read_whole():
    rows = PAGE.split("| form | code |\n|---|---|\n")[1].split("\n\n")[0].splitlines()
    assert len(FORMS) == len(rows) > 30
