"""What ZenML needs installed is looked for before anything is made."""

from __future__ import annotations

import pytest

from zenstrap.config import load_environment
from zenstrap.errors import UsageError
from zenstrap.platforms.gcp import packages


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_extra_gcp_is_all_that_the_shipped_environments_need(name: str) -> None:
    assert packages.google_packages(load_environment(name))


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(
        packages._BY_FLAVOR, ("deployer", "gcp"), ("google.cloud.nowhere_v1", "nowhere.at_all")
    )
    with pytest.raises(UsageError) as missing:
        packages.google_packages(load_environment("prod"))
    assert "google.cloud.nowhere_v1, nowhere.at_all" in str(missing.value)
    assert ".[gcp]" in str(missing.value)
    assert packages.google_packages(load_environment("dev"))  # has no deployer
