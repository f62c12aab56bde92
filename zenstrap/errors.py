"""Everything zenstrap refuses or fails with, and the one map from error to exit code.

    ZenstrapError                    1   failed
    ├── UsageError                  64   the command line names something that doesn't exist
    │   ├── UnknownEnvironmentError 64   no configuration file has that environment's name
    │   └── ConfigError             64   a configuration file is invalid; lists every problem in it
    ├── AuthenticationError          3   credentials are missing or were rejected
    ├── LockHeldError                4   another run is changing this environment
    ├── DamagedLeaseError            1   the stored lease is not a valid lease
    ├── DamagedOwnerError            1   the owner file is not valid
    ├── RefusedError                 5   a policy or a person refused the plan
    ├── FullDiskError                1   a disk has no room left, or a file may not grow
    ├── SmokeTestError               6   a candidate stack failed its smoke test
    ├── PartlyDoneError              7   some changes were applied and the rest were not
    ├── InterruptedRunError        130   Ctrl-C
    ├── TerraformError               1   Terraform is missing, too old, crashed or reported an error
    │   ├── TerraformTimeoutError    1   it took longer than its time limit
    │   └── StateGuardError          1   the state is not the one that the last run recorded
    ├── PlanChangedError             1   the plan to apply is not the approved one
    ├── BugError                     1   a bug in zenstrap
    ├── PlatformError                1   the environment's platform is out of reach or denied access
    └── RegistryError                1   ZenML's registry is out of reach or reported an error
        ├── OutOfReachError          1   ZenML's server or database doesn't answer, or is broken
        └── NameTakenError           1   another owner has registered something under that name

The exit codes are a contract with scripts. Two more have no exception: 0 (done) and 2 (changes
present, for ``plan``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from zenstrap.redaction import redact
from zenstrap.words import count
from zenstrap.words import sentence as sentence

if TYPE_CHECKING:
    from pydantic import ValidationError


class ZenstrapError(Exception):
    """A failure that a user can act on. Secrets that the process knows are redacted from its texts.

    Args:
        what: what happened, one sentence without the final full stop.
        where: the file, address or name that it is about.
        why: the reason, as far as it is known.
        fix: how to fix it, in words.
        command: the command that fixes it, of any tool; shown on a line of its own, to be copied.

    Attributes:
        transient: a retry may succeed.
        leaves_lock: Terraform was killed, so the state may still be locked.
    """

    exit_code: ClassVar[int] = 1
    transient: bool = False
    leaves_lock: bool = False

    def __init__(
        self,
        what: str,
        *,
        where: str | None = None,
        why: str | None = None,
        fix: str | None = None,
        command: str | None = None,
    ) -> None:
        self.what = redact(what)
        self.where = where and redact(where)
        self.why = why and redact(why)
        self.fix = fix and redact(fix)
        self.command = command and redact(command)
        super().__init__(self.what)

    def __str__(self) -> str:
        """The whole error as one paragraph."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        sentences = [sentence(part) for part in (head, self.why) if part]
        return " ".join((*sentences, *way_out(self.fix, self.command)))


class UsageError(ZenstrapError):
    exit_code = 64


class UnknownEnvironmentError(UsageError):
    """No configuration file has that environment's name.

    Attributes:
        near: whether an existing environment has a similar name, or the name is not valid.
        is_misnamed: whether its file exists with another suffix than .yaml.
    """

    def __init__(
        self, what: str, *, near: bool, is_misnamed: bool = False, **details: str | None
    ) -> None:
        super().__init__(what, **details)
        self.near = near
        self.is_misnamed = is_misnamed


@dataclass(frozen=True)
class ConfigProblem:
    """One problem in a configuration file.

    Attributes:
        file: path of the file, for display.
        line: 1-based; None if the problem has no line (a missing key of a missing section).
        key: dotted path, for example ``stack.components.orchestrator.flavor``.
        message: what is wrong and why, without the final full stop.
        suggestion: the closest valid spelling, or the change to make.
    """

    file: str
    line: int | None
    key: str
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f"{self.key}: " if self.key else ""
        text = f"{place}: {sentence(key + self.message)}"
        return f"{text} {sentence(self.suggestion)}" if self.suggestion else text


