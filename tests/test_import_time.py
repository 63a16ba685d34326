"""Importing backprose costs little more than importing NumPy."""

from __future__ import annotations

import re
import subprocess
import sys

ALLOWED_MILLISECONDS = 40


def milliseconds_over_numpy() -> float:
    """What `import backprose` takes in a fresh process that has NumPy already, by Python's own clock."""
    command = [sys.executable, "-X", "importtime", "-c", "import numpy; import backprose"]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    (cumulative,) = re.findall(r"^import time: +\d+ \| +(\d+) \| backprose$", report, re.MULTILINE)
    return int(cumulative) / 1000


def test_import_is_quick():
    assert min(milliseconds_over_numpy() for _ in range(5)) <= ALLOWED_MILLISECONDS
