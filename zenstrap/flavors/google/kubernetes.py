"""A GKE cluster that exists already as orchestrator."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from zenstrap.config.fields import Count, Flag, Text
from zenstrap.config.section import Component
from zenstrap.config.violations import Violation, Violations
from zenstrap.flavors.base import Registered, set_only
from zenstrap.flavors.google.base import GoogleFlavor, Made


class Kubernetes(Component):
    """A GKE cluster as orchestrator."""

    kind: Literal["orchestrator"] = "orchestrator"
    flavor: Literal["kubernetes"] = Field(description="A GKE cluster.")
    synchronous: Flag | None = Field(
        default=None,
        description="Whether the process that starts a pipeline waits until it ends; null: true.",
    )
    cluster: Text | None = Field(
        default=None,
        description="Name of the GKE cluster, in gcp.project_id.",
        examples=["ml-cluster"],
    )
    namespace: Text | None = Field(
        default=None, description="Kubernetes namespace; null: zenml.", examples=["zenml"]
    )
    max_parallelism: Annotated[Count, Field(le=10_000)] | None = Field(
        default=None, description="How many step pods may run at a time; null: no limit."
    )


def _registered(component: Kubernetes, made: Made) -> Registered:
    return Registered(
        set_only(
            kubernetes_namespace=component.namespace,
            synchronous=component.synchronous,
            max_parallelism=component.max_parallelism,
        ),
        resource=component.cluster,
    )


def _has_a_cluster(at: str, component: Kubernetes) -> Violations:
    if component.cluster is None:
        yield Violation(
            (f"{at}.cluster", f"{at}.flavor"),
            "is missing, and flavor kubernetes needs the name of the GKE cluster",
            "Add cluster: NAME (`gcloud container clusters list`)",
        )


def _training(seconds: int) -> dict[str, Any]:
    return {"synchronous": True, "active_deadline_seconds": seconds}


KUBERNETES: Final = GoogleFlavor(
    Kubernetes,
    _registered,
    set_by_zenstrap={
        "kubernetes_namespace": "namespace",
        "kubernetes_context": "cluster",
        # Both would use a configuration of the machine instead of the connector.
        "incluster": None,
        "local": None,
        "synchronous": "synchronous",
        "max_parallelism": "max_parallelism",
    },
    rules=_has_a_cluster,
    runs_elsewhere=True,
    resource_type="kubernetes-cluster",
    training_settings=_training,
    apis=frozenset({"container.googleapis.com"}),
    roles=("kubernetes",),
)
