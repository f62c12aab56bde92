"""What loses access to Google Cloud by a plan."""

from __future__ import annotations

import re

import pytest

from zenstrap.config.names import COMPONENT_KINDS
from zenstrap.paths import modules_folder
from zenstrap.platforms.gcp.access_lost import _FLAVORS_OF_ROLES, _KINDS_OF_ROLES, is_needed
from zenstrap.terraform.plan import ResourceChange


def test_every_role_that_the_modules_give_is_known_here() -> None:
    """A role whose need isn't known would be held against every new version."""
    given = {
        role
        for kind in COMPONENT_KINDS
        for role in re.findall(
            r"(\w+)\s*=\s*\{\s*role\b", (modules_folder() / kind / "main.tf").read_text()
        )
    }
    assert given == {*_FLAVORS_OF_ROLES, *_KINDS_OF_ROLES}


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
        return is_needed(lost, methods=(), kinds={"orchestrator"}, flavors=flavors)

    assert needed("vertex") is False
    assert needed("vertex", flavor) is None
