"""Where Terraform keeps the states of an environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zenstrap.terraform.state import StateIdentity, read_state_file


class StateStorage(Protocol):
    """What a workspace needs to know of a backend."""

    @property
    def folder(self) -> Path | None:
        """The folder on this machine; None where the state is elsewhere."""

    def backend_config(self) -> Mapping[str, str]:
        """What completes the root's ``backend`` block. Terraform copies it: no secrets."""

    def place(self, environment: str) -> str:
        """The state's place as a user would name it."""

    def read(self, environment: str) -> StateIdentity | None:
        """The state's identity, where ``folder`` is not None."""


@dataclass(frozen=True)
class LocalState:
    """``backend "local"``: one file for each workspace in a folder of the user's.

    Args:
        folder: made readable for the user alone; a state holds secrets in clear.
    """

    folder: Path

    def file(self, environment: str) -> Path:
        return self.folder / environment / "terraform.tfstate"

    def backend_config(self) -> Mapping[str, str]:
        return {
            "path": str(self.folder / "default.tfstate"),
            "workspace_dir": str(self.folder),
        }

    def place(self, environment: str) -> str:
        return str(self.file(environment))

    def read(self, environment: str) -> StateIdentity | None:
        return read_state_file(self.file(environment))


@dataclass(frozen=True)
class GcsState:
    """``backend "gcs"``: one object for each workspace below a prefix of a bucket.

    Args:
        bucket: has object versioning, so that earlier states can be restored.
        prefix: this environment's own.
        endpoint: another address of the storage service, for a rehearsal.
        access_token: a dummy for such an endpoint, never a real one: Terraform copies it.
    """

    bucket: str
    prefix: str
    endpoint: str | None = None
    access_token: str | None = None

    @property
    def folder(self) -> None:
        return None

    def backend_config(self) -> Mapping[str, str]:
        found = {
            "bucket": self.bucket,
            "prefix": self.prefix,
            "storage_custom_endpoint": self.endpoint,
            "access_token": self.access_token,
        }
        return {name: value for name, value in found.items() if value is not None}

    def place(self, environment: str) -> str:
        return f"gs://{self.bucket}/{self.prefix}/{environment}.tfstate"

    def read(self, environment: str) -> StateIdentity | None:
        raise NotImplementedError("a state in a bucket is read with `terraform state pull`")
