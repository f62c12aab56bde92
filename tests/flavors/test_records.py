"""A flavor's record is complete, and what repeats it elsewhere says the same.

Adding a flavor is one record, one part of its kind's module and one line in docs/flavors.md: what
was forgotten fails here by its name.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from zenstrap.config import COMPONENT_KINDS, ComponentKind, load_environment
from zenstrap.config.components import KINDS
from zenstrap.config.google import key_locations
from zenstrap.config.platforms import PLATFORMS, flavors_of
from zenstrap.config.section import Component
from zenstrap.flavors.base import Flavor
from zenstrap.flavors.google import FLAVORS
from zenstrap.flavors.google.base import GoogleFlavor, Made, Workload
from zenstrap.paths import modules_folder, project_root

if TYPE_CHECKING:
    from zenml.client import Client

ALL = [flavor for kind in COMPONENT_KINDS for flavor in flavors_of(kind)]
GOOGLE = [flavor for flavor in FLAVORS if isinstance(flavor, GoogleFlavor)]


def named(flavor: Flavor) -> str:
    return f"{flavor.kind} {flavor.name}"


def hcl(file: str) -> str:
    return (modules_folder() / file).read_text()


def block(text: str, name: str) -> str:
    """What stands in the braces after a name, by counting them."""
    start = re.search(rf"\b{name}\s*=\s*\{{", text)
    assert start is not None, f"no {name} in {text[:200]}"
    depth, at = 1, start.end()
    while depth:
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return text[start.end() : at - 1]


@pytest.mark.parametrize("flavor", ALL, ids=named)
def test_it_says_what_it_is(flavor: Flavor) -> None:
    described = flavor.component.model_fields["flavor"].description
    assert described and described.endswith(".")
    for name, field in flavor.component.model_fields.items():
        if name != "kind":
            assert field.description, f"{name} has no description"


@pytest.mark.parametrize("flavor", ALL, ids=named)
def test_it_stands_in_the_docs(flavor: Flavor) -> None:
    rows = (project_root() / "docs" / "flavors.md").read_text()
    where = [name for name, platform in PLATFORMS.items() if flavor in platform.flavors]
    row = f"| `{flavor.kind}` | `{flavor.name}` | {', '.join(where)} |"
    assert row in rows, f"docs/flavors.md has no line {row} …"


def test_the_docs_have_no_others() -> None:
    rows = (project_root() / "docs" / "flavors.md").read_text()
    found = re.findall(r"^\| `(\w+)` \| `(\w+)` \|", rows, re.MULTILINE)
    assert found == [(flavor.kind, flavor.name) for flavor in ALL], "docs/flavors.md: other order"


@pytest.mark.parametrize("kind", COMPONENT_KINDS)
def test_a_setting_is_one_thing_in_all_flavors_of_a_kind(kind: ComponentKind) -> None:
    """A file may name the setting, and another one the flavor."""
    seen: dict[str, Any] = {}
    for flavor in flavors_of(kind):
        for name, field in flavor.component.model_fields.items():
            if name != "flavor":
                assert seen.setdefault(name, field.annotation) == field.annotation, name


@pytest.mark.parametrize("flavor", GOOGLE, ids=named)
def test_its_apis_are_those_that_terraform_enables(flavor: GoogleFlavor) -> None:
    needs = block(hcl("base_infrastructure/main.tf"), "_needs")
    of_kind = block(needs, flavor.kind) if re.search(rf"\b{flavor.kind}\s*=", needs) else ""
    listed = re.search(rf"\b{flavor.name}\s*=\s*\[([^]]*)\]", of_kind)
    enabled = set(re.findall(r'"([^"]+)"', listed[1] if listed else ""))
    where = "_needs in terraform_modules/base_infrastructure/main.tf"
    assert enabled == flavor.apis, f"{where} has other APIs for {named(flavor)}"


@pytest.mark.parametrize(
    "kind", sorted({flavor.kind for flavor in FLAVORS} - {"artifact_store", "container_registry"})
)
def test_the_module_of_a_kind_takes_its_flavors(kind: ComponentKind) -> None:
    taken = re.search(r"contains\(\[([^]]*)\], one\.flavor\)", hcl(f"{kind}/variables.tf"))
    assert taken is not None
    names = {flavor.name for flavor in FLAVORS if flavor.kind == kind}
    where = f"terraform_modules/{kind}/variables.tf"
    assert set(re.findall(r'"([^"]+)"', taken[1])) == names, f"{where} takes other flavors"


@pytest.mark.parametrize("kind", COMPONENT_KINDS)
def test_the_module_of_a_kind_gives_the_roles_of_its_flavors(kind: ComponentKind) -> None:
    """A role whose need isn't known would be held against every new version."""
    flavors = [flavor for flavor in GOOGLE if flavor.kind == kind]
    text, where = hcl(f"{kind}/main.tf"), f"terraform_modules/{kind}/main.tf"
    given = set(re.findall(r"(\w+)\s*=\s*\{\s*role\b", text))
    assert given == {role for flavor in flavors for role in flavor.roles}, f"{where}: other roles"
    made = set(re.findall(r'"google_project_iam_custom_role" "(\w+)"', text))
    assert made == {role for flavor in flavors for role in flavor.custom_roles}, where


