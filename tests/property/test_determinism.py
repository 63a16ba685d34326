"""The same function gives the same text in every process, whatever the hash seed."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
import oracle
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from programs import arguments, programs

@settings(max_examples=25, derandomize=True, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(programs(depth=3, length=4))
def show(program):
    f, args = program.define(), arguments(program.params, 1)
    for paired in (False, True):
        try:
            print(oracle.compiled(f, args, tuple(range(len(program.params))), paired).emitted.source)
        except Exception as error:
            print(type(error).__name__)

show()
"""


def emitted(seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-W", "ignore", "-c", SCRIPT, str(Path(__file__).parent)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_text_is_the_same_in_every_process():
    one, other = emitted("1"), emitted("2")
    assert one == other
    assert one.count("def program") > 20
