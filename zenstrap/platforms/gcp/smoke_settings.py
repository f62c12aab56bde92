"""What a first run on a fresh stack of Google Cloud needs and usually lacks.

The image has the training's requirements alone, pinned to what is installed here; nothing of the
clone goes into it but the training's own code. Service account, network and encryption key come
from the stack's components themselves.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from zenstrap.config import Components, GoogleEnvironment, SmokeTest, flavor_of
from zenstrap.platforms.base import Training
from zenstrap.smoke_test.requirements import training_requirements

# Of the clone, what the training imports. State and run files don't lie in the clone, and whatever
# else does stays here.
_CODE: Final = (
    "pipelines",
    "steps",
    "zenstrap/__init__.py",
    "zenstrap/errors.py",
    "zenstrap/redaction.py",
    "zenstrap/paths.py",
    "zenstrap/plain_files.py",
    "zenstrap/smoke_test",
    "zenstrap/words.py",
)

Settings = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Image:
    """What the image of a smoke test is made from.

    Attributes:
        zenml: ZenML's version.
        python: major and minor version.
        requirements: of the training, pinned.
        dockerignore: path of a file with :func:`dockerignore`'s text.
        tag: None for ZenML's own, which is the same at every build of a pipeline.
    """

    zenml: str
    python: str
    requirements: Sequence[str]
    dockerignore: str
    tag: str | None = None


def settings_of(config: GoogleEnvironment, training: Training) -> Settings:
    """What a stack on other machines needs beside the pipeline: an image, a machine, a limit.

    Raises:
        ZenstrapError: see :func:`zenstrap.smoke_test.requirements.training_requirements`.
    """
    components = config.components_of(training.project)
    if not flavor_of(components.orchestrator).runs_elsewhere:
        return {}
    smoke_test = config.smoke_test_of(training.project)
    training.folder.mkdir(parents=True, exist_ok=True)
    ignored = training.folder / "dockerignore"
    ignored.write_text(dockerignore(smoke_test.data), encoding="utf-8")
    image = Image(
        zenml=importlib.metadata.version("zenml"),
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        requirements=training_requirements(smoke_test.training),
        dockerignore=str(ignored),
        # A strict registry takes a tag once. Elsewhere ZenML's own tag moves on with each build,
        # and the registry deletes the image that it left.
        tag=f"smoke-test-{training.step_id}" if config.resilience.is_strict else None,
    )
    return smoke_settings(components, smoke_test, image)


def smoke_settings(components: Components, smoke_test: SmokeTest, image: Image) -> Settings:
    """The pipeline settings by ZenML's keys; none for a stack that runs on this machine."""
    flavor = flavor_of(components.orchestrator)
    if not flavor.runs_elsewhere:
        return {}
    settings: Settings = {"docker": _docker(image)}
    if flavor.training_settings is not None:
        seconds = int(smoke_test.timeout_minutes * 60)
        settings[f"orchestrator.{flavor.name}"] = flavor.training_settings(seconds)
    return settings


def dockerignore(data: str | None) -> str:
    """What goes into the image: nothing but this.

    Args:
        data: the configuration's ``smoke_test.data``, if it lies in the clone.
    """
    wanted = [*_CODE, *([data] if data and not data.startswith("/") else [])]
    return "\n".join(["*", *(f"!{path}" for path in wanted), "**/__pycache__", ""])


def _docker(image: Image) -> dict[str, Any]:
    return {
        "parent_image": f"zenmldocker/zenml:{image.zenml}-py{image.python}",
        "requirements": list(image.requirements),
        # Those of the stack's own components: without, a step can't load its stack.
        "install_stack_requirements": True,
        "disable_automatic_requirements_detection": True,
        # All of the code in the image: uploads to the artifact store obey no dockerignore.
        "allow_including_files_in_images": True,
        "allow_download_from_artifact_store": False,
        "allow_download_from_code_repository": False,
        "build_config": {"dockerignore": image.dockerignore},
        "image_tag": image.tag,
    }
