"""The rules within one stack's components."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zenstrap.config.components import FLAVORS, Components
from zenstrap.config.names import Platform


@dataclass(frozen=True)
class Violation:
    """A rule that isn't kept.

    Attributes:
        keys: dotted paths of the values that don't go together; the first is blamed.
        message: what is wrong and why.
        suggestion: the change to make.
    """

    keys: tuple[str, ...]
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        text = f"{self.keys[0]}: {self.message}"
        return f"{text} ({self.suggestion})" if self.suggestion else text


Violations = Iterator[Violation]


def component_violations(at: str, components: Components, platform: Platform) -> Violations:
    """What doesn't go together in the components that stand at a dotted path."""
    unavailable = list(_flavors_fit_the_platform(at, components, platform))
    yield from unavailable
    wrong = {violation.keys[0] for violation in unavailable}
    for rule in _RULES:
        # What a flavor needs is of no interest where it isn't available at all.
        yield from (v for v in rule(at, components) if wrong.isdisjoint(v.keys))


def _flavors_fit_the_platform(at: str, components: Components, platform: Platform) -> Violations:
    for kind, component in components.present().items():
        flavors = FLAVORS[platform].get(kind, ())
        if component.flavor in flavors:
            continue
        if flavors:
            message = f"{component.flavor} isn't available on platform {platform}"
            suggestion = f"Use {' or '.join(flavors)}"
        else:
            message = f"platform {platform} has no {kind}"
            suggestion = f"Remove {kind}, or write {kind}: null"
        yield Violation((f"{at}.{kind}.flavor", "platform"), message, suggestion)


def _settings_fit_the_flavor(at: str, components: Components) -> Violations:
    for kind, component in components.present().items():
        for setting, flavors in component.SETTINGS.items():
            if getattr(component, setting) is None or component.flavor in flavors:
                continue
            yield Violation(
                (f"{at}.{kind}.{setting}", f"{at}.{kind}.flavor"),
                f"is no setting of flavor {component.flavor}, only of "
                f"{' and '.join(sorted(flavors))}",
                "Remove it, or change the flavor",
            )


def _remote_steps_have_images_and_a_bucket(at: str, components: Components) -> Violations:
    remote = {}
    if components.orchestrator.flavor != "local":
        remote["orchestrator"] = components.orchestrator.flavor
    if components.step_operator is not None:
        remote["step_operator"] = components.step_operator.flavor
    if not remote:
        return
    runners = " and ".join(f"{kind} {flavor}" for kind, flavor in remote.items())
    flavors = tuple(f"{at}.{kind}.flavor" for kind in remote)
    for needed in ("container_registry", "image_builder"):
        if getattr(components, needed) is None:
            yield Violation(
                (f"{at}.{needed}", *flavors),
                f"is missing, and steps run in containers ({runners})",
                f"Add {needed}: {{version: 1.0.0, flavor: gcp}}",
            )
    if components.artifact_store.flavor == "local":
        yield Violation(
            (f"{at}.artifact_store.flavor", *flavors),
            f"is local, which steps on other machines can't reach ({runners})",
            "Use flavor gcp",
        )


def _kubernetes_has_a_cluster(at: str, components: Components) -> Violations:
    if components.orchestrator.flavor == "kubernetes" and components.orchestrator.cluster is None:
        yield Violation(
            (f"{at}.orchestrator.cluster", f"{at}.orchestrator.flavor"),
            "is missing, and flavor kubernetes needs the name of the GKE cluster",
            "Add cluster: NAME (`gcloud container clusters list`)",
        )


def _mlflow_has_a_server(at: str, components: Components) -> Violations:
    tracker, here = components.experiment_tracker, f"{at}.experiment_tracker"
    if tracker is None or tracker.flavor != "mlflow":
        return
    if tracker.tracking_uri is None:
        yield Violation(
            (f"{here}.tracking_uri", f"{here}.flavor"),
            "is missing, and flavor mlflow needs the server's address",
            "Add tracking_uri: https://ADDRESS",
        )
    if (tracker.tracking_username is None) != (tracker.tracking_password is None):
        given, absent = "tracking_username", "tracking_password"
        if tracker.tracking_username is None:
            given, absent = absent, given
        yield Violation(
            (f"{here}.{given}", f"{here}.{absent}"),
            f"is of no use without {absent}",
            "Set both, or tracking_token instead",
        )


def _accelerators_are_named(at: str, components: Components) -> Violations:
    for kind in ("orchestrator", "step_operator"):
        component = getattr(components, kind)
        if component is None or component.accelerator is not None:
            continue
        if component.accelerator_count is not None:
            yield Violation(
                (f"{at}.{kind}.accelerator_count", f"{at}.{kind}.accelerator"),
                "counts accelerators, but none is named",
                "Add accelerator: NVIDIA_TESLA_T4",
            )


def _instances_are_ordered(at: str, components: Components) -> Violations:
    deployer = components.deployer
    if deployer is None or deployer.min_instances is None or deployer.max_instances is None:
        return
    if deployer.min_instances > deployer.max_instances:
        yield Violation(
            (f"{at}.deployer.min_instances", f"{at}.deployer.max_instances"),
            f"is more than max_instances, which is {deployer.max_instances}",
        )


_RULES: tuple[Callable[[str, Components], Violations], ...] = (
    _settings_fit_the_flavor,
    _remote_steps_have_images_and_a_bucket,
    _kubernetes_has_a_cluster,
    _mlflow_has_a_server,
    _accelerators_are_named,
    _instances_are_ordered,
)
