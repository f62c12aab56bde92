"""The summary and exit code of a run that ended."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, TypeVar

from zenstrap import invocation
from zenstrap.cli.options import Options
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import (
    ConfigError,
    InterruptedRunError,
    NameTakenError,
    RefusedError,
    StateGuardError,
    UsageError,
    ZenstrapError,
)
from zenstrap.events import StepFinished
from zenstrap.lifecycle.succession import still_on
from zenstrap.naming import alias_name
from zenstrap.platforms.base import Platform
from zenstrap.policy.approval import refusal
from zenstrap.reports import (
    Kept,
    OutputValue,
    PlanReport,
    PreflightReport,
    PromotionReport,
    Report,
    TeardownReport,
    TerraformOutputs,
)
from zenstrap.running import Run
from zenstrap.views import json_view
from zenstrap.views.plan_table import PlanTable
from zenstrap.views.sink import Recorder
from zenstrap.views.summary import (
    Failure,
    RunSummary,
    StackLine,
    Summary,
    error_text,
)
from zenstrap.views.terminal import console_on
from zenstrap.views.text import step_title
from zenstrap.words import count

CHANGES_PRESENT = 2
# Running the same command again would fail again: these need a change by the user first.
_NEEDS_A_CHANGE = RefusedError | UsageError | NameTakenError | StateGuardError
OneReport = TypeVar("OneReport", bound=Report)


@dataclass(frozen=True)
class Outcome:
    """One command's run after its end, successful or not."""

    verb: str
    config: EnvironmentConfig
    run: Run
    recorder: Recorder
    failure: ZenstrapError | None
    seconds: float

    @property
    def steps(self) -> tuple[StepFinished, ...]:
        return tuple(self.recorder.steps)

    @property
    def failed_step(self) -> str | None:
        """The step that failed, or the one that is running if the process is being ended."""
        running = self.recorder.running
        return self.run.record.failed_step or (running[0].step if running else None)

    def last(self, kind: type[OneReport]) -> OneReport | None:
        """The newest report of a kind among the run's reports."""
        all_reports = [r for reports in self.run.record.reports.values() for r in reports]
        return next((r for r in reversed(all_reports) if isinstance(r, kind)), None)


def conclude(outcome: Outcome, options: Options) -> int:
    """Print the run's summary: data on standard output, everything else on standard error."""
    plan = outcome.last(PlanReport)
    summary = _summary(outcome, plan)
    if not options.telling.begin(summary.exit_code):
        return summary.exit_code
    if options.telling.is_data:
        options.telling.write(json_view.run_object(summary, plan))
        return summary.exit_code
    if outcome.verb == "plan" and plan is not None and not plan.is_idle:
        print_plan(plan, outcome.run.platform, sys.stdout)
    failure = outcome.failure
    began = any(step.outcome == "done" for step in outcome.steps)
    if failure is not None and not began and not isinstance(failure, InterruptedRunError):
        sys.stderr.write(error_text(failure))
    else:  # the view has shown the steps already
        console_on(sys.stderr).print(Summary(summary, with_steps=False))
    return summary.exit_code


def print_plan(plan: PlanReport, platform: Platform, stream: IO[str]) -> None:
    """Print the plan's table."""
    rules = platform.resource_rules()
    may_destroy = platform.config.protection.allow_destroy
    protected = rules.key_types if may_destroy else rules.protected_types
    console_on(stream).print(PlanTable(plan, protected_types=protected))


def _summary(outcome: Outcome, plan: PlanReport | None) -> RunSummary:
    return RunSummary(
        environment=outcome.config.environment,
        command=outcome.verb,
        seconds=outcome.seconds,
        run=outcome.run.record.name or None,
        url=outcome.recorder.url,
        headline=_headline(outcome, plan),
        steps=outcome.steps,
        outputs=_outputs(outcome),
        stacks=_stacks(outcome),
        kept=_kept(outcome),
        next=_next(outcome, plan),
        refusal=_refusal(outcome, plan),
        failure=_failure(outcome, plan),
        exit_code=_exit_code(outcome, plan),
    )


def _exit_code(outcome: Outcome, plan: PlanReport | None) -> int:
    if outcome.failure is not None:
        return outcome.failure.exit_code
    if _refused(outcome, plan) is not None:
        return RefusedError.exit_code
    if outcome.verb == "plan" and plan is not None and not plan.is_empty:
        return CHANGES_PRESENT
    return 0


def _headline(outcome: Outcome, plan: PlanReport | None) -> str:
    name = outcome.config.environment
    if outcome.failure is not None:
        word = "interrupted" if isinstance(outcome.failure, InterruptedRunError) else "failed"
        place = f" in {step_title(outcome.failed_step)}" if outcome.failed_step else ""
        return f"{outcome.verb} of {name} {word}{place}: {outcome.failure.what}"
    teardown = outcome.last(TeardownReport)
    if teardown is not None:
        return f"{name} is removed: {teardown.headline}"
    if plan is None:
        return ""
    promotion = outcome.last(PromotionReport)
    if outcome.verb == "rollback" and promotion is not None:
        return ", ".join(f"{move.alias} is back on {move.after}" for move in promotion.aliases)
    if outcome.verb == "plan":
        return f"{name}: {plan.headline}"
    if plan.is_empty:
        if plan.to_test:
            return f"{name}: nothing to change, {count(len(plan.to_test), 'stack')} tested again"
        return f"{name}: {plan.headline}"
    return f"{name} is up: every stack passed its smoke test"


