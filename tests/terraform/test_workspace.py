"""The whole way on the local environment, with the real Terraform."""

from __future__ import annotations

import json
import shlex
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from zenstrap.errors import PlanChangedError, RefusedError, StateGuardError, TerraformError
from zenstrap.events import Event, ResourceFinished, ResourceStarted
from zenstrap.terraform.binary import TerraformBinary
from zenstrap.terraform.state import check_state
from zenstrap.terraform.workspace import Workspace

from .conftest import LOCAL_ROOT, MakeProgram, MakeWorkspace, mode, snapshot


def variables(tmp_path: Path, *projects: str, environment: str = "local") -> dict[str, Any]:
    return {
        "environment": environment,
        "root": str(tmp_path / 'it\'s "my" $(art) ünd' / environment),
        "ml_projects": list(projects),
        "labels": {"team": "ml"},
        "retention": {"artifact_days": 90},
    }


def up(workspace: Workspace, values: dict[str, Any], destroy: bool = False) -> None:
    plan = workspace.plan(values, destroy=destroy)
    workspace.apply(plan.digest)


def test_full_cycle(make_workspace: MakeWorkspace, tmp_path: Path, events: list[Event]) -> None:
    module_before = snapshot(LOCAL_ROOT.parent.parent)
    workspace = make_workspace()
    values = variables(tmp_path, "fraud", "reco")
    root = Path(values["root"])
    assert workspace.state() is None

    plan = workspace.plan(values)
    assert plan.counts.create == 3 and not plan.destructive
    # Known before anything exists, so that the registrations can be planned too.
    assert all(output.known for output in plan.outputs.values())
    assert plan.outputs["artifact_store"].value == {"uri": f"{root}/shared"}
    assert not root.exists()

    summary = workspace.apply(plan.digest)
    assert (summary.created, summary.updated, summary.destroyed) == (3, 0, 0)
    for folder, project in (("shared", None), ("ml_projects/fraud", "fraud")):
        marker = json.loads((root / folder / ".zenstrap.json").read_text())
        del marker["incarnation"]
        assert marker == {
            "managed_by": "zenstrap",
            "environment": "local",
            "ml_project": project,
        }
    assert sum(isinstance(event, ResourceStarted) for event in events) == 3
    assert sum(isinstance(event, ResourceFinished) for event in events) == 3
    outputs = {name: output.value for name, output in workspace.outputs().items()}
    assert outputs == {name: output.value for name, output in plan.outputs.items()}
    assert outputs["ml_projects"]["fraud"] == {"artifact_store_uri": f"{root}/ml_projects/fraud"}  # type: ignore[index]
    assert outputs["retention"] == {"artifact_days": 90, "stack_versions": 3, "ttl": None}

    assert workspace.plan(values).is_empty

    # A project that leaves takes its own folder along, and nothing else.
    (root / "shared" / "model").write_text("weights")
    (root / "ml_projects/reco/model").write_text("weights")
    without = variables(tmp_path, "fraud")
    plan = workspace.plan(without)
    (change,) = plan.destructive
    assert change.action == "destroy" and change.module == 'module.ml_projects["reco"]'
    workspace.apply(plan.digest)
    assert not (root / "ml_projects/reco").exists()
    assert (root / "shared" / "model").exists() and (root / "ml_projects/fraud").exists()

    with pytest.raises(RefusedError, match="still holds 2 resources"):
        workspace.remove()
    up(workspace, without, destroy=True)
    assert not root.exists()
    identity = workspace.state()
    assert identity is not None and identity.resources == 0
    workspace.plan_file.unlink()
    workspace.remove()
    workspace.remove()  # killed in between: once more does no harm
    assert not workspace.data_folder.exists() and not workspace.storage.folder.exists()  # type: ignore[union-attr]
    assert snapshot(LOCAL_ROOT.parent.parent) == module_before


def test_a_vanished_folder_is_made_again(
    make_workspace: MakeWorkspace, tmp_path: Path, events: list[Event]
) -> None:
    workspace = make_workspace()
    values = variables(tmp_path, "fraud")
    shared = Path(values["root"]) / "shared"
    up(workspace, values)
    for _ in range(2):
        shutil.rmtree(shared)
        plan = workspace.plan(values)
        assert [(one.action, one.vanished, one.module) for one in plan.changes] == [
            ("create", True, "module.shared")
        ]
        assert not plan.destructive and plan.outputs["artifact_store"].known
        events.clear()
        summary = workspace.apply(plan.digest)
        assert (summary.created, summary.destroyed) == (1, 0)
        assert {event.action for event in events if isinstance(event, ResourceStarted)} == {
            "create"
        }
        assert shared.is_dir()
        assert workspace.plan(values).is_empty


