"""--json: one object with a schema id."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.views import examples
from tests.views.conftest import Golden
from zenstrap.errors import ConfigError, ConfigProblem, RefusedError
from zenstrap.views.json_view import (
    dumps,
    environments_object,
    error_object,
    history_object,
    plan_object,
    run_object,
    status_object,
)

OBJECTS = {
    "plan": plan_object(examples.PLAN),
    "up": run_object(examples.SUMMARY, examples.EMPTY_PLAN),
    "up-failed": run_object(examples.FAILED),
    "plan-refused": run_object(examples.REFUSED),
    "status": status_object([examples.STATUS]),
    "envs": environments_object(examples.ENVIRONMENTS),
    "history": history_object("prod", examples.RUNS),
    "error": error_object(
        RefusedError("no", where="prod", why="policy", fix="ask", command="python run.py up")
    ),
    "error-config": error_object(ConfigError([ConfigProblem("a.yaml", 3, "stak", "is no key")])),
    "error-unknown": error_object(ValueError("a bug")),
}


@pytest.mark.parametrize("name", list(OBJECTS))
def test_objects(golden: Golden, name: str) -> None:
    golden(f"json-{name}.json", dumps(OBJECTS[name]))
    assert json.loads(dumps(OBJECTS[name]))["schema"].startswith("zenstrap/")


def test_a_sensitive_output_has_no_value() -> None:
    assert "never shown" not in dumps(OBJECTS["up"])


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("plan_table", ("zenml", "pydantic", "jinja2")),
        ("summary", ("zenml", "pydantic", "jinja2")),
        ("live", ("zenml", "pydantic", "jinja2")),
        ("html", ("zenml", "pydantic", "jinja2")),
        ("select", ("zenml", "pydantic", "jinja2", "rich")),
        ("json_view", ("zenml", "pydantic", "jinja2", "rich")),
    ],
)
def test_importing_a_view_loads_nothing_heavy(module: str, forbidden: tuple[str, ...]) -> None:
    code = (
        f"import sys, zenstrap.views.{module}; print([m for m in {forbidden} if m in sys.modules])"
    )
    root = Path(__file__).parents[2]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stderr
