"""Materializers that store reports and configurations as JSON, with metadata and an HTML page."""

import os
from typing import Any, ClassVar

from zenml import ArtifactConfig
from zenml.enums import ArtifactType, VisualizationType
from zenml.materializers.base_materializer import BaseMaterializer

from zenstrap.config import EnvironmentConfig
from zenstrap.redaction import redact_data
from zenstrap.reports import ConfigReport, Report
from zenstrap.runs import TAG
from zenstrap.views.html import render


def named(name: str) -> ArtifactConfig:
    """``ENVIRONMENT_name``; the pipeline substitutes the environment."""
    return ArtifactConfig(name=f"{{environment}}_{name}", tags=[TAG])


class ReportMaterializer(BaseMaterializer):
    """Stores a report as JSON for later runs, and as HTML for the dashboard."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (Report,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, data: Report) -> None:
        _write(self, "report.json", redact_data(data.model_dump_json(indent=2)))

    def load(self, data_type: type[Any]) -> Any:
        with self.artifact_store.open(os.path.join(self.uri, "report.json"), "r") as file:
            return data_type.model_validate_json(file.read())

    def save_visualizations(self, data: Report) -> dict[str, VisualizationType]:
        return {_write(self, "report.html", render(data)): VisualizationType.HTML}

    def extract_metadata(self, data: Report) -> dict[str, Any]:
        return _facts(data)


class ConfigMaterializer(BaseMaterializer):
    """Stores a configuration as JSON, and as HTML for the dashboard."""

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = (EnvironmentConfig,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, data: EnvironmentConfig) -> None:
        _write(self, "config.json", data.model_dump_json(indent=2))

    def load(self, data_type: type[Any]) -> Any:
        with self.artifact_store.open(os.path.join(self.uri, "config.json"), "r") as file:
            return data_type.model_validate_json(file.read())

    def save_visualizations(self, data: EnvironmentConfig) -> dict[str, VisualizationType]:
        page = render(ConfigReport(config=data))
        return {_write(self, "config.html", page): VisualizationType.HTML}

    def extract_metadata(self, data: EnvironmentConfig) -> dict[str, Any]:
        return _facts(ConfigReport(config=data))


def _facts(report: Report) -> dict[str, Any]:
    facts = {"headline": report.headline, **report.facts()}
    return {k: redact_data(v) if isinstance(v, str) else v for k, v in facts.items()}


def _write(materializer: BaseMaterializer, name: str, text: str) -> str:
    path = os.path.join(materializer.uri, name)
    with materializer.artifact_store.open(path, "w") as file:
        file.write(text)
    return path
