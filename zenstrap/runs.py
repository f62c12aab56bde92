"""ZenML's run history: the tags and metadata that zenstrap writes on a run and reads back."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zenstrap import invocation
from zenstrap.config.rendering import SCHEMA
from zenstrap.errors import RegistryError, first_problem
from zenstrap.terraform.state import StateIdentity
from zenstrap.user import user_name
from zenstrap.zenml_private.calls import every, fail_run, fail_step

if TYPE_CHECKING:
    from zenml import Tag
    from zenml.client import Client
    from zenml.models import PipelineRunResponse, TagResource

TAG: Final = "zenstrap"  # on runs of commands, and on artifacts
TRAINING_TAG: Final = "zenstrap-smoke-training"  # on a smoke test's own run, instead of TAG
STARTED: Final = "zenstrap"  # extra configuration: who started the run, where, with which command
CONFIG_SCHEMA: Final = "config_schema"  # in STARTED: version of the configuration's format
FILE: Final = "file"  # in STARTED: the environment whose file was read; it differs with --name
TRAINING: Final = "smoke_training"  # the command of a smoke test's own run
STATE: Final = "terraform_state"  # metadata: the state after the run
PLACE: Final = "terraform_state_place"  # metadata: path or URL of that state
CHANGES: Final = "changes"  # metadata: how many resources and registrations the run changed
OUTCOME: Final = "outcome"  # metadata: the run's result, for display
REFUSED_TAG: Final = "zenstrap-refused"  # on a run that was refused because another one was active

_READ_A_FILE: Final = frozenset({"up", "plan", "rollback"})  # the others can do without
_UP: Final = "bootstrap"  # the pipeline of `up`
_PAGE: Final = 200  # runs per request, when all are listed
# A filter for runs with a state, also with a damaged one. No metadata is empty: it is JSON.
_WITH_STATE: Final = f"{STATE}:notequals:"

# Older versions put TAG on smoke trainings as well. A run's name is ENVIRONMENT-PIPELINE-DATE, and
# an environment's name has no dash.
_NO_TRAINING: Final = f"notcontains:-{TRAINING}-"


@dataclass(frozen=True)
class RunRecord:
    """One run of a zenstrap pipeline on an environment.

    Attributes:
        status: ZenML's status, for example ``completed``, ``failed`` or ``running``.
        changes: resources and registrations that it changed; None if it failed before.
        state: the Terraform state after the run; None if it recorded none.
        place: path or URL of that state; empty if the run recorded none.
        owner: the environment's owner id; empty if the run has no owner tag.
        file: the environment whose file was read; empty if that isn't recorded.
    """

    id: str
    name: str
    command: str
    status: str
    started: datetime | None
    ended: datetime | None
    user: str
    host: str
    pid: int | None
    changes: int | None
    state: StateIdentity | None
    owner: str = ""
    place: str = ""
    file: str = ""

    @property
    def is_of_this_machine(self) -> bool:
        """Whether the same user started it on this machine."""
        return (self.user, self.host) == (user_name(), socket.gethostname())

    @property
    def began(self) -> datetime | None:
        """When it started, in UTC: a local ZenML database stores no time zone."""
        started = self.started
        return started and started.replace(tzinfo=started.tzinfo or UTC)

    def is_forgotten(self, since: datetime | None) -> bool:
        """Whether a user decided later to continue without the state that it recorded.

        Args:
            since: when that was; see :attr:`zenstrap.owner.Owner.forgotten_at`.
        """
        return since is not None and self.began is not None and self.began <= since


@dataclass(frozen=True)
class RecordedConfig:
    """The configuration of a run.

    Attributes:
        content: the parameter of its pipeline, as JSON.
        schema: see :data:`zenstrap.config.rendering.SCHEMA`; 0 if the run recorded none.
    """

    run: RunRecord
    content: dict[str, Any]
    schema: int


def environment_tag(environment: str) -> str:
    """The tag on every run and artifact of an environment."""
    return f"environment:{environment}"


def owner_tag(owner: str) -> str:
    """The tag on every run and artifact of an owner."""
    return f"owner:{owner}"


@dataclass(frozen=True)
class RunOptions:
    """Name, tags and extra configuration by which zenstrap finds its runs.

    Attributes:
        name: ZenML fills in date and time.
        tags: of the run; those of the environment and its owner are also on its artifacts.
        extra: configuration of the pipeline.
    """

    name: str
    tags: list[str | Tag]
    extra: dict[str, Any]


def run_options(environment: str, pipeline: str, command: str, owner: str = "") -> RunOptions:
    """The name, tags and extra configuration of a run.

    Args:
        command: the verb of the command line, or TRAINING.
        owner: the environment's owner id; empty if it isn't known yet.
    """
    return RunOptions(
        name=f"{environment}-{pipeline}-{{date}}-{{time}}",
        tags=[
            TRAINING_TAG if command == TRAINING else TAG,
            *cascading_tags(environment_tag(environment), *([owner_tag(owner)] if owner else [])),
        ],
        extra={STARTED: _started_here(command)},
    )


def cascading_tags(*names: str) -> list[Tag]:
    """Tags that a run's artifacts get as well."""
    from zenml import Tag

    return [Tag(name=name, cascade=True) for name in names]


