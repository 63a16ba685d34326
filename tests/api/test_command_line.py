"""The command line: what it writes, that it is deterministic and stands by itself, and its errors."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from backprose import value_and_grad
from backprose.__main__ import main
from backprose.annotations import SignatureError, parse_kind, parse_signature

MODEL = '''
from collections import namedtuple
import backprose, numpy as np

rate = 0.5
table = np.ones(3)
Pair = namedtuple("Pair", "a b")
print("imported", end="")


def loss(w, x, y):
    z = x @ w
    return rate * np.mean((z - y) ** 2)


def annotated(x: "f8[:]", k: float = 2.0):
    return k * np.sum(x**2)


def mlp(params, x):
    h = x
    for layer in params:
        h = np.tanh(h @ layer["w"] + layer["b"])
    return np.sum(h)


def reads_an_array(w):
    return np.sum(w * table)


def takes_a_pair(x):
    return np.sum(Pair(x, x).a)


def returns_aux(x):
    return x


def straight_through(x: "f8[:]"):
    return np.sum(backprose.stop_gradient(x) * x)


class Model:
    @staticmethod
    def energy(x):
        return np.sum(x * x)
'''


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "model_of_test.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("model_of_test", None)


def run(folder, *arguments):
    return subprocess.run([sys.executable, *arguments], cwd=folder, capture_output=True, text=True)


def load(path):
    namespace = {"__name__": "loaded"}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    return namespace


def test_emit_writes_a_module_that_stands_by_itself(folder):
    arguments = ["emit", "model_of_test:loss", "--wrt", "w", "--signature", "f8[:], f8[:,:], f8[:]", "--value"]
    result = run(folder, "-m", "backprose", *arguments, "-o", "out.py")
    assert (result.returncode, result.stderr) == (0, "")
    text = (folder / "out.py").read_text()
    assert text.startswith("# Emitted by backprose ")
    assert "from model_of_test:loss\n# for w: f64[N], x: f64[N, N], y: f64[N]\n" in text
    assert "\nimport numpy as np\n\nrate = 0.5\n\n\ndef loss_value_and_grad(w, x, y):\n" in text
    assert str(folder) not in text
    program = "import sys, out; print('backprose' in sys.modules or 'model_of_test' in sys.modules)"
    assert run(folder, "-c", program).stdout == "False\n"

    from model_of_test import loss

    rng = np.random.default_rng(0)
    w, x, y = rng.normal(size=3), rng.normal(size=(5, 3)), rng.normal(size=5)
    value, gradient = load(folder / "out.py")["loss_value_and_grad"](w, x, y)
    expected_value, expected_gradient = value_and_grad(loss)(w, x, y)
    assert value == expected_value
    np.testing.assert_array_equal(gradient, expected_gradient)


def test_the_text_is_the_same_in_every_process(folder):
    arguments = ["-m", "backprose", "emit", "model_of_test:mlp", "--signature", "[{w: f8[:,:], b: f8[:]}, ...], f8[:]"]
    texts = set()
    for seed in ("0", "1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        texts.add(subprocess.check_output([sys.executable, *arguments], cwd=folder, text=True, env=environment))
    assert len(texts) == 1


def emitted(capsys, *arguments):
    assert main(["emit", *arguments]) == 0
    return capsys.readouterr().out


def test_annotations_and_generic_forms(folder, capsys):
    text = emitted(capsys, "model_of_test:annotated", "--wrt", "x,k")
    assert "# for x: f64[N], k: float\n" in text and "def annotated_grad(x, k=2.0):" in text
    text = emitted(capsys, "model_of_test:Model.energy")
    assert "from model_of_test:Model.energy\n# for x: number\n" in text
    text = emitted(capsys, "model_of_test:loss", "--wrt", "1, y", "--signature", "x: f8[:, :], y: f4[:]")
    assert "# for w: number, x: f64[N, N], y: f32[N]" in text and "with respect to x and y" in text


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["model_of_test:nope"], "'model_of_test' has no function 'nope'"),
        (["nope_of_test:f"], "there is no module 'nope_of_test'"),
        (["model_of_test"], "expected module:function"),
        (["model_of_test:loss", "--wrt", "q"], "no parameter of that name; it has (w, x, y)"),
        (["model_of_test:loss", "--wrt", "7"], "takes 3 positional arguments"),
        (["model_of_test:loss", "--signature", "f9[:]"], "'f9' is no dtype"),
        (["model_of_test:loss", "--signature", "i8[:], f8[:,:], f8[:]"], "`w` is an int64 array with 1 axis"),
        (["model_of_test:reads_an_array"], "the global `table`"),
        (["model_of_test:takes_a_pair", "--signature", "f8[:]", "-o", "no/such/folder.py"], "No such file"),
        (["model_of_test:table"], "expected a function, not ndarray"),
    ],
)
def test_errors_are_one_message_and_exit_code_1(folder, capsys, arguments, words):
    assert main(["emit", *arguments]) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("backprose: ") and words in captured.err
    assert "Traceback" not in captured.err and "def " not in captured.out


def test_version(capsys):
    with pytest.raises(SystemExit) as info:
        main(["--version"])
    assert info.value.code == 0
    assert capsys.readouterr().out.startswith("backprose 0.")


@pytest.mark.parametrize(
    "text, kind",
    [
        ("f8[:]", "f64[N]"), ("f8[:, 1, ?]", "f64[N, 1, ?]"), ("f4[]", "f32[]"), ("float32[:]", "f32[N]"),
        ("f8", "float"), ("i8", "int"), ("b1", "bool"), ("c16", "complex"), ("f4", "f32"), ("i4", "i32"), ("u1", "u8"),
        ("float", "float"), ("int", "int"), ("bool", "bool"), ("complex", "complex"), ("?", "number"),
        ("None", "=None"), ("'tanh'", "='tanh'"), ('"tanh"', "='tanh'"),
        ("[f8[:], ...]", "[f64[N], ...]"), ("[f8[:], f8[:]]", "[f64[N], ...]"), ("[f8[:], f8]", "[f64[N], float]"),
        ("[]", "[]"), ("(f8, i8)", "(float, int)"), ("(f8,)", "(float,)"), ("()", "()"),
        ("{w: f8[:,:], 'b c': f8[:], 3: f8,}", "{'w': f64[N, N], 'b c': f64[N], 3: float}"),
        ("[{w: f8[:,:], b: (f8, [f8[1], ...])}, ...]", "[{'w': f64[N, N], 'b': (float, [f64[1], ...])}, ...]"),
    ],
)  # fmt: skip
def test_kinds_from_text(text, kind):
    assert str(parse_kind(text)) == kind


@pytest.mark.parametrize(
    "text", ["", "f9", "f8[", "f8[2]", "f8[:", "[f8, i8, ...]", "{w f8}", "f8]", "f8 f8", "str", "f8[:]@"]
)
def test_text_that_is_no_kind(text):
    with pytest.raises(SignatureError):
        parse_kind(text)


def test_signatures_from_text():
    kinds = parse_signature("f8[:], c: i8, b: f8[:, :]", ["a", "b", "c"])
    assert {name: str(kind) for name, kind in kinds.items()} == {"a": "f64[N]", "c": "int", "b": "f64[N, N]"}
    for text in ("f8, f8", "a: f8, a: f8", "q: f8"):
        with pytest.raises(SignatureError):
            parse_signature(text, ["a"])


def test_explain(folder):
    made = run(folder, "-m", "backprose", "explain", "model_of_test:loss", "--wrt", "w,y", "--signature", "f8[:], f8[:,:], f8[:]")
    assert made.returncode == 0, made.stderr
    assert "Gradient of `loss`, for w: f64[N], x: f64[N, N], y: f64[N]\n\nw has a derivative\n" in made.stdout
    assert "  z - y, line 13: in its variable\n      for `(z - y) ** 2`, line 13\n" in made.stdout
    of_line = run(folder, "-m", "backprose", "explain", "model_of_test:annotated", "--line", "17")
    assert "Line 17: return k * np.sum(x**2)\n" in of_line.stdout


def test_check(folder):
    signature = ("--signature", "f8[:], f8[:,:], f8[:]")
    assert main(["check", "model_of_test:loss", *signature, "-o", "report.txt"]) == 0
    assert (folder / "report.txt").read_text() == "model_of_test:loss: orders 1 to 2 agree with differences (fwd, rev)\n"
    assert main(["check", "model_of_test:annotated", "--order", "1", "--modes", "rev", "--length", "5", "--seed", "3"]) == 0
    layers = "[{w: f8[:,:], b: f8[:]}, ...], f8[:,:]"
    assert main(["check", "model_of_test:mlp", "--signature", layers, "--order", "1"]) == 0


def test_check_says_what_is_wrong(folder, capsys):
    assert main(["check", "model_of_test:loss"]) == 1
    assert "what `w` is, is not known: say so in --signature" in capsys.readouterr().err
    assert main(["check", "model_of_test:straight_through", "--order", "1"]) == 1
    assert "backprose: " in capsys.readouterr().err
