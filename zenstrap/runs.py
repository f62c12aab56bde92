"""The run history that ZenML keeps: what zenstrap writes on a run, and reads back from it."""

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

from zenstrap.config.rendering import SCHEMA
from zenstrap.errors import RegistryError
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
CONFIG_SCHEMA: Final = "config_schema"  # in it: of the configuration in the run's parameters
TRAINING: Final = "smoke_training"  # the command of a smoke test's own run
STATE: Final = "terraform_state"  # metadata: the state that the run left
PLACE: Final = "terraform_state_place"  # metadata: where it lies
CHANGES: Final = "changes"  # metadata: how many resources and registrations the run changed
OUTCOME: Final = "outcome"  # metadata: what became of the run, for people
REFUSED_TAG: Final = "zenstrap-refused"  # on a run that another one kept out

_UP: Final = "bootstrap"  # the pipeline of `up`
_PAGE: Final = 200  # runs asked for at once, where all are wanted

# Before smoke trainings had a tag of their own they had TAG. A run's name is
# ENVIRONMENT-PIPELINE-DATE, and an environment's name has no dash.
_NO_TRAINING: Final = f"notcontains:-{TRAINING}-"


@dataclass(frozen=True)
class RunRecord:
    """One run of a zenstrap pipeline on an environment.

    Attributes:
        status: ZenML's status, for example ``completed``, ``failed`` or ``running``.
        changes: resources and registrations that it changed; None where it didn't come to that.
        state: the Terraform state that it left; None where it left none.
        place: where that state lay; empty where the run didn't say.
        owner: whose environment it was for; empty where nobody had said.
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

    @property
    def is_of_this_machine(self) -> bool:
        """Whether the same user started it on this machine."""
        return (self.user, self.host) == (user_name(), socket.gethostname())

    @property
    def began(self) -> datetime | None:
        """When it started; a local database of ZenML's leaves the time zone out."""
        started = self.started
        return started and started.replace(tzinfo=started.tzinfo or UTC)

    def is_forgotten(self, since: datetime | None) -> bool:
        """Whether somebody decided later to go on without the state that it recorded.

        Args:
            since: when that was; see :attr:`zenstrap.owner.Owner.forgotten_at`.
        """
        return since is not None and self.began is not None and self.began <= since


@dataclass(frozen=True)
class RecordedConfig:
    """The configuration that a run was given.

    Attributes:
        content: the parameter of its pipeline, as JSON.
        schema: see :data:`zenstrap.config.rendering.SCHEMA`; 0 where the run says none.
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
    """By what a run of ours is found again.

    Attributes:
        name: ZenML fills in date and time.
        tags: of the run; those of the environment and its owner are also its artifacts'.
        extra: configuration of the pipeline.
    """

    name: str
    tags: list[str | Tag]
    extra: dict[str, Any]


def run_options(environment: str, pipeline: str, command: str, owner: str = "") -> RunOptions:
    """The name, tags and extra configuration of a run.

    Args:
        command: the command line's, or TRAINING.
        owner: the environment's owner id; empty where it isn't known yet.
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
    """Tags that a run hands on to its artifacts."""
    from zenml import Tag

    return [Tag(name=name, cascade=True) for name in names]


def tag_owner(client: Client, run: PipelineRunResponse, owner: str) -> None:
    """Tag a run with its owner, if it isn't yet."""
    if owner and _owner(run) != owner:
        _tag(client, run, owner_tag(owner))


def tag_refused(client: Client, run: PipelineRunResponse) -> None:
    """A run that was kept out by another one counts nowhere."""
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
    }


def recent_runs(client: Client, environment: str, owner: str, limit: int) -> list[RunRecord]:
    """The newest runs of commands on an environment, newest first.

    Args:
        owner: only this owner's; empty for everybody's.
    """
    found = _list(client, _commands(environment, owner), size=limit)
    if not owner:
        return found
    # An older zenstrap knows nothing of owners; the next run of this one claims its runs.
    newest = _list(client, _commands(environment, ""), size=limit)
    unclaimed = {run.id: run for run in newest if not run.owner}
    merged = {run.id: run for run in found} | unclaimed
    return sorted(merged.values(), key=_when, reverse=True)[:limit]


