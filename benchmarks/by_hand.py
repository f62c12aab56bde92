"""A hand-written script instead of zenstrap: the same folders, components, stacks and trainings.

    python -m benchmarks.by_hand FOLDER PROJECT…

FOLDER holds Terraform's files and the artifacts. A second call reuses what exists. The script has
no versions, no lease, no plan to review, no run history, and no way to remove what it created.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from zenstrap.paths import modules_folder
from zenstrap.terraform.binary import find_terraform
from zenstrap.terraform.environment_variables import child_environment

NOTHING, CHANGES = 0, 2  # exit codes of `terraform plan -detailed-exitcode`
LEAST_ACCURACY = 0.9


def terraform(folder: Path, *arguments: str, allowed: Iterable[int] = (0,)) -> tuple[int, str]:
    """Exit code and standard output of Terraform in a folder."""
    done = subprocess.run(
        [*find_terraform(fall_back=True).command, *arguments],
        cwd=folder,
        env=child_environment() | {"TF_VAR_zenstrap_state_serial": "0"},
        capture_output=True,
        text=True,
    )
    if done.returncode not in allowed:
        sys.exit(done.stdout + done.stderr)
    return done.returncode, done.stdout


def provision(folder: Path, projects: list[str]) -> Any:
    """Terraform's outputs, after an apply if something is missing."""
    root = folder / "modules" / "environments" / "local"
    if not root.exists():
        shutil.copytree(modules_folder(), folder / "modules")
        terraform(root, "init", "-input=false")
    values = {"environment": "hand", "ml_projects": projects, "root": str(folder / "artifacts")}
    (root / "variables.tfvars.json").write_text(json.dumps(values))
    options = ("-input=false", "-out=plan", "-var-file=variables.tfvars.json")
    code, _ = terraform(root, "plan", "-detailed-exitcode", *options, allowed=(NOTHING, CHANGES))
    if code == CHANGES:
        terraform(root, "apply", "-input=false", "plan")
    return json.loads(terraform(root, "output", "-json")[1])


def register(name: str, path: str) -> None:
    """Register a stack with its artifact store; if it is new, train on it and create its alias."""
    from zenml.client import Client
    from zenml.enums import StackComponentType

    client = Client()
    kind = StackComponentType.ARTIFACT_STORE
    store = f"{name}-artifact-store"
    if not client.list_stack_components(name=store, type=kind).items:
        client.create_stack_component(store, "local", kind, {"path": path})
    parts = {kind: store, StackComponentType.ORCHESTRATOR: "hand-orchestrator"}
    version = f"{name}-v1.0.0"
    if client.list_stacks(name=version).items:
        return
    client.create_stack(version, parts)
    train(version)
    client.create_stack(name, parts)


def train(stack: str) -> None:
    """Run the training of zenstrap's smoke test, and read its model back."""
    from zenml.client import Client

    from pipelines.smoke_training import smoke_training
    from zenstrap.smoke_test.training import predictions

    client = Client()
    before = client.active_stack_model.id
    client.activate_stack(stack)
    run = smoke_training()
    client.activate_stack(before)
    assert run is not None
    run = client.get_pipeline_run(run.id)
    evaluation = run.steps["evaluate_model"].outputs["evaluation"][0].load()
    model = run.steps["train_model"].outputs["model"][0].load()
    held_out = run.steps["load_data"].outputs["test"][0].load()
    assert evaluation.accuracy >= LEAST_ACCURACY
    assert list(predictions(model, held_out.features)) == list(evaluation.predictions)


def main(folder: Path, projects: list[str]) -> None:
    outputs = provision(folder, projects)
    from zenml.client import Client
    from zenml.enums import StackComponentType

    client = Client()
    kind = StackComponentType.ORCHESTRATOR
    if not client.list_stack_components(name="hand-orchestrator", type=kind).items:
        client.create_stack_component("hand-orchestrator", "local", kind, {})
    register("hand", outputs["artifact_store"]["value"]["uri"])
    for project, values in outputs["ml_projects"]["value"].items():
        register(f"hand-{project}", values["artifact_store_uri"])


if __name__ == "__main__":
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    main(Path(sys.argv[1]), sys.argv[2:])
