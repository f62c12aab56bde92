"""The root module for Google Cloud where one owner has several components of one kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from zenstrap.terraform.binary import TerraformBinary
from zenstrap_rehearsal import Rehearsal

from .conftest import ENVIRONMENTS, PROJECTS, MakeModule, Module

pytestmark = pytest.mark.slow  # makes an environment on the double

COMPONENTS = [
    {"kind": "artifact_store", "flavor": "gcp"},
    {"kind": "container_registry", "flavor": "gcp"},
    {"kind": "orchestrator", "flavor": "vertex"},
    {"kind": "orchestrator", "flavor": "vertex", "name": "far", "location": "europe-west4"},
    {"kind": "orchestrator", "flavor": "kubernetes", "name": "cluster"},
    {"kind": "orchestrator", "flavor": "vm_gcp", "name": "machines"},
    {"kind": "image_builder", "flavor": "gcp"},
    {"kind": "image_builder", "flavor": "local", "name": "docker"},
    {"kind": "experiment_tracker", "flavor": "vertex"},
    {"kind": "experiment_tracker", "flavor": "mlflow", "name": "server"},
    {"kind": "deployer", "flavor": "gcp"},
    {"kind": "deployer", "flavor": "gcp", "name": "open", "allow_unauthenticated": True},
]
STACKS = ("module.stack", 'module.ml_projects["fraud_detection"].module.stack')


@pytest.fixture(scope="module")
def rehearsal(
    tmp_path_factory: pytest.TempPathFactory, terraform: TerraformBinary
) -> Iterator[Rehearsal]:
    """A Google Cloud for each Terraform: what is made by one is in the way of another."""
    with Rehearsal(tmp_path_factory.mktemp("rehearsal"), project_ids=PROJECTS) as running:
        yield running


@pytest.fixture(scope="module")
def root(module: MakeModule) -> Module:
    """The environment with all of them, made."""
    made = module("environments/gcp")
    given(made, COMPONENTS)
    made.terraform("apply", "-no-color", "-auto-approve", "-var-file=several.tfvars.json")
    return made


def given(root: Module, components: list[dict[str, Any]]) -> None:
    """Base stack and ML project get these components."""
    variables = json.loads((ENVIRONMENTS / "dev.tfvars.json").read_text())
    variables["components"] = components
    fraud = variables["ml_projects"]["fraud_detection"]
    variables["ml_projects"] = {"fraud_detection": fraud | {"components": components}}
    (root.folder / "several.tfvars.json").write_text(json.dumps(variables))


def changes(root: Module) -> dict[str, list[str]]:
    """What a plan does, by address."""
    found = root.plan("-var-file=several.tfvars.json")["resource_changes"]
    return {
        one["address"]: one["change"]["actions"]
        for one in found
        if one["change"]["actions"] not in (["no-op"], ["read"])
    }


def test_they_are_made_side_by_side(root: Module) -> None:
    plan = root.plan("-var-file=several.tfvars.json")
    assert {tuple(one["change"]["actions"]) for one in plan["resource_changes"]} == {("no-op",)}
    assert {one["actions"][0] for one in plan["output_changes"].values()} == {"no-op"}
    outputs = plan["planned_values"]["outputs"]
    for told in (
        outputs["components"]["value"],
        outputs["ml_projects"]["value"]["fraud_detection"]["components"],
    ):
        orchestrators = {one["name"]: one for one in told if one["kind"] == "orchestrator"}
        assert {name: one["location"] for name, one in orchestrators.items()} == {
            "orchestrator": "europe-west1",
            "far": "europe-west4",
            "cluster": None,
            "machines": "europe-west1",
        }
        assert [one["name"] for one in told if one["kind"] == "image_builder"] == [
            "image_builder",
            "docker",
        ]


def test_what_is_dropped_takes_its_own_with_it_and_no_more(root: Module) -> None:
    # Another component needs the same as these: nothing goes.
    shared = ("far", "experiment_tracker", "docker", "server", "deployer")
    left = [one for one in COMPONENTS if one.get("name", one["kind"]) not in shared]
    given(root, left)
    assert changes(root) == {}

    # A flavor that nobody has any more.
    left = [one for one in left if one["flavor"] not in ("kubernetes", "vm_gcp")]
    given(root, left)
    gone = {
        'module.identity.google_project_iam_member.roles["kubernetes"]',
        'module.identity.google_project_iam_member.roles["skypilot"]',
        "module.orchestrator[0].google_project_iam_custom_role.skypilot[0]",
    }
    found = changes(root)
    assert found.keys() == {f"{stack}.{one}" for stack in STACKS for one in gone} | {
        'module.base.google_project_service.this["container.googleapis.com"]'
    }
    assert all(actions == ["delete"] for actions in found.values())
    root.terraform("apply", "-no-color", "-auto-approve", "-var-file=several.tfvars.json")
    assert changes(root) == {}

    # Of two deployers the open one goes: the role is narrowed, under its own address.
    closed = {"kind": "deployer", "flavor": "gcp"}
    given(root, [one for one in left if one["kind"] != "deployer"] + [closed])
    assert changes(root) == {
        f'{stack}.module.identity.google_project_iam_member.roles["cloud_run"]': [
            "delete",
            "create",
        ]
        for stack in STACKS
    }
