"""One of Terraform's diagnostics: an error or a warning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Diagnostic:
    """One error or warning.

    Attributes:
        summary: one line.
        detail: the explanation, as one paragraph without colours and frames.
        address: of the resource that it is about.
        place: FILE:LINE in the configuration.
    """

    severity: Literal["error", "warning"]
    summary: str
    detail: str = ""
    address: str | None = None
    place: str | None = None

    @property
    def text(self) -> str:
        """Summary and detail."""
        return f"{self.summary}\n{self.detail}"

    @property
    def subject(self) -> str | None:
        """The resource and the place in the configuration, as far as they are known."""
        place = self.place and (f"({self.place})" if self.address else self.place)
        return " ".join(part for part in (self.address, place) if part) or None