def test_what_comes_back_before_the_apply_is_kept(
    make_workspace: MakeWorkspace, tmp_path: Path
) -> None:
    workspace = make_workspace()
    values = variables(tmp_path)
    shared = Path(values["root"]) / "shared"
    up(workspace, values)
    (shared / "model").write_text("weights")
    away = shared.rename(shared.with_name("away"))
    plan = workspace.plan(values)
    away.rename(shared)
    workspace.apply(plan.digest)
    assert (shared / "model").read_text() == "weights"
    assert workspace.plan(values).is_empty


def test_a_folder_of_somebody_else_is_refused(
    make_workspace: MakeWorkspace, tmp_path: Path
) -> None:
    workspace = make_workspace()
    values = variables(tmp_path)
    shared = Path(values["root"]) / "shared"
    shared.mkdir(parents=True)
    (shared / "thesis.tex").write_text("years of work")
    plan = workspace.plan(values)
    with pytest.raises(TerraformError, match="holds files and carries no marker") as caught:
        workspace.apply(plan.digest)
    assert str(shared) in str(caught.value) and "Move the folder away" in str(caught.value)
    assert "terraform_data.folder" in (caught.value.where or "")
    assert snapshot(shared) == {"thesis.tex": b"years of work"}

    up(workspace, values, destroy=True)
    assert snapshot(shared) == {"thesis.tex": b"years of work"}

    # Out of the way, the next run goes on without a question: nothing is destroyed.
    with pytest.raises(TerraformError):
        workspace.apply(workspace.plan(values).digest)
    shared.rename(tmp_path / "thesis")
    plan = workspace.plan(values)
    assert not plan.destructive
    workspace.apply(plan.digest)
    assert (shared / ".zenstrap.json").is_file()
    assert workspace.plan(values).is_empty


