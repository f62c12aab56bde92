"""The built-in model, and how a user's own training replaces it.

A training is a function ``train(features, labels) -> model``, where ``features`` is float64 of
shape (rows, columns), ``labels`` is str of shape (rows,), and ``model.predict(features)`` gives a
label per row. ``smoke_test.training: "acme_ml.smoke:train"`` names one in an installed package.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sized
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from zenstrap.errors import ZenstrapError

STEPS = 500
LEARNING_RATE = 0.5


class Model(Protocol):
    """What a training returns."""

    def predict(self, features: NDArray[np.float64]) -> ArrayLike:
        """A label per row."""
        ...


Training = Callable[[NDArray[np.float64], NDArray[np.str_]], Model]


@dataclass(frozen=True)
class SoftmaxRegression:
    """Multinomial logistic regression on standardised features.

    Attributes:
        classes: str, shape (classes,).
        mean: float64, shape (columns,), of the training rows.
        scale: float64, shape (columns,), of the training rows.
        weights: float64, shape (columns + 1, classes); the last row is the bias.
    """

    classes: NDArray[np.str_]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.str_]:
        """The likeliest class of each row."""
        scores = _design(features, self.mean, self.scale) @ self.weights
        labels: NDArray[np.str_] = self.classes[np.argmax(scores, axis=1)]
        return labels


def train(features: NDArray[np.float64], labels: NDArray[np.str_]) -> SoftmaxRegression:
    """Fit by full-batch gradient descent on the cross-entropy; no randomness."""
    classes, targets = np.unique(labels, return_inverse=True)
    mean = features.mean(axis=0)
    spread = features.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    design = _design(features, mean, scale)
    one_hot = np.eye(len(classes))[targets]
    weights = np.zeros((design.shape[1], len(classes)))
    for _ in range(STEPS):
        scores = design @ weights
        likelihoods = np.exp(scores - scores.max(axis=1, keepdims=True))
        likelihoods /= likelihoods.sum(axis=1, keepdims=True)
        weights -= LEARNING_RATE * design.T @ (likelihoods - one_hot) / len(design)
    return SoftmaxRegression(classes, mean, scale, weights)


def load_training(name: str | None) -> Training:
    """The training that the configuration names, or the built-in one.

    Raises:
        ZenstrapError: it can't be imported where the training runs, or is not a plain function.
    """
    if name is None:
        return train
    module_name, _, attribute = name.partition(":")
    try:
        function: Any = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise ZenstrapError(
            "the smoke test's training can't be imported",
            where=name,
            why=str(error),
            fix="Install the package that holds it, or correct smoke_test.training.",
        ) from error
    if not callable(function):
        raise ZenstrapError(
            "the smoke test's training is not a function",
            where=name,
            fix="Name a function train(features, labels); its model has predict(features).",
        )
    if inspect.iscoroutinefunction(function):
        raise ZenstrapError(
            "the smoke test's training is an async function",
            where=name,
            fix="Name a plain function; it may call asyncio.run.",
        )
    return function  # type: ignore[no-any-return]


def predictions(model: Model, features: NDArray[np.float64]) -> list[str]:
    """The model's label for each row, as plain text that can be compared after reading it back.

    Raises:
        ZenstrapError: the model has no ``predict``, or doesn't return a label per row.
    """
    if not callable(getattr(model, "predict", None)):
        raise _invalid_model(f"it is {_described(model)}, without predict(features)")
    predicted = model.predict(features)
    labels = np.asarray(predicted).ravel()
    if len(labels) != len(features):
        raise _invalid_model(f"predict returned {_described(predicted)} for {len(features)} rows")
    return [str(label) for label in labels]


def _described(value: object) -> str:
    """Type and size of a value, for a message."""
    kind = type(value).__name__
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, Sized) and not isinstance(value, type):
        return f"{kind} of length {len(value)}"
    return "None" if value is None else f"of type {kind}"


def _invalid_model(what: str) -> ZenstrapError:
    return ZenstrapError(
        f"the training did not return a valid model: {what}",
        fix="Return a model whose predict(features) returns one label per row.",
    )


def _design(
    features: NDArray[np.float64], mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    standardised = (features - mean) / scale
    return np.hstack([standardised, np.ones((len(standardised), 1))])
