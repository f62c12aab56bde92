"""Where Terraform keeps the states of an environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zenstrap.terraform.state import StateIdentity, read_state, read_state_file


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
        """The state's identity; None where there is none yet.

        Raises:
            StateGuardError: empty, truncated, or not a state.
            GoogleError: a bucket is out of reach.
        """


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

    Where the bucket is, and who asks, Terraform learns from its environment variables. They are
    no backend configuration, which it would copy to disk.

    Args:
        bucket: has object versioning, so that earlier states can be restored.
        prefix: this environment's own.
        fetch: reads an object of the bucket by its name; None where there is none. Terraform
            itself can't be asked: its backend takes an empty object for a new state, and puts
            one in its place.
    """

    bucket: str
    prefix: str
    fetch: Callable[[str], bytes | None]

    @property
    def folder(self) -> None:
        return None

    def object(self, environment: str) -> str:
        """The name that the backend gives to the state of a workspace."""
        return f"{self.prefix}/{environment}.tfstate"

    def backend_config(self) -> Mapping[str, str]:
        return {"bucket": self.bucket, "prefix": self.prefix}

    def place(self, environment: str) -> str:
        return f"gs://{self.bucket}/{self.object(environment)}"

    def read(self, environment: str) -> StateIdentity | None:
        content = self.fetch(self.object(environment))
        if content is None:
            return None
        return read_state(content, where=self.place(environment))
