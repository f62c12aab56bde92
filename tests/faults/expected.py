"""Violations that are known and not mended yet: each with the fault's id, nothing else passes.

A run that injects what is listed and doesn't find the violation any more fails as well: the entry
goes then, in the commit that mends the fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tests.faults.campaign import Result


@dataclass(frozen=True)
class Expected:
    """
    Attributes:
        fault: its id in the list of faults.
        injected: what is injected, as it is told; a regular expression that must fit all of it.
        violation: how the violation is told; a regular expression that must fit some of it.
        always: it comes of each such injection; others come of some.
    """

    fault: str
    injected: str
    violation: str
    always: bool = True


EXPECTED: Final[tuple[Expected, ...]] = ()


def sort_out(results: list[Result]) -> tuple[list[tuple[Result, str]], list[Expected]]:
    """What nobody expected, and what was expected in vain."""
    unexpected = [
        (result, violation)
        for result in results
        for violation in result.violations
        if not any(_fits(one, result, violation) for one in EXPECTED)
    ]
    in_vain = []
    for one in EXPECTED:
        tried = [r for r in results if r.hit and re.fullmatch(one.injected, r.told)]
        found = [r for r in tried if any(re.search(one.violation, v) for v in r.violations)]
        if tried and (len(found) < len(tried) if one.always else not found):
            in_vain.append(one)
    return unexpected, in_vain


def _fits(one: Expected, result: Result, violation: str) -> bool:
    return bool(re.fullmatch(one.injected, result.told) and re.search(one.violation, violation))