def _outputs(outcome: Outcome) -> dict[str, OutputValue]:
    outputs = outcome.last(TerraformOutputs)
    if outputs is None or outcome.verb != "up" or not outputs.actions:
        return {}
    return outputs.outputs


def _stacks(outcome: Outcome) -> tuple[StackLine, ...]:
    promotion = outcome.last(PromotionReport)
    if promotion is None:
        return ()
    moved = [
        StackLine(move.alias, move.stack, move.after, "promoted" if move.action else "unchanged")
        for move in promotion.aliases
    ]
    config = outcome.config
    aliases = {alias_name(config.environment, p): config.version_of(p) for p in config.targets}
    held = [
        StackLine(alias, "", aliases[alias], f"not promoted: {still_on(alias, promotion)}")
        for alias in promotion.held_back
    ]
    return (*moved, *held)


def _kept(outcome: Outcome) -> tuple[Kept, ...]:
    teardown = outcome.last(TeardownReport)
    return teardown.kept if teardown else ()


def _next(outcome: Outcome, plan: PlanReport | None) -> tuple[str, ...]:
    name = outcome.config.environment
    if outcome.failure is not None:
        return ()
    if outcome.verb == "up":
        return (
            f"zenml stack set {alias_name(name)}",
            invocation.command("status", name),
            # `down` isn't suggested where it would be refused.
            invocation.command(
                "down" if outcome.config.protection.allow_destroy else "history", name
            ),
        )
    if outcome.verb == "rollback":
        return (invocation.command("status", name),)
    if outcome.verb == "plan" and plan is not None and not plan.is_empty:
        if (stop := _refusal(outcome, plan)) is not None:
            return (stop.command,) if stop.command else ()
        return (invocation.command("up", name),)
    return ()


def _refused(outcome: Outcome, plan: PlanReport | None) -> RefusedError | None:
    """Why the gate of an `up` would refuse this plan, by the same rules."""
    if outcome.verb != "plan" or outcome.failure is not None or plan is None:
        return None
    return refusal(plan, outcome.config, outcome.run.platform.resource_rules())


def _refusal(outcome: Outcome, plan: PlanReport | None) -> Failure | None:
    """Why an `up` would stop: the policy, or a failed check that `plan` only warns about."""
    if (refused := _refused(outcome, plan)) is not None:
        why, fix, command = refused.why or "", refused.fix or "", refused.command or ""
        return Failure(refused.what, why, fix, command, step="gate")
    checked = outcome.last(PreflightReport)
    if outcome.verb != "plan" or plan is None or checked is None or not checked.failed:
        return None
    first = checked.failed[0]
    return Failure(first.detail, fix=first.fix, command=first.command, step="preflight")


def _failure(outcome: Outcome, plan: PlanReport | None) -> Failure | None:
    error = outcome.failure
    if error is None:
        return None
    again = invocation.again(outcome.config.environment, verb=outcome.verb)
    place = f"{error.where}: " if error.where else ""
    return Failure(
        what=f"{place}{error.what}",
        why=error.why or "",
        fix=error.fix or "",
        command=error.command or "",
        now=_now(outcome, plan),
        # What was refused would be refused again, so only the fix is shown.
        go_on="" if isinstance(error, _NEEDS_A_CHANGE) else again,
        step=outcome.failed_step,
        interrupted=isinstance(error, InterruptedRunError),
        where=error.where or "",
        type=type(error).__name__,
        problems=tuple(error.problems) if isinstance(error, ConfigError) else (),
    )


_EFFECTS = (
    "provision",
    "register_connectors",
    "register_stacks",
    "promote",
    "roll_back",
    "deregister",
    "destroy",
)


def _now(outcome: Outcome, plan: PlanReport | None) -> tuple[str, ...]:
    """The state after a failure: which steps made changes, and whether aliases moved."""
    done = {step.step: step.detail for step in outcome.steps if step.outcome == "done"}
    partly = outcome.recorder.effects
    begun = {step.step for step in outcome.steps}
    begun |= {step.step for step in outcome.recorder.running}
    if not begun & {*_EFFECTS}:
        return (_before_the_plan(outcome.run),)
    lines = []
    for step in _EFFECTS:
        if step in done:
            lines.append(f"{step_title(step)}: {done[step]}")
        elif step in partly:
            effects = ", ".join(f"{number} {effect}" for effect, number in partly[step].items())
            lines.append(f"{step_title(step)} was interrupted: {effects}")
    if not begun & {"promote", "roll_back", "deregister"}:
        lines.append("no alias was moved: the current versions are unchanged")
    return tuple(lines)


def _before_the_plan(run: Run) -> str:
    if run.record.changed_first:
        return f"nothing was changed except the state bucket: {run.record.changed_first}"
    return "nothing was changed"


__all__: Sequence[str] = ("Outcome", "conclude", "print_plan")
