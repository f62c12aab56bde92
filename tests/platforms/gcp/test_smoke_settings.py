"""What a smoke test on Google Cloud is sent with: the compiled pipeline on the prod stack."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from tests.registry.google import configured, outputs_of
from tests.registry.real_store import Registering
from zenstrap.config import EnvironmentConfig
from zenstrap.errors import ZenstrapError
from zenstrap.paths import project_root
from zenstrap.platforms import platform_of
from zenstrap.platforms.base import Training
from zenstrap.platforms.gcp.smoke_settings import Image, dockerignore, smoke_settings
from zenstrap.registry.desired import desired_registry
from zenstrap.smoke_test.requirements import training_requirements
from zenstrap.zenml_private.calls import on_stack

if TYPE_CHECKING:
    from zenml.client import Client

IMAGE = Image("0.98.0", "3.11", ("numpy==2.4.6",), "/run/dockerignore")


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Google's components without Google's libraries: what they send isn't sent here anyway.

    Their configuration and settings are those of ZenML's own flavors.
    """
    from zenml.deployers.base_deployer import BaseDeployer
    from zenml.experiment_trackers import BaseExperimentTracker
    from zenml.image_builders import BaseImageBuilder
    from zenml.integrations.gcp.flavors import (
        GCPDeployerFlavor,
        GCPImageBuilderFlavor,
        VertexExperimentTrackerFlavor,
        VertexOrchestratorFlavor,
        VertexStepOperatorFlavor,
    )
    from zenml.integrations.gcp.flavors.vertex_orchestrator_flavor import (
        VertexOrchestratorSettings,
    )
    from zenml.orchestrators import ContainerizedOrchestrator
    from zenml.stack.flavor import Flavor
    from zenml.step_operators import BaseStepOperator

    class Orchestrator(ContainerizedOrchestrator):
        @property
        def settings_class(self) -> Any:
            return VertexOrchestratorSettings

        def get_orchestrator_run_id(self) -> str:
            return "run"

    stand_ins: dict[type[Flavor], type] = {
        GCPDeployerFlavor: BaseDeployer,
        GCPImageBuilderFlavor: BaseImageBuilder,
        VertexExperimentTrackerFlavor: BaseExperimentTracker,
        VertexStepOperatorFlavor: BaseStepOperator,
        VertexOrchestratorFlavor: Orchestrator,
    }
    for flavor, base in stand_ins.items():
        concrete = type("StandIn", (base,), {})
        concrete.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]
        made = property(lambda _, concrete=concrete: concrete)
        monkeypatch.setattr(flavor, "implementation_class", made)
    yield


@pytest.fixture
def compiled(client: Client, stand_ins: None) -> Any:
    """The smoke training on prod's fraud_detection stack, compiled; and its stack."""
    from zenml.client import Client as ZenmlClient
    from zenml.stack import Stack

    from pipelines.smoke_training import smoke_training

    config = configured("prod")
    zenml = Registering(client, "prod")
    zenml.up(desired_registry(config, platform_of(config).registrations(outputs_of(config), {})))
    stack = zenml.actual.stacks["zenml-prod-fraud-detection-v1.1.0"]
    project = config.ml_projects["fraud_detection"]
    settings = smoke_settings(project.components, project.smoke_test, IMAGE)
    with on_stack(UUID(stack.id)):
        pipeline = smoke_training.with_options(settings=settings)
        prepared = pipeline.copy()
        prepared.prepare(training=None, data=None)
        snapshot, _, _ = prepared._compile()
        return snapshot, Stack.from_model(ZenmlClient().active_stack_model)


def test_the_compiled_snapshot_for_prod(compiled: Any) -> None:
    snapshot, stack = compiled
    step = snapshot.step_configurations["train_model"].config
    docker = step.docker_settings
    assert docker.parent_image == "zenmldocker/zenml:0.98.0-py3.11"
    assert docker.requirements == ["numpy==2.4.6"]
    assert docker.build_config.dockerignore == "/run/dockerignore"
    assert not docker.allow_download_from_artifact_store
    assert docker.disable_automatic_requirements_detection is not False

    orchestrator = stack.orchestrator
    settings = orchestrator.get_settings(snapshot.step_configurations["train_model"])
    job = settings.custom_job_parameters
    assert settings.synchronous
    assert (job.machine_type, job.accelerator_type, job.accelerator_count) == (
        "e2-standard-4",
        None,
        0,
    )
    assert job.additional_training_job_args == {"timeout": "1800s"}
    config = orchestrator.config
    assert config.workload_service_account.startswith("zenml-prod-fraud-detection@")
    assert config.encryption_spec_key_name.endswith("/cryptoKeys/zenml-prod")
    registry = "europe-docker.pkg.dev/acme-ml-prod/zenml-prod-fraud-detection"
    assert stack.container_registry.config.uri == registry


def test_the_image_gets_what_the_stack_needs_and_the_training_and_no_more(compiled: Any) -> None:
    from zenml.utils.pipeline_docker_image_builder import PipelineDockerImageBuilder

    snapshot, stack = compiled
    docker = snapshot.step_configurations["train_model"].config.docker_settings
    files = PipelineDockerImageBuilder.gather_requirements_files(docker, stack, log=False)
    wanted = {name: text.split() for name, text, _ in files}
    assert wanted.pop(".zenml_user_requirements") == ["numpy==2.4.6"]
    assert list(wanted) == [".zenml_stack_integration_requirements"]
    assert any(line.startswith("gcsfs") for line in next(iter(wanted.values())))


