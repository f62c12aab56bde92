"""Whose an environment is: a random id, made once, which lies beside the environment's state.

The id goes into the labels and tags of all that belongs to the environment, and it alone decides
what is "ours". The environment's name can't: two people may both have a ``local`` on one ZenML
server. It lies beside the state, so that it goes wherever the state goes.
"""

from __future__ import annotations

import secrets
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, Protocol

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from zenstrap import plain_files
from zenstrap.errors import DamagedOwnerError

FILE: Final = "owner.json"
_BYTES: Final = 6  # 2^48 ids: no two environments will ever share one

OwnerId = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]


class Registry(BaseModel):
    """The ZenML in which an environment is registered.

    Attributes:
        id: of the deployment; it stays with ZenML's database, wherever that goes.
        project: id of the ZenML project that has the runs.
        url, project_name: for people; not compared.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    project: str
    url: str
    project_name: str

    def is_same(self, other: Registry) -> bool:
        """Whether the other one has the same registrations and the same runs."""
        return (self.id, self.project) == (other.id, other.project)


class Owner(BaseModel):
    """Whose an environment is.

    Attributes:
        id: it alone is compared.
        environment: whose owner it is. Another one's, copied here, is refused.
        user, host, made_at: who made it, where and when, for people.
        registry: where the environment is registered.
        taken_down_at: when everything was taken away; None where it wasn't, or is up again. It
            tells why a state is gone, also in a ZenML that didn't see it.
        forgotten_at: when somebody decided to go on without a state that was lost. What runs
            recorded until then is no longer asked for. None again after the next ``up``.
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
        """The same owner, whose environment is up and registered in a ZenML."""
        after = {"registry": registry, "taken_down_at": None, "forgotten_at": None}
        return self.model_copy(update=after)

    def taken_down(self) -> Owner:
        """The same owner, after a ``down``."""
        return self.model_copy(update={"taken_down_at": datetime.now(UTC), "forgotten_at": None})

    def forgetting(self, at: datetime) -> Owner:
        """The same owner, whose state is lost for good."""
        return self.model_copy(update={"forgotten_at": at, "taken_down_at": None})

    def to_json(self) -> str:
        """The text of its file."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"


class OwnerStore(Protocol):
    """Where an environment's owner lies: beside its state."""

    @property
    def place(self) -> str:
        """As a user would name it."""

    def read(self) -> Owner | None:
        """The owner; None where there is none yet.

        Raises:
            DamagedOwnerError: what lies there can't be read.
            PlatformError: a bucket is out of reach.
        """

    def write(self, owner: Owner) -> None:
        """Write it whole or not at all. Only for whoever holds the environment's lease."""


class FileOwnerStore:
    """A file beside a local state.

    Args:
        folder: of the states.
        environment: whose owner is looked for.
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
        id: that the environment had, where its file was lost; None for a new one.
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
        DamagedOwnerError: it is none, or another environment's.
    """
    try:
        owner = Owner.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _damaged(place, f"{where}: {first['msg']}" if where else first["msg"]) from error
    if owner.environment != environment:
        raise DamagedOwnerError(
            f"the state of {environment} lies with the owner of {owner.environment}",
            where=place,
            why="It was copied or moved here. What belongs to one environment would be taken from "
            "the other",
            fix="Put both back where they were. An environment can't be renamed: bring "
            f"{environment} up beside {owner.environment}, then take that down",
        )
    return owner


def _damaged(place: str, why: str, fix: str | None = None) -> DamagedOwnerError:
    return DamagedOwnerError(
        "the file that says whose the environment is can't be read",
        where=place,
        why=why,
        fix=fix
        or "Put it back from a backup, or delete it: the next run finds the id again in ZenML, "
        "by the state that lies beside it",
    )
