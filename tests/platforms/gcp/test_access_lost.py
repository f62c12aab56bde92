"""What loses access to Google Cloud by a plan."""

from __future__ import annotations

import re

import pytest

from zenstrap.config.names import COMPONENT_KINDS, ComponentKind
from zenstrap.flavors.google import FLAVORS
from zenstrap.flavors.google.base import GoogleFlavor
from zenstrap.paths import modules_folder
from zenstrap.platforms.gcp.access_lost import is_needed
from zenstrap.terraform.plan import ResourceChange


@pytest.mark.parametrize("kind", COMPONENT_KINDS)
def test_the_roles_of_a_kind_are_those_that_its_module_gives(kind: ComponentKind) -> None:
    """A role whose need isn't known would be held against every new version."""
    flavors = [one for one in FLAVORS if isinstance(one, GoogleFlavor) and one.kind == kind]
    text = (modules_folder() / kind / "main.tf").read_text()
    given = set(re.findall(r"(\w+)\s*=\s*\{\s*role\b", text))
    assert given == {role for flavor in flavors for role in flavor.roles}
    made = set(re.findall(r'"google_project_iam_custom_role" "(\w+)"', text))
    assert made == {role for flavor in flavors for role in flavor.custom_roles}


@pytest.mark.parametrize(
    ("address", "flavor"),
    [
        ('module.identity.google_project_iam_member.roles["skypilot"]', "vm_gcp"),
        ("module.orchestrator[0].google_project_iam_custom_role.skypilot[0]", "vm_gcp"),
        (
            'module.orchestrator[0].module.dags[0].google_storage_bucket_iam_member.this["a"]',
            "airflow",
        ),
        ('module.identity.google_project_iam_member.roles["kubernetes"]', "kubernetes"),
    ],
)
def test_of_two_flavors_of_a_kind_only_its_own_needs_a_thing(address: str, flavor: str) -> None:
    lost = ResourceChange(address=f"module.stack.{address}", type="any", action="destroy")

    def needed(*flavors: str) -> bool | None:
        return is_needed(lost, methods=(), components=[("orchestrator", one) for one in flavors])

    assert needed("vertex") is False
    assert needed("vertex", flavor) is None
