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
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
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
_SEPARATORS = (";", "\t", "|", ",")
_SAMPLE = 100  # rows by which the separator is chosen
_LARGEST = 1e100  # a training squares numbers, and 1e154 squared is beyond what a float can hold
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)

# One sign and three digits behind it: 1,234 may be 1.234 or 1234. 0,234 can't be.
_DOUBTFUL = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)

_GROUPED = re.compile(
    r"[+-]?\d{1,3}(,\d{3}){2,}(\.\d*)?|[+-]?\d{1,3}(,\d{3})+\.\d*"
    r"|[+-]?\d{1,3}(\.\d{3}){2,}(,\d*)?|[+-]?\d{1,3}(\.\d{3})+,\d*",
    re.ASCII,
)
"""Numbers with thousands separators that can be nothing else."""

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
    are ignored. Thousands separators are refused, and so is a number that may have one.

    Args:
        path: None reads the built-in table.

    Raises:
        ZenstrapError: the file is missing or too small, a cell is not a number, or a model can't
            learn from the labels. It names the line.
    """
    source = path or BUILT_IN
    lines = list(io.StringIO(_text(source), newline=""))
    start, separator = _separator(source, lines)
    table = _Table(source, separator)
    for line, cells in _rows(source, lines, start, separator):
        table.take(line, cells)
    return table.data()


@dataclass(frozen=True)
class _Cell:
    """A number with a decimal sign, and where it stands."""

    line: int
    column: str
    text: str

    @property
    def sign(self) -> str:
        return "," if "," in self.text else "."


class _Table:
    """Rows as they are read, each checked against the header."""

    def __init__(self, source: Path, separator: str) -> None:
        self._source = source
        self._separator = separator
        self._clear: dict[str, _Cell] = {}  # the first number that shows a decimal sign, by sign
        self._doubtful: dict[str, _Cell] = {}
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
        self._require_one_decimal_sign()
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
        name = self._header[column][:40] or str(column + 1)
        if _GROUPED.fullmatch(cell):
            raise self._thousands(_Cell(line, name, cell))
        number = _as_number(cell)
        if number is None:
            shown = repr(cell[:40]) if cell else "an empty cell"
            raise self._fault(
                f"column {name}: {shown} is not a number",
                "Leave the row out, or write a number such as 1.5",
                line,
            )
        if abs(number) > _LARGEST:
            raise self._fault(
                f"column {name}: {cell[:40]!r} is too large to compute with",
                f"Leave the row out, or write a number up to {_LARGEST:g}",
                line,
            )
        if "," in cell or "." in cell:
            found = _Cell(line, name, cell)
            seen = self._doubtful if _DOUBTFUL.fullmatch(cell) else self._clear
            seen.setdefault(found.sign, found)
        return number

    def _require_one_decimal_sign(self) -> None:
        """Refuse numbers whose sign may separate thousands: nothing else in the table tells."""
        if len(self._clear) == 2:
            first, second = sorted(self._clear.values(), key=lambda cell: cell.line)
            raise self._fault(
                f"column {second.column}: the decimal sign in {second.text[:40]!r} is another one "
                f"than in {first.text[:40]!r} (line {first.line})",
                "Write all numbers with the same decimal sign",
                second.line,
            )
        for cell in sorted(self._doubtful.values(), key=lambda cell: cell.line):
            if cell.sign in self._clear:
                continue
            if self._clear:
                raise self._thousands(cell)
            if cell.sign == "." and self._separator == ",":
                continue  # where commas separate columns, dots are decimal signs
            point, whole = cell.text.replace(",", "."), re.sub("[.,]", "", cell.text)
            raise self._fault(
                f"column {cell.column}: {cell.text!r} may be {point} or {whole}, and no other "
                "number in the table tells",
                f"Write {whole}, or with another digit {cell.text}0",
                cell.line,
            )

    def _thousands(self, cell: _Cell) -> ZenstrapError:
        return self._fault(
            f"column {cell.column}: {cell.text[:40]!r} has a thousands separator",
            "Write numbers without",
            cell.line,
        )

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
        text = content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _fault(source, "it is not UTF-8 text", "Save it as CSV UTF-8", line) from None
    if odd := _NOT_TEXT.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        what = f"it is not text: it holds the control character {ord(odd[0]):#04x}"
        raise _fault(source, what, "Save it as CSV UTF-8", line)
    return text


def _separator(source: Path, lines: list[str]) -> tuple[int, str]:
    """How many lines stand above the header, and what separates the columns.

    Chosen is what gives the header and the first rows the same number of cells. If several do,
    what leaves numbers before the label, and then what makes the most columns.
    """
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return 0, ","
    declared = re.fullmatch(r"sep=(.)\s*", lines[first])  # Excel's own way to declare it
    if declared:
        if declared[1].isalnum() or declared[1] in " \"'.+-_":
            what = f"{declared[1]!r} can't separate columns"
            raise _fault(source, what, "Separate the columns by commas", first + 1)
        return first + 1, declared[1]
    samples = {separator: _sample(lines, separator) for separator in _SEPARATORS}
    wide = {one: rows for one, rows in samples.items() if rows and len(rows[0]) > 1}
    even = {one: rows for one, rows in wide.items() if len({len(row) for row in rows}) == 1}
    if len(even) > 1:
        even = {one: rows for one, rows in even.items() if _has_numbers(rows)} or even
        most = max(len(rows[0]) for rows in even.values())
        even = {one: rows for one, rows in even.items() if len(rows[0]) == most}
    if len(even) > 1 and any(len(rows) > 1 for rows in even.values()):
        named = " or ".join(repr(separator) for separator in even)
        raise _fault(
            source,
            f"the columns may be separated by {named}",
            f'Write the right one into a line above the header, such as "sep={next(iter(even))}"',
            first + 1,
        )
    if even:
        return 0, next(iter(even))
    return 0, max(wide, key=lambda one: _alike(wide[one]), default=",")


def _sample(lines: list[str], separator: str) -> list[list[str]]:
    """The first rows, up to one that isn't valid with this separator."""
    rows: list[list[str]] = []
    with suppress(csv.Error):
        for _, cells in islice(_parsed(lines, 0, separator), _SAMPLE):
            rows.append(cells)
    return rows


def _has_numbers(rows: list[list[str]]) -> bool:
    return all(_as_number(cell) is not None for row in rows[1:] for cell in row[:-1])


def _alike(rows: list[list[str]]) -> int:
    """How many rows have as many cells as the header."""
    return sum(len(row) == len(rows[0]) for row in rows)


def _rows(
    source: Path, lines: list[str], start: int, separator: str
) -> Iterator[tuple[int, list[str]]]:
    """The rows that aren't blank, each with the number of its first line."""
    last = start
    try:
        for line, cells in _parsed(lines, start, separator):
            last = line
            yield line, cells
    except csv.Error as error:
        what = f"the row after this one is not valid CSV: {error}"
        raise _fault(source, what, "Correct its quotation marks", max(1, last)) from None


def _parsed(lines: list[str], start: int, separator: str) -> Iterator[tuple[int, list[str]]]:
    # Strict, or a quotation mark that is never closed swallows the rest of the table.
    reader = csv.reader(lines[start:], delimiter=separator, skipinitialspace=True, strict=True)
    line = start + 1
    for row in reader:
        cells = [cell.strip() for cell in row]
        if any(cells):
            yield line, cells
        line = start + reader.line_num + 1


def _as_number(cell: str) -> float | None:
    """The number in a cell, also with a decimal comma; infinite if it is too large for a float."""
    return float(cell.replace(",", ".")) if _NUMBER.fullmatch(cell) else None


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
