"""One root module in the workspace of one environment: prepare, plan, apply, read, remove."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from zenstrap import invocation, retry
from zenstrap.errors import (
    InterruptedRunError,
    PlanChangedError,
    RefusedError,
    TerraformError,
    TerraformTimeoutError,
    ZenstrapError,
)
from zenstrap.events import Emit, Notice, ignore
from zenstrap.interrupt import Interrupt
from zenstrap.redaction import Redact, know, redactor
from zenstrap.terraform import process, rescue
from zenstrap.terraform.answer import json_in
from zenstrap.terraform.applying import ApplySummary, apply_failure, not_done, unseen
from zenstrap.terraform.binary import TerraformBinary
from zenstrap.terraform.commands import Option, command_line
from zenstrap.terraform.diagnostics import error_from, parse_output, redacted
from zenstrap.terraform.environment_variables import child_environment
from zenstrap.terraform.outputs import Output, parse_outputs
from zenstrap.terraform.plan import Plan, parse_plan, sensitive_strings
from zenstrap.terraform.process import Finished
from zenstrap.terraform.provider import BUILT_IN, Provider
from zenstrap.terraform.state import StateIdentity, StateResource, resources_in
from zenstrap.terraform.storage import StateStorage
from zenstrap.terraform.stream import ApplyStream, save_privately
from zenstrap.terraform.values import strings
from zenstrap.waiting import waiting_for
from zenstrap.words import count

# A root module may declare this variable to get the state's serial, for values that must change
# with every apply but not between two plans of one state. Passed as an environment variable, which
# Terraform ignores if the root doesn't declare it.
_SERIAL_VARIABLE = "TF_VAR_zenstrap_state_serial"


@dataclass(frozen=True)
class TimeLimits:
    """Seconds until a command gets SIGINT, and from there to SIGKILL.

    ``apply``: a cluster or a managed network takes most of an hour. The others take longer than
    their limit only if the network hangs. ``grace`` lets the operation in progress finish.
    """

    init: float = 300
    plan: float = 900
    apply: float = 3600
    read: float = 120
    grace: float = 120


@dataclass
class Workspace:
    """A root module in the workspace of one environment.

    Args:
        root: the root module's folder. Nothing is written into it.
        environment: the name of the workspace.
        data_folder: TF_DATA_DIR; states that can't be saved are written to its parent folder.
        storage: the backend of the state; must match the root's ``backend`` block.
        binary: the Terraform to use.
        run_folder: for plan and variable files.
        emit: gets the events of resources.
        interrupt: stops the running command.
        limits: seconds.
        environment_variables: for Terraform, in addition to the default ones.
        provider: what the root's provider adds to Terraform.
    """

    root: Path
    environment: str
    data_folder: Path
    storage: StateStorage
    binary: TerraformBinary
    run_folder: Path
    emit: Emit = ignore
    interrupt: Interrupt = field(default_factory=Interrupt)
    limits: TimeLimits = field(default_factory=TimeLimits)
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    provider: Provider = BUILT_IN

    def __post_init__(self) -> None:
        self._redact: Redact = str

    @property
    def plan_file(self) -> Path:
        return self.run_folder / "plan"

    def prepare(self) -> None:
        """Initialise the module and select the environment's workspace, creating it if needed.

        Raises:
            StateGuardError: the state is damaged; Terraform would overwrite it with a new one.
        """
        self.state()
        for folder in (self.data_folder, self.run_folder, self.storage.folder):
            if folder is not None:
                _private_folder(folder)
                folder.chmod(0o700)
        self._run_patiently(
            "init",
            limit=self.limits.init,
            options={
                "backend_config": self.storage.backend_config(),
                "input": False,
                "no_color": True,
                "reconfigure": True,
            },
        )
        self._select(self.environment, create=True)

    def plan(
        self,
        variables: Mapping[str, object],
        *,
        destroy: bool = False,
        only: Sequence[str] = (),
    ) -> Plan:
        """Plan into ``plan_file``.

        Args:
            variables: values for the root's variables, JSON-like.
            destroy: plan to destroy everything.
            only: addresses to plan (``-target``); empty for everything.

        Raises:
            StateGuardError: the state is damaged; checked before Terraform runs.
            LockHeldError: another run changes the state.
            TerraformError: the module or its values are invalid, or a provider reported an error.
        """
        identity = self.state()
        _private_folder(self.run_folder)
        self.plan_file.unlink(missing_ok=True)
        with self._variable_file(variables) as variable_file:
            self._run_patiently(
                "plan",
                limit=self.limits.plan,
                environment={_SERIAL_VARIABLE: str(identity.serial if identity else 0)},
                options={
                    "destroy": destroy,
                    "input": False,
                    "json": True,
                    "out": str(self.plan_file),
                    "target": list(only) or None,
                    "var_file": str(variable_file),
                },
            )
        self.plan_file.chmod(0o600)
        return self.shown(self.plan_file)

    def shown(self, plan_file: Path) -> Plan:
        """The plan in a plan file."""
        if not plan_file.is_file():
            raise TerraformError(
                "the plan file does not exist",
                where=str(plan_file),
                fix="Run the command again for a new plan",
            )
        shown = self._run("show", str(plan_file), limit=self.limits.read, options={"json": True})
        text = json_in(shown.stdout)
        secrets = sensitive_strings(text)
        know(*secrets)
        self._redact = redactor(secrets)
        return parse_plan(text, self.provider)

    def apply(self, expected_digest: str) -> ApplySummary:
        """Apply ``plan_file`` if it is the plan that was approved.

        Raises:
            PlanChangedError: the file holds another plan, or the state was changed since.
            LockHeldError: another run changes the state.
            InterruptedRunError: stopped; the state is saved.
            TerraformTimeoutError: stopped by the time limit.
            PartlyDoneError: failed after some resources were changed.
            TerraformError: failed before anything was changed, or reported success without having
                done what was approved.
        """
        plan = self.shown(self.plan_file)
        if plan.digest != expected_digest:
            raise PlanChangedError(
                "the plan to apply is not the one that was approved",
                where=str(self.plan_file),
                why=f"its digest is {plan.digest[:12]}, and {expected_digest[:12]} was approved",
                fix="Run the command again for a new plan",
            )
        places = rescue.folders(self.data_folder.parent, self._state_place)
        rescued: list[Path] = []

        def keep(state: str) -> None:
            with contextlib.suppress(OSError):  # no folder has room for it
                rescued.append(rescue.keep(state, places))

        stream = ApplyStream(
            self.emit,
            rescue=keep,
            unseen_destroys=frozenset(
                change.address.partition(" (deposed")[0]
                for change in plan.changes
                if change.vanished
            ),
            redact=self._redact,
        )
        before = self.state()
        started = time.time()
        try:
            finished = self._start(
                "apply",
                str(self.plan_file),
                limit=self.limits.apply,
                on_line=stream.feed,
                options={"input": False, "json": True},
            )
        finally:
            errored = rescue.take_errored(self.root, places, since=started, printed=bool(rescued))
            rescued += [errored] if errored else []
        if finished.code == 0:
            fault = unseen(
                plan,
                stream,
                before=before,
                after=self.state(),
                program=self._program,
                state=self._state_place,
            )
            if fault is None:
                return ApplySummary(changes=stream.finished, seconds=finished.seconds)
            if finished.stopped is None:
                raise fault
        error = apply_failure(
            finished,
            plan,
            stream,
            root=self.root,
            state=self._state_place,
            rescued=rescued,
            redact=self._redact,
            provider=self.provider,
        )
        error.leaves_lock = finished.by_force
        raise error

    def outputs(self) -> Mapping[str, Output]:
        """The outputs of the last apply; empty if nothing was applied yet."""
        printed = self._run("output", limit=self.limits.read, options={"json": True}).stdout
        outputs = parse_outputs(json_in(printed))
        sensitive = (output.value for output in outputs.values() if output.sensitive)
        know(*(string for value in sensitive for string in strings(value)))
        return outputs

    def state(self) -> StateIdentity | None:
        """The identity of the state; None if there is no state yet.

        Raises:
            StateGuardError: empty, truncated, or not a state.
        """
        return self.storage.read(self.environment)

    def resources(self) -> tuple[StateResource, ...]:
        """The managed resources in the state.

        Raises:
            StateGuardError: truncated, or not a state.
            PlatformError: a bucket is out of reach.
        """
        content = self.storage.content(self.environment) or b""
        return resources_in(content, where=self._state_place) if content.strip() else ()

    def take_over(self, ids: Mapping[str, str], variables: Mapping[str, object]) -> None:
        """Import existing resources into the state, and change nothing else.

        Args:
            ids: the provider's ids, by the address that each resource gets.
            variables: as for a plan.

        Raises:
            TerraformError: one can't be imported, or none of this is to be seen in the state.
        """
        before = len(self.resources())
        with self._variable_file(variables) as variable_file:
            for address, id in ids.items():
                self._run(
                    "import",
                    address,
                    id,
                    limit=self.limits.read,
                    options={"input": False, "no_color": True, "var_file": str(variable_file)},
                )
        imported = len(self.resources()) - before
        if imported < len(ids):
            why = f"{count(len(ids), 'resource')} should be in the state now, {imported} came"
            raise not_done("import", self._program, why)

    def forget(self, addresses: Sequence[str]) -> None:
        """Remove resources from the state without destroying them.

        Raises:
            TerraformError: it failed, or they are still in the state.
        """
        if not addresses:
            return
        # Terraform backs up a local state, by default into a folder that doesn't exist.
        backup = self.run_folder / "forgotten.tfstate" if self.storage.folder else None
        self._run(
            "state rm",
            *addresses,
            limit=self.limits.read,
            options={"backup": str(backup) if backup else None},
        )
        if left := {resource.address for resource in self.resources()} & set(addresses):
            # The plan that follows would destroy them.
            raise not_done("state rm", self._program, f"still in the state: {', '.join(left)}")

    def remove(self) -> None:
        """Delete the workspace and its Terraform data on this machine.

        Raises:
            RefusedError: its state still has resources.
        """
        identity = self.state()
        if identity is not None and identity.resources:
            raise RefusedError(
                f"the workspace still holds {identity.resources} resources",
                where=self._state_place,
                why="without its state, Terraform could no longer manage or destroy them",
                fix="Destroy them first",
                command=invocation.command("down", self.environment),
            )
        self.prepare()
        self._select("default")
        self._run(
            "workspace delete",
            self.environment,
            limit=self.limits.read,
            options={"no_color": True},
        )
        shutil.rmtree(self.data_folder, ignore_errors=True)
        if self.storage.folder is not None:
            # A folder that isn't empty holds another environment's state or a user's backup.
            with contextlib.suppress(OSError):
                self.storage.folder.rmdir()

    def _select(self, name: str, *, create: bool = False) -> None:
        self._run(
            "workspace select",
            name,
            limit=self.limits.read,
            options={"no_color": True, "or_create": create},
        )

    @property
    def _program(self) -> str:
        return self.binary.command[-1]

    @property
    def _state_place(self) -> str:
        return self.storage.place(self.environment)

    def _run_patiently(
        self,
        command: str,
        *,
        limit: float,
        environment: Mapping[str, str] | None = None,
        options: Mapping[str, Option] | None = None,
    ) -> Finished:
        """Run a command that changes nothing, and retry it after a network failure."""
        for pause in (*retry.NETWORK, None):
            try:
                return self._run(command, limit=limit, environment=environment, options=options)
            except TerraformError as error:
                is_specific = type(error) is not TerraformError  # a time limit, an unusable state
                if pause is None or is_specific or not retry.is_hiccup(f"{error.what} {error.why}"):
                    raise
                text = f"terraform {command}: {error.what}. Trying again in {pause} s."
                self.emit(Notice(text, "warning"))
            self.interrupt.wait(pause)
        raise AssertionError("the last attempt returns or raises")

    def _run(
        self,
        command: str,
        *arguments: str,
        limit: float,
        environment: Mapping[str, str] | None = None,
        options: Mapping[str, Option] | None = None,
    ) -> Finished:
        """Run a command that must succeed."""
        finished = self._start(
            command, *arguments, limit=limit, environment=environment, options=options
        )
        if finished.code != 0:
            error = self._failure(command, finished)
            error.leaves_lock = finished.by_force
            raise error
        return finished

    def _start(
        self,
        command: str,
        *arguments: str,
        limit: float,
        environment: Mapping[str, str] | None = None,
        on_line: Callable[[str], None] | None = None,
        options: Mapping[str, Option] | None = None,
    ) -> Finished:
        # Commands that only read still run after a stop request: the report needs them.
        stoppable = command in ("init", "import", "plan", "apply")
        if stoppable:
            self.interrupt.check()
        with waiting_for(f"terraform {command}", limit):
            return process.run(
                command_line(self.binary.command, command, *arguments, **(options or {})),
                folder=self.root,
                environment={
                    **child_environment(data_folder=self.data_folder, provider=self.provider),
                    **self.environment_variables,
                    **(environment or {}),
                },
                time_limit=limit,
                grace=self.limits.grace,
                state=self._state_place,
                interrupt=self.interrupt if stoppable else None,
                on_line=on_line,
            )

    def _failure(self, command: str, finished: Finished) -> ZenstrapError:
        if finished.stopped == "interrupt":
            return InterruptedRunError(
                "interrupted", where=f"terraform {command}", why="nothing was changed"
            )
        if finished.stopped == "time limit":
            return TerraformTimeoutError(
                f"terraform {command} took longer than its time limit",
                where=str(self.root),
                why="it was stopped, and nothing was changed",
            )
        diagnostics = parse_output(finished.stdout) + parse_output(finished.stderr)
        return error_from(
            redacted(diagnostics, self._redact),
            command=command,
            where=str(self.root),
            state=self._state_place,
            code=finished.code,
            provider=self.provider,
        )

    @contextlib.contextmanager
    def _variable_file(self, variables: Mapping[str, object]) -> Iterator[Path]:
        file = save_privately(
            self.run_folder, "variables.tfvars.json", json.dumps(dict(variables), sort_keys=True)
        )
        try:
            yield file
        finally:
            file.unlink(missing_ok=True)


def _private_folder(folder: Path) -> None:
    """Create a folder that only the user can read, and its missing parents."""
    if not folder.is_dir():
        _private_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