class ConfigError(UsageError):
    """Every problem of the configuration at once."""

    def __init__(self, problems: list[ConfigProblem]) -> None:
        super().__init__(
            f"{count(len(problems), 'problem')} in the configuration",
            why="\n".join(map(str, problems)),
        )
        self.problems = problems

    def __str__(self) -> str:
        problems = (f"  {problem}" for problem in self.problems)
        return "\n".join([f"{self.what}:", *problems, *way_out(self.fix, self.command)])


class AuthenticationError(ZenstrapError):
    exit_code = 3


class LockHeldError(ZenstrapError):
    exit_code = 4


class DamagedLeaseError(ZenstrapError):
    """The stored lease is not a valid lease.

    Attributes:
        generation: of the damaged lease, so that it can be deleted and no later one is.
    """

    def __init__(self, what: str, *, generation: int, **details: str | None) -> None:
        super().__init__(what, **details)
        self.generation = generation


class DamagedOwnerError(ZenstrapError):
    pass


class RefusedError(ZenstrapError):
    exit_code = 5


class FullDiskError(ZenstrapError):
    pass


class SmokeTestError(ZenstrapError):
    """
    Attributes:
        failed: the stacks that failed, by reason.
    """

    exit_code = 6

    def __init__(self, failed: Mapping[str, Sequence[str]], **details: str | None) -> None:
        what = (
            f"the smoke test{'s' if len(stacks) > 1 else ''} of {' and '.join(stacks)} failed: "
            f"{reason}"
            for reason, stacks in failed.items()
        )
        super().__init__("; ".join(what), **details)
        self.failed = failed


class PartlyDoneError(ZenstrapError):
    exit_code = 7


class InterruptedRunError(ZenstrapError):
    exit_code = 130


class TerraformError(ZenstrapError):
    pass


class TerraformTimeoutError(TerraformError):
    pass


class StateGuardError(TerraformError):
    pass


class PlanChangedError(ZenstrapError):
    pass


class BugError(ZenstrapError):
    pass


class PlatformError(ZenstrapError):
    pass


class RegistryError(ZenstrapError):
    pass


class OutOfReachError(RegistryError):
    pass


class NameTakenError(RegistryError):
    pass


def known(error: BaseException) -> ZenstrapError | KeyboardInterrupt | None:
    """The zenstrap error, or Ctrl-C, that other libraries may have wrapped in their own errors."""
    chain = causes(error, came_upon=False)
    return next((e for e in chain if isinstance(e, ZenstrapError | KeyboardInterrupt)), None)


def causes(error: BaseException, *, came_upon: bool = True) -> Iterator[BaseException]:
    """An error and its causes, outermost first, each once (causes can form a circle).

    Args:
        came_upon: where an error has no explicit cause, follow the error that was being handled.
    """
    seen: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and all(current is not other for other in seen):
        seen.append(current)
        yield current
        current = current.__cause__ or (current.__context__ if came_upon else None)


def exit_code(error: BaseException) -> int:
    """The process's exit code for an error."""
    cause = known(error)
    if isinstance(cause, KeyboardInterrupt):
        return InterruptedRunError.exit_code
    return cause.exit_code if cause else 1


def first_problem(error: ValidationError) -> str:
    """``KEY: MESSAGE`` of pydantic's first complaint, without the value, which may be secret."""
    first = error.errors(include_input=False, include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    return f"{key}: {first['msg']}" if key else first["msg"]


def way_out(fix: str | None, command: str | None) -> tuple[str, ...]:
    """A fix and its command, separately: punctuation after a command would be copied with it."""
    if not command:
        return (sentence(fix),) if fix else ()
    return (f"{(fix or 'Run').strip().rstrip('.:')}:", command)
