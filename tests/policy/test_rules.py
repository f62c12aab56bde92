"""What a plan may do: the rules by example, and laws that hold for every plan."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from zenstrap.config import EnvironmentConfig
from zenstrap.config.google import Auth
from zenstrap.config.loading import load_environment
from zenstrap.config.models import Protection, Resilience, SmokeTest
from zenstrap.errors import RefusedError
from zenstrap.paths import project_root
from zenstrap.platforms import platform_of
from zenstrap.platforms.gcp.compliance import resource_rules
from zenstrap.platforms.gcp.provider import PROVIDER
from zenstrap.policy import approval, rules
from zenstrap.registry.changes import Action, Kind, RegistrationChange
from zenstrap.reports import GateReport, Loss, PlanReport
from zenstrap.request import Request
from zenstrap.running import Audience, Run
from zenstrap.terraform.plan import Plan, ResourceChange

ACTIONS = get_args(ResourceChange.model_fields["action"].annotation)
APPROVALS = get_args(Protection.model_fields["approval"].annotation)
DIRECTIONS = get_args(PlanReport.model_fields["direction"].annotation)
TYPES = ("google_storage_bucket", "google_service_account", "terraform_data")

LOCAL = load_environment("local", project_root() / "configs")

changes = st.builds(
    ResourceChange,
    address=st.just("a.b"),
    type=st.sampled_from(TYPES),
    action=st.sampled_from(ACTIONS),
    vanished=st.booleans(),
)
approvals = st.sampled_from(APPROVALS)


def environment(**protection: Any) -> EnvironmentConfig:
    return LOCAL.model_copy(update={"protection": LOCAL.protection.model_copy(update=protection)})


def plan_of(*found: ResourceChange, direction: str = "up") -> PlanReport:
    return PlanReport(
        environment="local",
        direction=direction,  # type: ignore[arg-type]
        infrastructure=Plan(
            changes=found, outputs={}, terraform_version="1.11.4", digest="infrastructure"
        ),
        registrations=(
            RegistrationChange(kind=Kind.STACK, action=Action.CREATE, name="zenml-local-v1.0.0"),
        ),
        digest="digest",
    )


def change(action: str, type: str = "terraform_data", vanished: bool = False) -> ResourceChange:
    return ResourceChange(address="a.b", type=type, action=action, vanished=vanished)  # type: ignore[arg-type]


def judge(plan: PlanReport, config: EnvironmentConfig) -> rules.Verdict:
    """With a cloud's rules on resources, whatever the platform: they are what can be broken."""
    return rules.judge(plan, config, resource_rules(config))


def approve(plan: PlanReport, config: EnvironmentConfig, run: Run) -> GateReport:
    return approval.approve(plan, config, resource_rules(config), run)


def refusal(plan: PlanReport, config: EnvironmentConfig) -> RefusedError | None:
    return approval.refusal(plan, config, resource_rules(config))


@given(st.lists(changes, max_size=5), approvals)
def test_nothing_is_destroyed_without_consent(found: list[ResourceChange], approval: str) -> None:
    verdict = judge(plan_of(*found), environment(approval=approval, allow_destroy=True))
    destroys = any(c.action in ("replace", "destroy") and not c.vanished for c in found)
    if destroys:
        assert verdict.questions and verdict.type_name
    assert verdict.refusals == ()


@given(st.lists(changes, max_size=5))
def test_protected_things_are_never_destroyed_where_it_is_not_allowed(
    found: list[ResourceChange],
) -> None:
    verdict = judge(plan_of(*found), environment(allow_destroy=False, approval="none"))
    lost = [
        c
        for c in found
        if c.action in ("replace", "destroy")
        and not c.vanished
        and c.type in PROVIDER.protected_types
    ]
    assert bool(verdict.refusals) == bool(lost)


