"""An MLflow server as an experiment tracker: the same on every platform."""

from __future__ import annotations

from pydantic import JsonValue

from zenstrap.config import ExperimentTracker, secret_source

Settings = dict[str, JsonValue]


def mlflow(component: ExperimentTracker) -> Settings:
    """ZenML's settings; what is secret of it stays in ZenML's secret store."""
    return set_only(
        tracking_uri=component.tracking_uri,
        experiment_name=component.experiment,
        tracking_username=component.tracking_username,
        tracking_password=_secret(component.tracking_password),
        tracking_token=_secret(component.tracking_token),
    )


def set_only(**settings: JsonValue) -> Settings:
    """Those that have a value: ZenML has its own defaults for the others."""
    return {name: value for name, value in settings.items() if value is not None}


def _secret(reference: str | None) -> str | None:
    """ZenML's way to write a reference to its secret store."""
    if reference is None:
        return None
    source = secret_source(reference)
    return f"{{{{{source.name}.{source.key}}}}}"
