"""The merged form of every environment, as ``python run.py config`` prints it.

After a change that is meant, renew the files and read the difference:

    RENEW_GOLDEN=1 python -m pytest tests/config/test_golden.py
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.config.conftest import REAL
from zenstrap.config import available_environments, load_environment, to_yaml

GOLDEN = Path(__file__).parent / "golden"
RENEW = "RENEW_GOLDEN=1 python -m pytest tests/config/test_golden.py"


@pytest.mark.parametrize("environment", available_environments(REAL))
def test_merged_form(environment: str) -> None:
    text = to_yaml(load_environment(environment, REAL))
    path = GOLDEN / f"{environment}.yaml"
    if os.environ.get("RENEW_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert path.is_file(), f"new environment; run {RENEW}"
    assert text == path.read_text(encoding="utf-8"), f"if this is meant, run {RENEW}"


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.yaml")} == set(available_environments(REAL))
