"""Where Terraform keeps the states of an environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from zenstrap import plain_files
from zenstrap.terraform.state import StateIdentity, read_state, state_guard


class StateStorage(Protocol):
    """A backend, as a workspace needs it."""

    @property
    def folder(self) -> Path | None:
        """The folder of local states; None for a remote backend."""

    def backend_config(self) -> Mapping[str, str]:
        """Values for the root's ``backend`` block. Terraform stores them: no secrets."""

    def place(self, environment: str) -> str:
        """Path or URL of the state, for display."""

    def content(self, environment: str) -> bytes | None:
        """The stored bytes, whether or not they are a valid state; None if there are none.

        Raises:
            StateGuardError: it can't be read.
            PlatformError: a bucket is out of reach.
        """

    def read(self, environment: str) -> StateIdentity | None:
        """The state's identity; None if there is no state yet.

        Raises:
            StateGuardError: it can't be read, is empty, truncated, or not a state.
            PlatformError: a bucket is out of reach.
        """

    def copies(self, environment: str) -> Iterator[tuple[str, bytes]]:
        """Earlier versions of a workspace's state, with their paths or URLs.

        Raises:
            PlatformError: a bucket is out of reach.
        """

    def write(self, environment: str, content: bytes) -> None:
        """Write a state atomically. Only for the run that holds the lease.

        The previous state is kept: as an older version in a bucket, or as a file beside it.

        Raises:
            OSError, PlatformError: it can't be written.
        """

    def set_aside(self, environment: str) -> str:
        """Move the stored state away, and return where it is kept now."""


@dataclass(frozen=True)
class LocalState:
    """``backend "local"``: one file for each workspace in a folder of the user's.

    Args:
        folder: only the user can read it: a state holds secrets in plain text.
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
