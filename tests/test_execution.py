"""A pipeline on a stack that isn't active: how it is stopped."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path

import pytest


@pytest.mark.parametrize("before", ["before_commit", "after_rollback"])
def test_what_is_stopped_is_not_broken_off_within_a_transaction(
    tmp_path: Path, before: str
) -> None:
    """Its lock on the database would stay: the next one waits a minute, and fails."""
    from sqlalchemy import create_engine, event, text
    from sqlalchemy.orm import Session

    from zenstrap.execution import TimeLimitReached, _raise_in

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
    assert not _raise_in(thread.ident)
    go_on.set()
    assert out.wait(60)
    while not _raise_in(thread.ident):
        pass
    assert ended.wait(60)
    with engine.begin() as connection:  # nobody holds a lock
        connection.execute(text("create table other (x)"))