def tag_owner(client: Client, run: PipelineRunResponse, owner: str) -> None:
    """Tag a run with its owner, unless it has that tag."""
    if owner and _owner(run) != owner:
        _tag(client, run, owner_tag(owner))


def tag_refused(client: Client, run: PipelineRunResponse) -> None:
    """Tag a run that was refused because another one was active; it no longer counts as a run."""
    _tag(client, run, REFUSED_TAG)
    client.detach_tag(TAG, [_resource(run)])


def _tag(client: Client, run: PipelineRunResponse, name: str) -> None:
    client.attach_tag(name, [_resource(run)])


def _resource(run: PipelineRunResponse) -> TagResource:
    from zenml.enums import TaggableResourceTypes
    from zenml.models import TagResource

    return TagResource(id=run.id, type=TaggableResourceTypes.PIPELINE_RUN)


def _started_here(command: str) -> dict[str, Any]:
    return {
        "command": command,
        "user": user_name(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
        CONFIG_SCHEMA: SCHEMA,
        **({FILE: invocation.file()} if command in _READ_A_FILE else {}),
    }


def recent_runs(client: Client, environment: str, owner: str, limit: int) -> list[RunRecord]:
    """The newest runs of commands on an environment, newest first.

    Args:
        owner: only this owner's; empty for all owners'.
    """
    owned = _list(client, _commands(environment, owner), size=limit)
    if not owner:
        return owned
    # Older versions of zenstrap recorded no owner; the next run of this version adds it.
    newest = _list(client, _commands(environment, ""), size=limit)
    unclaimed = {run.id: run for run in newest if not run.owner}
    merged = {run.id: run for run in owned} | unclaimed
    return sorted(merged.values(), key=_started_at, reverse=True)[:limit]


def newest_run(client: Client, environment: str) -> RunRecord | None:
    """The newest run of a command, of any owner."""
    return _newest(client, **_commands(environment, ""))


def last_configuration(client: Client, environment: str, owner: str) -> RecordedConfig | None:
    """The configuration of the newest `up`, or of the newest run if there is no `up`.

    An `up` is preferred because a `plan`'s configuration may never have been applied.

    Args:
        owner: whose runs are preferred; empty for any owner's.
    """
    queries = [
        {**_commands(environment, candidate), **pipeline}
        for candidate in dict.fromkeys((owner, ""))
        for pipeline in ({"pipeline_name": _UP}, {})
    ]
    for query in queries:
        page = client.list_pipeline_runs(**query, sort_by="desc:created", size=1, hydrate=True)
        for run in page.items:
            content = run.config.parameters.get("config") if run.config.parameters else None
            if isinstance(content, dict):
                schema = _started(run).get(CONFIG_SCHEMA, 0)
                return RecordedConfig(_record(run), content, schema)
    return None


def run_named(client: Client, name: str) -> RunRecord | None:
    """The run of that name, in the active ZenML project."""
    return _newest(client, name=f"equals:{name}") if name else None


def last_state(client: Client, environment: str, owner: str) -> RunRecord | None:
    """The newest run that recorded a state.

    Raises:
        RegistryError: its metadata can't be read. No older run is used instead.
    """
    return _newest(client, **_commands(environment, owner), run_metadata=[_WITH_STATE])


def last_states(client: Client, environment: str) -> dict[str, RunRecord]:
    """By owner, the newest run that recorded a state; the owner is empty for runs without one.

    ZenML can't filter runs by a tag that they lack, so all of them are listed, without content.

    Raises:
        RegistryError: the metadata of one of these runs can't be read.
    """
    newest: dict[str, RunRecord] = {}
    for run in every(
        client.list_pipeline_runs,
        **_commands(environment, ""),
        run_metadata=[_WITH_STATE],
        sort_by="desc:created",
        size=_PAGE,
        hydrate=False,
    ):
        if (owner := _owner(run)) not in newest:
            newest[owner] = _record(client.get_pipeline_run(run.id))
    return newest


def last_change(client: Client, environment: str, owner: str) -> RunRecord | None:
    """The newest run that completed and changed something."""
    return _newest(
        client,
        **_commands(environment, owner),
        status="completed",
        run_metadata=[f"{CHANGES}:notequals:0"],
    )


def run_of_state(
    client: Client, environment: str, lineage: str, *, project: str | None = None
) -> RunRecord | None:
    """The newest run that recorded a state of this lineage, of any owner.

    Args:
        project: id of the ZenML project; the active one by default.
    """
    return _newest(
        client,
        **_commands(environment, ""),
        run_metadata=[f"{STATE}:contains:{lineage}"],
        **({"project": project} if project else {}),
    )


def is_of_another(client: Client, environment: str, lineage: str) -> RunRecord | None:
    """A run of another environment that recorded a state of this lineage."""
    page = client.list_pipeline_runs(
        tags=[TAG], run_metadata=[f"{STATE}:contains:{lineage}"], size=1, hydrate=True
    )
    tag = environment_tag(environment)
    others = [run for run in page.items if tag not in {t.name for t in run.tags}]
    return _record(others[0]) if others else None


def claim_runs(client: Client, environment: str, owner: str, lineage: str | None) -> int:
    """Tag an environment's runs that have no owner with one, and return how many there were.

    If two users had an environment of this name, only runs that recorded our state are tagged.

    Args:
        lineage: of our current state; None if there is none yet.
    """

    runs = every(
        client.list_pipeline_runs,
        tags=[environment_tag(environment)],
        sort_by="desc:created",
        size=_PAGE,
        hydrate=True,
    )
    unclaimed = [run for run in runs if not _owner(run)]
    records = [_record(run) for run in unclaimed]
    resources: dict[str, int] = {}  # by lineage, as the newest run recorded them
    for record in records:
        if record.state is not None:
            resources.setdefault(record.state.lineage, record.state.resources)
    if any(number for recorded, number in resources.items() if recorded != lineage):
        ours = {record.id for record in records if record.state and record.state.lineage == lineage}
        unclaimed = [run for run in unclaimed if str(run.id) in ours]
    if unclaimed:
        client.attach_tag(
            owner_tag(owner),
            [_resource(run) for run in unclaimed],
        )
    return len(unclaimed)


def record_state(run_id: str, state: StateIdentity, place: str) -> None:
    """Record the state after a run. Also after a failure, which may have changed the state."""
    identity = {"lineage": state.lineage, "serial": state.serial, "resources": state.resources}
    _log(run_id, {STATE: identity, PLACE: place})


def record_end(run_id: str, outcome: str, changes: int | None = None) -> None:
    """Record a run's result, in one request.

    Args:
        changes: how many resources and registrations it changed; None if it failed before.
    """
    _log(run_id, {OUTCOME: outcome} | ({} if changes is None else {CHANGES: changes}))


def fail_dead_runs(client: Client, environment: str, owner: str, *, but: str = "") -> list[str]:
    """Mark killed runs, which ZenML still shows as running, as failed.

    ZenML has no heartbeat for local runs. The caller holds the environment's lease, so no other run
    of this owner is active. Without an owner, only runs that were started on this machine count.

    Args:
        but: id of a run that isn't dead.

    Returns:
        The names of the runs, each with the steps that were running.
    """
    dead = []
    for run in [r for r in _unfinished(client, environment, owner) if str(r.id) != but]:
        steps = []
        for name, step in client.get_pipeline_run(run.id).steps.items():
            if not step.status.is_finished:
                steps.append(name)
                fail_step(client, step.id)
        fail_run(client, run.id, "The process that ran it has ended.")
        dead.append(f"{run.name} (at {', '.join(steps)})" if steps else run.name)
    return dead


def _unfinished(client: Client, environment: str, owner: str) -> Iterator[PipelineRunResponse]:
    from zenml.enums import ExecutionStatus

    unfinished = [status.value for status in ExecutionStatus if not status.is_finished]
    for run in every(
        client.list_pipeline_runs,
        tags=_tags(environment, owner),
        status=f"oneof:{json.dumps(unfinished)}",
        size=_PAGE,
        hydrate=True,
    ):
        started = _started(run)
        if owner or started.get("host", "") in ("", socket.gethostname()):
            yield run
    # ZenML tags a run after it has created it: one that was killed in between has only its name.
    for run in every(
        client.list_pipeline_runs,
        name=f"startswith:{environment}-",
        status=ExecutionStatus.INITIALIZING.value,
        size=_PAGE,
        hydrate=True,
    ):
        if not run.tags and _is_dead(_started(run)):
            yield run


def _is_dead(started: Mapping[str, Any]) -> bool:
    """Whether a process on this machine started a run and has ended."""
    pid = started.get("pid")
    if started.get("host") != socket.gethostname() or not isinstance(pid, int):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _commands(environment: str, owner: str) -> dict[str, Any]:
    """The filters for runs of commands, without smoke trainings."""
    return {"tags": [TAG, *_tags(environment, owner)], "name": _NO_TRAINING}


def _tags(environment: str, owner: str) -> list[str]:
    return [environment_tag(environment), *([owner_tag(owner)] if owner else [])]


def _newest(client: Client, **query: Any) -> RunRecord | None:
    return next(iter(_list(client, query, size=1)), None)


def _list(client: Client, query: dict[str, Any], size: int) -> list[RunRecord]:
    page = client.list_pipeline_runs(**query, sort_by="desc:created", size=size, hydrate=True)
    return [_record(run) for run in page.items]


def _log(run_id: str, metadata: dict[str, Any]) -> None:
    from zenml.client import Client
    from zenml.enums import MetadataResourceTypes
    from zenml.models import RunMetadataResource

    # ZenML's log_metadata requests the run first.
    run = RunMetadataResource(id=UUID(run_id), type=MetadataResourceTypes.PIPELINE_RUN)
    Client().create_run_metadata(metadata=metadata, resources=[run])


def _record(run: PipelineRunResponse) -> RunRecord:
    written = _metadata(run)
    started = _started(run)
    return RunRecord(
        id=str(run.id),
        name=run.name,
        command=str(started.get("command", run.pipeline.name if run.pipeline else "")),
        status=run.status.value,
        started=run.start_time,
        ended=run.end_time,
        user=str(started.get("user", "")),
        host=str(started.get("host", "")),
        pid=started.get("pid"),
        changes=written.changes,
        state=StateIdentity(**written.state.model_dump()) if written.state else None,
        owner=_owner(run),
        place=written.place,
        file=str(started.get(FILE, "")),
    )


class _State(BaseModel):
    """See :func:`record_state`."""

    model_config = ConfigDict(strict=True)

    lineage: str = Field(min_length=1)
    serial: int = Field(ge=0)
    resources: int = Field(ge=0)


class _Metadata(BaseModel):
    """zenstrap's metadata of a run."""

    model_config = ConfigDict(strict=True)

    state: _State | None = Field(None, alias=STATE)
    place: str = Field("", alias=PLACE)
    changes: int | None = Field(None, alias=CHANGES)


def _metadata(run: PipelineRunResponse) -> _Metadata:
    try:
        return _Metadata.model_validate(run.run_metadata)
    except ValidationError as error:
        key, _, why = first_problem(error).partition(": ")
        raise RegistryError(
            f"the metadata of run {run.name} can't be read",
            where=f"metadata {key} of run {run.id} in ZenML",
            why=f"{why}. Another tool than zenstrap changed it",
            fix="Restore ZenML's database from a backup. Without one, and only if Terraform's "
            "state is complete, delete that run: zenstrap then uses the run before it",
            command=f"zenml pipeline runs delete {run.id}",
        ) from error


def _owner(run: PipelineRunResponse) -> str:
    prefix = owner_tag("")
    owners = [tag.name.removeprefix(prefix) for tag in run.tags if tag.name.startswith(prefix)]
    return owners[0] if owners else ""


def _started_at(run: RunRecord) -> float:
    return run.started.timestamp() if run.started else 0.0


def _started(run: PipelineRunResponse) -> dict[str, Any]:
    """Who started a run, where and with which command."""
    return _mapping(run.config.extra.get(STARTED))


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}