@pytest.mark.parametrize(("mode", "pushes"), [("strict", 2), ("standard", 1)])
def test_where_tags_are_immutable_every_build_has_a_tag_of_its_own(
    client: Client,
    stand_ins: None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    mode: str,
    pushes: int,
) -> None:
    """ZenML's own tag is the same at each build: it stays where tags move, or images pile up."""
    from zenml.pipelines.build_utils import create_pipeline_build
    from zenml.utils.pipeline_docker_image_builder import PipelineDockerImageBuilder

    from pipelines.smoke_training import smoke_training

    config = configured("prod", resilience__compliance_mode=mode)
    zenml = Registering(client, "prod")
    zenml.up(desired_registry(config, platform_of(config).registrations(outputs_of(config), {})))
    pushed: list[str] = []

    def push(self: Any, docker_settings: Any, tag: str, stack: Any, **more: Any) -> Any:
        name = self._get_target_image_name(docker_settings, tag, stack.container_registry)
        pushed.append(name)
        return f"{name}@sha256:0", None, None

    monkeypatch.setattr(PipelineDockerImageBuilder, "build_docker_image", push)
    for _ in range(2):
        training = Training("fraud_detection", str(uuid4()), tmp_path / "run")
        settings = platform_of(config).training_settings(training)
        stack = zenml.actual.stacks["zenml-prod-fraud-detection-v1.1.0"]
        with on_stack(UUID(stack.id)):
            prepared = smoke_training.with_options(settings=settings).copy()
            prepared.prepare(training=None, data=None)
            snapshot, _, _ = prepared._compile()
            create_pipeline_build(snapshot)
    assert len(pushed) == 2  # one image for all that a run needs: two would share its tag
    assert len(set(pushed)) == pushes


def uploaded(tmp_path: Path, data: str | None = None) -> dict[str, str]:
    from zenml.image_builders import BuildContext

    file = tmp_path / "dockerignore"
    file.write_text(dockerignore(data))
    return BuildContext(str(project_root()), str(file)).get_files()


def test_what_is_uploaded_is_the_trainings_own_code(tmp_path: Path) -> None:
    files = {name for name, path in uploaded(tmp_path).items() if Path(path).is_file()}
    assert "zenstrap/smoke_test/penguins.csv" in files
    folders = {Path(file).parent.as_posix() for file in files}
    assert folders <= {".", "pipelines", "steps", "zenstrap", "zenstrap/smoke_test"}
    in_zenstrap = {f for f in files if Path(f).parent.as_posix() == "zenstrap"}
    needed = ("__init__", "errors", "paths", "plain_files", "redaction", "words")
    assert in_zenstrap == {f"zenstrap/{name}.py" for name in needed}
    assert {Path(file).suffix for file in files} <= {".py", ".csv"}


def test_a_table_of_the_users_own_goes_with_it(tmp_path: Path) -> None:
    assert "README.md" in uploaded(tmp_path, "README.md")


def test_what_is_uploaded_is_enough_to_import_every_step(client: Client, tmp_path: Path) -> None:
    code = tmp_path / "code"
    for archived, path in uploaded(tmp_path).items():
        if Path(path).is_file():
            target = code / archived
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    script = code / "entry.py"
    script.write_text(
        "import sys\n"
        # An editable installation would lend what is missing.
        "sys.meta_path = [f for f in sys.meta_path if 'editable' not in str(f)]\n"
        "import steps.load_data, steps.train_model, steps.evaluate_model, zenstrap\n"
        "print(zenstrap.__file__)\n"
    )
    done = subprocess.run(
        [sys.executable, str(script)], cwd=code, capture_output=True, text=True, check=False
    )
    assert done.stdout.split()[-1:] == [str(code / "zenstrap/__init__.py")], done.stderr


def on_flavor(flavor: str, **more: Any) -> EnvironmentConfig:
    return configured(
        "dev",
        ml_projects={},
        stack__components__orchestrator={"version": "1.0.0", "flavor": flavor, **more},
    )


@pytest.mark.parametrize(
    ("flavor", "more", "limit"),
    [
        ("vertex", {}, {"custom_job_parameters", "synchronous"}),
        ("kubernetes", {"cluster": "ml"}, {"active_deadline_seconds", "synchronous"}),
        ("vm_gcp", {}, {"instance_type", "accelerators", "down", "idle_minutes_to_autostop"}),
    ],
)
def test_every_runner_is_bounded_by_settings_that_zenml_has(
    client: Client, flavor: str, more: dict[str, str], limit: set[str]
) -> None:
    from zenml.enums import StackComponentType
    from zenml.stack.flavor import Flavor

    config = on_flavor(flavor, **more)
    found = smoke_settings(config.stack.components, config.smoke_test, IMAGE)
    settings = found[f"orchestrator.{flavor}"]
    assert settings.keys() == limit
    model = client.get_flavor_by_name_and_type(flavor, StackComponentType.ORCHESTRATOR)
    assert settings.keys() <= Flavor.from_model(model).config_class.model_fields.keys()


def test_a_stack_that_runs_here_needs_no_image() -> None:
    config = configured("local")
    assert smoke_settings(config.stack.components, config.smoke_test, IMAGE) == {}


def test_requirements_are_pinned_to_what_is_installed() -> None:
    numpy = f"numpy=={importlib.metadata.version('numpy')}"
    rich = f"rich=={importlib.metadata.version('rich')}"
    assert training_requirements(None) == (numpy,)
    assert training_requirements("rich.console:Console") == (numpy, rich)


@pytest.mark.parametrize("training", ["no_such_module.at_all:train", "zenstrap.smoke_test:train"])
def test_what_no_machine_can_install_is_refused(training: str) -> None:
    with pytest.raises(ZenstrapError) as refusal:
        training_requirements(training)
    assert refusal.value.where == training and refusal.value.fix
