"""The user's own MLflow server as experiment tracker: the same on every platform."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from zenstrap.config.fields import SecretReference, Text, secret_source
from zenstrap.config.section import Component
from zenstrap.config.violations import Violation, Violations
from zenstrap.flavors.base import Flavor, Registered, set_only

REFERENCES: Final = ("tracking_password", "tracking_token")  # settings that name a secret


class MlflowTracker(Component):
    """An MLflow server as experiment tracker."""

    kind: Literal["experiment_tracker"] = "experiment_tracker"
    flavor: Literal["mlflow"] = Field(description="An MLflow server of your own.")
    experiment: Text | None = Field(
        default=None, description="Name of the experiment; null: named after the pipeline."
    )
    tracking_uri: Text | None = Field(
        default=None,
        description="Address of the MLflow server.",
        examples=["https://mlflow.acme.example"],
    )
    tracking_username: Text | None = Field(default=None, description="User of the MLflow server.")
    tracking_password: SecretReference | None = Field(
        default=None, description="Reference to that user's password: env:NAME or zenml:SECRET.KEY."
    )
    tracking_token: SecretReference | None = Field(
        default=None,
        description="Reference to a token, instead of user and password: env:NAME or "
        "zenml:SECRET.KEY.",
    )


def _registered(tracker: MlflowTracker, made: object) -> Registered:
    """Its secrets stay in ZenML's secret store; only references are registered."""
    return Registered(
        set_only(
            tracking_uri=tracker.tracking_uri,
            experiment_name=tracker.experiment,
            tracking_username=tracker.tracking_username,
            tracking_password=_secret(tracker.tracking_password),
            tracking_token=_secret(tracker.tracking_token),
        )
    )


def _secret(reference: str | None) -> str | None:
    """ZenML's way to write a reference to its secret store."""
    if reference is None:
        return None
    source = secret_source(reference)
    return f"{{{{{source.name}.{source.key}}}}}"


def _rules(at: str, tracker: MlflowTracker) -> Violations:
    if tracker.tracking_uri is None:
        yield Violation(
            (f"{at}.tracking_uri", f"{at}.flavor"),
            "is missing, and flavor mlflow needs the server's address",
            "Add tracking_uri: https://ADDRESS",
        )
    if (tracker.tracking_username is None) != (tracker.tracking_password is None):
        present, absent = "tracking_username", "tracking_password"
        if tracker.tracking_username is None:
            present, absent = absent, present
        yield Violation(
            (f"{at}.{present}", f"{at}.{absent}"),
            f"has no effect without {absent}",
            "Set both, or tracking_token instead",
        )
    logins = {
        "tracking_username": tracker.tracking_username or tracker.tracking_password,
        "tracking_token": tracker.tracking_token,
    }
    ways = [name for name, value in logins.items() if value is not None]
    if len(ways) != 1 and (tracker.tracking_uri or "").startswith(("http://", "https://")):
        yield Violation(
            (f"{at}.{ways[-1]}" if ways else f"{at}.tracking_token", f"{at}.tracking_uri"),
            "is a second way to log in" if ways else "is missing, but the server needs a login",
            "Set tracking_token, or tracking_username and tracking_password, not both",
        )
    for name in REFERENCES:
        reference = getattr(tracker, name)
        if reference is not None and not reference.startswith("zenml:"):
            yield Violation(
                (f"{at}.{name}", f"{at}.flavor"),
                "refers to an environment variable, which the machines of the steps don't have",
                "Put it into ZenML's secret store and write zenml:SECRET.KEY",
            )


MLFLOW: Final = Flavor(
    MlflowTracker,
    _registered,
    # User, password and token are secrets to ZenML: it has no such settings below ``settings``.
    set_by_zenstrap={
        "tracking_uri": "tracking_uri",
        "experiment_name": "experiment",
        "tracking_username": "tracking_username",
        "tracking_password": "tracking_password",
        "tracking_token": "tracking_token",
    },
    rules=_rules,
    packages=("mlflow",),
    integration="mlflow",
    references=REFERENCES,
)