def test_another_root_is_another_folder(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    workspace = make_workspace()
    values = variables(tmp_path, "fraud")
    up(workspace, values)
    moved = {**values, "root": str(tmp_path / "moved")}
    plan = workspace.plan(moved)
    assert (plan.counts.create, plan.counts.destroy, len(plan.destructive)) == (2, 2, 2)
    workspace.apply(plan.digest)
    assert not Path(values["root"]).exists()
    assert (tmp_path / "moved/ml_projects/fraud/.zenstrap.json").is_file()


def test_only_the_user_can_read_what_is_kept(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    workspace = make_workspace()
    plan = workspace.plan(variables(tmp_path))
    assert mode(workspace.plan_file) == 0o600
    workspace.apply(plan.digest)
    up(workspace, variables(tmp_path, "fraud"))  # makes a backup of the state
    kept = list((tmp_path / "home/environments/local").rglob("*"))
    assert {path.name for path in kept} >= {"terraform.tfstate", "terraform.tfstate.backup", "plan"}
    assert {mode(path) for path in kept if path.is_file()} == {0o600}
    assert {mode(path) for path in kept if path.is_dir()} == {0o700}
    assert not list(workspace.run_folder.glob("*.tfvars*"))


def test_two_plans_of_one_state_have_one_digest(
    make_workspace: MakeWorkspace, tmp_path: Path
) -> None:
    workspace = make_workspace()
    values = variables(tmp_path, "fraud")
    first = workspace.plan(values)
    assert workspace.plan(values).digest == first.digest
    assert workspace.shown(workspace.plan_file) == workspace.plan(values)
    other = workspace.plan(variables(tmp_path, "reco"))
    assert other.digest != first.digest

    # The plan file is now the other one's.
    with pytest.raises(PlanChangedError, match="not the one that was approved"):
        workspace.apply(first.digest)
    assert not Path(values["root"]).exists()


def test_a_stale_plan_is_refused(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    workspace = make_workspace()
    plan = workspace.plan(variables(tmp_path))
    workspace.apply(plan.digest)
    with pytest.raises(PlanChangedError, match="out of date"):
        workspace.apply(plan.digest)
    workspace.plan_file.unlink()
    with pytest.raises(TerraformError, match="plan file does not exist"):
        workspace.apply(plan.digest)


def test_damaged_states_stop_before_a_plan(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    workspace = make_workspace()
    values = variables(tmp_path, "fraud")
    up(workspace, values)
    recorded = workspace.state()
    file = workspace.storage.file("local")  # type: ignore[attr-defined]
    good = file.read_bytes()
    workspace.plan_file.unlink()

    for content, message in ((b"", "is empty"), (good[:-50], "is damaged")):
        file.write_bytes(content)
        for attempt in (lambda: workspace.plan(values), workspace.state, workspace.remove):
            with pytest.raises(StateGuardError, match=message):
                attempt()
    assert not workspace.plan_file.exists()

    file.unlink()
    with pytest.raises(StateGuardError, match="is missing"):
        check_state(recorded, workspace.state())
    document = json.loads(good)
    file.write_text(json.dumps({**document, "lineage": "another"}))
    with pytest.raises(StateGuardError, match="not the one that the last run recorded"):
        check_state(recorded, workspace.state())
    file.write_text(json.dumps({**document, "serial": document["serial"] - 1}))
    with pytest.raises(StateGuardError, match="older"):
        check_state(recorded, workspace.state())
    file.write_bytes(good)
    check_state(recorded, workspace.state())


def test_wrong_values_are_explained(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    workspace = make_workspace()
    with pytest.raises(TerraformError) as caught:
        workspace.plan({**variables(tmp_path), "environment": "Prod!"})
    assert caught.value.what == "Invalid value for variable"
    assert caught.value.where == str(LOCAL_ROOT)
    assert "lower-case letters and digits" in str(caught.value)
    assert "\x1b" not in str(caught.value) and "│" not in str(caught.value)


def test_a_broken_module_is_explained(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "main.tf").write_text('terraform {\n  backend "local" {}\n}\n\nresource "a" {\n}\n')
    with pytest.raises(TerraformError) as caught:
        make_workspace(root=broken)
    assert caught.value.where == "main.tf:5"
    assert "Missing name for resource" in caught.value.what


def test_environments_run_side_by_side(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    def cycle(environment: str) -> None:
        workspace = make_workspace(environment=environment)
        values = variables(tmp_path, "fraud", environment=environment)
        up(workspace, values)
        assert workspace.plan(values).is_empty
        assert workspace.outputs()["artifact_store"].value == {"uri": f"{values['root']}/shared"}
        up(workspace, values, destroy=True)
        workspace.remove()

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(cycle, ["one", "two", "three"]))


def test_a_resource_is_found_and_forgotten_by_its_address(
    make_workspace: MakeWorkspace, tmp_path: Path
) -> None:
    workspace = make_workspace()
    assert workspace.resources() == ()
    up(workspace, variables(tmp_path, "fraud"))
    found = {one.address: one for one in workspace.resources()}
    (project,) = [address for address in found if address.startswith("module.ml_projects")]
    assert len(found) == 2
    assert found[project].type == "terraform_data" and found[project].id

    # The address is the one that Terraform knows, quotes and all, or this would fail.
    workspace.forget([project])
    assert {one.address for one in workspace.resources()} == found.keys() - {project}


def test_a_wrapper_that_prints_its_own_lines_is_no_hindrance(
    make_workspace: MakeWorkspace,
    make_program: MakeProgram,
    terraform: TerraformBinary,
    tmp_path: Path,
) -> None:
    """As GitHub's setup-terraform does around everything, and version managers before."""
    wrapper = make_program(
        f'echo "[command]terraform $*"\n{shlex.join(terraform.command)} "$@"; code=$?\n'
        'echo "::debug::Terraform exited with code $code."; exit $code'
    )
    workspace = make_workspace(binary=replace(terraform, command=(str(wrapper),)))
    values = variables(tmp_path, "fraud")
    up(workspace, values)
    assert workspace.plan(values).is_empty
    assert set(workspace.outputs()) == {"artifact_store", "labels", "ml_projects", "retention"}
    assert len(workspace.resources()) == 2


def test_the_reason_why_a_root_is_refused_is_the_true_one(
    make_workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with pytest.raises(TerraformError) as caught:
        make_workspace().plan(variables(tmp_path, "fraud") | {"root": f"{tmp_path}/a\nb"})
    assert "no line break" in str(caught.value) and "slash" not in str(caught.value)
