"""Generated control flow: however branches, loops and jumps are nested, the lowered IR runs as the function does."""

import linecache

from hypothesis import given, settings
from hypothesis import strategies as st
from lowering_programs import tick
from test_lowering import outcome

from backprose.frontend.lower import lower
from backprose.ir.interpret import interpret
from backprose.ir.verify import verify

NAMES = ("x", "y", "z")
CONDITIONS = ("x % 2", "y > x", "z < 3", "(x + y) % 3 == 0", "x and y > 1", "not z", "0 < x <= y < 9")


def indented(lines):
    return ["    " + line for line in lines]


@st.composite
def statements(draw, depth, in_loop):
    """A block, as lines."""
    kinds = ["assign", "assign", "update", "tick", "return", "del"]
    kinds += ["break", "continue", "break", "continue"] * in_loop
    kinds += ["if", "if", "if", "for", "while", "with", "unpack"] * (depth > 0)
    lines = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=4)):
        name, other = draw(st.sampled_from(NAMES)), draw(st.sampled_from(NAMES))
        body = statements(depth - 1, in_loop)
        match kind:
            case "assign":
                lines.append(f"{name} = {other} + {draw(st.integers(-2, 3))}")
            case "update":
                lines.append(f"{name} += {other} % 5")
            case "unpack":
                lines.append(f"{name}, {other} = {other} + 0, {name} + 0")
            case "tick":
                lines.append(f"tick({name})")
            case "return":
                lines.append(f"return {name}, {other}")
            case "del":
                lines += [f"{name} = 1", f"del {name}"]
            case "break" | "continue":
                lines.append(kind)
            case "if":
                lines += [f"if {draw(st.sampled_from(CONDITIONS))}:", *indented(draw(body))]
                if draw(st.booleans()):
                    lines += ["else:", *indented(draw(body))]
            case "for":
                lines += [f"for {name} in range({draw(st.integers(0, 3))}):"]
                lines += indented(draw(statements(depth - 1, True)))
                if draw(st.booleans()):
                    lines += ["else:", *indented(draw(body))]
            case "while":
                counter = f"n{depth}"
                condition = draw(st.sampled_from([f"{counter} < 3", "True"]))
                lines += [f"{counter} = 0", f"while {condition}:"]
                lines += indented([f"{counter} += 1", f"if {counter} > 4:", "    raise KeyError(x)"])
                lines += indented(draw(statements(depth - 1, True)))
                if draw(st.booleans()):
                    lines += ["else:", *indented(draw(body))]
            case "with":
                lines += ["with context:", *indented(draw(body))]
    return lines


class Context:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


def define(lines, globals):
    """The function with this body; its text is registered as Python does for interactive code."""
    text = "\n".join(["def program(x, y):", *indented(lines), "    return x, y, z"]) + "\n"
    linecache.cache["<generated>"] = (len(text), None, text.splitlines(True), "<generated>")
    exec(compile(text, "<generated>", "exec"), globals)
    return globals["program"], text


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_generated_programs(data):
    lines = data.draw(statements(3, False))
    program, text = define(lines, {"tick": tick, "context": Context()})
    lowered = lower(program)
    verify(lowered, "lowered")
    for args in ((0, 1), (3, 2), (1, 7)):
        got = outcome(lambda: interpret(lowered, *args, globals=program.__globals__))
        assert got == outcome(lambda: program(*args)), f"{args}\n{text}"
