"""The results of the steps, which each run stores as versioned artifacts.

Every report is frozen, holds no secret, and has a one-line summary (``headline``) and a few typed
figures (``facts``, shown as metadata in the dashboard).
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from zenstrap.config import EnvironmentConfig
from zenstrap.events import DONE, ResourceAction
from zenstrap.redaction import redact
from zenstrap.registry.changes import Action, Kind, Registration, RegistrationChange
from zenstrap.terraform.plan import Plan
from zenstrap.words import count as count

How = Literal["nothing to approve", "policy", "terminal", "--yes"]
"""How a plan was approved."""
Fact = str | int | float | bool
Redacted = Annotated[str, AfterValidator(redact)]  # may contain other programs' messages


class Report(BaseModel):
    """Base of all reports."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: ClassVar[str]

    @property
    def headline(self) -> str:
        """One line for the terminal."""
        raise NotImplementedError

    @property
    def is_fine(self) -> bool:
        """Whether there is no problem; otherwise the step is shown with a warning."""
        return True

    def facts(self) -> dict[str, Fact]:
        """Figures for the artifact's metadata."""
        return {}


class ConfigReport(Report):
    """The validated configuration of a run."""

    title: ClassVar[str] = "Configuration"

    config: EnvironmentConfig

    @property
    def headline(self) -> str:
        projects = len(self.config.ml_projects)
        return (
            f"{self.config.environment} on {self.config.platform}, "
            f"stack {self.config.stack.version}, {count(projects, 'ML project')}"
        )

    def facts(self) -> dict[str, Fact]:
        return {
            "environment": self.config.environment,
            "platform": self.config.platform,
            "stack_version": str(self.config.stack.version),
        }


class Check(BaseModel):
    """One check before anything is changed.

    Attributes:
        passed: whether a run can continue.
        fix: how to fix it, in words; ``command``: the command that fixes it.
        known: False if the check could not be made; the detail says why.
        exit_code: of a run that fails because of this check.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    passed: bool
    detail: Redacted
    fix: Redacted = ""
    command: Redacted = ""
    known: bool = True
    exit_code: int = 0


class PreflightReport(Report):
    """The checks before the plan."""

    title: ClassVar[str] = "Preflight"

    environment: str
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The failed checks; only `plan`, which changes nothing, continues in spite of them."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def is_fine(self) -> bool:
        return not self.failed

    @property
    def headline(self) -> str:
        if self.failed:
            return f"failed: {', '.join(check.name for check in self.failed)}"
        return f"{count(len(self.checks), 'check')} passed"

    def facts(self) -> dict[str, Fact]:
        return {check.name: check.detail for check in self.checks}


class Loss(BaseModel):
    """A resource that current stacks use and that is destroyed or replaced.

    Attributes:
        under: the aliases that use it, each with its current version.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    action: ResourceAction
    under: tuple[str, ...]

    @property
    def who(self) -> str:
        """``zenml-prod 1.1.0 uses it``."""
        return f"{', '.join(self.under)} {'uses' if len(self.under) == 1 else 'use'} it"


