"""Paths of a bucket by IAM conditions: the expression of terraform_modules/artifact_path, and what
gcsfs and ZenML do with an account that it gives its path."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.zenstrap_rehearsal.storage.caller import Caller
from tests.zenstrap_rehearsal.storage.conftest import FRAUD, UNIFORM
from zenstrap.paths import modules_folder
from zenstrap_rehearsal.storage import StorageServer

if TYPE_CHECKING:
    from gcsfs.core import GCSFileSystem
    from google.cloud.storage import Client

MEMBER = f"serviceAccount:{FRAUD}"
MINE = "ml_projects/fraud"
THEIRS = "ml_projects/fraud_detection/secret"
ROOT = f"gs://acme/{MINE}"


@pytest.fixture(scope="session")
def expression(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The condition as the module itself makes it for the path MINE in the bucket acme."""
    module = modules_folder() / "artifact_path"
    folder = tmp_path_factory.mktemp("artifact_path")
    shutil.copy(module / "variables.tf", folder)
    found = re.search(r"^locals \{.*?^\}", (module / "main.tf").read_text(), re.M | re.S)
    assert found
    (folder / "locals.tf").write_text(found.group())
    values = {"bucket": "acme", "path": MINE, "service_account": FRAUD}
    environ = {k: v for k, v in os.environ.items() if k != "TF_CLI_CONFIG_FILE"}
    printed = subprocess.run(
        ["terraform", "console"],
        cwd=folder,
        env=environ | {f"TF_VAR_{name}": value for name, value in values.items()},
        input="jsonencode(local._own)",
        capture_output=True,
        text=True,
        check=True,
    )
    return str(json.loads(json.loads(printed.stdout)))


def share(owner: Caller, condition: str) -> None:
    """A bucket with somebody else's objects, too; the account gets what the module gives."""
    owner.make_bucket(iamConfiguration=UNIFORM)
    assert owner.grant("roles/storage.bucketViewer", MEMBER).status == 200
    assert owner.grant("roles/storage.objectUser", MEMBER, condition).status == 200
    for name in (THEIRS, "shared/model"):
        assert owner.write(name, b"secret").status == 200


@pytest.fixture
def shared(owner: Caller, expression: str) -> Caller:
    share(owner, expression)
    return owner


@pytest.fixture
def files(server: StorageServer, shared: Caller) -> GCSFileSystem:
    """gcsfs as the account of the path; it asks the server each time."""
    from gcsfs.core import GCSFileSystem
    from google.oauth2.credentials import Credentials

    return GCSFileSystem(
        project="p",
        token=Credentials("fraud-token"),
        endpoint_url=server.url,
        use_listings_cache=False,
        skip_instance_cache=True,
    )


def test_gcsfs_works_on_its_own_path(files: GCSFileSystem) -> None:
    assert not files.exists(ROOT)
    files.makedirs(f"{ROOT}/run/output", exist_ok=True)
    large = os.urandom(6 * 1024 * 1024)
    with files.open(f"{ROOT}/run/output/large", "wb") as file:
        file.write(large)
    with files.open(f"{ROOT}/run/output/a.json", "wb") as file:
        file.write(b"{}")
    assert files.cat(f"{ROOT}/run/output/large") == large
    with files.open(f"{ROOT}/run/output/a.json", "rb") as file:
        assert file.read() == b"{}"
    assert files.info(ROOT)["type"] == "directory"
    assert files.isdir(ROOT)
    assert files.isdir(f"{ROOT}/run")
    assert not files.exists(f"{ROOT}/other")
    assert files.ls(ROOT) == files.ls(f"{ROOT}/") == [f"acme/{MINE}/run"]
    both = [f"acme/{MINE}/run/output/{name}" for name in ("a.json", "large")]
    assert files.find(ROOT) == both
    assert files.glob(f"{ROOT}/run/*/*") == both
    files.copy(f"{ROOT}/run/output/a.json", f"{ROOT}/b.json")
    files.rename(f"{ROOT}/b.json", f"{ROOT}/c.json")
    assert files.cat(f"{ROOT}/c.json") == b"{}"
    files.rm_file(f"{ROOT}/c.json")
    assert not files.exists(f"{ROOT}/c.json")
    files.rm(f"{ROOT}/run", recursive=True)
    assert not files.exists(ROOT)
    assert files.find(f"{ROOT}/run") == []


def test_gcsfs_cannot_search_its_path_while_that_is_empty(
    files: GCSFileSystem, shared: Caller
) -> None:
    """It asks then for everything that begins so, as if the path might be an object."""
    with pytest.raises(OSError, match="Forbidden"):
        files.find(ROOT)
    shared.write(f"{MINE}/kept", b"")
    assert files.find(ROOT) == [f"acme/{MINE}/kept"]


def test_gcsfs_is_refused_everything_else(files: GCSFileSystem, shared: Caller) -> None:
    def write(path: str) -> None:
        with files.open(path, "wb") as file:
            file.write(b"x")

    with files.open(f"{ROOT}/mine", "wb") as file:
        file.write(b"mine")
    theirs = f"gs://acme/{THEIRS}"
    refused: list[Callable[[], Any]] = [
        lambda: files.ls("gs://acme"),
        lambda: files.ls("gs://acme/ml_projects"),
        lambda: files.ls("gs://acme/ml_projects/fraud_detection"),
        lambda: files.find("gs://acme/shared"),
        lambda: files.cat(theirs),
        lambda: files.info(theirs),
        lambda: files.exists("gs://acme/ml_projects/fraud_detection/missing"),
        lambda: write(theirs),
        lambda: write("gs://acme/ml_projects/fraud_detection/new"),
        lambda: write("gs://acme/shared/model"),
        lambda: files.rm_file(theirs),
        lambda: files.copy(theirs, f"{ROOT}/stolen"),
        lambda: files.copy(f"{ROOT}/mine", theirs),
        lambda: files.ls(""),
    ]
    for number, call in enumerate(refused):
        with pytest.raises(OSError, match=r"Forbidden|does not have"):
            call()
            pytest.fail(f"call {number} was allowed")
    assert shared.names() == ["ml_projects/fraud/mine", THEIRS, "shared/model"]
    assert shared.read(THEIRS).content == b"secret"
    # The bucket itself is seen.
    assert files.exists("gs://acme")


