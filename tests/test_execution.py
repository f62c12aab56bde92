"""A pipeline on a stack that isn't active: what ZenML doesn't promise, held by these tests."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from tests.conftest import Home
from zenstrap.execution import ACTIVE_STACK_VARIABLE, on_stack

if TYPE_CHECKING:
    from zenml.client import Client


def make_stack(client: Client, home: Home) -> UUID:
    from zenml.enums import StackComponentType as Type

    store = client.create_stack_component(
        "other", "local", Type.ARTIFACT_STORE, {"path": str(home.folder / "other")}
    )
    orchestrator = client.get_stack("default").components[Type.ORCHESTRATOR][0]
    return client.create_stack(
        "other", {Type.ARTIFACT_STORE: store.id, Type.ORCHESTRATOR: orchestrator.id}
    ).id


def test_the_active_stack_is_another_one_only_within(home: Home, client: Client) -> None:
    other = make_stack(client, home)
    client.activate_stack("default")
    written = (home.zenml / "config.yaml").read_bytes()
    with on_stack(other):
        assert client.active_stack_model.id == other
        assert client.active_stack.id == other
    assert client.active_stack_model.name == "default"
    assert (home.zenml / "config.yaml").read_bytes() == written


def test_an_error_within_changes_nothing_either(
    home: Home, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_stack(client, home)
    default = client.get_stack("default").id
    monkeypatch.setenv(ACTIVE_STACK_VARIABLE, str(default))
    with pytest.raises(RuntimeError), on_stack(other):
        raise RuntimeError
    assert os.environ[ACTIVE_STACK_VARIABLE] == str(default)
    assert client.active_stack_model.id == default


def test_a_repository_with_an_active_stack_of_its_own_is_left_alone(
    home: Home, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenml.client import Client as Fresh

    from tests.conftest import forget_zenml

    repository = home.folder / "repository"
    repository.mkdir()
    monkeypatch.chdir(repository)
    Fresh.initialize(repository)
    forget_zenml()
    fresh: Any = Fresh()
    other = make_stack(fresh, home)
    fresh.activate_stack("default")
    written = (repository / ".zen/config.yaml").read_bytes()
    with on_stack(other):
        assert fresh.active_stack_model.id == other
    assert fresh.active_stack_model.name == "default"
    assert (repository / ".zen/config.yaml").read_bytes() == written


def test_the_packages_that_a_run_notes_are_those_that_pip_would_name() -> None:
    from zenml.environment import Environment

    from zenstrap.execution import note_packages_without_pip

    def pinned(lines: list[str]) -> set[str]:
        """Names in their normal form; what is installed from a folder has no version for pip."""
        parts = (line.split("==") for line in lines if "==" in line and line[0] not in "#-")
        return {f"{re.sub('[-_.]+', '-', name).lower()}=={version}" for name, version in parts}

    frozen = subprocess.run(
        [sys.executable, "-m", "pip", "freeze"], capture_output=True, text=True, check=True
    )
    note_packages_without_pip()
    assert pinned(frozen.stdout.splitlines()) <= pinned(Environment.get_python_packages())


@pytest.mark.parametrize("before", ["before_commit", "after_rollback"])
def test_what_is_stopped_is_not_broken_off_within_a_transaction(
    tmp_path: Path, before: str
) -> None:
    """Its lock on the database would stay: the next one waits a minute, and fails."""
    from sqlalchemy import create_engine, event, text
    from sqlalchemy.orm import Session

    from zenstrap.execution import TimeLimitReached, _break_off

    engine = create_engine(f"sqlite:///{tmp_path}/db")
    within, go_on, out, ended = (threading.Event() for _ in range(4))

    def work() -> None:
        try:
            with Session(engine) as session:
                event.listen(session, before, lambda _: (within.set(), go_on.wait()))
                session.execute(text("create table t (x)"))
                session.commit() if before == "before_commit" else session.rollback()
            out.set()
            for _ in itertools.repeat(None):
                len("")
        except TimeLimitReached:
            ended.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert within.wait(60) and thread.ident is not None
    assert not _break_off(thread.ident)
    go_on.set()
    assert out.wait(60)
    while not _break_off(thread.ident):
        pass
    assert ended.wait(60)
    with engine.begin() as connection:  # nobody holds a lock
        connection.execute(text("create table other (x)"))
