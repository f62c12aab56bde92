"""Tables as spreadsheets write them, and what is said of those that teach nothing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from zenstrap.errors import ZenstrapError
from zenstrap.smoke_test.data import read_table, split

HEADER = "size,mass,kind"
ROWS = [f"{n}.5,{n * 2},{'ab'[n % 2]}" for n in range(12)]
PLAIN = "\n".join((HEADER, *ROWS)) + "\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def european(text: str) -> str:
    return text.replace(",", ";").replace(".5", ",5")


@pytest.mark.parametrize(
    "content",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("\n", "\n\n").encode(),
        ("\n\n" + PLAIN + " , , \n").encode(),
        PLAIN.replace(",", "\t").encode(),
        PLAIN.replace(",", ", ").encode(),
        PLAIN.replace(",", "|").encode(),
        european(PLAIN).encode(),
        ("sep=;\r\n" + european(PLAIN)).encode(),
        PLAIN.replace("size", '"size, in cm"').replace("0.5,0,a", '"0.5","0","a"').encode(),
    ],
)
def test_what_a_spreadsheet_writes(table: Path, content: bytes) -> None:
    table.write_bytes(content)
    data = read_table(table)
    assert data.features.shape == (12, 2)
    assert data.features[:2].tolist() == [[0.5, 0.0], [1.5, 2.0]]
    assert data.labels.tolist() == ["a", "b"] * 6


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        (HEADER + "\n", "", 1, "the header is missing"),
        ("3.5,6,b", "3.5,,b", 5, "mass: an empty cell"),
        ("3.5,6,b", "nan,6,b", 5, "size: 'nan'"),
        ("3.5,6,b", "inf,6,b", 5, "size: 'inf'"),
        ("3.5,6,b", "1,5,6,b", 5, "4 cells"),
        ("3.5,6,b", "3.5,b", 5, "2 cells"),
        ("3.5,6,b", "3.5,6,", 5, "label is missing"),
        ("3.5,6,b", "3.5,six,b", 5, "mass: 'six'"),
        ("3.5,6,b", "\n3.5,six,b", 6, "mass: 'six'"),
    ],
)
def test_a_fault_has_its_line(table: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in PLAIN
    table.write_text(PLAIN.replace(old, new))
    with pytest.raises(ZenstrapError) as caught:
        read_table(table)
    assert caught.value.where == f"{table}:{line}"
    assert told in caught.value.what and caught.value.fix


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "too small"),
        (HEADER, "too small"),
        ("\n".join((HEADER, *ROWS[:9])), "too small (9 rows)"),
        ("kind\n" + "a\n" * 12, "only one column"),
        (PLAIN.replace(",b", ",a"), "the label 'a'"),
        ("\n".join((HEADER, *(f"{n},1,{n}" for n in range(12)))), "a different label"),
    ],
)
def test_a_table_that_teaches_nothing(table: Path, text: str, told: str) -> None:
    table.write_text(text)
    with pytest.raises(ZenstrapError) as caught:
        read_table(table)
    assert told in caught.value.what


@pytest.mark.parametrize("content", ["größe".encode("latin-1"), b"a,b\n\x00\xff\xfe"])
def test_another_encoding(table: Path, content: bytes) -> None:
    table.write_bytes(PLAIN.encode() + content)
    with pytest.raises(ZenstrapError, match="UTF-8") as caught:
        read_table(table)
    assert caught.value.where == f"{table}:{14 + content.count(10)}"


def test_a_pipe_is_not_waited_for(table: Path) -> None:
    os.mkfifo(table)
    with pytest.raises(ZenstrapError, match="no file"):
        read_table(table)


def test_the_built_in_table_is_split_as_ever() -> None:
    """Accuracies are compared from run to run."""
    data = read_table()
    train, test = split(data)
    assert (len(data.labels), len(train.labels), len(test.labels)) == (342, 274, 68)
    assert set(data.labels) == {"Adelie", "Chinstrap", "Gentoo"}
    assert np.isclose(float(data.features.sum()), 1526600.0)
    assert test.labels[:3].tolist() == ["Adelie", "Adelie", "Chinstrap"]
