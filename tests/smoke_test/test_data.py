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


GERMAN = european(PLAIN)
TABBED = PLAIN.replace(",", "\t")


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        # One sign and three digits, and nothing that tells what they are.
        (PLAIN.replace("3.5,6,b", '"1,234",6,b').replace(".5", ""), 5, "size: '1,234' may be"),
        (GERMAN.replace(",5", "").replace("3;6", "3;1.234"), 5, "mass: '1.234' may be"),
        (GERMAN.replace(",5", "").replace("3;6", "3;1,234"), 5, "mass: '1,234' may be"),
        (TABBED.replace("0.5", "9.5").replace(".5", ".125"), 2, "size: '9.125' may be"),
        # What else is in the table tells.
        (PLAIN.replace("3.5,6,b", '"1,234",6,b'), 5, "size: '1,234' has a thousands separator"),
        (GERMAN.replace("3,5;6", "3,5;1.234"), 5, "mass: '1.234' has a thousands separator"),
        (GERMAN.replace("3,5", "3.5"), 5, "another one than in '0,5' (line 2)"),
        # Thousands separators beyond doubt.
        (PLAIN.replace("3.5,6", '3.5,"1,234,567"'), 5, "mass: '1,234,567' has a thousands"),
        (PLAIN.replace("3.5,6", '"1,234.5",6'), 5, "size: '1,234.5' has a thousands"),
        (GERMAN.replace("3,5;6", "1.234,5;6"), 5, "size: '1.234,5' has a thousands"),
        (GERMAN.replace("3,5;6", "3,5;1.234.567"), 5, "mass: '1.234.567' has a thousands"),
        (PLAIN.replace("3.5", "1_000"), 5, "size: '1_000' is not a number"),
        (PLAIN.replace("3.5", "\N{ARABIC-INDIC DIGIT ONE}"), 5, "is not a number"),
        (PLAIN.replace("3.5", "-1e308"), 5, "size: '-1e308' is too large"),
        (PLAIN.replace("3.5", "1e999"), 5, "size: '1e999' is too large"),
        (PLAIN.replace("3.5,6,b", "3.5,6,b\0"), 5, "the control character 0x00"),
        (PLAIN.replace("3.5,6,b", '3.5,6,"b'), 4, "not valid CSV"),
        ("size, in cm;kind\n" + "1,5;a\n2,5;b\n" * 6, 1, "separated by ';' or ','"),
        ("sep=5\n" + PLAIN, 1, "'5' can't separate"),
    ],
)
def test_nothing_is_misread_in_silence(table: Path, text: str, line: int, told: str) -> None:
    table.write_text(text)
    with pytest.raises(ZenstrapError) as caught:
        read_table(table)
    assert told in caught.value.what and caught.value.fix
    assert caught.value.where == f"{table}:{line}"


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        (PLAIN.replace("3.5", "1.234"), 1.234),
        (PLAIN.replace(".5", ".125").replace("3.125", "1.234"), 1.234),  # commas separate
        (GERMAN.replace("3,5", "1,234"), 1.234),
        (PLAIN.replace(",", ";").replace("3.5", "1.234"), 1.234),
        (PLAIN.replace("3.5", '"3,5"').replace(".5", ""), 3.5),
        (PLAIN.replace("3.5", "1.234e3"), 1234.0),
        (PLAIN.replace("size", '"si;ze"'), 3.5),
        (PLAIN.replace("size", "si|ze"), 3.5),
        (PLAIN.replace("size", "si;ze|all"), 3.5),
        (GERMAN.replace("size", "size, in cm"), 3.5),
        ("sep=;\n" + GERMAN.replace("size;mass;kind", "size, in, cm;mass;kind"), 3.5),
        (PLAIN.replace(",a", ',"a, or so"').replace(",b", ',"b; or so"'), 3.5),
    ],
)
def test_signs_and_separators_as_the_whole_table_has_them(
    table: Path, text: str, cell: float
) -> None:
    table.write_text(text)
    data = read_table(table)
    assert data.features.shape == (12, 2)
    assert data.features[3].tolist() == [cell, 6.0]


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
    with pytest.raises(ZenstrapError, match="not a file"):
        read_table(table)


def test_the_built_in_table_is_split_as_ever() -> None:
    """Accuracies are compared from run to run."""
    data = read_table()
    train, test = split(data)
    assert (len(data.labels), len(train.labels), len(test.labels)) == (342, 274, 68)
    assert set(data.labels) == {"Adelie", "Chinstrap", "Gentoo"}
    assert np.isclose(float(data.features.sum()), 1526600.0)
    assert test.labels[:3].tolist() == ["Adelie", "Adelie", "Chinstrap"]
