"""A file that was edited after it was imported: functions that moved are found, those that changed are refused."""

import importlib.util
import linecache
import time

import numpy as np
import pytest

from backprose import grad
from backprose.errors import SourceUnavailable
from backprose.frontend.source import read

TEXT = '''from __future__ import annotations
import numpy as np
SCALE = 2.0


def twice(f):
    return f


@twice
def f(x: float, k=3.0):
    """A sum."""
    y = np.sin(x) * k
    parts = [np.sum(v) for v in y]
    return sum(parts) + (lambda a: np.sum(a) * SCALE)(x)


class Model:
    def __init__(self, w):
        self.__w = w

    def loss(self, x):
        return super().__init__() or np.sum(self.__w * x)

    def again(self, x):
        return Model(x).again(again)


def make(a):
    def inner(x):
        return np.sum(a * x)
    return inner, lambda x: np.sum(a + x * x)


pair = (lambda x: np.sum(x * 2.0), lambda x: np.sum(x * 3.0))


def halved(x, n):
    return halved(x / 2, n - 1) if n else Model(x).loss(x)


def checked(x):
    assert x[0] > 0, "positive"
    return np.sum(x * x)
'''


@pytest.fixture
def loaded(tmp_path):
    path = tmp_path / "edited.py"

    def load(text=TEXT):
        path.write_text(text)
        spec = importlib.util.spec_from_file_location("edited", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module, path

    return load


def functions(module):
    inner, short = module.make(2.0)
    return [module.f, module.Model.loss, inner, short, *module.pair, module.checked, module.halved, module.Model.again]


def edit(path, *replacements):
    text = path.read_text()
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text + "\n# edited\n")
    linecache.checkcache(str(path))


def test_as_it_was_imported(loaded):
    module, _ = loaded()
    for function in functions(module):
        assert read(function).node.lineno >= function.__code__.co_firstlineno


def test_moved(loaded):
    module, path = loaded()
    before = [read(f).node for f in functions(module)]
    edit(path, ("SCALE = 2.0\n", "SCALE = 2.0\n\n\ndef other(x):\n    return x\n"))
    for function, node in zip(functions(module), before):
        assert read(function).node.lineno == node.lineno + 4
    assert grad(module.f)(np.array([0.5])) == pytest.approx(3 * np.cos(0.5) + 2)


@pytest.mark.parametrize(
    ("old", "new", "index"),
    [
        ("* k\n", "* k * 2\n", 0),
        ("np.sum(v) for", "np.max(v) for", 0),
        ("np.sum(a) * SCALE", "np.sum(a) * 2.5", 0),
        ("np.sum(self.__w * x)", "np.sum(self.__w + x)", 1),
        ("    return np.sum(a * x)", "    return np.sum(x)", 2),
        ("np.sum(a + x * x)", "np.sum(a - x * x)", 3),
        ("x * 2.0", "x * 2", 4),
        ("x * 3.0", "x * 2.0", 5),
        ("return np.sum(x * x)\n", "return np.sum(x + x)\n", 6),
    ],
)
def test_changed(loaded, old, new, index):
    module, path = loaded()
    edit(path, (old, new))
    for i, function in enumerate(functions(module)):
        if i != index:
            read(function)
            continue
        with pytest.raises(SourceUnavailable, match="has changed since it was imported"):
            read(function)


def test_gradient_of_a_changed_function_is_refused(loaded):
    module, path = loaded(TEXT.replace("np.sin(x) * k", "np.sin(x) * k * 1.5"))
    edit(path, ("np.sin(x) * k", "np.cos(x) * k"))
    with pytest.raises(SourceUnavailable, match="edited.py"):
        grad(module.f)(np.array([0.5]))


def test_reloaded(loaded):
    loaded()
    module, path = loaded(TEXT.replace("np.sin(x) * k", "np.cos(x) * k"))
    linecache.checkcache(str(path))
    assert grad(module.f)(np.array([0.5])) == pytest.approx(-3 * np.sin(0.5) + 2)


def test_assertions_that_pytest_rewrites():
    def positive(x):
        assert np.all(x > 0), "positive"
        return np.sum(x * x)

    assert read(positive).node.name == "positive"


def test_the_comparison_is_quick(loaded):
    module, _ = loaded()
    read(module.f)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        read(module.f)
        times.append(time.perf_counter() - start)
    assert min(times) < 1e-3
