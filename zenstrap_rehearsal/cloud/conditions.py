"""The syntax of conditions and mappings: the Common Expression Language, compiled by cel-python.

Conditions on buckets are evaluated too, by the storage side; here they are only read.
"""

from __future__ import annotations

import functools
from typing import Any


def syntax_fault(expression: str) -> str | None:
    """Why an expression can't be compiled; None if it can."""
    from celpy.celparser import CELParseError

    try:
        _environment().compile(expression)
    except CELParseError:
        return f"Syntax error in {expression!r}"
    return None


@functools.cache
def _environment() -> Any:
    import celpy

    return celpy.Environment()
