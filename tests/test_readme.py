"""The pages that show code show what it really prints, their commands name what exists, and their links lead somewhere.

In the pages of `PAGES` every python block is run, in order, in one namespace. A block that follows the line
`<!-- output -->` holds exactly what the block before it printed; `--update-golden` writes it anew.
"""

from __future__ import annotations

import contextlib
import io
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "docs/tutorial.md", "docs/in-place.md", "docs/custom-rules.md", "docs/numbers.md", "docs/checkpointing.md"]
LINKED = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])

BLOCK = re.compile(r"(?P<output><!-- output -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^<!-- test-command -->\n```sh\n(.*?)^```\n<!-- /test-command -->$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Sample:
    """A python block and the span and text of its output block, if it has one."""

    code: str
    end: int  # where the block ends in the page
    shown: str = ""
    span: tuple[int, int] | None = None


def read_samples(page: str) -> list[Sample]:
    samples: list[Sample] = []
    for block in BLOCK.finditer(page):
        if block["output"]:
            last = samples.pop()
            assert last.span is None, f"two outputs for one block:\n{last.code}"
            samples.append(Sample(last.code, last.end, block["text"], block.span("text")))
        elif block["language"] == "python":
            samples.append(Sample(block["text"], block.end()))
    return samples


def run_samples(samples: list[Sample], folder: Path) -> list[str]:
    """What each block prints. Each is a file of its own, so that its functions have source text."""
    namespace = {"__name__": "example"}
    printed = []
    for number, sample in enumerate(samples):
        path = folder / str(number) / "example.py"
        path.parent.mkdir()
        path.write_text(sample.code, encoding="utf-8")
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            exec(compile(sample.code, str(path), "exec"), namespace)
        printed.append("".join(line.rstrip() + "\n" for line in output.getvalue().rstrip().splitlines()))
    return printed


def with_outputs(page: str, samples: list[Sample], printed: list[str]) -> str:
    """The page with every output block rewritten, added where one is missing."""
    for sample, text in reversed(list(zip(samples, printed))):
        if sample.span:
            page = page[: sample.span[0]] + text + page[sample.span[1] :]
        elif text:
            page = page[: sample.end] + f"\n\n<!-- output -->\n```text\n{text}```" + page[sample.end :]
    return page


@pytest.mark.parametrize("name", PAGES)
def test_page_shows_what_is_printed(name, tmp_path, request):
    page = (ROOT / name).read_text(encoding="utf-8")
    samples = read_samples(page)
    assert samples
    printed = run_samples(samples, tmp_path)
    if request.config.getoption("--update-golden", default=False):
        (ROOT / name).write_text(with_outputs(page, samples, printed), encoding="utf-8")
        return
    for sample, text in zip(samples, printed):
        assert text == sample.shown, f"{name} shows another output; `pytest --update-golden` writes it anew"


def test_readme_commands_name_what_exists():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(re.findall(r"""["']\.\[(\w+)\]["']""", readme)) <= extras.keys()
    for path in re.findall(r"\.venv/bin/python (\S+\.py)", readme):
        assert (ROOT / path).is_file()


def test_continuous_integration_runs_the_readme_command():
    (command,) = COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(command.splitlines()) == 1 and "pytest" in command
    assert "README.md" in (ROOT / ".ci" / "run").read_text()


def anchors(page: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", LINKED)
def test_links_lead_somewhere(name):
    prose = re.sub(r"^```.*?^```$", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if not target.startswith(("http://", "https://")):
            path, _, anchor = target.partition("#")
            page = ((ROOT / name).parent / path) if path else ROOT / name
            assert page.exists(), f"{name}: {target}"
            if anchor:
                assert anchor in anchors(page.read_text(encoding="utf-8")), f"{name}: {target}"
