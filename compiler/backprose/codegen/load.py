"""Loading emitted source so that Python's own tools see it: tracebacks, `pdb`, `inspect.getsource`."""

from __future__ import annotations

import linecache
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from backprose.codegen.python import Emitted
from backprose.ir.nodes import Loc


def load(emitted: Emitted, filename_hint: str, extra_globals: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Execute the emitted source; returns its namespace. The source is registered under `<backprose hint>`."""
    filename = register(emitted.source, filename_hint)
    namespace: dict[str, Any] = {**(extra_globals or {}), **emitted.names, "__name__": f"backprose {filename_hint}"}
    namespace["__file__"] = filename
    exec(compile(emitted.source, filename, "exec"), namespace)
    return namespace


def register(source: str, hint: str) -> str:
    """Put the source where `linecache` finds it; another text under the same hint gets a number behind it."""
    number = 1
    while True:
        filename = f"<backprose {hint}>" if number == 1 else f"<backprose {hint} {number}>"
        known = linecache.cache.get(filename)
        if known is None or "".join(known[2]) == source:
            break
        number += 1
    # Without a modification time `linecache.checkcache` keeps the entry.
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    return filename


def annotate(exception: BaseException, lines: Mapping[int, Loc], filename: str | None = None) -> BaseException:
    """Add a note that names the user's line for the innermost frame of emitted code in the traceback."""
    found = None
    frame: TracebackType | None = exception.__traceback__
    while frame is not None:
        name = frame.tb_frame.f_code.co_filename
        if name == filename or (filename is None and name.startswith("<backprose ")):
            found = lines.get(frame.tb_lineno, found)
        frame = frame.tb_next
    if found is not None:
        sweep = ", in the reverse sweep" if found.sweep == "reverse" else ""
        text = linecache.getline(found.file, found.line).strip()
        note = f"from {found.file}:{found.line} in {found.function}{sweep}" + (f": {text}" if text else "")
        if note not in getattr(exception, "__notes__", ()):
            exception.add_note(note)
    return exception