def test_a_refusal_names_the_ml_project_that_was_dropped() -> None:
    lost = ResourceChange(
        address='module.ml_projects["gone"].module.stack.google_artifact_registry_repository.this',
        type="google_artifact_registry_repository",
        action="destroy",
    )
    verdict = judge(plan_of(lost), environment(allow_destroy=False))
    assert "ML project gone" in verdict.refusals[0]
    still = lost.model_copy(update={"address": lost.address.replace("gone", "fraud_detection")})
    assert "ML project" not in judge(plan_of(still), environment(allow_destroy=False)).refusals[0]


def test_a_key_is_never_replaced_whatever_is_allowed() -> None:
    run = Run(platform_of(LOCAL), "up", request=Request(approved=True))
    for allowed in (True, False):
        with pytest.raises(RefusedError):
            approve(
                plan_of(change("replace", "google_kms_crypto_key")),
                environment(allow_destroy=allowed),
                run,
            )


@pytest.mark.parametrize("allowed", [True, False])
def test_what_a_current_version_uses_is_not_destroyed_before_the_next_is_proven(
    allowed: bool,
) -> None:
    """Whatever its type is, and whatever was agreed to."""
    loss = Loss(address="a.b", action="replace", under=("zenml-local v1.0.0",))
    plan = plan_of(change("replace")).model_copy(update={"losses": (loss,)})
    config = environment(allow_destroy=allowed)
    assert judge(plan, config).refusals == (
        () if allowed else (f"a.b would be destroyed, and {loss.who}",)
    )
    run = Run(platform_of(LOCAL), "up", request=Request(approved=True))
    if allowed:
        assert approve(plan, config, run).how == "--yes"
        return
    with pytest.raises(RefusedError, match="zenml-local v1"):
        approve(plan, config, run)


@pytest.mark.parametrize("approval", APPROVALS)
def test_down_always_asks_for_the_name(approval: str) -> None:
    verdict = judge(plan_of(direction="down"), environment(approval=approval, allow_destroy=True))
    assert verdict.questions and verdict.type_name


@given(st.lists(changes, max_size=5), approvals, st.sampled_from(DIRECTIONS))
def test_nothing_passes_unasked_but_by_approval_none(
    found: list[ResourceChange], approval: str, direction: str
) -> None:
    """And the record says what the configuration says."""
    config = environment(approval=approval, allow_destroy=True, confirm_by_name=False)
    plan = plan_of(*found, direction=direction)
    destroys = any(c.action in ("replace", "destroy") and not c.vanished for c in found)
    if destroys or direction == "down" or approval != "none":
        with pytest.raises(RefusedError, match="approval"):
            approve(plan, config, Run(platform_of(LOCAL), direction))
        return
    gate = approve(plan, config, Run(platform_of(LOCAL), direction))
    assert (gate.approved_by, gate.how) == (f"protection.approval: {approval}", "policy")


def test_a_value_that_is_not_understood_never_approves() -> None:
    """No configuration holds one; a new one that somebody forgets here must not pass."""
    for assume_yes in (False, True):
        run = Run(
            platform_of(LOCAL),
            "up",
            request=Request(approved=assume_yes),
            audience=Audience(ask=lambda question: "y"),
        )
        with pytest.raises(AssertionError, match="dashboard"):
            approve(plan_of(change("create")), environment(approval="dashboard"), run)
        with pytest.raises(AssertionError, match="sideways"):
            unknown = plan_of(change("create")).model_copy(update={"direction": "sideways"})
            approve(unknown, environment(approval="none"), run)
        with pytest.raises(AssertionError, match="melt"):
            melted = change("create").model_copy(update={"action": "melt"})
            approve(plan_of(melted), environment(approval="none"), run)


def test_no_setting_that_is_not_understood_means_the_lax_side() -> None:
    lax = Resilience.model_construct(compliance_mode="stricter")  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="stricter"):
        judge(plan_of(change("create")), LOCAL.model_copy(update={"resilience": lax}))
    with pytest.raises(AssertionError, match="certificate"):
        _ = Auth.model_construct(method="certificate").uses_key  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="monthly"):
        _ = SmokeTest.model_construct(when="monthly").is_repeated  # type: ignore[arg-type]


