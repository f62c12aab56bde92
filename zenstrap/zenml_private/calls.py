"""Calls of undocumented ZenML functions. Each docstring names what is private."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo
    from zenml.client import Client
    from zenml.models import (
        ComponentRequest,
        Page,
        PipelineRunResponse,
        PipelineSnapshotResponse,
        ServerModel,
        StackRequest,
    )
    from zenml.pipelines.pipeline_definition import Pipeline

ACTIVE_STACK_VARIABLE: Final = "ZENML_ACTIVE_STACK_ID"
STORES: Final = "zenml.zen_stores."  # the modules that access ZenML's database
SCHEMAS: Final = f"{STORES}schemas"  # a module per table: converts rows to ZenML's models


# The active stack


@contextmanager
def on_stack(stack_id: UUID) -> Iterator[None]:
    """Within this block, ``stack_id`` is ZenML's active stack, for this process only.

    Not for use from several threads at once: ZenML's active stack is global to a process.

    Private: ``_active_stack`` of the client and of the global configuration, which cache it.
    """
    from zenml.client import Client
    from zenml.config.global_config import GlobalConfiguration

    client, configuration = Client(), GlobalConfiguration()
    before = os.environ.get(ACTIVE_STACK_VARIABLE)
    active_id, active_model = configuration.active_stack_id, configuration._active_stack
    client._active_stack = None  # a stale cached model would be written to disk as the active stack
    os.environ[ACTIVE_STACK_VARIABLE] = str(stack_id)
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(ACTIVE_STACK_VARIABLE, None)
        else:
            os.environ[ACTIVE_STACK_VARIABLE] = before
        client._active_stack = None
        if configuration.active_stack_id != active_id:
            configuration.active_stack_id, configuration._active_stack = active_id, active_model


def active_stacks(client: Client) -> dict[UUID, str]:
    """The stacks that are active for the user, by id: in this repository, and everywhere else.

    Private: the global configuration's ``active_stack_id``, which a repository's own hides.
    """
    from zenml.config.global_config import GlobalConfiguration

    active = client.active_stack_model
    stacks = {active.id: active.name}
    global_id = GlobalConfiguration().active_stack_id
    if global_id is not None and global_id not in stacks:
        with suppress(KeyError):
            stacks[global_id] = client.get_stack(global_id).name
    return stacks


def replace_active_stacks(client: Client, gone: Collection[UUID], instead: str) -> None:
    """Replace deleted stacks as active stacks, in all of ZenML's configurations.

    ZenML itself replaces them only at its next start, and reports nothing.

    Private: the client's ``_config``, which is a repository's, and ``_active_stack``.
    """
    from zenml.config.global_config import GlobalConfiguration

    stack = client.get_stack(instead, allow_name_prefix_match=False)
    for configuration in (client._config, GlobalConfiguration()):
        if configuration is not None and configuration.active_stack_id in gone:
            configuration.set_active_stack(stack)
    client._active_stack = None


# Runs


@dataclass(frozen=True)
class StepOfRun:
    """The step that starts a run from within its own run."""

    run_id: UUID
    step_id: UUID


@dataclass(frozen=True)
class Recorded:
    """A run that is recorded and not yet started."""

    snapshot: PipelineSnapshotResponse
    run: PipelineRunResponse


def run_of_body() -> PipelineRunResponse:
    """The run of the dynamic pipeline whose body calls this.

    Private: the context that its runner opens around the body.

    Raises:
        RuntimeError: the caller is not the body of a dynamic pipeline.
    """
    from zenml.execution.pipeline.dynamic.run_context import DynamicPipelineRunContext

    context = DynamicPipelineRunContext.get()
    if context is None:
        raise RuntimeError("no dynamic pipeline is running here")
    return context.run


def name_run(pipeline: Pipeline, name: str) -> None:
    """Name a pipeline's run, unless it has a name already.

    Private: ``_run_args``; the documented way, ``with_options``, makes a copy.
    """
    pipeline._run_args.setdefault("run_name", name)


def record_run(
    pipeline: Pipeline, parameters: Mapping[str, Any], caller: StepOfRun | None = None
) -> Recorded:
    """Compile a pipeline for the active stack, and record a run of it.

    Args:
        caller: the step that starts it; the dashboard shows the run under it. A process with the
            token of a single run, such as an orchestrator's container, may only start child runs.

    Private: ``Pipeline.copy``, ``_create_snapshot`` and ``_run_args``; ``create_placeholder_run``,
    which has ``parent_run_id`` and ``child_key`` since ZenML 0.95.
    """
    from zenml.models import PipelineRunTriggerInfo
    from zenml.pipelines.run_utils import create_placeholder_run

    prepared = pipeline.copy()
    prepared.prepare(**parameters)
    snapshot = prepared._create_snapshot(**prepared._run_args)
    run = create_placeholder_run(
        snapshot=snapshot,
        trigger_info=PipelineRunTriggerInfo(step_run_id=caller.step_id) if caller else None,
        parent_run_id=caller.run_id if caller else None,
        child_key=str(caller.step_id) if caller else None,
    )
    return Recorded(snapshot, run)


def start(recorded: Recorded) -> None:
    """Submit a recorded run to the active stack; a local orchestrator runs it to its end.

    Private: ``submit_pipeline``, which also marks a run as failed if it can't be started.
    """
    from zenml.client import Client
    from zenml.execution.pipeline.utils import submit_pipeline

    submit_pipeline(
        snapshot=recorded.snapshot,
        stack=Client().active_stack,
        placeholder_run=recorded.run,
    )


def fail_run(client: Client, run_id: UUID, reason: str | None = None) -> None:
    """Mark a run as failed whose process can't do so itself.

    Private: the store's ``update_run``.
    """
    from zenml.enums import ExecutionStatus
    from zenml.models import PipelineRunUpdate

    update = PipelineRunUpdate(status=ExecutionStatus.FAILED, status_reason=reason)
    client.zen_store.update_run(run_id, update)


def fail_step(client: Client, step_id: UUID) -> None:
    """Mark a step as failed whose process can't do so itself.

    Private: the store's ``update_run_step``; ``utc_now``, the kind of time that the store compares.
    """
    from zenml.enums import ExecutionStatus
    from zenml.models import StepRunUpdate
    from zenml.utils.time_utils import utc_now

    update = StepRunUpdate(status=ExecutionStatus.FAILED, end_time=utc_now())
    client.zen_store.update_run_step(step_id, update)


def run_url(run: PipelineRunResponse) -> str | None:
    """The run's dashboard page; None without a server.

    Private: ``dashboard_utils.get_run_url``.
    """
    from zenml.utils.dashboard_utils import get_run_url

    return get_run_url(run)


# Code


def find_code_from(folder: Path) -> None:
    """Make ZenML resolve steps and pipelines from a folder, wherever the process was started.

    Private: ``source_utils.set_custom_source_root``.
    """
    from zenml.utils import source_utils

    source_utils.set_custom_source_root(str(folder))


def load_code(source: str) -> Any:
    """The object that a source, ``module.name``, names.

    Private: ``source_utils.load``.
    """
    from zenml.utils import source_utils

    return source_utils.load(source)


# The store


def every(list_method: Callable[..., Page[Any]], **filters: Any) -> Iterator[Any]:
    """All results of one of the client's ``list_…`` methods, from all pages.

    Private: ``pagination_utils.depaginate``.
    """
    from zenml.utils.pagination_utils import depaginate

    yield from depaginate(list_method, **filters)


def config_folder() -> Path:
    """ZenML's own folder, with its settings and its local database; it may not exist yet.

    Private: ``io_utils.get_global_config_directory``.
    """
    from zenml.utils.io_utils import get_global_config_directory

    return Path(get_global_config_directory())


def store_configuration() -> Any:
    """ZenML's saved configuration of its store: ``url``, and credentials by the kind of store.

    Private: ``GlobalConfiguration.store_configuration``.
    """
    from zenml.config.global_config import GlobalConfiguration

    return GlobalConfiguration().store_configuration


def store_info(client: Client) -> ServerModel:
    """The connected server or local database; ZenML caches it.

    Private: the store's ``get_store_info``.
    """
    return client.zen_store.get_store_info()


def store_url(client: Client) -> str:
    """The address of the connected store.

    Private: the store's ``config``.
    """
    return str(client.zen_store.config.url)


def is_server(client: Client) -> bool:
    """Whether ZenML is connected to a server, not directly to a database.

    Private: the store's ``config``.
    """
    return str(client.zen_store.config.type.value) == "rest"


def is_database_file(client: Client) -> bool:
    """Whether ZenML is connected to a database file on this machine (SQLite).

    Private: the store's ``config``, and its SQLite driver.
    """
    from zenml.zen_stores.sql_zen_store import SQLDatabaseDriver, SqlZenStoreConfiguration

    config = client.zen_store.config
    return (
        isinstance(config, SqlZenStoreConfiguration) and config.driver == SQLDatabaseDriver.SQLITE
    )


def is_of_this_machine(client: Client) -> bool:
    """Whether the store, or its server, runs on this machine.

    Private: the store's ``is_local_store``.
    """
    return client.zen_store.is_local_store()


def encrypts_secrets(client: Client) -> bool:
    """Whether the connected database stores secrets encrypted; not for a server.

    Private: the store's ``config`` and the ``secrets_store`` in it.
    """
    secrets_store = getattr(client.zen_store.config, "secrets_store", None)
    return getattr(secrets_store, "encryption_key", None) is not None


# The registry. The client can't create a component with its connector, update labels only, or write
# an alias's components and labels in one request.


def create_component(client: Client, request: ComponentRequest) -> str:
    """Register a component with its connector in one request, and return its id.

    Private: the store's ``create_stack_component``. A taken name is an ``EntityExistsError``.
    """
    return str(client.zen_store.create_stack_component(request).id)


def label_component(client: Client, component_id: UUID, labels: dict[str, str]) -> None:
    """Replace a component's labels, and change nothing else.

    Private: the store's ``update_stack_component``.
    """
    from zenml.models import ComponentUpdate

    client.zen_store.update_stack_component(component_id, ComponentUpdate(labels=labels))


def create_stack(client: Client, request: StackRequest) -> str:
    """Register a stack in one request, and return its id.

    Private: the store's ``create_stack``. A taken name is an ``EntityExistsError``.
    """
    return str(client.zen_store.create_stack(request).id)


def update_stack(client: Client, stack_id: UUID, **changes: Any) -> None:
    """Change ``components``, ``labels`` or both of a stack in one request.

    Private: the store's ``update_stack``.
    """
    from zenml.models import StackUpdate

    client.zen_store.update_stack(stack_id, StackUpdate(**changes))


def delete_connector(client: Client, id_: UUID) -> None:
    """Delete a service connector, if it exists.

    Private: the store's ``delete_service_connector``. A missing one is a ``KeyError``.
    """
    with suppress(KeyError):
        client.zen_store.delete_service_connector(id_)


def delete_component(client: Client, id_: UUID) -> None:
    """Delete a component, if it exists.

    Private: the store's ``delete_stack_component``. A missing one is a ``KeyError``.
    """
    with suppress(KeyError):
        client.zen_store.delete_stack_component(id_)


def delete_stack(client: Client, id_: UUID) -> None:
    """Delete a stack, if it exists.

    Private: the store's ``delete_stack``. A missing one is a ``KeyError``.
    """
    with suppress(KeyError):
        client.zen_store.delete_stack(id_)


# Flavors


def flavor_class(client: Client, kind: str, flavor: str) -> type[BaseModel]:
    """ZenML's own class of a flavor's settings.

    Private: ``Flavor.from_model``.
    """
    from zenml.enums import StackComponentType
    from zenml.stack.flavor import Flavor

    model = client.get_flavor_by_name_and_type(flavor, StackComponentType(kind))
    return Flavor.from_model(model).config_class


def holds_secret(field: FieldInfo) -> bool:
    """Whether a flavor's setting holds a secret.

    Private: ``secret_utils.is_secret_field``.
    """
    from zenml.utils.secret_utils import is_secret_field

    return is_secret_field(field)


def stored_settings(kind: str, flavor: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """A component's settings as ZenML would store them.

    Private: ``validate_stack_component_config``.
    """
    from zenml.enums import StackComponentType
    from zenml.stack.utils import validate_stack_component_config

    validated = validate_stack_component_config(dict(settings), flavor, StackComponentType(kind))
    assert validated is not None, "the flavor is one of ZenML's own"
    return validated.model_dump(mode="json", exclude_unset=True)
