"""State in a bucket, with real Terraform's own backend and a real server for objects."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.platforms.gcp.storage.conftest import client_at
from tests.terraform.conftest import MakeWorkspace, events, make_workspace  # noqa: F401 (fixtures)
from zenstrap.errors import StateGuardError
from zenstrap.platforms.gcp.provider import PROVIDER
from zenstrap.platforms.gcp.storage.objects import read_object
from zenstrap.platforms.gcp.storage.state import GcsState
from zenstrap.terraform.state import check_state
from zenstrap.terraform.workspace import Workspace

BUCKET = "acme-tfstate"
ROOT = Path(__file__).parent / "fixtures" / "in_a_bucket"
_prefixes = (f"zenstrap{number}/dev" for number in itertools.count())

Open = Callable[..., Workspace]


@pytest.fixture
def client(storage_url: str) -> Any:
    client = client_at(storage_url)
    if not client.bucket(BUCKET).exists():
        client.create_bucket(BUCKET)
    return client


@pytest.fixture
def storage(client: Any) -> GcsState:
    """A prefix of its own for every test."""
    return GcsState(BUCKET, next(_prefixes), fetch=partial(read_object, client, BUCKET))


@pytest.fixture
def open_dev(make_workspace: MakeWorkspace, storage: GcsState, storage_url: str) -> Open:  # noqa: F811
    return partial(
        make_workspace,
        root=ROOT,
        environment="dev",
        storage=storage,
        provider=PROVIDER,
        environment_variables={
            "STORAGE_EMULATOR_HOST": storage_url,
            "GOOGLE_STORAGE_CUSTOM_ENDPOINT": f"{storage_url}/storage/v1/",
            "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.token",
        },
    )


def things(*names: str) -> dict[str, object]:
    return {"things": names}


def objects(client: Any, storage: GcsState) -> dict[str, bytes]:
    found = client.list_blobs(BUCKET, prefix=f"{storage.prefix}/")
    return {
        blob.name.removeprefix(f"{storage.prefix}/"): blob.download_as_bytes() for blob in found
    }


def put(client: Any, storage: GcsState, content: bytes) -> None:
    client.bucket(BUCKET).blob(storage.object("dev")).upload_from_string(content)


def test_from_nothing_to_nothing(open_dev: Open, storage: GcsState, client: Any) -> None:
    assert storage.read("dev") is None
    workspace = open_dev()
    plan = workspace.plan(things("a", "b"))
    assert plan.counts.create == 2
    workspace.apply(plan.digest)
    first = workspace.state()
    assert first and first.resources == 2 and first == storage.read("dev")
    assert len(workspace.resources()) == 2
    assert "dev.tfstate" in objects(client, storage)
    assert storage.place("dev") == f"gs://{BUCKET}/{storage.prefix}/dev.tfstate"

    workspace.apply(workspace.plan(things("a")).digest)
    second = workspace.state()
    assert second and second.lineage == first.lineage and second.serial > first.serial
    check_state(first, second)

    workspace.apply(workspace.plan(things("a"), destroy=True).digest)
    workspace.remove()
    assert storage.read("dev") is None
    left = objects(client, storage)
    assert left.keys() == {"default.tfstate"}, "Terraform's own first workspace can't be deleted"
    assert json.loads(left["default.tfstate"])["resources"] == []


def test_the_loss_of_the_local_folder_loses_nothing(open_dev: Open) -> None:
    workspace = open_dev()
    workspace.apply(workspace.plan(things("a")).digest)
    recorded = workspace.state()
    shutil.rmtree(workspace.data_folder.parent)
    again = open_dev()
    check_state(recorded, again.state())
    assert again.plan(things("a")).is_empty


def test_nothing_of_the_state_and_no_token_is_kept_on_this_machine(open_dev: Open) -> None:
    workspace = open_dev()
    workspace.apply(workspace.plan(things("a-value-to-look-for")).digest)
    workspace.plan_file.unlink()
    kept = b"".join(
        file.read_bytes() for file in workspace.data_folder.parent.rglob("*") if file.is_file()
    )
    assert b"a-value-to-look-for" not in kept and b"ya29.token" not in kept


def test_environments_in_one_bucket_do_not_see_each_other(
    open_dev: Open, storage: GcsState
) -> None:
    dev = open_dev()
    dev.apply(dev.plan(things("a")).digest)
    other = replace(storage, prefix=f"{storage.prefix}elopment")
    assert other.read("dev") is None and other.read("development") is None
    prod = open_dev(environment="development", storage=other)
    assert prod.plan(things("a")).counts.create == 1
    before = dev.state()
    prod.apply(prod.plan(things("a", "b")).digest)
    assert dev.state() == before


@pytest.mark.parametrize(("content", "told"), [(b"", "empty"), (None, "damaged")])
def test_a_damaged_state_stops_before_terraform_replaces_it(
    content: bytes | None, told: str, open_dev: Open, storage: GcsState, client: Any
) -> None:
    workspace = open_dev()
    workspace.apply(workspace.plan(things("a")).digest)
    good = objects(client, storage)["dev.tfstate"]
    bad = good[:-40] if content is None else content
    put(client, storage, bad)
    shutil.rmtree(workspace.data_folder)
    for attempt in (open_dev, workspace.state, lambda: workspace.plan(things("a"))):
        with pytest.raises(StateGuardError, match=told) as caught:
            attempt()
        assert caught.value.where == storage.place("dev") and caught.value.fix
    assert objects(client, storage)["dev.tfstate"] == bad, "an older version may still be restored"

    put(client, storage, good)
    assert open_dev().plan(things("a")).is_empty


def test_a_missing_foreign_or_older_state_is_told_from_the_recorded_one(
    open_dev: Open, storage: GcsState, client: Any
) -> None:
    workspace = open_dev()
    workspace.apply(workspace.plan(things("a")).digest)
    recorded = workspace.state()
    good = json.loads(objects(client, storage)["dev.tfstate"])
    for change, told in (
        ({"lineage": "another"}, "not the one that the last run recorded"),
        ({"serial": good["serial"] - 1}, "older"),
    ):
        put(client, storage, json.dumps({**good, **change}).encode())
        with pytest.raises(StateGuardError, match=told):
            check_state(recorded, storage.read("dev"), where=storage.place("dev"))
    client.bucket(BUCKET).blob(storage.object("dev")).delete()
    with pytest.raises(StateGuardError, match="missing"):
        check_state(recorded, storage.read("dev"), where=storage.place("dev"))
