"""The outputs of a root module; sensitive values don't show in their repr."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from zenstrap.errors import TerraformError
from zenstrap.redaction import SENSITIVE


@dataclass(frozen=True)
class Output:
    """One output of a root module. The repr of a sensitive one hides its value."""

    value: object
    sensitive: bool = False

    def __repr__(self) -> str:
        value = SENSITIVE if self.sensitive else repr(self.value)
        return f"Output(value={value}, sensitive={self.sensitive})"


def parse_outputs(text: str) -> Mapping[str, Output]:
    """The outputs in the output of ``terraform output -json``.

    Raises:
        TerraformError: it is not valid; the error does not quote it.
    """
    try:
        return {
            name: Output(value=output["value"], sensitive=bool(output.get("sensitive")))
            for name, output in json.loads(text).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # an error raised inside this block would carry the JSON error, and so the text
    raise TerraformError(
        "the outputs can't be read", why="`terraform output -json` did not print valid outputs"
    )
