"""What ZenML doesn't document is as zenstrap takes it to be: each call against the real ZenML."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from zenml import pipeline, step

from tests.conftest import DATABASE, Home, forget_zenml
from tests.other_stacks import make_stack
from zenstrap.paths import project_root
from zenstrap.zenml_private import calls, patches
from zenstrap.zenml_private.calls import ACTIVE_STACK_VARIABLE, StepOfRun, on_stack

if TYPE_CHECKING:
    from zenml.client import Client


@pytest.mark.parametrize("module", [calls, patches])
def test_each_has_a_test(module: Any) -> None:
    tree = ast.parse(Path(module.__file__).read_text())
    names = {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}
    tests = ast.walk(ast.parse((Path(__file__).parent / f"test_{_short(module)}.py").read_text()))
    used = {one.id if isinstance(one, ast.Name) else one.attr for one in tests
            if isinstance(one, ast.Name | ast.Attribute)}  # fmt: skip
    assert {name for name in names if not name.startswith("_")} - used == set()


def _short(module: Any) -> str:
    return str(module.__name__).rpartition(".")[2]


def test_the_active_stack_is_another_one_only_within(home: Home, client: Client) -> None:
    other = make_stack(client, home)
    client.activate_stack("default")
    written = (home.zenml / "config.yaml").read_bytes()
    with on_stack(other):
        assert client.active_stack_model.id == other
        assert client.active_stack.id == other
    assert client.active_stack_model.name == "default"
    assert (home.zenml / "config.yaml").read_bytes() == written


def test_an_error_within_changes_nothing_either(
    home: Home, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_stack(client, home)
    default = client.get_stack("default").id
    monkeypatch.setenv(ACTIVE_STACK_VARIABLE, str(default))
    with pytest.raises(RuntimeError), on_stack(other):
        raise RuntimeError
    assert os.environ[ACTIVE_STACK_VARIABLE] == str(default)
    assert client.active_stack_model.id == default


def test_a_repository_with_an_active_stack_of_its_own_is_left_alone(
    home: Home, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenml.client import Client as Fresh

    from tests.conftest import forget_zenml

    repository = home.folder / "repository"
    repository.mkdir()
    monkeypatch.chdir(repository)
    Fresh.initialize(repository)
    forget_zenml()
    fresh: Any = Fresh()
    other = make_stack(fresh, home)
    fresh.activate_stack("default")
    written = (repository / ".zen/config.yaml").read_bytes()
    with on_stack(other):
        assert fresh.active_stack_model.id == other
    assert fresh.active_stack_model.name == "default"
    assert (repository / ".zen/config.yaml").read_bytes() == written


def test_of_the_active_stacks_those_that_are_gone_are_replaced(home: Home, client: Client) -> None:
    other = make_stack(client, home)
    client.activate_stack("other")
    assert calls.active_stacks(client) == {other: "other"}
    calls.replace_active_stacks(client, [uuid4()], "default")
    assert calls.active_stacks(client) == {other: "other"}
    client.activate_stack("default")
    calls.delete_stack(client, other)
    calls.replace_active_stacks(client, [other], "default")
    assert list(calls.active_stacks(client).values()) == ["default"]


@pytest.fixture(autouse=True)
def _no_pip() -> None:
    """It takes most of what a run takes."""
    patches.note_packages_without_pip()


@step(enable_cache=False)
def count_to(number: int) -> int:
    return number


@pipeline(enable_cache=False)
def counting(number: int) -> None:
    count_to(number)


def test_a_run_is_recorded_and_then_started_on_the_active_stack(home: Home, client: Client) -> None:
    other = make_stack(client, home)
    with on_stack(other):
        recorded = calls.record_run(counting, {"number": 3})
        assert client.get_pipeline_run(recorded.run.id).status.value == "initializing"
        calls.start(recorded)
    run = client.get_pipeline_run(recorded.run.id)
    assert run.status.value == "completed" and run.stack is not None and run.stack.id == other
    assert run.steps["count_to"].output.load() == 3
    assert calls.run_url(run) is None  # there is no server


BODIES: list[UUID] = []


@pipeline(dynamic=True, enable_cache=False)
def asks_for_its_run() -> None:
    BODIES.append(calls.run_of_body().id)


def test_a_pipelines_body_finds_its_run_and_a_run_has_the_name_that_it_was_given(
    client: Client,
) -> None:
    with pytest.raises(RuntimeError):
        calls.run_of_body()
    named = asks_for_its_run.copy()
    calls.name_run(named, "first-{date}-{time}")
    calls.name_run(named, "second")  # somebody did already
    run = named()
    assert run is not None and [run.id] == BODIES and run.name.startswith("first-")


def test_a_run_that_a_step_starts_is_linked_to_it(client: Client) -> None:
    parent = calls.record_run(counting, {"number": 1}).run
    caller = StepOfRun(parent.id, uuid4())
    run = client.get_pipeline_run(calls.record_run(counting, {"number": 2}, caller).run.id)
    assert run.trigger_info is not None and run.trigger_info.step_run_id == caller.step_id
    assert run.root_run_id == parent.id
    top = client.get_pipeline_run(parent.id)
    assert top.trigger_info is None and top.root_run_id is None


def test_the_end_of_a_run_is_recorded_for_it(client: Client) -> None:
    from zenml.enums import ExecutionStatus
    from zenml.models import StepRunRequest

    recorded = calls.record_run(counting, {"number": 1})
    request = StepRunRequest(
        name="count_to",
        project=client.active_project.id,
        pipeline_run_id=recorded.run.id,
        status=ExecutionStatus.RUNNING,
        start_time=recorded.run.start_time,
    )
    made = client.zen_store.create_run_step(request)
    calls.fail_step(client, made.id)
    calls.fail_run(client, recorded.run.id, "because of it")
    run = client.get_pipeline_run(recorded.run.id)
    assert (run.status.value, run.get_body().status_reason) == ("failed", "because of it")
    assert run.end_time is not None
    (ended,) = run.steps.values()
    assert ended.status.value == "failed" and ended.end_time is not None


def test_code_is_found_from_the_folder_that_was_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "somebodys_code.py").write_text("made = 7")
    monkeypatch.syspath_prepend(tmp_path)  # taken back at the end
    try:
        calls.find_code_from(tmp_path)
        assert calls.load_code("somebodys_code.made") == 7
    finally:
        calls.find_code_from(project_root())


def test_what_is_listed_is_listed_to_its_end(client: Client) -> None:
    names = {"a", "b", "c"}
    for name in names:
        client.create_tag(name=name)
    assert {tag.name for tag in calls.every(client.list_tags, size=1)} == names


def test_the_local_database(home: Home, client: Client) -> None:
    import zenml

    assert calls.config_folder() == home.zenml
    url = f"sqlite:///{home.zenml / DATABASE}"
    assert (calls.store_url(client), calls.store_configuration().url) == (url, url)
    assert calls.store_info(client).version == zenml.__version__
    assert calls.is_database_file(client) and not calls.is_server(client)


@pytest.mark.parametrize("made_here", [True, False])
def test_whether_it_is_of_this_machine(
    client: Client, monkeypatch: pytest.MonkeyPatch, made_here: bool
) -> None:
    """ZenML tells by the id of the user that made it."""
    from zenml.config.global_config import GlobalConfiguration

    user = calls.store_info(client).id if made_here else uuid4()
    monkeypatch.setattr(GlobalConfiguration(), "user_id", user)
    assert calls.is_of_this_machine(client) is made_here


@pytest.mark.parametrize("key", [None, "0123456789abcdef"])
def test_whether_it_encrypts_secrets(
    client: Client, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    from zenml.client import Client as Fresh

    if key:
        monkeypatch.setenv("ZENML_SECRETS_STORE_ENCRYPTION_KEY", key)
        forget_zenml()
    assert calls.encrypts_secrets(Fresh()) is bool(key)


def test_components_and_stacks_are_written_and_deleted_by_one_request(client: Client) -> None:
    from zenml.enums import StackComponentType as Type
    from zenml.exceptions import EntityExistsError
    from zenml.models import ComponentRequest, StackRequest

    request = ComponentRequest(
        name="here", type=Type.ORCHESTRATOR, flavor="local", configuration={}, labels={"a": "1"}
    )
    component = UUID(calls.create_component(client, request))
    with pytest.raises(EntityExistsError):
        calls.create_component(client, request)
    calls.label_component(client, component, {"b": "2"})
    assert client.get_stack_component(Type.ORCHESTRATOR, "here").labels == {"b": "2"}

    default = client.get_stack("default").components
    store = default[Type.ARTIFACT_STORE][0].id
    parts: Any = {Type.ORCHESTRATOR: [component], Type.ARTIFACT_STORE: [store]}
    wanted = StackRequest(name="stack", components=parts, labels={"a": "1"})
    stack = UUID(calls.create_stack(client, wanted))
    with pytest.raises(EntityExistsError):
        calls.create_stack(client, wanted)
    calls.update_stack(client, stack, labels={"b": "2"})
    found = client.get_stack("stack")
    assert found.labels == {"b": "2"} and found.components[Type.ORCHESTRATOR][0].id == component
    other = {**parts, Type.ORCHESTRATOR: [default[Type.ORCHESTRATOR][0].id]}
    calls.update_stack(client, stack, components=other)
    found = client.get_stack("stack")
    assert found.labels == {"b": "2"} and found.components[Type.ORCHESTRATOR][0].id != component

    for _ in range(2):  # what is gone already is no error
        calls.delete_stack(client, stack)
        calls.delete_component(client, component)
        calls.delete_connector(client, uuid4())
    assert [one.name for one in client.list_stacks()] == ["default"]
    assert client.list_stack_components(name="here").total == 0


def test_the_settings_that_a_flavor_has_and_what_is_stored_of_them(client: Client) -> None:
    model = calls.flavor_class(client, "image_builder", "local")
    assert "use_subprocess_call" in model.model_fields
    fields = calls.flavor_class(client, "experiment_tracker", "mlflow").model_fields
    assert calls.holds_secret(fields["tracking_password"])
    assert not calls.holds_secret(fields["tracking_uri"])
    wanted = {"use_subprocess_call": True}
    assert calls.stored_settings("image_builder", "local", wanted) == wanted
    kept = calls.stored_settings("container_registry", "gcp", {"uri": "eu.gcr.io/a/"})
    assert kept == {"uri": "eu.gcr.io/a"}
