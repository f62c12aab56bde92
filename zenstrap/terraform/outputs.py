"""The outputs of a root module, the sensitive ones kept out of sight."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from zenstrap.errors import TerraformError


@dataclass(frozen=True)
class Output:
    """One output of a root module. The repr of a sensitive one hides its value."""

    value: object
    sensitive: bool = False

    def __repr__(self) -> str:
        value = "<sensitive>" if self.sensitive else repr(self.value)
        return f"Output(value={value}, sensitive={self.sensitive})"


def parse_outputs(text: str) -> Mapping[str, Output]:
    """The outputs in the output of ``terraform output -json``.

    Raises:
        TerraformError: it is none; the error does not quote it.
    """
    try:
        return {
            name: Output(value=one["value"], sensitive=bool(one.get("sensitive")))
            for name, one in json.loads(text).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # what is raised inside of this block would carry the JSON error, and so the text
    raise TerraformError("the outputs can't be read")
