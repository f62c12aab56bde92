"""Smoke training, second step: fit the model."""

from typing import Annotated, Any

from zenml import ArtifactConfig, step
from zenml.enums import ArtifactType

from steps.arrays import ArraysMaterializer  # noqa: F401  (registers the built-in model's materializer)
from zenstrap.smoke_test.data import LabelledData
from zenstrap.smoke_test.training import load_training


@step(enable_cache=False)
def train_model(
    train: LabelledData, training: str | None
) -> Annotated[Any, ArtifactConfig(name="model", artifact_type=ArtifactType.MODEL)]:
    return load_training(training)(train.features, train.labels)
