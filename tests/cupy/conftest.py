"""The array module that the tests of CuPy's arrays run on: the stand-in, or with `--real-cupy` CuPy itself."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

for _folder in ("rules", "cupy"):
    sys.path.insert(0, str(Path(__file__).parent.parent / _folder))

import standin  # noqa: E402


@pytest.fixture
def cupy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")
    with np.errstate(all="ignore"):
        if request.config.getoption("--real-cupy"):
            yield importlib.import_module("cupy")
        else:
            with standin.installed() as module:
                yield module
