"""Materializer of the smoke test's data and built-in model: numpy archives, no pickle."""

import os
from dataclasses import fields
from io import BytesIO
from typing import Any, ClassVar

import numpy as np
from zenml.enums import ArtifactType
from zenml.materializers.base_materializer import BaseMaterializer

from zenstrap.smoke_test.data import LabelledData
from zenstrap.smoke_test.training import SoftmaxRegression


class ArraysMaterializer(BaseMaterializer):
    """Stores a dataclass whose fields are arrays."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (LabelledData, SoftmaxRegression)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA
    FILE: ClassVar[str] = "arrays.npz"

    def save(self, data: Any) -> None:
        buffer = BytesIO()
        np.savez(buffer, **{field.name: getattr(data, field.name) for field in fields(data)})
        with self.artifact_store.open(os.path.join(self.uri, self.FILE), "wb") as file:
            file.write(buffer.getvalue())

    def load(self, data_type: type[Any]) -> Any:
        with self.artifact_store.open(os.path.join(self.uri, self.FILE), "rb") as file:
            buffer = BytesIO(file.read())
        with np.load(buffer, allow_pickle=False) as arrays:
            return data_type(**{field.name: arrays[field.name] for field in fields(data_type)})

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        return {f"{f.name}_shape": str(getattr(data, f.name).shape) for f in fields(data)}
