"""``history``: the environment's runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zenstrap.cli.options import Options
from zenstrap.cli.whose import owner_of, whose_notices
from zenstrap.cli.zenml_client import zenml_client
from zenstrap.config import EnvironmentConfig
from zenstrap.views import json_view
from zenstrap.views.history_view import RunLine, history_table
from zenstrap.views.terminal import console_on

if TYPE_CHECKING:
    from zenstrap.runs import RunRecord


def history(config: EnvironmentConfig, options: Options, limit: int) -> int:
    """Print the newest runs."""
    environment = config.environment
    with zenml_client(debug=options.debug) as client:
        from zenstrap.runs import recent_runs

        owner = owner_of(config)
        records = recent_runs(client, environment, owner.id if owner else "", limit)
        runs = [run_line(record) for record in records]
        notices = tuple(whose_notices(owner, environment, client, records))
    if options.json:
        options.telling.result(json_view.history_object(environment, runs), 0)
    else:
        console_on(sys.stdout).print(history_table(environment, runs))
    for notice in notices:
        print(notice, file=sys.stderr)
    return 0


def run_line(record: RunRecord) -> RunLine:
    """A run as the tables show it."""
    seconds = None
    if record.started and record.ended:
        seconds = (record.ended - record.started).total_seconds()
    return RunLine(
        name=record.name,
        command=record.command,
        status=record.status,
        started=record.started,
        seconds=seconds,
        who=f"{record.user}@{record.host}" if record.host else record.user,
        changes=record.changes,
    )
