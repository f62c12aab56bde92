"""What ZenML needs installed is looked for before anything is made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zenstrap.config import load_environment
from zenstrap.config.platforms import PLATFORMS
from zenstrap.errors import UsageError
from zenstrap.flavors.google import FLAVORS
from zenstrap.flavors.google.cloud_run import CLOUD_RUN
from zenstrap.platforms.gcp import packages


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_extra_gcp_is_all_that_the_shipped_environments_need(name: str) -> None:
    assert packages.google_packages(load_environment(name))


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = ("google.cloud.nowhere_v1", "nowhere.at_all")
    elsewhere = replace(CLOUD_RUN, packages=nowhere)
    flavors = tuple(elsewhere if one is CLOUD_RUN else one for one in FLAVORS)
    monkeypatch.setitem(PLATFORMS, "gcp", replace(PLATFORMS["gcp"], flavors=flavors))
    with pytest.raises(UsageError) as missing:
        packages.google_packages(load_environment("prod"))
    assert "google.cloud.nowhere_v1, nowhere.at_all" in str(missing.value)
    assert ".[gcp]" in str(missing.value)
    assert packages.google_packages(load_environment("dev"))  # has no deployer
