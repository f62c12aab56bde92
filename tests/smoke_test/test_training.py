"""What a user's training may be, and what is said of one that can't be used."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from zenstrap.errors import ZenstrapError
from zenstrap.smoke_test.training import load_training, predictions

ROWS = np.zeros((3, 2))


class Fixed:
    """A model that always gives the same."""

    def __init__(self, given: Any) -> None:
        self._given = given

    def predict(self, features: Any) -> Any:
        return self._given


class Series:
    """As libraries for tables have them: no sequence, but numpy can read it."""

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.array(["a", "b", "c"])


async def asynchronous(features: Any, labels: Any) -> None:
    pass


@pytest.mark.parametrize(
    "given", [["a", "b", "c"], np.array(["a", "b", "c"]), np.array([["a"], ["b"], ["c"]]), Series()]
)
def test_one_label_per_row_in_whatever_holds_them(given: Any) -> None:
    assert predictions(Fixed(given), ROWS) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (Fixed(["a", "b"]), "list of length 2 for 3 rows"),
        (Fixed(np.zeros((3, 4))), "an array of shape (3, 4) for 3 rows"),
        (Fixed("abc"), "str of length 3 for 3 rows"),
        (Fixed(None), "None for 3 rows"),
        (Fixed(7), "of type int for 3 rows"),
        (Fixed(label for label in "abc"), "of type generator for 3 rows"),
        (None, "None, without predict"),
        (7, "of type int, without predict"),
    ],
)
def test_what_is_none_is_told(model: Any, told: str) -> None:
    with pytest.raises(ZenstrapError) as raised:
        predictions(model, ROWS)
    assert told in str(raised.value) and raised.value.fix


def test_an_asynchronous_one_is_refused_before_anything_is_made() -> None:
    with pytest.raises(ZenstrapError, match="async function"):
        load_training(f"{__name__}:asynchronous")
