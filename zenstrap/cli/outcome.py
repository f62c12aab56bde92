"""From a run that ended to what is printed of it, and its exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, TypeVar

from zenstrap import invocation
from zenstrap.cli.app import Options
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import (
    InterruptedRunError,
    NameTakenError,
    RefusedError,
    StateGuardError,
    UsageError,
    ZenstrapError,
    exit_code,
)
from zenstrap.events import StepFinished
from zenstrap.naming import alias_name
from zenstrap.policy.approval import refusal
from zenstrap.policy.rules import KEY_TYPES, PROTECTED_TYPES
from zenstrap.reports import (
    PlanReport,
    PreflightReport,
    PromotionReport,
    Report,
    TeardownReport,
    TerraformOutputs,
)
from zenstrap.session import Session
from zenstrap.views import json_view
from zenstrap.views.plan_table import PlanTable
from zenstrap.views.summary import (
    Failure,
    KeptLine,
    OutputLine,
    RunSummary,
    StackLine,
    Summary,
    error_text,
)
from zenstrap.views.terminal import console_on
from zenstrap.views.text import spoken

CHANGES_PRESENT = 2
# What stays true until somebody does something: the same command again ends the same.
_STAYS = RefusedError | UsageError | NameTakenError | StateGuardError
OneReport = TypeVar("OneReport", bound=Report)


@dataclass(frozen=True)
class Outcome:
    """One command's run, ended well or not."""

    verb: str
    config: EnvironmentConfig
    session: Session
    steps: tuple[StepFinished, ...]
    url: str | None
    failure: Exception | None
    seconds: float

    def last(self, kind: type[OneReport]) -> OneReport | None:
        """The newest report of a kind that the run made."""
        found = [r for reports in self.session.reports.values() for r in reports]
        return next((r for r in reversed(found) if isinstance(r, kind)), None)


def conclude(outcome: Outcome, options: Options) -> int:
    """Print what became of the run; data on standard output, the rest on standard error."""
    plan = outcome.last(PlanReport)
    summary = _summary(outcome, plan)
    if options.json:
        sys.stdout.write(json_view.dumps(json_view.run_object(summary, plan)))
        return summary.exit_code
    if options.events:
        return summary.exit_code
    if outcome.verb == "plan" and plan is not None and not plan.is_empty:
        print_plan(plan, outcome.config, sys.stdout)
    if outcome.failure is not None and not any(s.outcome == "done" for s in outcome.steps):
        sys.stderr.write(error_text(outcome.failure))
    else:  # the view has shown the steps as they ended
        console_on(sys.stderr).print(Summary(summary, with_steps=False))
    return summary.exit_code


def print_plan(plan: PlanReport, config: EnvironmentConfig, stream: IO[str]) -> None:
    """The table of everything that would be changed."""
    protected = KEY_TYPES if config.protection.allow_destroy else PROTECTED_TYPES
    console_on(stream).print(PlanTable(plan, protected_types=protected))


