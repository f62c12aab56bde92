"""The flavors on Google Cloud."""

from __future__ import annotations

from typing import Final

from zenstrap.flavors.base import Flavor
from zenstrap.flavors.google.airflow import AIRFLOW
from zenstrap.flavors.google.cloud_build import CLOUD_BUILD
from zenstrap.flavors.google.cloud_run import CLOUD_RUN
from zenstrap.flavors.google.kubernetes import KUBERNETES
from zenstrap.flavors.google.skypilot import SKYPILOT
from zenstrap.flavors.google.storage import BUCKET, REPOSITORY
from zenstrap.flavors.google.vertex import VERTEX_EXPERIMENTS, VERTEX_JOBS, VERTEX_PIPELINES
from zenstrap.flavors.local import LOCAL_IMAGE_BUILDER, LOCAL_ORCHESTRATOR
from zenstrap.flavors.mlflow import MLFLOW

FLAVORS: Final[tuple[Flavor, ...]] = (
    BUCKET,
    REPOSITORY,
    VERTEX_PIPELINES,
    KUBERNETES,
    SKYPILOT,
    AIRFLOW,
    LOCAL_ORCHESTRATOR,
    VERTEX_JOBS,
    CLOUD_BUILD,
    LOCAL_IMAGE_BUILDER,
    VERTEX_EXPERIMENTS,
    MLFLOW,
    CLOUD_RUN,
)
"""All flavors of platform gcp, in the order in which messages list them."""
