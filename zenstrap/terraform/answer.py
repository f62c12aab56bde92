"""Terraform's JSON in what a wrapper has printed around it.

Version managers print which version they chose, GitHub's setup-terraform prints the command line
and `::debug::` lines: https://github.com/hashicorp/setup-terraform/issues/20
"""

from __future__ import annotations

import json
import re

_BEGIN = re.compile(r"^\{", re.MULTILINE)


def json_in(text: str) -> str:
    """The JSON object in a text that may have other lines around it; else the text itself.

    Terraform prints one object, which begins a line.
    """
    decoder = json.JSONDecoder()
    for begin in _BEGIN.finditer(text):
        try:
            _, end = decoder.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            continue
        return text[begin.start() : end]
    return text
