"""Labelled tables for the smoke test: read from CSV, split the same way every time.

The built-in table, ``penguins.csv``, is the complete rows (342 of 344) of the Palmer penguins:
four measurements and the species of each bird. Gorman KB, Williams TD, Fraser WR (2014),
"Ecological sexual dimorphism and environmental variability within a community of Antarctic
penguins", PLoS ONE 9(3):e90081; released into the public domain (CC0) as palmerpenguins.
"""

from __future__ import annotations

import codecs
import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zenstrap import plain_files
from zenstrap.errors import ZenstrapError
from zenstrap.paths import project_root
from zenstrap.words import count

BUILT_IN = Path(__file__).with_name("penguins.csv")
TEST_SHARE = 0.2
_FEWEST_ROWS = 10
_SEPARATORS = (";", "\t", "|", ",")  # the first one found in the header: names have no commas
SEED = 20140305  # any number; fixed so that a stack's accuracy is comparable from run to run


@dataclass(frozen=True)
class LabelledData:
    """Rows with their labels.

    Attributes:
        features: float64, shape (rows, columns).
        labels: str, shape (rows,).
    """

    features: NDArray[np.float64]
    labels: NDArray[np.str_]


def read_table(path: Path | None = None) -> LabelledData:
    """Read a CSV file with a header: numbers in every column but the last, which is the label.

    Accepts what spreadsheets write: separated by commas, semicolons (then a comma may be the
    decimal sign), tabs or bars; in UTF-8 or UTF-16, with or without a byte order mark. Blank lines
    are ignored.

    Args:
        path: None reads the built-in table.

    Raises:
        ZenstrapError: the file is missing or too small, a cell is not a number, or a model can't
            learn from the labels. It names the line.
    """
    source = path or BUILT_IN
    table = _Table(source)
    for line, cells in _rows(source, _text(source)):
        table.take(line, cells)
    return table.data()


class _Table:
    """Rows as they are read, each checked against the header."""

    def __init__(self, source: Path) -> None:
        self._source = source
        self._header: list[str] = []
        self._features: list[list[float]] = []
        self._labels: list[str] = []

    def take(self, line: int, cells: list[str]) -> None:
        if not self._header:
            self._header = self._checked_header(line, cells)
            return
        if len(cells) != len(self._header):
            raise self._fault(
                f"the row has {count(len(cells), 'cell')} and the header has "
                f"{count(len(self._header), 'cell')}",
                "Give every row the same columns",
                line,
            )
        self._features.append([self._number(line, *pair) for pair in enumerate(cells[:-1])])
        if not cells[-1]:
            raise self._fault("the label is missing: the last cell is empty", "Fill it in", line)
        self._labels.append(cells[-1])

    def data(self) -> LabelledData:
        rows, classes = len(self._labels), len(set(self._labels))
        if rows < _FEWEST_ROWS:
            raise self._fault(
                f"the table is too small ({rows} rows)", f"Give it {_FEWEST_ROWS} rows or more"
            )
        if classes == 1:
            raise self._fault(
                f"every row has the label {self._labels[0][:40]!r}: a model that always predicts "
                "it is right, so a training on it proves nothing",
                "Give it rows of two labels or more",
            )
        if classes == rows:
            raise self._fault(
                "every row has a different label, so a model can't learn anything from them",
                "Put the label, one of a few classes, into the last column",
            )
        return LabelledData(
            np.array(self._features, dtype=np.float64), np.array(self._labels, dtype=np.str_)
        )

    def _checked_header(self, line: int, cells: list[str]) -> list[str]:
        if len(cells) < 2:
            raise self._fault(
                "the table has only one column: no comma, semicolon, tab or bar separates columns",
                "Separate the columns by commas",
                line,
            )
        if all(_as_number(cell) is not None for cell in cells[:-1]):
            raise self._fault(
                "the header is missing: the first line holds numbers",
                "Write a line with the columns' names above the first row",
                line,
            )
        return cells

    def _number(self, line: int, column: int, cell: str) -> float:
        number = _as_number(cell)
        if number is None or not math.isfinite(number):
            shown = repr(cell[:40]) if cell else "an empty cell"
            raise self._fault(
                f"column {self._header[column][:40] or column + 1}: {shown} is not a number",
                "Leave the row out, or write a number such as 1.5",
                line,
            )
        return number

    def _fault(self, what: str, fix: str, line: int | None = None) -> ZenstrapError:
        return _fault(self._source, what, fix, line)


def _text(source: Path) -> str:
    try:
        content = plain_files.read(source)
    except OSError as error:
        why = error.strerror or str(error)
        raise _fault(source, f"it can't be read: {why}", "Name a CSV file that can") from error
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _fault(source, "it is not UTF-8 text", "Save it as CSV UTF-8", line) from None


def _rows(source: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """The lines that aren't blank, with their numbers."""
    lines = list(io.StringIO(text, newline=""))
    first = next((line for line in lines if line.strip()), "")
    declared = re.fullmatch(r"sep=(.)\s*", first)  # Excel's own way to declare the separator
    separator = declared[1] if declared else next((s for s in _SEPARATORS if s in first), ",")
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells) and not (declared and reader.line_num == lines.index(first) + 1):
                yield reader.line_num, cells
    except csv.Error as error:
        what = f"it is not valid CSV: {error}"
        raise _fault(source, what, "Correct it", reader.line_num) from None


def _as_number(cell: str) -> float | None:
    """The number in a cell, also with a decimal comma; cells have none if commas separate them."""
    try:
        return float(cell.replace(",", ".") if cell.count(",") == 1 else cell)
    except ValueError:
        return None


def _fault(source: Path, what: str, fix: str, line: int | None = None) -> ZenstrapError:
    place = str(source) if line is None else f"{source}:{line}"
    return ZenstrapError(f"smoke_test.data: {what}", where=place, fix=fix)


def table_path(setting: str | None) -> Path | None:
    """The file that ``smoke_test.data`` names, relative to the clone; None for the built-in one."""
    return project_root() / Path(setting).expanduser() if setting else None


def split(data: LabelledData) -> tuple[LabelledData, LabelledData]:
    """Training and held-out rows, the same for the same table."""
    order = np.random.default_rng(SEED).permutation(len(data.labels))
    held_out = max(1, round(len(order) * TEST_SHARE))
    test, train = order[:held_out], order[held_out:]
    return (
        LabelledData(data.features[train], data.labels[train]),
        LabelledData(data.features[test], data.labels[test]),
    )
