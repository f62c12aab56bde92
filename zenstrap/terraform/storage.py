"""Where Terraform keeps the states of an environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zenstrap import plain_files
from zenstrap.terraform.state import StateIdentity, read_state, state_guard


class StateStorage(Protocol):
    """What a workspace needs to know of a backend."""

    @property
    def folder(self) -> Path | None:
        """The folder on this machine; None where the state is elsewhere."""

    def backend_config(self) -> Mapping[str, str]:
        """What completes the root's ``backend`` block. Terraform copies it: no secrets."""

    def place(self, environment: str) -> str:
        """The state's place as a user would name it."""

    def content(self, environment: str) -> bytes | None:
        """What lies in the state's place, be it a state or not; None where nothing does.

        Raises:
            StateGuardError: it can't be read.
            GoogleError: a bucket is out of reach.
        """

    def read(self, environment: str) -> StateIdentity | None:
        """The state's identity; None where there is none yet.

        Raises:
            StateGuardError: it can't be read, is empty, truncated, or not a state.
            GoogleError: a bucket is out of reach.
        """

    def copies(self, environment: str) -> Iterator[tuple[str, bytes]]:
        """Earlier states of a workspace that were kept, with their places.

        Raises:
            GoogleError: a bucket is out of reach.
        """

    def write(self, environment: str, content: bytes) -> None:
        """Put a state in its place, whole or not at all. Only for whoever holds the lease.

        What lay there stays: as an older version in a bucket, in a file beside it elsewhere.

        Raises:
            OSError, GoogleError: it can't be written.
        """

    def set_aside(self, environment: str) -> str:
        """Take away what lies in the state's place, and tell where it is kept now."""


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

    def content(self, environment: str) -> bytes | None:
        try:
            return plain_files.read(self.file(environment))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise state_guard(
                "the state can't be read", where=self.place(environment), why=error.strerror
            ) from error

    def read(self, environment: str) -> StateIdentity | None:
        content = self.content(environment)
        return None if content is None else read_state(content, where=self.place(environment))

    def copies(self, environment: str) -> Iterator[tuple[str, bytes]]:
        file = self.file(environment)
        for copy in sorted(file.parent.glob(f"{file.name}.*")):
            with suppress(OSError):
                yield str(copy), plain_files.read(copy)

    def write(self, environment: str, content: bytes) -> None:
        file = self.file(environment)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with plain_files.removed_unless_done(file.with_name(f"{file.name}.new")) as new:
            plain_files.write_privately(new, content)
            if file.exists():
                self.set_aside(environment)
            new.replace(file)

    def set_aside(self, environment: str) -> str:
        file = self.file(environment)
        number = 1
        while (kept := file.with_name(f"{file.name}.before-{number}")).exists():
            number += 1
        file.rename(kept)
        return str(kept)


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
        put: writes an object, or deletes it where it is given None. None for whoever only reads.
        versions: an object's earlier versions, the newest first. None likewise.
    """

    bucket: str
    prefix: str
    fetch: Callable[[str], bytes | None]
    put: Callable[[str, bytes | None], None] | None = None
    versions: Callable[[str], Iterator[tuple[str, bytes]]] | None = None

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

    def content(self, environment: str) -> bytes | None:
        return self.fetch(self.object(environment))

    def read(self, environment: str) -> StateIdentity | None:
        content = self.content(environment)
        return None if content is None else read_state(content, where=self.place(environment))

    def copies(self, environment: str) -> Iterator[tuple[str, bytes]]:
        return iter(()) if self.versions is None else self.versions(self.object(environment))

    def write(self, environment: str, content: bytes) -> None:
        assert self.put is not None, "a state is written under a lease, by whoever may"
        self.put(self.object(environment), content)

    def set_aside(self, environment: str) -> str:
        assert self.put is not None, "a state is written under a lease, by whoever may"
        self.put(self.object(environment), None)
        return f"an earlier version of {self.place(environment)}"
