"""What registrations are made from, where an owner has several components of one kind."""

from __future__ import annotations

import pytest

from tests.registry.google import configured, outputs_of
from zenstrap.errors import RegistryError
from zenstrap.platforms.gcp.outputs import parse_gcp_outputs
from zenstrap.redaction import UNKNOWN


def test_components_are_found_by_name_and_flavor() -> None:
    config = configured("prod")
    told = outputs_of(config)
    first = next(one for one in told["components"] if one["kind"] == "orchestrator")
    told["components"] += [
        first | {"flavor": "vm_gcp", "location": "europe-west3"},
        first | {"name": "far", "location": "europe-west4"},
    ]
    outputs = parse_gcp_outputs(told, tuple(config.ml_projects))
    assert outputs.workload("orchestrator", "vertex").location == "europe-west1"
    assert outputs.workload("orchestrator", "vm_gcp").location == "europe-west3"
    assert outputs.workload("far", "vertex").location == "europe-west4"
    with pytest.raises(RegistryError, match="no far of flavor vm_gcp"):
        outputs.workload("far", "vm_gcp")


def test_of_a_list_that_a_plan_does_not_know_every_component_is_unknown() -> None:
    config = configured("prod")
    told = outputs_of(config, components=UNKNOWN)
    found = parse_gcp_outputs(told, tuple(config.ml_projects)).workload("any", "vertex")
    assert (found.location, found.kms_key) == (UNKNOWN, UNKNOWN)
