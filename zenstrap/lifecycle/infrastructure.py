"""Which Terraform root an environment uses, with which variables and which state."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zenstrap import paths
from zenstrap.config import EnvironmentConfig
from zenstrap.events import Notice
from zenstrap.platforms.local_artifacts import (
    foreign,
    is_in_state,
    marks,
    own_folders,
    take_over_folders,
)
from zenstrap.reports import Kept, count
from zenstrap.session import Session
from zenstrap.terraform.binary import TerraformBinary, find_terraform
from zenstrap.terraform.state import StateResource
from zenstrap.terraform.storage import LocalState, StateStorage
from zenstrap.terraform.workspace import Workspace

_SHOWN: Final = 5  # of somebody else's objects
_SHARED: Final = re.compile(r'module\.shared\.terraform_data\.folder\["(.+)/shared"\]')
_BEHIND_A_LINK: Final = (
    "{0}, where the artifacts are, is {1} behind a symbolic link. It stays as it is, but ZenML "
    "writes no artifact through a link: take the environment down, then up again."
)
_WITHOUT_BUCKET: Final = 'terraform {\n  backend "local" {}\n}\n'


def open_workspace(config: EnvironmentConfig, session: Session) -> Workspace:
    """The environment's Terraform workspace, not initialised yet."""
    environment = config.environment
    paths.require_folders(environment)
    storage = session.storage or LocalState(paths.state_folder(environment))
    return Workspace(
        root=_root(config, storage, session),
        environment=environment,
        data_folder=paths.terraform_data_folder(environment),
        storage=storage,
        binary=terraform_for(config),
        run_folder=session.run_folder,
        emit=session.emit,
        interrupt=session.interrupt,
        surroundings=_surroundings(config),
    )


def terraform_for(config: EnvironmentConfig) -> TerraformBinary:
    """The Terraform that an environment is worked on with.

    Other people and machines share a state on Google Cloud: which Terraform writes it is theirs
    to decide, and nothing that a package happens to bring.

    Raises:
        TerraformError, TerraformTimeoutError: there is none that is fit for use.
    """
    return find_terraform(fall_back=config.platform == "local")


@dataclass(frozen=True)
class RootVariables:
    """What the root module is given.

    Attributes:
        notices: what people should know of how the values came about.
    """

    values: dict[str, object]
    notices: tuple[str, ...] = ()


def variables(
    config: EnvironmentConfig,
    workspace: Workspace,
    session: Session,
    *,
    destroy: bool = False,
    keys_in_use: bool = False,
) -> RootVariables:
    """The variables for the root module of the environment's platform.

    Args:
        workspace: prepared; what is in its state needs no adopting.
        destroy: they are for taking everything away.
        keys_in_use: keep the keys that Terraform made, whatever the method: see
            :func:`zenstrap.platforms.gcp.connector_keys.keys_in_use`.
    """
    if config.platform == "gcp":
        from zenstrap.platforms.gcp.variables import google_variables, look_around

        adoption = look_around(config, workspace.resources(), session, destroy=destroy)
        values = google_variables(config, adoption, keys_in_use=keys_in_use, owner=session.owner)
        return RootVariables(values, adoption.reasons)
    folder = artifacts_folder(config)
    recorded = _as_recorded(folder, workspace)
    return RootVariables(
        {
            "environment": config.environment,
            "owner": session.owner,
            "root": recorded or str(folder),
            "ml_projects": sorted(config.ml_projects),
            "retention": config.retention.model_dump(mode="json"),
            "labels": dict(config.labels),
        },
        () if recorded in (None, str(folder)) else (_BEHIND_A_LINK.format(recorded, folder),),
    )


def _as_recorded(folder: Path, workspace: Workspace) -> str | None:
    """The same folder as an earlier version spelt it; None where it was made by no earlier run.

    It is part of Terraform's addresses: with another spelling the folder would be deleted.
    """
    for resource in workspace.resources():
        if found := _SHARED.fullmatch(resource.address):
            spelt = str(json.loads(f'"{found[1]}"'))
            return spelt if paths.resolved(spelt, "Terraform's state") == folder else None
    return None


def variables_for_removal(
    config: EnvironmentConfig, workspace: Workspace, session: Session
) -> RootVariables:
    """Likewise for a ``down``; what nobody recorded comes into the state first, and goes too.

    Raises:
        AuthenticationError, GoogleError: Google can't be asked, or said no.
    """
    given = variables(config, workspace, session, destroy=True)
    if config.platform != "gcp":
        told = take_over_folders(workspace, session, artifacts_folder(config), given.values)
        return RootVariables(given.values, (*given.notices, *told))
    from zenstrap.platforms.gcp.unrecorded import take_over
    from zenstrap.platforms.gcp.variables import artifact_bucket, unrecorded_pool

    pool = unrecorded_pool(config, workspace.resources(), session)
    told = take_over(config, workspace, session, artifact_bucket(config), given.values, pool)
    return RootVariables(given.values, (*given.notices, *told))