def test_terraform_encrypts_where_the_records_say() -> None:
    """Both work out which keys are needed: Terraform to make them, zenstrap to ask for them."""
    uses = hcl("environments/gcp/main.tf").partition("_uses = concat(")[2].partition("\n  )\n")[0]
    services = set(re.findall(r'service = "(\w+)"', uses)) - {"storage", "artifactregistry"}
    assert services == {flavor.encrypted_by for flavor in GOOGLE if flavor.encrypted_by}
    for service in services:
        condition = re.search(rf'service = "{service}" }} if (.+?)\]', uses)
        assert condition is not None, service
        key, value = re.fullmatch(r'one\.(\w+) == "(\w+)"', condition[1].strip()).groups()  # type: ignore[union-attr]
        by_terraform = {
            named(one) for one in GOOGLE if value == (one.kind if key == "kind" else one.name)
        }
        assert by_terraform == {named(one) for one in GOOGLE if one.encrypted_by == service}


def test_keys_are_asked_for_in_the_locations_of_components() -> None:
    assert key_locations(load_environment("prod")) >= {"europe", "europe-west1"}


def component_of(flavor: Flavor) -> Component:
    """One with a value for each of its settings."""
    values: dict[str, Any] = {
        "accelerator": "NVIDIA_TESLA_T4",
        "accelerator_count": 2,
        "address": "registry.acme.example",
        "allow_unauthenticated": True,
        "boot_disk_gb": 200,
        "bucket": "acme-ml",
        "cluster": "ml",
        "dag_folder": "gs://composer/dags",
        "experiment": "fraud",
        "location": "europe-west1",
        "machine_type": "n1-standard-8",
        "max_parallelism": 4,
        "namespace": "zenml",
        "settings": {},
        "storage_class": "NEARLINE",
        "synchronous": False,
        "timeout_minutes": 30,
        "tracking_password": "zenml:mlflow.password",
        "tracking_token": "zenml:mlflow.token",
        "tracking_uri": "https://mlflow.acme.example",
        "tracking_username": "ada",
        "use_spot": True,
    }
    own = {name: values[name] for name in flavor.component.model_fields if name in values}
    whole = {"version": "1.0.0", "flavor": flavor.name} | own
    unset = {*flavor.component.model_fields} - {*whole, "kind"}
    assert not unset, f"component_of has no value for {unset}"
    return flavor.component.model_validate(whole)


MADE = Made(
    project="acme-ml",
    region="europe-west1",
    bucket="acme-ml",
    uri="gs://acme-ml/shared",
    registry="europe-docker.pkg.dev/acme-ml/zenml",
    workload=Workload(
        location="europe-west1",
        service_account="zenml@acme-ml.iam.gserviceaccount.com",
        staging_uri="gs://acme-ml/shared/staging",
        network="projects/1/global/networks/ml",
        kms_key="projects/a/locations/b/keyRings/c/cryptoKeys/d",
        secret_name_prefix="zenml-1-",
    ),
)


def paths(configuration: dict[str, Any], at: str = "") -> set[str]:
    found = set()
    for name, value in configuration.items():
        found |= paths(value, f"{at}{name}.") if isinstance(value, dict) else {f"{at}{name}"}
    return found


@pytest.mark.parametrize("flavor", ALL, ids=named)
def test_what_it_registers_can_be_set_in_one_place_only(client: Client, flavor: Flavor) -> None:
    """Each of ZenML's settings that zenstrap writes is refused below ``settings``, and exists."""
    from zenstrap.zenml_private.calls import flavor_class

    made = MADE if flavor in GOOGLE else "/artifacts"
    registered = flavor.register(component_of(flavor), made)
    known = flavor_class(client, flavor.kind, flavor.name).model_fields
    assert {*registered.configuration} <= {*known}
    free = paths(registered.configuration) - {*flavor.set_by_zenstrap}
    # What follows from the folder alone, and somebody may want otherwise.
    assert {path.partition(".")[0] for path in free} <= {"operator", "operator_args"}
    for ours in flavor.set_by_zenstrap.values():
        assert ours is None or ours.startswith("gcp.") or ours in flavor.component.model_fields
    assert json.dumps(registered.configuration)


@pytest.mark.parametrize("kind", COMPONENT_KINDS)
def test_every_kind_is_described(kind: ComponentKind) -> None:
    name, doc = KINDS[kind]
    assert name.lower() == kind.replace("_", "") and doc.endswith(".")
