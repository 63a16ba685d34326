"""docs/rules.md says what the table says; `pytest --update-golden` writes it anew."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from page_of_rules import page  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def test_the_page_is_up_to_date(request):
    text = page()
    if request.config.getoption("--update-golden"):
        PAGE.write_text(text)
    shown = PAGE.read_text()
    same_version = f"NumPy {'.'.join(np.__version__.split('.')[:2])} " in shown
    assert text == shown or not same_version, "the table changed; `pytest --update-golden` writes the page anew"


def test_the_page_names_every_rule():
    """Whatever the version: the words are those of the docstrings."""
    text = page()
    for family in ("`np.sum`", "`np.matmul`", "`np.fft.fft`", "`scipy.special.erf`", "`f.reduceat`", "`.T`"):
        assert family in text