def artifacts_folder(config: EnvironmentConfig) -> Path:
    """Where a local environment keeps its artifacts, without symbolic links on the way.

    Raises:
        UsageError: see :func:`zenstrap.paths.resolved`.
    """
    named = config.local.root if config.local else None
    root = paths.resolved(named, "local.root") if named else paths.home() / "artifacts"
    return paths.resolved(root / config.environment, "local.root")


def artifacts_left(config: EnvironmentConfig, session: Session) -> list[str]:
    """What is still there of the environment's own artifact stores."""
    if config.platform == "gcp":
        from zenstrap.platforms.gcp.access import google_access
        from zenstrap.platforms.gcp.variables import bucket_left

        return bucket_left(config, google_access(config, session))
    found = own_folders(artifacts_folder(config), config.environment, session.owner)
    return [str(folder) for folder in found]


def marks_of(
    config: EnvironmentConfig, session: Session, in_state: Sequence[StateResource]
) -> tuple[tuple[str, str], ...]:
    """What is there, isn't in the state and carries an owner's mark, each with that owner's id.

    Raises:
        AuthenticationError, GoogleError: Google can't be asked, or said no.
    """
    if config.platform != "gcp":
        found = marks(artifacts_folder(config), config.environment)
        return tuple(one for one in found if not is_in_state(one[0], in_state))
    from zenstrap.platforms.gcp.access import google_access
    from zenstrap.platforms.gcp.unrecorded import marks as google_marks
    from zenstrap.platforms.gcp.variables import artifact_bucket

    ids = frozenset(one.id for one in in_state if one.id)
    return google_marks(config, google_access(config, session), ids, artifact_bucket(config))


def foreign_artifacts(config: EnvironmentConfig, session: Session) -> tuple[Kept, ...]:
    """What somebody else keeps in the artifact folder, and a ``down`` leaves there."""
    if config.platform == "gcp":
        return ()  # a bucket goes as a whole or not at all
    return foreign(artifacts_folder(config), config.environment, session.owner)


def require_removable(config: EnvironmentConfig, session: Session) -> None:
    """Look whether the artifact store may be deleted, before anything is.

    Raises:
        RefusedError: it is full, and the environment isn't throw-away.
    """
    if config.platform == "gcp" and not config.throwaway:
        from zenstrap.platforms.gcp.access import google_access
        from zenstrap.platforms.gcp.variables import require_empty_bucket

        require_empty_bucket(config, google_access(config, session))


def bucket_emptied_first(
    config: EnvironmentConfig, workspace: Workspace, session: Session
) -> str | None:
    """The bucket that a ``down`` has to empty, because Terraform would refuse to."""
    if config.platform != "gcp":
        return None
    from zenstrap.platforms.gcp.access import google_access
    from zenstrap.platforms.gcp.variables import bucket_to_empty

    return bucket_to_empty(config, workspace.resources(), google_access(config, session))


def empty_bucket(config: EnvironmentConfig, workspace: Workspace, session: Session) -> None:
    """Delete the objects in that bucket.

    Raises:
        GoogleError, AuthenticationError: Google said no.
    """
    if (bucket := bucket_emptied_first(config, workspace, session)) is not None:
        from zenstrap.platforms.gcp.access import google_access
        from zenstrap.platforms.gcp.storage.artifact_bucket import delete_objects

        storage = google_access(config, session).storage
        deleted = delete_objects(storage, bucket, guard=session.guard)
        session.emit(Notice(f"Emptied gs://{bucket}: {count(deleted, 'object')} deleted."))


def lost_objects_notices(config: EnvironmentConfig, session: Session) -> Iterator[str]:
    """What somebody else keeps in a bucket that goes with everything in it."""
    if config.platform != "gcp" or not config.throwaway:
        return
    from zenstrap.platforms.gcp.access import google_access
    from zenstrap.platforms.gcp.variables import artifact_bucket, foreign_objects

    found = foreign_objects(config, google_access(config, session))
    if found:
        names = ", ".join(found[:_SHOWN]) + (" and more" if len(found) > _SHOWN else "")
        yield (
            f"gs://{artifact_bucket(config)} goes with all that is in it, also with what no stack "
            f"of {config.environment} put there: {names}."
        )


def _surroundings(config: EnvironmentConfig) -> dict[str, str]:
    if config.platform != "gcp":
        return {}
    from zenstrap.platforms.gcp.variables import surroundings

    return surroundings(config)


def _root(config: EnvironmentConfig, storage: StateStorage, session: Session) -> Path:
    """The root module: the clone's own, or on Google Cloud a copy of it for this run.

    With a provider to install, Terraform writes a lock file beside the module, and nothing is
    written into the clone.
    """
    modules = paths.modules_folder()
    if config.platform != "gcp":
        return modules / "environments" / config.platform
    copy = session.run_folder / "modules"
    if not copy.is_dir():
        shutil.copytree(modules, copy, ignore=shutil.ignore_patterns("tests", ".terraform"))
    root = copy / "environments" / config.platform
    if storage.folder is not None:
        # There is no state bucket yet, and a plan makes none.
        (root / "backend_override.tf").write_text(_WITHOUT_BUCKET)
    return root
