"""Options and profiles of the suite; the verifier runs between the passes of every compilation in it."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("BACKPROSE_VERIFY", "1")

COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("ci", max_examples=100, derandomize=True, database=None, **COMMON)
settings.register_profile("thorough", max_examples=3000, **COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden", action="store_true",
        help="write the golden files and the outputs in the pages anew, if what they show is right",
    )  # fmt: skip
    parser.addoption("--real-cupy", action="store_true", help="run tests/cupy on CuPy and a GPU, not on the stand-in")
