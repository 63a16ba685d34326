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


# Programs that update in place; the messages of those that are refused name two variables.
IN_PLACE = """
import inspect, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], str(Path(sys.argv[1]).parent / "memory")]
import numpy as np
import oracle
import conditional_programs, memory_programs, rebound_programs, trap_memory_programs

for module in (conditional_programs, memory_programs, rebound_programs, trap_memory_programs):
    for name, f in vars(module).items():
        if not inspect.isfunction(f) or f.__module__ != module.__name__:
            continue
        count = len(inspect.signature(f).parameters)
        args = tuple(np.linspace(0.1, 0.9, 9).reshape(3, 3) + i for i in range(count))
        try:
            print(oracle.compiled(f, args, tuple(range(count))).emitted.source)
        except Exception as error:
            print(name, type(error).__name__, error)
"""


def emitted(script: str, seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-W", "ignore", "-c", script, str(Path(__file__).parent)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


def test_text_is_the_same_in_every_process():
    one, other = emitted(SCRIPT, "1"), emitted(SCRIPT, "2")
    assert one == other
    assert one.count("def program") > 20


def test_refusals_are_the_same_in_every_process():
    texts = {emitted(IN_PLACE, seed) for seed in ("1", "2", "3")}
    assert len(texts) == 1
    text = texts.pop()
    assert text.count("def ") > 50 and text.count("share memory") > 1
