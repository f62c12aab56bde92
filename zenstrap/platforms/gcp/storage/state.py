"""Terraform's state in a bucket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from zenstrap.terraform.state import StateIdentity, read_state


@dataclass(frozen=True)
class GcsState:
    """``backend "gcs"``: one object for each workspace below a prefix of a bucket.

    Terraform gets endpoint and credentials from environment variables. A backend configuration
    would be copied to disk.

    Args:
        bucket: has object versioning, so that earlier states can be restored.
        prefix: this environment's folder.
        fetch: reads an object of the bucket by its name; None if it doesn't exist. Terraform isn't
            used for this: its backend replaces an empty object by a new state.
        put: writes an object, or deletes it if the content is None. None for read-only commands.
        versions: an object's earlier versions, the newest first. None for read-only commands.
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
        assert self.put is not None, "a state is only written under a lease"
        self.put(self.object(environment), content)

    def set_aside(self, environment: str) -> str:
        assert self.put is not None, "a state is only written under a lease"
        self.put(self.object(environment), None)
        return f"an earlier version of {self.place(environment)}"
