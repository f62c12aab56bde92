"""The command line: the only place that starts pipelines."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from zenstrap.errors import InterruptedRunError, ZenstrapError, exit_code
from zenstrap.invocation import SCRIPT
from zenstrap.redaction import know_environment, redact_streams

USAGE = 64
DEBUG_HINT = "This is a bug in zenstrap. Run it again with --debug for the traceback."


def main(arguments: Sequence[str]) -> int:
    """Run a command and return the process's exit code."""
    know_environment(os.environ)
    redact_streams(sys.stdout, sys.stderr)
    import click

    from zenstrap.cli.app import app

    words = list(arguments)
    if words and words[0].startswith("-") and words[0] not in ("-h", "--help", "--version"):
        words.insert(0, "up")
    try:
        result = app.main(words or ["--help"], prog_name=SCRIPT, standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.UsageError as error:
        from zenstrap.cli.usage import usage_text

        _say(usage_text(error, arguments))
        return USAGE
    except click.ClickException as error:
        _say(error.format_message())
        return USAGE
    except (KeyboardInterrupt, click.Abort):
        _say("Interrupted.")
        return InterruptedRunError.exit_code
    except Exception as error:
        if "--debug" in words:  # here, and not where the interpreter ends: here it is redacted
            traceback.print_exc()
        return _fail(error, as_json="--json" in words)


def _fail(error: Exception, *, as_json: bool) -> int:
    if as_json:
        from zenstrap.views.json_view import dumps, error_object

        sys.stdout.write(dumps(error_object(error)))
    else:
        from zenstrap.views.summary import error_text

        hint = "" if isinstance(error, ZenstrapError) else f"{DEBUG_HINT}\n"
        sys.stderr.write(error_text(error) + hint)
    return exit_code(error)


def _say(text: str) -> None:
    print(text, file=sys.stderr)
