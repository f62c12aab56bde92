"""What the campaigns judge with: nothing unexpected passes, and nothing is expected for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import expected
from tests.faults.campaign import Result
from tests.faults.expected import Expected, sort_out
from tests.faults.points import Point, Points
from tests.faults.world import differences

KNOWN = Expected("fault 1", r"lease: .*, then up", "unlock can't free it")


def result(told: str, *violations: str) -> Result:
    return Result("a row", told, violations=list(violations))


def test_only_what_is_listed_is_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expected, "EXPECTED", (KNOWN,))
    known = result("lease: a folder, then up", "unlock can't free it: no", "a file is left")
    other = result("lease: a folder, then down", "unlock can't free it: no")
    found, in_vain = sort_out([known, other, result("lease: empty, then down")])
    assert found == [(known, "a file is left"), (other, "unlock can't free it: no")]
    assert in_vain == []


def test_what_is_listed_must_still_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expected, "EXPECTED", (KNOWN,))
    assert sort_out([result("lease: empty, then up")]) == ([], [KNOWN])
    both = [result("lease: empty, then up"), result("lease: a, then up", "unlock can't free it")]
    assert sort_out(both) == ([], [KNOWN])
    sometimes = Expected(KNOWN.fault, KNOWN.injected, KNOWN.violation, always=False)
    monkeypatch.setattr(expected, "EXPECTED", (sometimes,))
    assert sort_out(both) == ([], [])
    assert sort_out([]) == ([], [])  # nothing was tried


@pytest.mark.parametrize(
    "found",
    [
        {"stacks": {"a": 1}, "files": ["x"]},
        {"stacks": {"a": 2, "b": 1}, "files": ["x"]},
        {"stacks": {"a": 2}, "files": ["x", "y"]},
        {"stacks": {"a": 2}},
    ],
)
def test_every_difference_is_told(found: dict[str, object]) -> None:
    undisturbed = {"stacks": {"a": 2}, "files": ["x"]}
    assert len(differences(undisturbed, found)) == 1
    assert differences(undisturbed, undisturbed) == []


def test_a_point_comes_before_and_after_each_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of files; whether ZenML's and Terraform's are met the campaigns tell."""
    import builtins
    import io
    import os

    seen: list[Point] = []
    file = tmp_path / "a"
    for module, names in ((os, ("replace", "unlink", "open")), (io, ("open",))):
        for name in names:  # put back afterwards
            monkeypatch.setattr(module, name, getattr(module, name))
    monkeypatch.setattr(builtins, "open", open)
    points = Points(tmp_path, lambda point: seen.append((point[0], file.exists())))
    points.watch_files()
    file.with_suffix(".new").write_text("b")
    os.replace(file.with_suffix(".new"), file)
    file.read_text()
    file.unlink()
    monkeypatch.undo()
    assert seen == [
        ("before file open a.new", False),
        ("after file open a.new", False),
        ("before file replace a", False),
        ("after file replace a", True),
        ("before file unlink a", True),
        ("after file unlink a", False),
    ]