def newest_run(client: Client, environment: str) -> RunRecord | None:
    """The newest run of a command, whoever's it is."""
    return _newest(client, **_commands(environment, ""))


def last_configuration(client: Client, environment: str, owner: str) -> RecordedConfig | None:
    """What the newest `up` was given; where there is none, the newest run.

    What a `plan` was given may never have been made.

    Args:
        owner: whose run it should be, if that owner has any; empty for anybody's.
    """
    questions = [
        {**_commands(environment, whose), **pipeline}
        for whose in dict.fromkeys((owner, ""))
        for pipeline in ({"pipeline_name": _UP}, {})
    ]
    for question in questions:
        page = client.list_pipeline_runs(**question, sort_by="desc:created", size=1, hydrate=True)
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
    """The newest run that recorded a state, however many came after it.

    Raises:
        RegistryError: what it recorded can't be read. It isn't passed over for an older one.
    """
    return _newest(
        client, **_commands(environment, owner), run_metadata=[f"{STATE}:notequals:null"]
    )


def last_change(client: Client, environment: str, owner: str) -> RunRecord | None:
    """The newest run that completed and changed something, however many came after it."""
    return _newest(
        client,
        **_commands(environment, owner),
        status="completed",
        run_metadata=[f"{CHANGES}:notequals:0"],
    )


