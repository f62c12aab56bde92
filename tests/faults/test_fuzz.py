"""Some random files for each reader; `python -m tests.faults.fuzz` goes on for minutes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.faults.readers import contents, targets, timed

EXAMPLES = {"configs": 20, "states": 100, "owners": 100, "leases": 50}


@pytest.mark.parametrize("name", EXAMPLES)
def test_whatever_a_file_holds_is_read_or_refused(tmp_path: Path, name: str) -> None:
    target, begin = targets(tmp_path)[name]

    @settings(
        max_examples=EXAMPLES[name],
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(contents(begin))
    def some(content: bytes) -> None:
        timed(target)(content)

    some()
