"""Registering stops where somebody changed the registry after the plan was shown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.registry.google import configured, outputs_of
from tests.registry.model_registry import ModelRegistry, up
from zenstrap.config import EnvironmentConfig, load_environment
from zenstrap.errors import PlanChangedError
from zenstrap.lifecycle import registering
from zenstrap.lifecycle.registering import promote, register_connectors, register_stacks
from zenstrap.platforms import platform_of
from zenstrap.platforms.gcp import connector_keys
from zenstrap.registry.desired import desired_registry
from zenstrap.registry.diff import diff
from zenstrap.reports import OutputValue, PlanReport, TerraformOutputs
from zenstrap.running import Run
from zenstrap.terraform.plan import Plan


def local_outputs(config: EnvironmentConfig) -> dict[str, Any]:
    return {
        "artifact_store": {"uri": "/artifacts/shared"},
        "labels": dict(config.labels),
        "ml_projects": {
            name: {"artifact_store_uri": f"/artifacts/{name}"} for name in config.ml_projects
        },
    }


class Shown:
    """A plan that was shown for an empty registry, and what is in that by now."""

    def __init__(self, config: EnvironmentConfig, values: dict[str, Any]) -> None:
        self.config = config
        registry = ModelRegistry(config.environment)
        desired = desired_registry(config, platform_of(config).registrations(values, {}))
        self.plan = PlanReport(
            environment=config.environment,
            direction="up",
            infrastructure=Plan(changes=(), outputs={}, terraform_version="1.11.4", digest="d"),
            registrations=diff(desired, registry.actual(), immutable_versions=True),
            digest="d",
        )
        self.outputs = TerraformOutputs(
            environment=config.environment,
            workspace=config.environment,
            terraform_version="1.11.4",
            outputs={name: OutputValue(value=value) for name, value in values.items()},
            lineage="l",
            serial=1,
            resources=1,
        )
        up(registry, desired, frozenset())  # somebody else was faster
        self.now = registry.actual()

    def run(self, stage: Any) -> Any:
        run: Any = Run(platform_of(self.config), "up")
        run.guard = lambda: None
        return stage(self.outputs, self.plan, None, run)


@pytest.mark.parametrize("environment", ["local", "prod"])
def test_what_was_not_shown_is_not_written(
    environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_environment("local") if environment == "local" else configured(environment)
    shown = Shown(config, local_outputs(config) if environment == "local" else outputs_of(config))
    monkeypatch.setattr(registering, "our_registry", lambda *asked: shown.now)
    monkeypatch.setattr(connector_keys, "fingerprints", lambda *asked: {})
    with pytest.raises(PlanChangedError):
        shown.run(register_stacks)
    if environment == "prod":
        with pytest.raises(PlanChangedError):
            shown.run(register_connectors)


def test_without_connectors_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_environment("local")
    shown = Shown(config, local_outputs(config))
    monkeypatch.setattr(registering, "our_registry", lambda *asked: pytest.fail("asked"))
    assert shown.run(register_connectors).registrations == ()


@pytest.mark.parametrize("environment", ["local", "prod"])
@pytest.mark.parametrize(("to_test", "readings"), [((), 1), (("some-stack",), 2)])
def test_zenml_is_read_once_for_all_that_is_registered_and_again_after_a_test(
    environment: str, to_test: tuple[str, ...], readings: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_environment("local") if environment == "local" else configured(environment)
    shown = Shown(config, local_outputs(config) if environment == "local" else outputs_of(config))
    plan = shown.plan.model_copy(update={"registrations": (), "to_test": to_test})
    asked: list[Any] = []
    monkeypatch.setattr(
        registering, "our_registry", lambda *about: (asked.append(about), shown.now)[1]
    )
    monkeypatch.setattr(connector_keys, "fingerprints", lambda *about: {})
    run: Any = Run(platform_of(config), "up")
    run.guard = lambda: None
    sql = SimpleNamespace(type=SimpleNamespace(value="sql"))
    client: Any = SimpleNamespace(zen_store=SimpleNamespace(config=sql))
    connectors = register_connectors(shown.outputs, plan, client, run)
    stacks = register_stacks(shown.outputs, plan, client, run)
    assert {r.action for r in (*connectors.registrations, *stacks.registrations)} == {None}
    report = promote(shown.outputs, plan, stacks, (), client, run)
    assert not any(move.action for move in report.aliases)
    assert len(asked) == readings
