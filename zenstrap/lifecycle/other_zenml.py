"""The connected ZenML isn't the one that an environment is registered in: why, and the way out.

A database that was made anew answers at the same address. A local one even has the same id, which
ZenML takes from its ``config.yaml``; only the ids of its projects are new.
"""

from __future__ import annotations

import shlex
import socket
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import urlsplit

from zenstrap.errors import StateGuardError
from zenstrap.invocation import again, command, verb
from zenstrap.owner import Owner, Registry

Relation = Literal["same", "project", "unseen", "anew", "address", "elsewhere"]
"""How the ZenML of the registration and the connected one are related.

- ``project``: the same ZenML, another project of it
- ``unseen``: the same ZenML, but the project isn't there, or may not be seen
- ``anew``: the same ZenML, made anew: what was registered is gone
- ``address``: the same address, but perhaps of another machine
- ``elsewhere``: another ZenML
"""

THIS_ZENML: Final = "--this-zenml"
_TAKES_IT: Final = ("up", "plan", "down")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def relation(owner: Owner, here: Registry, projects: Mapping[str, str]) -> Relation:
    """How the ZenML that an environment is registered in is related to the connected one.

    Args:
        here: the connected ZenML.
        projects: all projects in it, names by id.
    """
    before = owner.registry
    if before.is_same(here):
        return "same"
    if before.id == here.id and before.project in projects:
        return "project"
    if before.url.rstrip("/") != here.url.rstrip("/"):
        return "elsewhere"
    if before.id == here.id:
        return "anew" if before.project_name in projects.values() else "unseen"
    host = urlsplit(here.url).hostname  # none of a file's
    certain = owner.host == socket.gethostname() if host is None else host not in _LOOPBACK
    return "anew" if certain else "address"


def registered_elsewhere(
    owner: Owner, here: Registry, projects: Mapping[str, str], resources: str
) -> StateGuardError:
    """The error for an environment whose state has resources.

    Args:
        resources: how many, for display.
    """
    environment, before = owner.environment, owner.registry
    related = relation(owner, here, projects)
    if related == "project":
        return in_another_project(environment, here, projects[before.project])
    if related == "elsewhere":
        return StateGuardError(
            f"{environment} is registered in another ZenML",
            where=before.url,
            why=f"{here.url} is connected. The state holds {resources}: the other ZenML wouldn't "
            "see this run's changes, and its stacks would lose their infrastructure",
            fix=f"{_way_to(before)}. If that ZenML no longer exists, run",
            command=with_this_zenml(environment),
        )
    holds = f"The state holds {resources}, and this ZenML has no run that recorded it"
    what, why, back = {
        "unseen": (
            f"ZenML's project {before.project_name}, which {environment} is registered in, "
            "isn't there",
            "It was deleted, or your user may not see it, or the database was made anew",
            "If the project is still there, get access to it",
        ),
        "anew": (
            f"ZenML's database was made anew since {environment} was registered in it",
            f"The address is the same, but the project {before.project_name} there is a new one",
            "If there is a backup of the old database, restore it",
        ),
        "address": (
            f"{environment} is registered in another ZenML of the same address",
            "ZenML's database was made anew, or it is the one of another machine: the owner was "
            f"created on {owner.host}",
            "If it is another machine's, connect to that one; if there is a backup of the old "
            "database, restore it",
        ),
    }[related]
    return StateGuardError(
        what,
        where=here.url,
        why=f"{why}. {holds}",
        fix=f"{back}. Otherwise continue with this ZenML, which registers and tests everything "
        "again",
        command=with_this_zenml(environment),
    )


def unknown_here(environment: str, here: Registry, place: str, resources: str) -> StateGuardError:
    """The error for a state without an owner that no run in the connected ZenML recorded."""
    return StateGuardError(
        f"the connected ZenML has no run of {environment}",
        where=place,
        why=f"The state holds {resources}, and no run in {here.url} (project "
        f"{here.project_name}) has recorded it",
        fix="Log in to the ZenML that it is registered in (`zenml login ADDRESS`, or "
        "ZENML_STORE_URL). If that ZenML no longer exists, or was made anew, run",
        command=with_this_zenml(environment),
    )


def in_another_project(environment: str, here: Registry, project: str) -> StateGuardError:
    """The error for an environment that is registered in another project of the same ZenML."""
    return StateGuardError(
        f"{environment} has its runs in ZenML's project {project}",
        where=f"ZenML project {here.project_name}",
        why="Only the runs in that project show whether the state is the right one",
        fix="Switch to that project, or set ZENML_ACTIVE_PROJECT_ID to it",
        command=f"zenml project set {shlex.quote(project)}",
    )


def with_this_zenml(environment: str) -> str:
    """The command that continues with the connected ZenML: this one, or ``up``."""
    if verb() in _TAKES_IT:
        return again(environment, THIS_ZENML)
    return command("up", environment, THIS_ZENML)


def _way_to(registry: Registry) -> str:
    if registry.url.startswith(("http://", "https://")):
        return f"Log in to it (`zenml login {registry.url}`)"
    return "Switch back to that ZenML configuration (ZENML_CONFIG_PATH, HOME or ZENML_STORE_URL)"