class PlanReport(Report):
    """Infrastructure and registrations in one plan.

    Attributes:
        direction: ``up`` applies the configuration, ``down`` removes the environment,
            ``rollback`` moves one alias back to an earlier version.
        digest: sha256 of all changes; an approval is for this digest.
        registrations: alias changes among them are made by ``promote``, after the smoke test.
        to_test: names of the stacks that have no passed smoke test.
        since: name of the run that last made or confirmed this state, if nothing changes.
        kept: what a ``down`` doesn't remove, each with its reason.
        keys_in_use: the infrastructure was planned with keys that an old connector still needs.
        losses: resources that current versions use and that are destroyed before the new versions
            have passed their smoke test.
        refusal: why the plan can't be applied, with or without approval, in one sentence; empty if
            it can.
    """

    title: ClassVar[str] = "Plan"

    environment: str
    direction: Literal["up", "down", "rollback"]
    infrastructure: Plan
    registrations: tuple[RegistrationChange, ...]
    to_test: tuple[str, ...] = ()
    since: str | None = None
    digest: str
    notices: tuple[Redacted, ...] = ()
    kept: tuple[Kept, ...] = ()
    keys_in_use: bool = False
    losses: tuple[Loss, ...] = ()
    refusal: str = ""

    @property
    def is_fine(self) -> bool:
        return not self.refusal

    @property
    def is_empty(self) -> bool:
        """Nothing would be changed, neither by Terraform nor in ZenML's registry."""
        return self.infrastructure.is_empty and not self.registrations

    @property
    def is_idle(self) -> bool:
        """Nothing would be changed or tested."""
        return self.is_empty and not self.to_test

    @property
    def headline(self) -> str:
        if self.is_empty:
            since = f" since {self.since}" if self.since else ""
            tests = f", {count(len(self.to_test), 'stack')} to test again" if self.to_test else ""
            return f"nothing to change{since}{tests}"
        plan = self.infrastructure
        if plan.changed_outputs and not (plan.changes or plan.kept or self.registrations):
            return "nothing to change but Terraform's outputs"  # other modules, the same things
        infrastructure = count(len(plan.changes), "resource")
        return f"{infrastructure}, {count(len(self.registrations), 'registration')} to change"

    def facts(self) -> dict[str, Fact]:
        return {
            "digest": self.digest,
            "resources_to_change": len(self.infrastructure.changes),
            "registrations_to_change": len(self.registrations),
            "stacks_to_test": len(self.to_test),
        }


class GateReport(Report):
    """Why the plan may be applied, and who approved it."""

    title: ClassVar[str] = "Gate"

    environment: str
    digest: str
    approved_by: str
    how: How
    reasons: tuple[Redacted, ...] = ()

    @property
    def headline(self) -> str:
        return (
            self.how
            if self.how == "nothing to approve"
            else f"approved by {self.approved_by} ({self.how})"
        )

    def facts(self) -> dict[str, Fact]:
        return {"digest": self.digest, "approved_by": self.approved_by, "how": self.how}


class OutputValue(BaseModel):
    """One Terraform output; of a sensitive one the value is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: JsonValue = None
    sensitive: bool = False


class TerraformOutputs(Report):
    """Terraform's outputs, and the state that they come from.

    Attributes:
        actions: number of changes of this run's apply, by action; empty if there were none.
        lineage: the state's lineage, recorded so that another state is detected.
        serial: the state's serial, recorded so that an older state is detected.
        resources: how many resources the state holds.
    """

    title: ClassVar[str] = "Terraform outputs"

    environment: str
    workspace: str
    terraform_version: str
    actions: dict[str, int] = Field(default_factory=dict)
    outputs: dict[str, OutputValue]
    lineage: str
    serial: int
    resources: int

    @property
    def headline(self) -> str:
        if not any(self.actions.values()):
            return "no Terraform action"
        done = {name: number for name, number in self.actions.items() if number}
        return ", ".join(f"{number} {DONE[action]}" for action, number in done.items())

    def facts(self) -> dict[str, Fact]:
        return {
            "workspace": self.workspace,
            "terraform": self.terraform_version,
            "lineage": self.lineage,
            "serial": self.serial,
            "resources": self.resources,
        }

    def public(self) -> dict[str, JsonValue]:
        """The values of the outputs that aren't sensitive, by name."""
        return {name: o.value for name, o in self.outputs.items() if not o.sensitive}


class Registrations(Report):
    """The environment's registrations after they were reconciled."""

    title: ClassVar[str] = "Registrations"

    environment: str
    registrations: tuple[Registration, ...]

    @property
    def headline(self) -> str:
        if not self.registrations:
            return "none needed"
        deleted = sum(1 for r in self.registrations if r.action is Action.DELETE)
        written = sum(1 for r in self.registrations if r.action) - deleted
        unchanged = len(self.registrations) - written - deleted
        parts = {"written": written, "deleted": deleted, "unchanged": unchanged}
        return ", ".join(f"{number} {what}" for what, number in parts.items() if number)

    def facts(self) -> dict[str, Fact]:
        kinds = {kind: [r for r in self.registrations if r.kind is kind] for kind in Kind}
        facts: dict[str, Fact] = {
            f"{kind.value}s": len(members) for kind, members in kinds.items() if members
        }
        return facts | {"written": sum(1 for r in self.registrations if r.action)}


