"""What loses access to Google Cloud by a plan."""

from __future__ import annotations

import pytest

from zenstrap.platforms.gcp.access_lost import is_needed
from zenstrap.terraform.plan import ResourceChange


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
