"""Performs writes one after another, and counts them for the error of a failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from zenstrap.errors import OutOfReachError, PartlyDoneError, RegistryError, ZenstrapError
from zenstrap.events import Emit, RegistrationWritten
from zenstrap.log import LOGGER
from zenstrap.registry.changes import Action, Kind

Result = TypeVar("Result")

# Long enough to avoid chance matches, short enough to detect a quoted part of a secret.
_PIECE: Final = 12


@dataclass
class WriteLog:
    """Performs and counts writes.

    Attributes:
        guard: called before every write; raises if the lease is lost or the run interrupted.
    """

    total: int
    guard: Callable[[], None]
    emit: Emit
    done: int = 0

    def write(
        self,
        kind: Kind,
        name: str,
        action: Action,
        write: Callable[[], Result],
        secrets: Sequence[str] = (),
    ) -> Result:
        """Perform one write.

        Args:
            secrets: the write's secrets; an error that quotes a part of one is reported without
                its text and its cause, which would be logged with it.

        Raises:
            RegistryError: the first write failed.
            PartlyDoneError: it failed after others succeeded.
        """
        self.guard()
        try:
            result = write()
        except OutOfReachError as error:
            raise self._failure(kind, name, action, str(error)) from error
        except (RegistryError, PartlyDoneError):
            raise
        except Exception as error:
            failure = self._failure(kind, name, action, told(error, secrets))
            if not secrets:
                raise failure from error
        else:
            self.done += 1
            LOGGER.debug("zenml: %s %s %s", action.value, kind.value, name)
            self.emit(RegistrationWritten(kind.value, name, action.value))
            return result
        raise failure

    def _failure(self, kind: Kind, name: str, action: Action, why: str) -> ZenstrapError:
        what = f"ZenML did not {action.value} the {kind.value} {name}"
        if action is Action.DELETE and why.startswith("IllegalOperationError"):
            fix = "A registration outside of zenstrap uses it: remove that use, then run again."
        else:
            fix = "Run the same command again: existing registrations are kept, not created twice."
        if self.done:
            return PartlyDoneError(
                what, why=f"{why}. {self.done} of {self.total} registrations were written", fix=fix
            )
        return RegistryError(what, why=why, fix=fix)


def told(error: Exception, secrets: Sequence[str] = ()) -> str:
    """An error on one line, without its text if that quotes a part of a secret."""
    name, text = type(error).__name__, str(error).strip()
    quotes_one = any(
        secret[at : at + _PIECE] in text
        for secret in secrets
        for at in range(0, max(1, len(secret) - _PIECE + 1))
    )
    return name if quotes_one or not text else f"{name}: {text}"
