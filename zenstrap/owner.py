"""The owner of an environment: a random id, created once and stored beside the environment's state.

The id is in the labels and tags of everything that belongs to the environment, and only the id
decides what is "ours". The name can't: two users may both have a ``local`` on one ZenML server. It
is stored beside the state, so that it is moved and copied with the state.
"""

from __future__ import annotations

import secrets
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from zenstrap import plain_files
from zenstrap.errors import DamagedOwnerError, first_problem

FILE: Final = "owner.json"
_BYTES: Final = 6  # 2^48 ids: two environments with the same id are improbable

OwnerId = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]


class Registry(BaseModel):
    """The ZenML in which an environment is registered.

    Attributes:
        id: of the deployment; it is stored in ZenML's database and moves with it.
        project: id of the ZenML project that has the runs.
        url, project_name: for display; not compared.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    project: str
    url: str
    project_name: str

    def is_same(self, other: Registry) -> bool:
        """Whether the other registry has the same registrations and the same runs."""
        return (self.id, self.project) == (other.id, other.project)


class Owner(BaseModel):
    """The owner of an environment.

    Attributes:
        id: only the id is compared.
        environment: the environment's name. An owner file copied from another one is refused.
        user, host, made_at: who created it, where and when, for display.
        registry: the ZenML in which the environment is registered.
        taken_down_at: when ``down`` removed everything; None if it didn't, or the environment is up
            again. Explains why a state is gone, also in another ZenML.
        forgotten_at: when a user decided to continue without a lost state. What runs recorded
            before is ignored. None again after the next ``up``.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["zenstrap/owner/1"] = Field(alias="schema")
    id: OwnerId
    environment: str
    user: str
    host: str
    made_at: AwareDatetime
    registry: Registry
    taken_down_at: AwareDatetime | None = None
    forgotten_at: AwareDatetime | None = None

    def registered_in(self, registry: Registry) -> Owner:
        """The same owner, with its environment up and registered in a ZenML."""
        after = {"registry": registry, "taken_down_at": None, "forgotten_at": None}
        return self.model_copy(update=after)

    def taken_down(self) -> Owner:
        """The same owner, after a ``down``."""
        return self.model_copy(update={"taken_down_at": datetime.now(UTC), "forgotten_at": None})

    def forgetting(self, at: datetime) -> Owner:
        """The same owner, after the user gave up a lost state."""
        return self.model_copy(update={"forgotten_at": at, "taken_down_at": None})

    def to_json(self) -> str:
        """The text of its file."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


class OwnerStore(Protocol):
    """Where an environment's owner is stored: beside its state."""

    @property
    def place(self) -> str:
        """Path or URL of the owner, for display."""

    def read(self) -> Owner | None:
        """The owner; None if there is none yet.

        Raises:
            DamagedOwnerError: the stored owner can't be read.
            PlatformError: a bucket is out of reach.
        """

    def write(self, owner: Owner) -> None:
        """Write it atomically. Only for the run that holds the environment's lease."""


class FileOwnerStore:
    """The owner in a file beside a local state.

    Args:
        folder: of the states.
        environment: the environment's name.
    """

    def __init__(self, folder: Path, environment: str) -> None:
        self._file = folder / FILE
        self._environment = environment

    @property
    def place(self) -> str:
        return str(self._file)

    def read(self) -> Owner | None:
        try:
            content = plain_files.read(self._file)
        except FileNotFoundError:
            return None
        except plain_files.NotPlainError as error:
            raise _damaged(self.place, str(error.strerror)) from error
        except OSError as error:
            fix = "Make the file and its folder readable by this user"
            raise _damaged(self.place, error.strerror or str(error), fix) from error
        return parse_owner(content, self.place, self._environment)

    def write(self, owner: Owner) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with plain_files.removed_unless_done(self._file.with_suffix(".new")) as new:
            plain_files.write_privately(new, owner.to_json().encode())
            new.replace(self._file)


def new_owner(environment: str, user: str, registry: Registry, *, id: str | None = None) -> Owner:
    """An owner for an environment that has none.

    Args:
        id: the environment's earlier id, if its file was lost; None for a new one.
    """
    return Owner(
        schema="zenstrap/owner/1",
        environment=environment,
        id=id or secrets.token_hex(_BYTES),
        user=user,
        host=socket.gethostname(),
        made_at=datetime.now(UTC),
        registry=registry,
    )


def parse_owner(content: bytes, place: str, environment: str) -> Owner:
    """The owner in a file's content.

    Raises:
        DamagedOwnerError: it is not a valid owner, or another environment's.
    """
    try:
        owner = Owner.model_validate_json(content)
    except ValidationError as error:
        raise _damaged(place, first_problem(error)) from error
    if owner.environment != environment:
        raise DamagedOwnerError(
            f"the owner file beside the state of {environment} is that of {owner.environment}",
            where=place,
            why="It was copied or moved. One environment would change the other's resources",
            fix="Move both files back. An environment can't be renamed: bring "
            f"{environment} up beside {owner.environment}, then take {owner.environment} down",
        )
    return owner


def _damaged(place: str, why: str, fix: str | None = None) -> DamagedOwnerError:
    return DamagedOwnerError(
        "the environment's owner file can't be read",
        where=place,
        why=why,
        fix=fix
        or "Restore it from a backup, or delete it: the next run finds the owner's id in ZenML by "
        "the state beside the file",
    )
