"""The built-in model, and how a user's own training takes its place.

A training is a function ``train(features, labels) -> model``, where ``features`` is float64 of
shape (rows, columns), ``labels`` is str of shape (rows,), and ``model.predict(features)`` gives a
label per row. ``smoke_test.training: "acme_ml.smoke:train"`` names one in an installed package.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
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
    wanted = np.eye(len(classes))[targets]
    weights = np.zeros((design.shape[1], len(classes)))
    for _ in range(STEPS):
        scores = design @ weights
        likelihoods = np.exp(scores - scores.max(axis=1, keepdims=True))
        likelihoods /= likelihoods.sum(axis=1, keepdims=True)
        weights -= LEARNING_RATE * design.T @ (likelihoods - wanted) / len(design)
    return SoftmaxRegression(classes, mean, scale, weights)


def load_training(name: str | None) -> Training:
    """The training that the configuration names, or the built-in one.

    Raises:
        ZenstrapError: the module or the function isn't installed where the training runs.
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
            "the smoke test's training is no function",
            where=name,
            fix="Name a function train(features, labels); its model has predict(features).",
        )
    return function  # type: ignore[no-any-return]


def predictions(model: Model, features: NDArray[np.float64]) -> list[str]:
    """The model's label for each row, as plain text that can be compared after reading it back."""
    return [str(label) for label in np.asarray(model.predict(features)).ravel()]


def _design(
    features: NDArray[np.float64], mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    standardised = (features - mean) / scale
    return np.hstack([standardised, np.ones((len(standardised), 1))])
