"""What an error came from is found, and looked for once."""

from __future__ import annotations

import pytest

from tests.conftest import Home
from zenstrap.cli.failures import explained
from zenstrap.errors import BugError, OutOfReachError, ZenstrapError, causes, known


def circle() -> Exception:
    """As where an error is raised from what was raised while it was handled."""
    first, then = ValueError("first"), KeyError("then")
    first.__cause__, then.__context__, then.__cause__ = then, first, first
    return first


def test_a_circle_is_gone_through_once(home: Home) -> None:
    error = circle()
    assert [type(one) for one in causes(error)] == [ValueError, KeyError]
    assert known(error) is None
    assert isinstance(explained(error), BugError)


@pytest.mark.parametrize("wrapped", [True, False])
def test_ours_is_found_behind_others(wrapped: bool) -> None:
    ours = OutOfReachError("a server doesn't answer")
    error: Exception = ours
    if wrapped:
        error = RuntimeError("of a library")
        error.__cause__ = ours
    assert known(error) is ours
    assert [one for one in causes(error) if isinstance(one, ZenstrapError)] == [ours]
