"""The rules between the components of one stack on Google Cloud."""

from __future__ import annotations

from typing import Final

from zenstrap.config.components import Components
from zenstrap.config.names import ComponentKind
from zenstrap.config.platforms import flavor_of
from zenstrap.config.violations import Violation, Violations
from zenstrap.flavors.google.cloud_build import CLOUD_BUILD

_IMAGES: Final[tuple[ComponentKind, ...]] = ("container_registry", "image_builder")


def _remote_steps_have_images_and_a_bucket(at: str, components: Components) -> Violations:
    remote = components.runners_elsewhere()
    if not remote:
        return
    runners = " and ".join(f"{name} {flavor}" for name, flavor in remote.items())
    flavors = tuple(f"{at}.{name}.flavor" for name in remote)
    for needed in _IMAGES:
        if components.of_kind(needed) is None:
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


def _images_are_built_where_they_are_pushed_from(at: str, components: Components) -> Violations:
    for name, builder in components.present().items():
        if flavor_of(builder) is not CLOUD_BUILD:
            continue
        if components.of_kind("container_registry") is None:
            yield Violation(
                (f"{at}.container_registry", f"{at}.{name}.flavor"),
                "is missing, and Cloud Build pushes what it builds to one",
                "Add container_registry: {version: 1.0.0, flavor: gcp}",
            )
        if components.artifact_store.flavor != "gcp":
            yield Violation(
                (f"{at}.artifact_store.flavor", f"{at}.{name}.flavor"),
                f"is {components.artifact_store.flavor}, and Cloud Build reads what it builds "
                "from a bucket",
                "Use flavor gcp",
            )


def _deployers_have_images(at: str, components: Components) -> Violations:
    for name, deployer in components.present().items():
        if deployer.kind != "deployer":
            continue
        for needed in _IMAGES:
            if components.of_kind(needed) is None:
                yield Violation(
                    (f"{at}.{needed}", f"{at}.{name}.flavor"),
                    "is missing, and the deployer serves pipelines in containers",
                    f"Add {needed}: {{version: 1.0.0, flavor: gcp}}",
                )


COMPONENT_RULES: Final = (
    _remote_steps_have_images_and_a_bucket,
    _images_are_built_where_they_are_pushed_from,
    _deployers_have_images,
)
