"""The results of the steps: what each run leaves behind as a versioned artifact.

Every report is frozen, holds no secret, and says in one line (``headline``) and in a few typed
facts (``facts``, shown as metadata in the dashboard) what matters of it.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from zenstrap.config import EnvironmentConfig
from zenstrap.events import DONE, ResourceAction
from zenstrap.redaction import redact
from zenstrap.registry.changes import Action, Kind, Registration, RegistrationChange
from zenstrap.terraform.plan import Plan

How = Literal["nothing to approve", "policy", "terminal", "--yes"]
"""How a plan was let through the gate."""
Fact = str | int | float | bool
Told = Annotated[str, AfterValidator(redact)]  # to people; other programs' texts may be in it


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
        """Whether all is as it should be; where not, the step that made it gets no green tick."""
        return True

    def facts(self) -> dict[str, Fact]:
        """A few figures for the artifact's metadata."""
        return {}


class ConfigReport(Report):
    """The validated configuration that a run works from."""

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
    """One thing that was looked at before anything is changed.

    Attributes:
        passed: whether a run can go on from there.
        fix: the way out, in words; ``command``: what to type for it.
        known: False where it couldn't be found out; why stands in the detail.
        exit_code: what a run would end with for it, where it failed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    passed: bool
    detail: Told
    fix: Told = ""
    command: Told = ""
    known: bool = True
    exit_code: int = 0


class PreflightReport(Report):
    """What the run found before it planned."""

    title: ClassVar[str] = "Preflight"

    environment: str
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """Only a plan, which runs nothing, goes on with one."""
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
    """Something that is destroyed or replaced under current stacks.

    Attributes:
        under: the aliases that stand on it, each with its current version.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    action: ResourceAction
    under: tuple[str, ...]

    @property
    def who(self) -> str:
        """``zenml-prod 1.1.0 stands on it``."""
        return f"{', '.join(self.under)} {'stands' if len(self.under) == 1 else 'stand'} on it"


class PlanReport(Report):
    """Infrastructure and registrations in one plan.

    Attributes:
        direction: ``up`` brings the environment to its configuration, ``down`` takes it away,
            ``rollback`` brings one alias back to an earlier version.
        digest: sha256 over everything that would be done; what is approved is this.
        registrations: alias changes among them are done by ``promote``, after the smoke test.
        to_test: names of the stacks whose smoke test isn't known to have passed.
        since: name of the run that last made or confirmed this state, where nothing is to change.
        kept: what a ``down`` leaves, each with its reason.
        keys_in_use: the infrastructure was planned with keys that an old connector still needs.
        losses: what current versions stand on and is destroyed before their successors are proven.
        refusal: why nobody may carry it out, in one sentence; empty where that is for a person
            to say.
    """

    title: ClassVar[str] = "Plan"

    environment: str
    direction: Literal["up", "down", "rollback"]
    infrastructure: Plan
    registrations: tuple[RegistrationChange, ...]
    to_test: tuple[str, ...] = ()
    since: str | None = None
    digest: str
    notices: tuple[Told, ...] = ()
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
        """Nothing would be changed, and nothing tested."""
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
    """Why the plan may be carried out, and who said so."""

    title: ClassVar[str] = "Gate"

    environment: str
    digest: str
    approved_by: str
    how: How
    reasons: tuple[Told, ...] = ()

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
    """One Terraform output; a sensitive one has no value here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: JsonValue = None
    sensitive: bool = False


class TerraformOutputs(Report):
    """What Terraform made: its outputs, and which state they come from.

    Attributes:
        actions: what this run's apply did, by kind of action; empty where nothing was to do.
        lineage: the state's lineage, recorded so that a foreign state is noticed.
        serial: the state's serial, recorded so that an older state is noticed.
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
            f"{kind.value}s": len(found) for kind, found in kinds.items() if found
        }
        return facts | {"written": sum(1 for r in self.registrations if r.action)}


class SmokeTestReport(Report):
    """A real training on one candidate stack, and its model read back.

    Attributes:
        stack: name of the candidate.
        content_hash: the candidate's content that was tested; another content needs another test.
        demands: see :attr:`zenstrap.config.SmokeTest.demands`; empty in reports of older versions.
        accuracy: share of right predictions on the held-out rows, 0 to 1; None if it never
            came to that.
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
    reason: Told
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
        held_back: aliases whose candidate wasn't proven.
        still: the version that each of those is on; None where it was never promoted.
        after_proof: what waited for it: links to the new connectors, deletions of the old ones.
        returned: links that went back to the connectors from before the run.
        changed: names of what the aliases that were held back use, and this run has changed.
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
        return "no alias moved" if self.held_back else "every alias is where it belongs"

    def facts(self) -> dict[str, Fact]:
        return {move.alias: move.after for move in self.aliases}


class Kept(BaseModel):
    """Something that a ``down`` leaves behind by design."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    reason: Told


class TeardownReport(Report):
    """The proof of a ``down``: what was looked for afterwards, and what was found.

    Attributes:
        removed: names of the registrations and addresses of the resources that went.
        left: what is still there and shouldn't be; empty after a ``down`` that worked.
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


def count(number: int, noun: str) -> str:
    """``1 resource``, ``2 resources``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