def run_of_state(
    client: Client, environment: str, lineage: str, *, project: str | None = None
) -> RunRecord | None:
    """The newest run that recorded a state of this lineage, whoever's it is.

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
    found = [run for run in page.items if tag not in {one.name for one in run.tags}]
    return _record(found[0]) if found else None


def claim_runs(client: Client, environment: str, owner: str, lineage: str | None) -> int:
    """Tag an environment's runs that have no owner with one; tells how many there were.

    Where two people had an environment of this name, only runs that recorded our state are tagged.

    Args:
        lineage: of the state that lies in our place; None where there is none yet.
    """

    found = every(
        client.list_pipeline_runs,
        tags=[environment_tag(environment)],
        sort_by="desc:created",
        size=_PAGE,
        hydrate=True,
    )
    unclaimed = [run for run in found if not _owner(run)]
    records = [_record(run) for run in unclaimed]
    left: dict[str, int] = {}  # resources by lineage, as the newest run recorded them
    for record in records:
        if record.state is not None:
            left.setdefault(record.state.lineage, record.state.resources)
    if any(resources for found, resources in left.items() if found != lineage):
        ours = {record.id for record in records if record.state and record.state.lineage == lineage}
        unclaimed = [run for run in unclaimed if str(run.id) in ours]
    if unclaimed:
        client.attach_tag(
            owner_tag(owner),
            [_resource(run) for run in unclaimed],
        )
    return len(unclaimed)


def record_state(run_id: str, state: StateIdentity, place: str) -> None:
    """Write on a run which state it left. Also after a failure: the state moved all the same."""
    found = {"lineage": state.lineage, "serial": state.serial, "resources": state.resources}
    _log(run_id, {STATE: found, PLACE: place})


def record_end(run_id: str, outcome: str, changes: int | None = None) -> None:
    """Write on a run what became of it, in one request.

    Args:
        changes: how many resources and registrations it changed; None where it didn't come to that.
    """
    _log(run_id, {OUTCOME: outcome} | ({} if changes is None else {CHANGES: changes}))


def fail_dead_runs(client: Client, environment: str, owner: str, *, but: str = "") -> list[str]:
    """Mark runs that a kill left ``running``; ZenML has no heartbeat for local ones.

    The caller holds the environment's lease, so no process of this owner's is at work. Where a run
    has no owner, only one that was started on this machine counts.

    Args:
        but: id of a run that isn't dead.

    Returns:
        The names of the runs, each with the steps that it was at.
    """
    found = []
    for run in [one for one in _unfinished(client, environment, owner) if str(one.id) != but]:
        at = []
        for name, step in client.get_pipeline_run(run.id).steps.items():
            if not step.status.is_finished:
                at.append(name)
                fail_step(client, step.id)
        fail_run(client, run.id, "The process that ran it is gone.")
        found.append(f"{run.name} (at {', '.join(at)})" if at else run.name)
    return found


def _unfinished(client: Client, environment: str, owner: str) -> Iterator[PipelineRunResponse]:
    from zenml.enums import ExecutionStatus

    open_ones = [status.value for status in ExecutionStatus if not status.is_finished]
    for run in every(
        client.list_pipeline_runs,
        tags=_tags(environment, owner),
        status=f"oneof:{json.dumps(open_ones)}",
        size=_PAGE,
        hydrate=True,
    ):
        started = _started(run)
        if owner or started.get("host", "") in ("", socket.gethostname()):
            yield run
    # ZenML tags a run after it has made it: one that was killed in between has only its name.
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
    """Whether a process of this machine started a run, and is gone."""
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
    """What finds runs of commands, and no smoke trainings."""
    return {"tags": [TAG, *_tags(environment, owner)], "name": _NO_TRAINING}


def _tags(environment: str, owner: str) -> list[str]:
    return [environment_tag(environment), *([owner_tag(owner)] if owner else [])]


def _newest(client: Client, **question: Any) -> RunRecord | None:
    return next(iter(_list(client, question, size=1)), None)


def _list(client: Client, question: dict[str, Any], size: int) -> list[RunRecord]:
    page = client.list_pipeline_runs(**question, sort_by="desc:created", size=size, hydrate=True)
    return [_record(run) for run in page.items]


def _log(run_id: str, metadata: dict[str, Any]) -> None:
    from zenml.client import Client
    from zenml.enums import MetadataResourceTypes
    from zenml.models import RunMetadataResource

    # ZenML's log_metadata asks for the run first.
    run = RunMetadataResource(id=UUID(run_id), type=MetadataResourceTypes.PIPELINE_RUN)
    Client().create_run_metadata(metadata=metadata, resources=[run])


def _record(run: PipelineRunResponse) -> RunRecord:
    written = _written(run)
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
    )


class _State(BaseModel):
    """See :func:`record_state`."""

    model_config = ConfigDict(strict=True)

    lineage: str = Field(min_length=1)
    serial: int = Field(ge=0)
    resources: int = Field(ge=0)


class _Written(BaseModel):
    """What zenstrap wrote on a run's metadata."""

    model_config = ConfigDict(strict=True)

    state: _State | None = Field(None, alias=STATE)
    place: str = Field("", alias=PLACE)
    changes: int | None = Field(None, alias=CHANGES)


def _written(run: PipelineRunResponse) -> _Written:
    try:
        return _Written.model_validate(run.run_metadata)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise RegistryError(
            f"what run {run.name} recorded can't be read",
            where=f"metadata {key} of run {run.id} in ZenML",
            why=f"{first['msg']}. Something else than zenstrap changed it",
            fix="Restore ZenML's database from a backup. Without one, and only if Terraform's "
            "state is in its place, delete that run: then what the run before it recorded counts",
            command=f"zenml pipeline runs delete {run.id}",
        ) from error


def _owner(run: PipelineRunResponse) -> str:
    prefix = owner_tag("")
    named = [tag.name.removeprefix(prefix) for tag in run.tags if tag.name.startswith(prefix)]
    return named[0] if named else ""


def _when(run: RunRecord) -> float:
    return run.started.timestamp() if run.started else 0.0


def _started(run: PipelineRunResponse) -> dict[str, Any]:
    """Who started a run, where and with which command."""
    return _mapping(run.config.extra.get(STARTED))


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}