PARTS = {
    "the bare path": 'resource.name == "projects/_/buckets/acme/objects/ml_projects/fraud"',
    "what is below": "resource.name.startsWith("
    '"projects/_/buckets/acme/objects/ml_projects/fraud/")',
    "listing": 'api.getAttribute("storage.googleapis.com/objectListPrefix", "")'
    '.startsWith("ml_projects/fraud/")',
}


def probe(fraud: Caller) -> dict[str, int]:
    """The calls that gcsfs makes."""
    listing = "/storage/v1/b/acme/o"
    return {
        "the bare path": fraud.object("GET", MINE).status,
        "what is below": fraud.write(f"{MINE}/a").status,
        "listing": fraud.call("GET", listing, prefix=f"{MINE}/", delimiter="/").status,
        "their listing": fraud.call("GET", listing, prefix=f"{MINE}_detection/").status,
        "their names": fraud.call("GET", listing, prefix=MINE).status,
        "everybody's names": fraud.call("GET", listing).status,
        "their object": fraud.read(THEIRS).status,
    }


def test_the_module_says_just_that(expression: str, shared: Caller, fraud: Caller) -> None:
    assert expression == " || ".join(PARTS.values())
    assert list(probe(fraud).values()) == [404, 200, 200, 403, 403, 403, 403]


@pytest.mark.parametrize("missing", PARTS)
def test_each_part_of_the_expression_is_needed(owner: Caller, fraud: Caller, missing: str) -> None:
    share(owner, " || ".join(text for part, text in PARTS.items() if part != missing))
    statuses = probe(fraud)
    assert statuses[missing] == 403
    assert 403 not in [statuses[part] for part in PARTS if part != missing]


def test_so_are_the_slashes(owner: Caller, fraud: Caller, expression: str) -> None:
    share(owner, expression.replace('fraud/")', 'fraud")'))
    statuses = probe(fraud)
    assert [statuses["their object"], statuses["their listing"]] == [200, 200]


def test_if_google_hid_missing_objects_more(server: StorageServer, files: GCSFileSystem) -> None:
    """Below the path all but removing folders would still work; on the bare path it would not."""
    server.hide_missing_objects()
    with files.open(f"{ROOT}/run/a", "wb") as file:
        file.write(b"x")
    assert files.cat(f"{ROOT}/run/a") == b"x"
    assert files.ls(ROOT) == [f"acme/{MINE}/run"]
    assert not files.exists(f"{ROOT}/run/b")
    assert files.isdir(f"{ROOT}/run")
    with pytest.raises(OSError, match="Forbidden"):
        files.exists(ROOT)
    with pytest.raises(OSError, match="Forbidden"):
        files.rm(f"{ROOT}/run", recursive=True)


def test_zenmls_artifact_store_works_on_its_path(
    shared: Caller, server: StorageServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.url)
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(tmp_path / "zenml"))
    from google.oauth2.credentials import Credentials
    from zenml.enums import StackComponentType
    from zenml.integrations.gcp.artifact_stores.gcp_artifact_store import GCPArtifactStore
    from zenml.integrations.gcp.flavors import GCPArtifactStoreConfig

    monkeypatch.setattr(
        GCPArtifactStore, "get_credentials", lambda self: Credentials("fraud-token")
    )
    now = datetime.now(UTC)
    store = GCPArtifactStore(
        name="fraud",
        id=uuid4(),
        config=GCPArtifactStoreConfig(path=ROOT),
        flavor="gcp",
        type=StackComponentType.ARTIFACT_STORE,
        user=None,
        created=now,
        updated=now,
    )
    folder = f"{store.path}/pipeline/step"
    assert not store.exists(folder)
    store.makedirs(folder)
    with store.open(f"{folder}/data.json", "wb") as file:
        file.write(b"[1]")
    with store.open(f"{folder}/data.json", "rb") as file:
        assert file.read() == b"[1]"
    assert store.exists(store.path)
    assert store.isdir(folder)
    assert store.listdir(folder) == ["data.json"]
    assert store.size(f"{folder}/data.json") == 3
    assert list(store.walk(folder)) == [(folder, [], ["data.json"])]
    store.copyfile(f"{folder}/data.json", f"{folder}/copy.json")
    store.rename(f"{folder}/copy.json", f"{folder}/renamed.json")
    store.remove(f"{folder}/renamed.json")
    assert shared.names(prefix=MINE + "/") == [f"{MINE}/pipeline/step/data.json"]
    store.rmtree(f"{store.path}/pipeline")
    assert shared.names(prefix=MINE + "/") == []
    with pytest.raises(OSError, match="Forbidden"):
        store.listdir("gs://acme/ml_projects/fraud_detection")


def test_zenmls_connector_verifies_one_bucket_and_no_list(
    shared: Caller, server: StorageServer, google: Callable[[str], Client]
) -> None:
    """What its verification calls: with a bucket's name buckets.get, without one buckets.list."""
    from google.api_core.exceptions import Forbidden

    client = google("fraud-token")
    assert client.get_bucket("acme").name == "acme"
    with pytest.raises(Forbidden, match=r"storage\.buckets\.list"):
        list(client.list_buckets())
