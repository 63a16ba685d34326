"""What can be looked at of the second of two parts, a pullback or a linear function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backprose.dispatch import Specialization
    from backprose.explaining import Explanation, Residuals


class SecondPart:
    """It holds the residuals of the forward part, for as long as it is held itself."""

    _found: Specialization
    _residuals: Any
    _what = ""

    @property
    def source(self) -> str:
        """The emitted text: the forward part, which keeps the residuals, and the second part, which reads them."""
        return self._found.source

    def ir(self, stage: str = "optimised") -> str:
        """The program at a stage of the compiler, as text."""
        return self._found.ir(stage)

    @property
    def _name(self) -> str:
        return f"`{self._found.compilation.stages['primal'].entry.name}`"

    @property
    def residuals(self) -> Residuals:
        """What it holds of the forward part, why, and how many bytes that takes."""
        from backprose.explaining import weighed

        return weighed(self._found, self._name, self._residuals)

    def explain(self, line: int | None = None) -> Explanation:
        """What is kept for it and why, and which arguments have no derivative; see `grad(f).explain`."""
        from backprose.explaining import explain

        return explain(self._found, f"{self._what} of {self._name}", self._name, line)

    def __repr__(self) -> str:
        return f"<{self._what.lower()}, compiled for {self._found.signature}>"
