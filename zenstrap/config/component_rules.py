"""The rules within one stack's components."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from zenstrap.config.accelerators import ATTACHED_TO, MACHINES, skypilots_name
from zenstrap.config.components import FLAVORS, Components
from zenstrap.config.names import Platform, quoted
from zenstrap.config.spelling import nearest


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


def _settings_are_zenmls(at: str, components: Components) -> Violations:
    if not any(component.settings for component in components.present().values()):
        return
    from zenstrap.config.flavor_settings import settings_faults

    for kind, component in components.present().items():
        found = settings_faults(kind, component.flavor, component.settings or {})
        for path, message, way_out in found:
            keys = (f"{at}.{kind}.settings.{path}", f"{at}.{kind}.flavor")
            yield Violation(keys, message, way_out)


def _remote_steps_have_images_and_a_bucket(at: str, components: Components) -> Violations:
    remote = components.runners_elsewhere()
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


def _airflow_has_a_folder(at: str, components: Components) -> Violations:
    if components.orchestrator.flavor == "airflow" and components.orchestrator.dag_folder is None:
        yield Violation(
            (f"{at}.orchestrator.dag_folder", f"{at}.orchestrator.flavor"),
            "is missing, and flavor airflow needs the folder in which Airflow looks for DAGs",
            "Add dag_folder: gs://BUCKET/dags (Cloud Composer tells it), or a folder",
        )


def _images_are_built_where_they_are_pushed_from(at: str, components: Components) -> Violations:
    builder = components.image_builder
    if builder is None or builder.flavor != "gcp":
        return
    if components.container_registry is None:
        yield Violation(
            (f"{at}.container_registry", f"{at}.image_builder.flavor"),
            "is missing, and Cloud Build pushes what it builds to one",
            "Add container_registry: {version: 1.0.0, flavor: gcp}",
        )
    if components.artifact_store.flavor != "gcp":
        yield Violation(
            (f"{at}.artifact_store.flavor", f"{at}.image_builder.flavor"),
            f"is {components.artifact_store.flavor}, and Cloud Build reads what it builds from "
            "a bucket",
            "Use flavor gcp",
        )


def _deployer_has_images(at: str, components: Components) -> Violations:
    if components.deployer is None:
        return
    for needed in ("container_registry", "image_builder"):
        if getattr(components, needed) is None:
            yield Violation(
                (f"{at}.{needed}", f"{at}.deployer.flavor"),
                "is missing, and the deployer serves pipelines in containers",
                f"Add {needed}: {{version: 1.0.0, flavor: gcp}}",
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
    logins = {
        "tracking_username": tracker.tracking_username or tracker.tracking_password,
        "tracking_token": tracker.tracking_token,
    }
    ways = [name for name, given in logins.items() if given is not None]
    if len(ways) != 1 and (tracker.tracking_uri or "").startswith(("http://", "https://")):
        yield Violation(
            (f"{here}.{ways[-1]}" if ways else f"{here}.tracking_token", f"{here}.tracking_uri"),
            "is one way too many to log in" if ways else "is missing, and the server wants a login",
            "Set tracking_token, or tracking_username and tracking_password, not both",
        )
    for name in ("tracking_password", "tracking_token"):
        reference = getattr(tracker, name)
        if reference is not None and not reference.startswith("zenml:"):
            yield Violation(
                (f"{here}.{name}", f"{here}.flavor"),
                "refers to an environment variable, which the machines of the steps don't have",
                "Put it into ZenML's secret store and write zenml:SECRET.KEY",
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


def _accelerators_exist_and_fit(at: str, components: Components) -> Violations:
    for kind in ("orchestrator", "step_operator"):
        component = getattr(components, kind)
        accelerator = component.accelerator if component is not None else None
        if accelerator is None:
            continue
        here = f"{at}.{kind}"
        if component.flavor == "vm_gcp":
            if accelerator in MACHINES:
                yield Violation(
                    (f"{here}.accelerator", f"{here}.flavor"),
                    f"{accelerator} is Vertex AI's name, and flavor vm_gcp wants SkyPilot's",
                    f"Write {skypilots_name(accelerator)}",
                )
        elif accelerator not in MACHINES:
            near = nearest(accelerator, list(MACHINES))
            yield Violation(
                (f"{here}.accelerator", f"{here}.flavor"),
                f"{quoted(accelerator)} is no accelerator of Vertex AI",
                f"Did you mean {near}?" if near else f"There are {', '.join(MACHINES)}",
            )
        elif (family := MACHINES[accelerator]) is not None:
            machine = component.machine_type
            if not (machine or ATTACHED_TO).startswith(family):
                yield Violation(
                    (f"{here}.accelerator", f"{here}.machine_type"),
                    f"{accelerator} isn't to be had with {machine or 'the default machine'}, only "
                    f"with machines whose type begins with {family}",
                    "Change machine_type, or the accelerator",
                )


_RULES: tuple[Callable[[str, Components], Violations], ...] = (
    _settings_fit_the_flavor,
    _settings_are_zenmls,
    _remote_steps_have_images_and_a_bucket,
    _kubernetes_has_a_cluster,
    _airflow_has_a_folder,
    _images_are_built_where_they_are_pushed_from,
    _deployer_has_images,
    _mlflow_has_a_server,
    _accelerators_are_named,
    _accelerators_exist_and_fit,
)
