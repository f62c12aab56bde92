"""ZenML's settings for a smoke test on Google Cloud: image, machine, time limit.

The image has only the training's requirements, pinned to the versions installed on this machine,
and of the clone only the training's code. Service account, network and encryption key come from the
stack's components.
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

# The files of the clone that the training imports; no others are put into the image.
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
    """Input of the image build of a smoke test.

    Attributes:
        zenml: ZenML's version.
        python: major and minor version.
        requirements: the training's, pinned.
        dockerignore: path of a file with :func:`dockerignore`'s text.
        tag: None for ZenML's default, which is the same for every build of a pipeline.
    """

    zenml: str
    python: str
    requirements: Sequence[str]
    dockerignore: str
    tag: str | None = None


def settings_of(config: GoogleEnvironment, training: Training) -> Settings:
    """The settings for a stack on other machines; none for a stack on this machine.

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
        # In strict mode tags are immutable, so each build needs a new one. Otherwise ZenML's tag
        # moves to the newest build, and the registry deletes the untagged image.
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
    """The .dockerignore file, which excludes everything but the training's files.

    Args:
        data: the configuration's ``smoke_test.data``, if it is in the clone.
    """
    included = [*_CODE, *([data] if data and not data.startswith("/") else [])]
    return "\n".join(["*", *(f"!{path}" for path in included), "**/__pycache__", ""])


def _docker(image: Image) -> dict[str, Any]:
    return {
        "parent_image": f"zenmldocker/zenml:{image.zenml}-py{image.python}",
        "requirements": list(image.requirements),
        # Without the requirements of the stack's components a step can't load its stack.
        "install_stack_requirements": True,
        "disable_automatic_requirements_detection": True,
        # All code is in the image: uploads to the artifact store ignore .dockerignore.
        "allow_including_files_in_images": True,
        "allow_download_from_artifact_store": False,
        "allow_download_from_code_repository": False,
        "build_config": {"dockerignore": image.dockerignore},
        "image_tag": image.tag,
    }