def _summary(outcome: Outcome, plan: PlanReport | None) -> RunSummary:
    return RunSummary(
        environment=outcome.config.environment,
        command=outcome.verb,
        seconds=outcome.seconds,
        run=outcome.session.run_name or None,
        url=outcome.url,
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
        return exit_code(outcome.failure)
    if _refused(outcome, plan) is not None:
        return RefusedError.exit_code
    if outcome.verb == "plan" and plan is not None and not plan.is_empty:
        return CHANGES_PRESENT
    return 0


def _headline(outcome: Outcome, plan: PlanReport | None) -> str:
    name = outcome.config.environment
    teardown = outcome.last(TeardownReport)
    if teardown is not None:
        return f"{name} is gone: {teardown.headline}"
    if plan is None:
        return ""
    promotion = outcome.last(PromotionReport)
    if outcome.verb == "rollback" and promotion is not None:
        return ", ".join(f"{move.alias} is back on {move.after}" for move in promotion.aliases)
    if outcome.verb == "plan":
        return f"{name}: {plan.headline}"
    if plan.is_empty:
        tested = f", {len(plan.to_test)} tested again" if plan.to_test else ""
        return f"{name}: {plan.headline}{tested}"
    return f"{name} is up: every stack has proven itself"


def _outputs(outcome: Outcome) -> tuple[OutputLine, ...]:
    outputs = outcome.last(TerraformOutputs)
    if outputs is None or outcome.verb != "up" or not outputs.actions:
        return ()
    return tuple(OutputLine(name, o.value, o.sensitive) for name, o in outputs.outputs.items())


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
    held = [StackLine(alias, "", aliases[alias], "not proven") for alias in promotion.held_back]
    return (*moved, *held)


def _kept(outcome: Outcome) -> tuple[KeptLine, ...]:
    teardown = outcome.last(TeardownReport)
    return tuple(KeptLine(one.name, one.reason) for one in teardown.kept) if teardown else ()


def _next(outcome: Outcome, plan: PlanReport | None) -> tuple[str, ...]:
    name = outcome.config.environment
    if outcome.failure is not None:
        return ()
    if outcome.verb == "up":
        return (
            f"zenml stack set {alias_name(name)}",
            invocation.command("status", name),
            # What a down is refused for isn't suggested.
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
    """What the gate of an `up` would say to a plan, by the same rules."""
    if outcome.verb != "plan" or outcome.failure is not None or plan is None:
        return None
    return refusal(plan, outcome.config)


def _refusal(outcome: Outcome, plan: PlanReport | None) -> Failure | None:
    """What an `up` would be stopped by: the policy, or a check that a plan goes on without."""
    if (refused := _refused(outcome, plan)) is not None:
        why, fix, command = refused.why or "", refused.fix or "", refused.command or ""
        return Failure(refused.what, why, fix, command, step="gate")
    checked = outcome.last(PreflightReport)
    if outcome.verb != "plan" or plan is None or checked is None or not checked.failed:
        return None
    first = checked.failed[0]
    return Failure(first.detail, fix=first.fix, command=first.command, step="preflight")


def _failure(outcome: Outcome, plan: PlanReport | None) -> Failure | None:
    error = _known(outcome.failure)
    if error is None:
        return None
    again = invocation.again(outcome.config.environment, verb=outcome.verb)
    if not isinstance(error, ZenstrapError):
        return Failure(
            what=f"{type(error).__name__}: {error}",
            why="This is a bug in zenstrap; --debug shows the traceback.",
            now=_now(outcome, plan),
            go_on=again,
            step=outcome.session.failed_step,
        )
    place = f"{error.where}: " if error.where else ""
    return Failure(
        what=f"{place}{error.what}",
        why=error.why or "",
        fix=error.fix or "",
        command=error.command or "",
        now=_now(outcome, plan),
        # What was refused is refused again: there the way out is all there is to say.
        go_on="" if isinstance(error, _STAYS) else again,
        step=outcome.session.failed_step,
        interrupted=isinstance(error, InterruptedRunError),
    )


def _now(outcome: Outcome, plan: PlanReport | None) -> tuple[str, ...]:
    """What is true after a failure, as far as the steps that finished tell."""
    done = [step for step in outcome.steps if step.outcome == "done"]
    names = {step.step for step in done}
    if plan is None or not names & {"provision", "register_stacks", "deregister", "destroy"}:
        began = {step.step for step in outcome.steps} & {"provision", "deregister"}
        return () if began else (_before_the_plan(outcome.session),)
    effects = (
        "provision",
        "register_connectors",
        "register_stacks",
        "promote",
        "roll_back",
        "deregister",
        "destroy",
    )
    return tuple(f"{spoken(step.step)}: {step.detail}" for step in done if step.step in effects)


def _before_the_plan(session: Session) -> str:
    if session.changed_first:
        return f"nothing was changed but the state bucket: {session.changed_first}"
    return "nothing was changed"


def _known(failure: Exception | None) -> BaseException | None:
    """The error that a person can act on, behind what other libraries wrapped around it."""
    seen: BaseException | None = failure
    while seen is not None and not isinstance(seen, ZenstrapError):
        seen = seen.__cause__
    return seen or failure


__all__: Sequence[str] = ("Outcome", "conclude", "print_plan")
