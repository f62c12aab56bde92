"""Smoke training, third step: predict the held-out rows."""

from typing import Annotated, Any

from pydantic import BaseModel
from zenml import log_metadata, step

from zenstrap.smoke_test.data import LabelledData
from zenstrap.smoke_test.training import predictions


class Evaluation(BaseModel):
    """Predictions for the held-out rows; accuracy is the share of right ones, 0 to 1."""

    accuracy: float
    predictions: list[str]


@step(enable_cache=False)
def evaluate_model(model: Any, test: LabelledData) -> Annotated[Evaluation, "evaluation"]:
    labels = predictions(model, test.features)
    right = sum(1 for label, truth in zip(labels, test.labels, strict=True) if label == truth)
    accuracy = right / len(labels)
    log_metadata({"accuracy": accuracy, "held_out_rows": len(labels)})
    return Evaluation(accuracy=accuracy, predictions=labels)
