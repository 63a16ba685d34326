"""docs/rules.md says what the table says; `pytest --update-golden` writes it anew."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


@pytest.fixture(scope="module")
def text() -> str:
    """The page as a process of its own prints it: other tests add rules of their own to the table."""
    code = "import sys; from page_of_rules import page; sys.stdout.buffer.write(page().encode())"
    command = [sys.executable, "-W", "ignore", "-c", code]
    return subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, check=True).stdout.decode()


def test_the_page_is_up_to_date(request, text):
    if request.config.getoption("--update-golden"):
        PAGE.write_text(text, encoding="utf-8")
    shown = PAGE.read_text(encoding="utf-8")
    same_version = f"NumPy {'.'.join(np.__version__.split('.')[:2])} " in shown
    assert text == shown or not same_version, "the table changed; `pytest --update-golden` writes the page anew"


def test_the_page_names_every_rule(text):
    """Whatever the version: the words are those of the docstrings."""
    for family in ("`np.sum`", "`np.matmul`", "`np.fft.fft`", "`scipy.special.erf`", "`f.reduceat`", "`.T`"):
        assert family in text