class SmokeTestReport(Report):
    """A real training on one candidate stack, and its model read back from the artifact store.

    Attributes:
        stack: name of the candidate.
        content_hash: of the tested candidate; changed content needs another test.
        demands: see :attr:`zenstrap.config.SmokeTest.demands`; empty in reports of older versions.
        accuracy: share of correct predictions on the held-out rows, 0 to 1; None if the test
            failed before.
        read_back: how many predictions of the model read back from the candidate's artifact
            store agree with those that the training recorded, for example ``67 of 67``.
        seconds: wall-clock time of training and reading back.
    """

    title: ClassVar[str] = "Smoke test"

    environment: str
    stack: str
    stack_id: str
    content_hash: str
    passed: bool
    reason: Redacted
    min_accuracy: float
    accuracy: float | None = None
    read_back: str = ""
    model_uri: str = ""
    training_run: str = ""
    training_run_id: str = ""
    seconds: float = 0.0
    demands: str = ""

    @property
    def headline(self) -> str:
        if self.passed:
            accuracy = f"accuracy {self.accuracy:.3f} (at least {self.min_accuracy:g})"
            return f"{accuracy}, {self.read_back} predictions read back"
        return self.reason

    def facts(self) -> dict[str, Fact]:
        facts: dict[str, Fact] = {
            "stack": self.stack,
            "stack_id": self.stack_id,
            "content_hash": self.content_hash,
            "passed": self.passed,
            "training_run": self.training_run,
            "demands": self.demands,
        }
        return facts if self.accuracy is None else facts | {"accuracy": self.accuracy}


class AliasMove(BaseModel):
    """One alias after promotion; ``before`` is None where it is new."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alias: str
    stack: str
    before: str | None
    after: str
    action: Action | None


class PromotionReport(Report):
    """Which aliases moved to which version.

    Attributes:
        held_back: aliases whose candidate didn't pass its smoke test.
        still: the version that each of those is on; None if it was never promoted.
        after_proof: changes that waited for the smoke test: links to the new connectors,
            deletions of the old ones.
        returned: links that were set back to the connectors from before the run.
        changed: names of components that this run changed and that the held-back aliases use.
    """

    title: ClassVar[str] = "Promotion"

    environment: str
    aliases: tuple[AliasMove, ...]
    held_back: tuple[str, ...] = ()
    still: dict[str, str | None] = {}
    after_proof: tuple[RegistrationChange, ...] = ()
    returned: tuple[RegistrationChange, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        moved = [move.alias for move in self.aliases if move.action]
        if moved:
            return f"moved {', '.join(moved)}"
        return "no alias moved" if self.held_back else "every alias is up to date"

    def facts(self) -> dict[str, Fact]:
        return {move.alias: move.after for move in self.aliases}


class Kept(BaseModel):
    """Something that a ``down`` doesn't remove, by design."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    reason: Redacted


class TeardownReport(Report):
    """The result of a ``down``, and what a search afterwards still found.

    Attributes:
        removed: names of the registrations and addresses of the resources that were removed.
        left: what still exists and shouldn't; empty after a successful ``down``.
    """

    title: ClassVar[str] = "Teardown"

    environment: str
    removed: tuple[str, ...]
    left: tuple[str, ...]
    kept: tuple[Kept, ...]

    @property
    def headline(self) -> str:
        return f"{len(self.left)} left, {len(self.kept)} kept"

    def facts(self) -> dict[str, Fact]:
        return {"removed": len(self.removed), "left": len(self.left), "kept": len(self.kept)}


PlanReport.model_rebuild()
