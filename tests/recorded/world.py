"""Bringing the recorded world up: ZenML's store, zenstrap's folder, Google Cloud's double.

ZenML and Terraform write absolute paths into what they keep, so the world lives in one fixed
folder, and one process at a time has it.
"""

from __future__ import annotations

import base64
import fcntl
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.recorded import stages
from tests.recorded.secrets import give_keys
from zenstrap_rehearsal import Rehearsal

WORLD: Final = Path("/tmp/zenstrap-recorded-world")
ARCHIVE: Final = Path(__file__).parent / "world-4de0921.tar.xz"
MACHINE: Final = "machine"  # the service account that the machine is


@contextmanager
def locked() -> Iterator[None]:
    """Wait until no other process has the world, and clear away what a killed one left."""
    with open(f"{WORLD}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(WORLD, ignore_errors=True)
        yield


@contextmanager
def brought_up(folder: Path) -> Iterator[Rehearsal]:
    """The world in its place, and Google Cloud as it was.

    Args:
        folder: for the double's own files.
    """
    with locked():
        try:
            with tarfile.open(ARCHIVE) as archive:
                archive.extractall(WORLD, filter="data")
            with Rehearsal(folder, project_ids=stages.GOOGLE_PROJECTS) as cloud:
                give_keys(cloud, cloud.load(WORLD / "cloud"), WORLD)
                yield cloud
        finally:
            shutil.rmtree(WORLD, ignore_errors=True)


def machine(cloud: Rehearsal, folder: Path, project: str = stages.GOOGLE_PROJECTS[-1]) -> Path:
    """A credentials file of the machine's own account, which may use every bucket of a project."""
    email = f"{MACHINE}@{project}.iam.gserviceaccount.com"
    account = f"projects/{project}/serviceAccounts/{email}"

    def call(service: str, path: str, body: object) -> dict[str, object]:
        return dict(cloud.cloud.call(service, "POST", path, body=body, token=None))

    if account not in cloud.resources():
        policy = {"bindings": cloud.policy(f"projects/{project}")}
        policy["bindings"].append(
            {"role": "roles/storage.admin", "members": [f"serviceAccount:{email}"]}
        )
        call("serviceusage", f"v1/projects/{project}/services/iam.googleapis.com:enable", {})
        call("iam", f"v1/projects/{project}/serviceAccounts", {"accountId": MACHINE})
        call("cloudresourcemanager", f"v1/projects/{project}:setIamPolicy", {"policy": policy})
    key = call("iam", f"v1/{account}/keys", {})
    file = folder / "machine.json"
    file.write_bytes(base64.b64decode(str(key["privateKeyData"])))
    return file
