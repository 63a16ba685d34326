"""Finding a function's tree: absolute positions, whatever way the function was defined."""

import ast
import doctest
import functools
import importlib
import linecache

import pytest

from backprose.errors import SourceUnavailable
from backprose.frontend.lower import lower
from backprose.frontend.source import read
from backprose.ir.interpret import interpret
from backprose.ir.walk import all_ops
from backprose.pipeline import lowered

PAIR = (lambda x: x + 1, lambda x: x + 2, lambda y: lambda x: x + y)
SAME = [lambda: 1, lambda: 1]
NESTED = lambda a, k=(lambda b: b): (lambda c: c)  # noqa: E731


def doubled(function):
    @functools.wraps(function)
    def wrapper(*args):
        return 2 * function(*args)

    return wrapper


@doubled
def wrapped(x):
    return x + 1


class Outer:
    class Inner:
        def method(self, x):
            return x * self.__weight

        @staticmethod
        @doubled
        def static(x):
            return x


def text_of(node, file=__file__):
    return ast.get_source_segment("".join(linecache.getlines(file)), node)


@pytest.mark.parametrize("function, text", list(zip(PAIR, ("x + 1", "x + 2", "lambda x: x + y"))))
def test_lambdas_on_one_line(function, text):
    assert text_of(read(function).node.body) == text


def test_equal_and_nested_lambdas():
    assert read(SAME[0]).node.col_offset < read(SAME[1]).node.col_offset
    bodies = [text_of(read(f).node.body) for f in (NESTED, NESTED(1), NESTED.__defaults__[0])]
    assert bodies == ["lambda c: c", "c", "b"]


def test_a_wrapper_is_itself_the_function():
    assert read(wrapped).node.name == "wrapper"
    assert [v.name for v in lower(wrapped).params] == ["args"]
    assert interpret(lower(wrapped), (3,), cells={"function": lambda x: x + 1}) == 8


def test_methods():
    source = read(Outer().Inner().method)
    assert (source.node.name, source.class_name) == ("method", "Inner")
    assert source.first_line == Outer.Inner.method.__code__.co_firstlineno == source.node.lineno
    names = [op.attrs["name"] for op in all_ops(lower(Outer.Inner.method).region) if op.name == "getattr"]
    assert names == ["_Inner__weight"]
    assert read(Outer.Inner.static).node.name == "wrapper"


def test_positions_are_those_of_the_file():
    def function(x):
        größe = "é"; return größe + x  # noqa: E702

    (op,) = [op for op in all_ops(lower(function).region) if op.name == "call"]
    line = linecache.getline(op.loc.file, op.loc.line)
    assert op.loc.file == __file__
    assert line[op.loc.col : op.loc.end_col] == "größe + x"
    assert op.loc.function == "function"


def test_decorated_and_defined_twice():
    found = []
    for number in (1, 2):
        if number == 1:
            def f(x): return 1  # noqa: E704
        else:
            def f(x): return 2  # noqa: E704
        found.append(f)
    assert [interpret(lower(f), 0) for f in found] == [1, 2]


def test_doctest():
    """
    >>> f = lambda x: x * 7
    >>> from backprose.frontend.lower import lower
    >>> from backprose.ir.interpret import interpret
    >>> interpret(lower(f), 6)
    42
    """
    results = doctest.DocTestRunner(verbose=False)
    for test in doctest.DocTestFinder().find(test_doctest, globs={}):
        assert not results.run(test).failed


def test_code_made_at_run_time():
    text = "def f(x):\n    return x + 40\n"
    space = {}
    exec(compile(text, "<made>", "exec"), space)
    with pytest.raises(SourceUnavailable, match="can't be read"):
        read(space["f"])
    linecache.cache["<made>"] = (len(text), None, text.splitlines(True), "<made>")
    assert interpret(lower(space["f"]), 2) == 42


@pytest.mark.parametrize(
    "text", ["def f(x): return y\n", "def f(x):\n  y = 1\n", "def g(x): pass\n", "def f(:\n", "\ndef f(x): pass"]
)
def test_a_changed_file(text):
    space = {}
    exec(compile("def f(y): return y\n", "<changed>", "exec"), space)
    linecache.cache["<changed>"] = (len(text), None, text.splitlines(True), "<changed>")
    with pytest.raises(SourceUnavailable):
        lower(space["f"])


@pytest.mark.parametrize("thing", [len, print, 3, functools.partial(len)])
def test_no_source(thing):
    with pytest.raises(SourceUnavailable, match="no Python source"):
        read(thing)


def test_equal_functions_of_two_files_have_places_of_their_own(tmp_path, monkeypatch):
    """Their code objects are equal, for these do not compare files."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("equal_first", "equal_second"):
        (tmp_path / f"{name}.py").write_text("def f(x):\n    return x * x\n")
        assert lowered(importlib.import_module(name).f).loc.file == str(tmp_path / f"{name}.py")
