"""Labelled tables for the smoke test: read from CSV, split the same way every time.

The built-in table, ``penguins.csv``, is the complete rows (342 of 344) of the Palmer penguins:
four measurements and the species of each bird. Gorman KB, Williams TD, Fraser WR (2014),
"Ecological sexual dimorphism and environmental variability within a community of Antarctic
penguins", PLoS ONE 9(3):e90081; released into the public domain (CC0) as palmerpenguins.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from zenstrap.errors import ZenstrapError
from zenstrap.paths import project_root

BUILT_IN = Path(__file__).with_name("penguins.csv")
TEST_SHARE = 0.2
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

    Args:
        path: None reads the built-in table.

    Raises:
        ZenstrapError: the file is missing, empty, or a cell isn't a number.
    """
    source = path or BUILT_IN
    try:
        with source.open(newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))[1:]
        features = np.array([[float(cell) for cell in row[:-1]] for row in rows], dtype=np.float64)
        labels = np.array([row[-1] for row in rows], dtype=np.str_)
    except (OSError, ValueError, IndexError) as error:
        raise ZenstrapError(
            "the smoke test's table can't be read",
            where=str(source),
            why=str(error),
            fix="Give smoke_test.data a CSV file with a header, numbers, and the label last.",
        ) from error
    if features.ndim != 2 or len(rows) < 10 or features.shape[1] < 1:
        raise ZenstrapError(
            f"the smoke test's table is too small ({len(rows)} rows)",
            where=str(source),
            fix="Give smoke_test.data a CSV file with at least 10 rows of numbers and a label.",
        )
    return LabelledData(features, labels)


def table_path(setting: str | None) -> Path | None:
    """The file that ``smoke_test.data`` names, from the clone's root; None for the built-in one."""
    return project_root() / setting if setting else None


def split(data: LabelledData) -> tuple[LabelledData, LabelledData]:
    """Training and held-out rows, the same for the same table."""
    order = np.random.default_rng(SEED).permutation(len(data.labels))
    held_out = max(1, round(len(order) * TEST_SHARE))
    test, train = order[:held_out], order[held_out:]
    return (
        LabelledData(data.features[train], data.labels[train]),
        LabelledData(data.features[test], data.labels[test]),
    )
