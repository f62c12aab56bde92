"""The command line: the only place that starts pipelines."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext

from zenstrap import log, stopping
from zenstrap.cli.streams import delivered, open_streams
from zenstrap.cli.telling import Telling
from zenstrap.errors import InterruptedRunError
from zenstrap.invocation import SCRIPT, program
from zenstrap.redaction import know_environment, redact_streams


def main(arguments: Sequence[str]) -> int:
    """Run a command and return the process's exit code.

    A signal may end the process before it returns.
    """
    know_environment(os.environ)
    open_streams()
    redact_streams(sys.stdout, sys.stderr)
    telling = Telling(arguments)
    interrupted = InterruptedRunError("interrupted", why="a stop was requested")
    with stopping.listening() as stop, stop.before_the_end(lambda: _last(telling, interrupted)):
        code = _run(arguments, telling)
        stop.concluded(code)
        return delivered(code)


def _run(arguments: Sequence[str], telling: Telling) -> int:
    import click

    from zenstrap.cli.app import app
    from zenstrap.cli.usage import require_once

    words = list(arguments)
    if words and words[0].startswith("-") and words[0] not in ("-h", "--help", "--version"):
        words.insert(0, "up")
    try:
        require_once(words)
        with (
            log.shown() if "--debug" in words else nullcontext(),
            app.make_context(_called(), words or ["--help"], obj=telling) as context,
        ):
            result = app.invoke(context)
            return result if isinstance(result, int) else 0
    except click.exceptions.Exit as ended:  # --help, --version
        return ended.exit_code
    except click.ClickException as error:
        return _misused(error, arguments, telling)
    except BaseException as error:
        from zenstrap.cli.failures import explained

        if "--debug" in words:  # printed here, where standard error is redacted
            traceback.print_exc()
        return telling.error(explained(error, stopping.current().interrupt))


def _called() -> str:
    """The program name in the usage line."""
    return SCRIPT if program().endswith(SCRIPT) else program()


def _misused(error: Exception, arguments: Sequence[str], telling: Telling) -> int:
    import click

    from zenstrap.cli.usage import usage_error, usage_text
    from zenstrap.errors import UsageError

    if isinstance(error, click.UsageError):
        failure = usage_error(error, arguments)
    else:
        assert isinstance(error, click.ClickException)
        failure = UsageError(error.format_message())
    if telling.is_data:
        return telling.error(failure)
    print(usage_text(failure), file=sys.stderr)
    return failure.exit_code


def _last(telling: Telling, error: InterruptedRunError) -> None:
    """Write the result of a command that a signal ends, unless it is written already."""
    telling.error(error)
    sys.stderr.flush()
