"""Everything zenstrap refuses or fails with, and the one map from error to exit code.

    ZenstrapError                    1   failed
    ├── UsageError                  64   the command line asks for something that isn't there
    │   ├── UnknownEnvironmentError 64   no file has that environment's name
    │   └── ConfigError             64   a configuration file is wrong; carries every problem in it
    ├── AuthenticationError          3   no credentials, or refused ones
    ├── LockHeldError                4   somebody else is changing this environment
    ├── DamagedLeaseError            1   what lies in the lease's place is none
    ├── DamagedOwnerError            1   what lies in the owner's place is none
    ├── RefusedError                 5   policy or a person said no
    ├── SmokeTestError               6   a candidate stack did not prove itself
    ├── PartlyDoneError              7   some changes were made and the rest was not
    ├── InterruptedRunError        130   Ctrl-C
    ├── TerraformError               1   Terraform is missing, too old, crashed or said no
    │   ├── TerraformTimeoutError    1   it took longer than its time limit
    │   └── StateGuardError          1   the state is not the one that was recorded
    ├── PlanChangedError             1   what would be applied is not what was shown
    ├── BugError                     1   zenstrap's own fault
    ├── PlatformError                1   what an environment lives on is out of reach or said no
    └── RegistryError                1   ZenML's registry is unreachable or said no
        ├── OutOfReachError          1   ZenML's server or database doesn't answer, or is broken
        └── NameTakenError           1   a name belongs to somebody else's registration

The exit codes are a contract with scripts. Two more have no exception: 0 (done) and 2 (changes
present, for ``plan``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from zenstrap.redaction import redact
from zenstrap.words import sentence as sentence


class ZenstrapError(Exception):
    """A failure that a user can act on. No text of it holds a secret that the process knows.

    Args:
        what: what happened, one sentence without the final full stop.
        where: the file, address or name that it is about.
        why: the reason, as far as it is known.
        fix: the way out, in words.
        command: what to type for it, of any tool; shown on a line of its own, to be copied.

    Attributes:
        transient: the same thing may work a moment later.
        leaves_lock: Terraform ended by force, and its lock may still lie on the state.
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
        told = [sentence(part) for part in (head, self.why) if part]
        return " ".join((*told, *way_out(self.fix, self.command)))


class UsageError(ZenstrapError):
    exit_code = 64


class UnknownEnvironmentError(UsageError):
    """No file has that environment's name.

    Attributes:
        near: whether another one has nearly that name, or nothing can have it.
        is_misnamed: whether its file is there, and isn't called .yaml.
    """

    def __init__(
        self, what: str, *, near: bool, is_misnamed: bool = False, **told: str | None
    ) -> None:
        super().__init__(what, **told)
        self.near = near
        self.is_misnamed = is_misnamed


@dataclass(frozen=True)
class ConfigProblem:
    """One thing wrong in a configuration file.

    Attributes:
        file: the file as the user would name it.
        line: 1-based; None where no line can be blamed (a missing key of a missing section).
        key: dotted path, for example ``stack.components.orchestrator.flavor``.
        message: what is wrong and why, without the final full stop.
        suggestion: the nearest right spelling or the change to make.
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
        count = len(problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the configuration")
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([f"{self.what}:", *(f"  {problem}" for problem in self.problems)])


class AuthenticationError(ZenstrapError):
    exit_code = 3


class LockHeldError(ZenstrapError):
    exit_code = 4


class DamagedLeaseError(ZenstrapError):
    """What lies in the lease's place is none.

    Attributes:
        generation: of what lies there, so that this can be deleted and nothing that came since.
    """

    def __init__(self, what: str, *, generation: int, **told: str | None) -> None:
        super().__init__(what, **told)
        self.generation = generation


class DamagedOwnerError(ZenstrapError):
    pass


class RefusedError(ZenstrapError):
    exit_code = 5


class SmokeTestError(ZenstrapError):
    """
    Attributes:
        failed: the stacks that failed, by the reason.
    """

    exit_code = 6

    def __init__(self, failed: Mapping[str, Sequence[str]], **told: str | None) -> None:
        what = (
            f"the smoke test{'s' if len(stacks) > 1 else ''} of {' and '.join(stacks)} failed: "
            f"{reason}"
            for reason, stacks in failed.items()
        )
        super().__init__("; ".join(what), **told)
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
    """The error that a person can act on, behind what other libraries wrapped around it."""
    chain = causes(error, came_upon=False)
    return next((one for one in chain if isinstance(one, ZenstrapError | KeyboardInterrupt)), None)


def causes(error: BaseException, *, came_upon: bool = True) -> Iterator[BaseException]:
    """An error, and what it came from, outermost first, each once.

    What is raised from what it had led to itself closes a circle.

    Args:
        came_upon: and what was being handled where nothing is named that it came from.
    """
    seen: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and all(one is not other for other in seen):
        seen.append(one)
        yield one
        one = one.__cause__ or (one.__context__ if came_upon else None)


def exit_code(error: BaseException) -> int:
    """The process's exit code for an error."""
    found = known(error)
    if isinstance(found, KeyboardInterrupt):
        return InterruptedRunError.exit_code
    return found.exit_code if found else 1


def way_out(fix: str | None, command: str | None) -> tuple[str, ...]:
    """A fix and its command, apart: a sign that stands behind a command is copied with it."""
    if not command:
        return (sentence(fix),) if fix else ()
    return (f"{(fix or 'Run').strip().rstrip('.:')}:", command)
