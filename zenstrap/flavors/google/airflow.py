"""Airflow as orchestrator: one of the user's own, or Cloud Composer."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from zenstrap.config.google_fields import DagFolder
from zenstrap.config.section import Component
from zenstrap.config.violations import Violation, Violations
from zenstrap.flavors.base import Registered, Settings, set_only
from zenstrap.flavors.google.base import GoogleFlavor, Made

# ZenML stores the class for its short name kubernetes_pod. The arguments are those that Cloud
# Composer needs for pods. https://cloud.google.com/composer/docs/composer-3/use-kubernetes-pod-operator
_POD_OPERATOR: Final = (
    "airflow.providers.cncf.kubernetes.operators.kubernetes_pod.KubernetesPodOperator"
)
_COMPOSER_PODS: Final[Settings] = {
    "namespace": "composer-user-workloads",
    "config_file": "/home/airflow/composer_kube_config",
}


class Airflow(Component):
    """Airflow as orchestrator."""

    kind: Literal["orchestrator"] = "orchestrator"
    flavor: Literal["airflow"] = Field(description="Airflow or Cloud Composer.")
    dag_folder: DagFolder | None = Field(
        default=None,
        description="Where Airflow finds its DAGs: a folder, or the gs:// address of Composer's.",
    )


def _registered(component: Airflow, made: Made) -> Registered:
    folder = component.dag_folder
    on_composer = folder is not None and folder.startswith("gs://")
    return Registered(
        set_only(
            dag_output_dir=folder,
            local=False,
            operator=_POD_OPERATOR if on_composer else None,
            operator_args=_COMPOSER_PODS if on_composer else None,
        )
    )


def _has_a_folder(at: str, component: Airflow) -> Violations:
    if component.dag_folder is None:
        yield Violation(
            (f"{at}.dag_folder", f"{at}.flavor"),
            "is missing, and flavor airflow needs the folder in which Airflow looks for DAGs",
            "Add dag_folder: gs://BUCKET/dags (Cloud Composer shows it), or a folder",
        )


AIRFLOW: Final = GoogleFlavor(
    Airflow,
    _registered,
    set_by_zenstrap={"dag_output_dir": "dag_folder", "local": None},
    rules=_has_a_folder,
    runs_elsewhere=True,
    apis=frozenset({"composer.googleapis.com"}),
)
