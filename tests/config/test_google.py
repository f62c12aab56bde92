from __future__ import annotations

import pytest

from tests.config.conftest import Configs
from zenstrap.config import EnvironmentConfig, load_environment
from zenstrap.config.google import Locations, key_location, key_locations, locations


def loaded(
    configs: Configs, *edits: tuple[str, str], environment: str = "prod"
) -> EnvironmentConfig:
    for old, new in edits:
        configs.edit(f"environments/{environment}.yaml", old, new)
    return load_environment(environment, configs.folder)


@pytest.mark.parametrize(
    ("region", "bucket", "registry", "key"),
    [
        ("europe-west1", "EU", "europe", "europe"),
        ("us-central1", "US", "us", "us"),
        ("asia-northeast1", "ASIA", "asia", "asia"),
    ],
)
def test_high_availability_is_the_multi_region_around_the_region(
    configs: Configs, region: str, bucket: str, registry: str, key: str
) -> None:
    config = loaded(configs, ("region: europe-west1", f"region: {region}"))
    assert locations(config) == Locations(bucket, registry)
    # Vertex AI and Cloud Run want a key of their own region.
    assert key_locations(config) == {key, region}


def test_without_it_all_is_in_the_region(configs: Configs) -> None:
    config = loaded(configs, environment="dev")
    assert locations(config) == Locations("EUROPE-WEST1", "europe-west1")
    assert key_locations(config) == {"europe-west1"}


def test_what_is_written_wins(configs: Configs) -> None:
    config = loaded(
        configs,
        (
            "region: europe-west1",
            "region: europe-west1\n  bucket_location: eur4\n  registry_location: US",
        ),
        ("orchestrator: {version: 2.0.0,", "orchestrator: {version: 2.0.0, location: us-east1,"),
    )
    assert locations(config) == Locations("EUR4", "us")
    assert key_locations(config) == {"eur4", "us", "europe-west1", "us-east1"}


@pytest.mark.parametrize(
    ("place", "key"),
    [("EU", "europe"), ("EUR4", "eur4"), ("US", "us"), ("EUROPE-WEST1", "europe-west1")],
)
def test_a_key_lies_where_google_wants_it(place: str, key: str) -> None:
    assert key_location(place) == key