def test_a_creating_plan_goes_ahead_where_no_approval_is_needed() -> None:
    verdict = judge(plan_of(change("create")), environment(approval="none"))
    assert verdict.refusals == verdict.questions == ()


def test_what_vanished_is_no_loss() -> None:
    gone = change("create", "google_storage_bucket", vanished=True)
    verdict = judge(plan_of(gone), environment(approval="none", allow_destroy=False))
    assert verdict.refusals == verdict.questions == ()


def test_a_plan_that_changes_nothing_asks_nobody() -> None:
    nothing = plan_of(direction="down").model_copy(update={"registrations": ()})
    gate = approve(nothing, environment(approval="terminal"), Run(platform_of(LOCAL), "down"))
    assert gate.how == "nothing to approve"


@pytest.mark.parametrize(
    ("answer", "agreed"),
    [("y", True), ("yes", True), ("Y", True), ("", False), ("n", False), ("local", False)],
)
def test_an_ordinary_change_is_agreed_to_with_yes(answer: str, agreed: bool) -> None:
    config = environment(approval="terminal", confirm_by_name=False)
    _expect(plan_of(change("create")), config, answer, agreed)


@pytest.mark.parametrize(
    ("answer", "agreed"), [("local", True), ("y", False), ("Local", False), ("", False)]
)
def test_a_named_change_is_agreed_to_with_the_name(answer: str, agreed: bool) -> None:
    config = environment(approval="terminal", confirm_by_name=True)
    _expect(plan_of(change("create")), config, answer, agreed)


def test_without_a_terminal_the_flag_is_named() -> None:
    with pytest.raises(RefusedError, match="--yes"):
        approve(plan_of(change("destroy")), environment(), Run(platform_of(LOCAL), "up"))


def test_yes_agrees_to_questions_and_never_to_refusals() -> None:
    run = Run(platform_of(LOCAL), "up", request=Request(approved=True))
    lost = plan_of(change("destroy", "google_storage_bucket"))
    assert approve(lost, environment(allow_destroy=True), run).how == "--yes"
    with pytest.raises(RefusedError, match="allow_destroy"):
        approve(lost, environment(allow_destroy=False), run)


@pytest.mark.parametrize("name", ["local", "staging", "prod"])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_the_way_out_of_a_refusal_is_one_that_the_configuration_takes(
    tmp_path: Path, name: str, direction: str
) -> None:
    """Strict mode refuses protection.allow_destroy: true, so that alone is no advice there."""
    folder = tmp_path / "configs"
    shutil.copytree(project_root() / "configs", folder)
    file = folder / "environments" / f"{name}.yaml"
    given = yaml.safe_load(file.read_text())
    given["protection"] = {**given["protection"], "allow_destroy": False}
    file.write_text(yaml.safe_dump(given))
    config = load_environment(name, folder)
    refused = refusal(
        plan_of(change("destroy", "google_storage_bucket"), direction=direction), config
    )
    assert refused is not None and refused.fix
    for path, value in re.findall(r"\b(\w+(?:\.\w+)+): (\w+)", refused.fix):
        section, key = path.split(".")
        given.setdefault(section, {})[key] = yaml.safe_load(value)
    file.write_text(yaml.safe_dump(given))
    allowed = load_environment(name, folder)
    lost = plan_of(change("destroy", "google_storage_bucket"), direction=direction)
    assert refusal(lost, allowed) is None


def _expect(plan: PlanReport, config: EnvironmentConfig, answer: str, agreed: bool) -> None:
    run = Run(platform_of(LOCAL), "up", audience=Audience(ask=lambda question: f"{answer}\n"))
    if agreed:
        assert approve(plan, config, run).how == "terminal"
        return
    with pytest.raises(RefusedError, match="not approved"):
        approve(plan, config, run)
