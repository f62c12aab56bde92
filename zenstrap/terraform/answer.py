"""Terraform's JSON output among the lines that a wrapper prints around it.

Version managers print the version that they chose, GitHub's setup-terraform prints the command line
and `::debug::` lines: https://github.com/hashicorp/setup-terraform/issues/20
"""

from __future__ import annotations

import json
import re

_OBJECT_START = re.compile(r"^\{", re.MULTILINE)


def json_in(text: str) -> str:
    """The JSON object in a text that may have other lines around it; else the text itself.

    Terraform prints one object, at the start of a line.
    """
    decoder = json.JSONDecoder()
    for match in _OBJECT_START.finditer(text):
        try:
            _, end = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            continue
        return text[match.start() : end]
    return text
