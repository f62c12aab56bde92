"""``doctor``: every check that a run needs, one line each, with its fix."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

from zenstrap.cli.options import Options
from zenstrap.cli.zenml_client import zenml_client
from zenstrap.config import EnvironmentConfig
from zenstrap.config.violations import unplaced
from zenstrap.errors import AuthenticationError, ZenstrapError, way_out
from zenstrap.lifecycle.checking import diagnose, diagnose_first
from zenstrap.platforms import platform_of
from zenstrap.reports import Check
from zenstrap.views import json_view

_MARKS: Final = {
    (True, True): "ok  ",
    (True, False): "FAIL",
    (False, True): "--  ",
    (False, False): "--  ",
}


def doctor(config: EnvironmentConfig, options: Options) -> int:
    """Run all checks; exit code 1 if one fails, 3 if the login is missing."""
    results: list[Check] = []

    def report(check: Check) -> None:
        results.append(check)
        if not options.json:
            mark = _MARKS[check.known, check.passed]
            fix = () if check.passed else way_out(check.fix, check.command)
            print("\n     ".join((f"{mark} {check.name}: {check.detail}", *fix)), flush=True)

    report(Check(name="config", passed=True, detail=_config_line(config, options)))
    platform = platform_of(config)
    for check in diagnose_first(platform):
        report(check)
    placed = options.placed or unplaced
    out = sys.stdout
    with ExitStack() as stack:
        try:
            client = stack.enter_context(zenml_client(debug=options.debug))
        except ZenstrapError as error:
            checks = list(diagnose(platform, error, placed))
        else:
            checks = list(diagnose(platform, client, placed))
    sys.stdout = out
    for check in checks:
        report(check)
    if options.json:
        checks_json = [check.model_dump(mode="json") for check in results]
        options.telling.result(json_view.doctor_object(checks_json), _exit_code(results))
    return _exit_code(results)


def _config_line(config: EnvironmentConfig, options: Options) -> str:
    return "\n     ".join(
        (options.config_notice or f"{config.environment} is valid", *options.warnings)
    )


def _exit_code(checks: Sequence[Check]) -> int:
    """A missing login makes most other checks fail, so its exit code takes precedence."""
    failed = {check.exit_code for check in checks if not check.passed}
    login = AuthenticationError.exit_code
    return login if login in failed else int(bool(failed))
