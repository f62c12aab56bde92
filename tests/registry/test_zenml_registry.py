"""The registry of ZenML itself: a real store on this machine, everything of Google's registered."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.registry.google import FakeKey, configured, outputs_of
from tests.registry.real_store import Registering, nothing
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import PartlyDoneError, RefusedError, RegistryError
from zenstrap.platforms import platform_of
from zenstrap.registry.changes import (
    Action,
    FieldChange,
    FieldKind,
    Kind,
    RegistrationChange,
)
from zenstrap.registry.desired import desired_registry
from zenstrap.registry.diff import diff, removal
from zenstrap.registry.model import DesiredRegistry
from zenstrap.registry.refusals import require_unused
from zenstrap.registry.zenml_stacks import promote

if TYPE_CHECKING:
    from zenml.client import Client


@pytest.fixture
def registering(client: Client) -> Callable[[str], Registering]:
    return lambda environment: Registering(client, environment)


def desired_of(config: EnvironmentConfig, key: str = "first") -> DesiredRegistry:
    ids = {name: f"{key}" for name in ("base", *config.ml_projects)}
    outputs = outputs_of(config, service_account_key_ids=ids)
    return desired_registry(config, platform_of(config).registrations(outputs, {}))


@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_everything_is_registered_and_then_nothing_differs(
    registering: Callable[[str], Registering], environment: str
) -> None:
    zenml = registering(environment)
    desired = desired_of(configured(environment))
    zenml.up(desired)
    zenml.promote_all(desired)
    assert diff(desired, zenml.actual, immutable_versions=True) == ()
    actual = zenml.actual
    assert actual.connectors.keys() == {c.name for c in desired.connectors}
    for component in desired.components:
        found = actual.components[(component.type, component.name)]
        assert found.connector == (component.connector and component.connector.name)
    zenml.down()
    left = zenml.actual
    assert not (left.connectors or left.components or left.stacks)


ORCHESTRATORS: dict[str, dict[str, Any]] = {
    "vertex": {
        "machine_type": "n1-standard-8",
        "accelerator": "NVIDIA_TESLA_T4",
        "boot_disk_gb": 200,
        "synchronous": False,
    },
    "kubernetes": {"cluster": "ml", "namespace": "zenml", "max_parallelism": 3},
    "vm_gcp": {"machine_type": "n1-standard-8", "accelerator": "T4", "use_spot": True},
    "airflow": {"dag_folder": "gs://composer/dags"},
    "local": {},
}


@pytest.mark.parametrize("flavor", ORCHESTRATORS)
def test_every_orchestrator_is_one_that_zenml_takes(
    registering: Callable[[str], Registering], flavor: str
) -> None:
    orchestrator = {"version": "1.0.0", "flavor": flavor, **ORCHESTRATORS[flavor]}
    config = configured(
        "dev",
        ml_projects={},
        stack__components__orchestrator=orchestrator,
        stack__components__experiment_tracker={
            "version": "1.0.0",
            "flavor": "mlflow",
            "tracking_uri": "https://mlflow.acme.example",
            "tracking_token": "zenml:mlflow.token",
        },
    )
    zenml = registering("dev")
    zenml.client.create_secret("mlflow", {"token": "x"})
    desired = desired_of(config)
    zenml.up(desired)
    zenml.promote_all(desired)
    assert diff(desired, zenml.actual, immutable_versions=True) == ()


def test_from_key_to_keyless_in_place(registering: Callable[[str], Registering]) -> None:
    """Stacks keep their ids, and the version that is kept for a rollback goes keyless too."""
    zenml = registering("dev")
    newer = {"stack__version": "1.4.0", "stack__components__orchestrator__version": "2.2.0"}
    for before in (configured("dev"), configured("dev", **newer)):
        zenml.up(desired_of(before))
        zenml.promote_all(desired_of(before))
    ids = {name: stack.id for name, stack in zenml.actual.stacks.items()}
    after = desired_of(configured("dev", auth={"method": "implicit"}, **newer))
    zenml.up(after)
    zenml.promote_all(after)
    assert diff(after, zenml.actual, immutable_versions=True) == ()
    assert {name: stack.id for name, stack in zenml.actual.stacks.items()} == ids
    assert {c.method for c in zenml.actual.connectors.values()} == {"implicit"}
    kept = zenml.actual.components[("orchestrator", "zenml-dev-orchestrator-v2.1.0")]
    assert kept.connector == "zenml-dev-implicit-connector"


def test_what_is_current_keeps_its_connectors_where_their_successors_arent_proven(
    registering: Callable[[str], Registering],
) -> None:
    zenml = registering("dev")
    before = desired_of(configured("dev"))
    zenml.up(before)
    zenml.promote_all(before)
    links = {key: c.connector for key, c in zenml.actual.components.items()}
    old = set(zenml.actual.connectors)
    newer = {"stack__version": "1.4.0", "stack__components__orchestrator__version": "2.2.0"}
    after = desired_of(configured("dev", auth={"method": "implicit"}, **newer))
    zenml.up(after)
    zenml.promote_all(after, unproven=frozenset(stack.name for stack in after.stacks))
    assert {key: zenml.actual.components[key].connector for key in links} == links
    assert old < zenml.actual.connectors.keys()

    zenml.up(after)
    zenml.promote_all(after)
    assert diff(after, zenml.actual, immutable_versions=True) == ()
    assert not old & zenml.actual.connectors.keys()


def test_another_key_goes_into_the_same_connector(
    registering: Callable[[str], Registering],
) -> None:
    zenml = registering("dev")
    zenml.up(desired_of(configured("dev")))
    before = zenml.actual.connectors
    zenml.key = "second"
    written = zenml.up(desired_of(configured("dev"), key="second"))
    changed = {r.name for r in written if r.kind is Kind.CONNECTOR and r.action is Action.UPDATE}
    assert changed == before.keys()
    for connector in before.values():
        found = zenml.client.get_service_connector(UUID(connector.id), expand_secrets=True)
        assert FakeKey("second").secret in found.configuration.plain["service_account_json"]


def test_a_secret_is_nowhere_but_in_the_secret_store(
    registering: Callable[[str], Registering], capfd: pytest.CaptureFixture[str]
) -> None:
    zenml = registering("dev")
    written = zenml.up(desired_of(configured("dev")))
    told = f"{written!r} {zenml.events!r} {zenml.actual!r} {capfd.readouterr()}"
    assert "zenml-dev-service-account-connector" in told
    assert FakeKey("first").secret not in told
    assert FakeKey("first").base64[:40] not in told


def test_an_error_that_quotes_the_secret_is_told_without_it(
    registering: Callable[[str], Registering], monkeypatch: pytest.MonkeyPatch
) -> None:
    zenml = registering("dev")

    def quoting(*_: Any, configuration: dict[str, str], **__: Any) -> Any:
        raise ValueError(f"bad input {configuration['service_account_json']}")

    monkeypatch.setattr(zenml.client, "create_service_connector", quoting)
    with pytest.raises(RegistryError) as failure:
        zenml.up(desired_of(configured("dev")))
    error: BaseException | None = failure.value
    while error is not None:  # a log has the causes too
        assert FakeKey("first").secret not in f"{error} {error.__dict__}"
        error = error.__cause__ or error.__context__


def test_a_reply_that_was_lost_is_no_failure(
    registering: Callable[[str], Registering], monkeypatch: pytest.MonkeyPatch
) -> None:
    """ZenML's client sends a POST again when the reply doesn't come: then it exists already."""
    zenml = registering("dev")
    store = zenml.client.zen_store
    for name in ("create_service_connector", "create_stack_component", "create_stack"):
        once = getattr(store, name)

        def twice(request: Any = None, _once: Any = once, **named: Any) -> Any:
            _once(request, **named) if request is not None else _once(**named)
            return _once(request, **named) if request is not None else _once(**named)

        monkeypatch.setattr(type(store), name, lambda self, *a, _f=twice, **k: _f(*a, **k))
    desired = desired_of(configured("dev"))
    zenml.up(desired)
    zenml.promote_all(desired)
    assert diff(desired, zenml.actual, immutable_versions=True) == ()


@pytest.mark.parametrize("writes", [0, 1, 4, 9, 15])
def test_a_run_that_broke_off_says_how_far_it_came_and_the_next_completes_it(
    registering: Callable[[str], Registering], writes: int
) -> None:
    zenml = registering("dev")
    desired = desired_of(configured("dev"))
    count = 0

    def breaking() -> None:
        nonlocal count
        if count == writes:
            raise ConnectionError("the server is gone")
        count += 1

    zenml.guard = breaking
    with pytest.raises(ConnectionError):
        zenml.up(desired)
    actual = zenml.actual
    assert len(actual.connectors) + len(actual.components) + len(actual.stacks) == writes
    zenml.guard = nothing
    zenml.up(desired)
    zenml.promote_all(desired)
    assert diff(desired, zenml.actual, immutable_versions=True) == ()


def test_what_somebody_else_uses_stays_and_the_error_says_what_went(
    registering: Callable[[str], Registering],
) -> None:
    from zenml.enums import StackComponentType

    zenml = registering("dev")
    desired = desired_of(configured("dev", ml_projects={}))
    zenml.up(desired)
    store = zenml.actual.components[("artifact_store", "zenml-dev-artifact-store-v1.1.0")]
    orchestrator = zenml.client.active_stack_model.components[StackComponentType.ORCHESTRATOR][0]
    zenml.client.create_stack(
        "mine",
        {
            StackComponentType.ARTIFACT_STORE: UUID(store.id),
            StackComponentType.ORCHESTRATOR: orchestrator.id,
        },
    )
    with pytest.raises(RefusedError, match=r"mine of default.*artifact-store"):
        require_unused(zenml.client, zenml.actual, removal(zenml.actual))
    # Nor is it corrected under its version, although it never was current.
    corrected = [
        RegistrationChange(
            kind=Kind.COMPONENT,
            action=Action.UPDATE,
            name="zenml-dev-artifact-store-v1.1.0",
            fields=(
                FieldChange(kind=FieldKind.SETTING, name="path", before="gs://a", after="gs://b"),
            ),
        )
    ]
    require_unused(zenml.client, zenml.actual, corrected)
    with pytest.raises(RefusedError, match="mine of default"):
        require_unused(zenml.client, zenml.actual, corrected, immutable_versions=True)
    with pytest.raises(PartlyDoneError, match="artifact-store"):
        zenml.down()
    assert "zenml-dev-artifact-store-v1.1.0" in {n for _, n in zenml.actual.components}
    assert zenml.client.get_stack("mine")


def test_a_component_of_somebody_elses_on_our_connector_is_found_before_a_deletion(
    registering: Callable[[str], Registering],
) -> None:
    from zenml.enums import StackComponentType

    zenml = registering("dev")
    zenml.up(desired_of(configured("dev", ml_projects={})))
    everything = removal(zenml.actual)
    require_unused(zenml.client, zenml.actual, everything)
    connector = next(iter(zenml.actual.connectors.values()))
    theirs = zenml.client.create_stack_component(
        "theirs", "gcp", StackComponentType.ARTIFACT_STORE, {"path": "gs://theirs"}
    )
    zenml.client.update_stack_component(theirs.id, theirs.type, connector_id=UUID(connector.id))
    with pytest.raises(RefusedError, match=rf"theirs of default.*{connector.name}"):
        require_unused(zenml.client, zenml.actual, everything)


def test_the_alias_and_the_record_of_its_promotion_are_one_request(
    registering: Callable[[str], Registering], monkeypatch: pytest.MonkeyPatch
) -> None:
    zenml = registering("dev")
    config = configured("dev", ml_projects={})
    desired = desired_of(config)
    zenml.up(desired)
    zenml.promote_all(desired)
    newer = desired_of(
        configured(
            "dev",
            ml_projects={},
            stack__version="1.4.0",
            stack__components__orchestrator__version="2.2.0",
        )
    )
    zenml.up(newer)
    updates: list[Any] = []
    store = zenml.client.zen_store
    update = store.update_stack
    monkeypatch.setattr(
        type(store), "update_stack", lambda _, *a: (updates.append(a), update(*a))[1]
    )
    at = datetime(2026, 11, 25, 2, 14, tzinfo=UTC)
    promote(zenml.client, newer.stacks[0], zenml.actual, run="r2", guard=nothing, now=lambda: at)
    alias = zenml.actual.stacks["zenml-dev"]
    assert len(updates) == 1
    assert alias.components["orchestrator"] == ("zenml-dev-orchestrator-v2.2.0",)
    assert alias.components["artifact_store"] == ("zenml-dev-artifact-store-v1.1.0",)
    assert alias.labels["version"] == "1.4.0" and alias.labels["run"] == "r2"
    assert "2026-11-25T02:14:00+00:00" in alias.labels["promotions"]
