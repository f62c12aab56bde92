"""The modules by themselves: their own tests, their README, and what their scripts refuse."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from zenstrap.paths import modules_folder
from zenstrap.terraform.binary import TerraformBinary
from zenstrap.terraform.environment_variables import child_environment

from .conftest import MakeWorkspace, snapshot
from .module_readme import built_in_modules, examples, with_tables

SCRIPTS = modules_folder() / "local_artifact_store" / "scripts"
OWNER = (
    '{"environment":"local",\n "incarnation":"%s",\n "managed_by":"zenstrap",\n "ml_project":%s}'
)

MODULES = pytest.mark.parametrize("module", built_in_modules(), ids=lambda module: module.name)


def terraform_in(folder: Path, terraform: TerraformBinary, *arguments: str) -> str:
    done = subprocess.run(
        [*terraform.command, *arguments],
        cwd=folder,
        env=child_environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the modules, which Terraform may write into."""
    hidden = shutil.ignore_patterns(".terraform*")
    return Path(shutil.copytree(modules_folder(), tmp_path / "it's modules", ignore=hidden))


@MODULES
def test_the_modules_own_tests(module: Path, copied: Path, terraform: TerraformBinary) -> None:
    folder = copied / module.relative_to(modules_folder())
    terraform_in(folder, terraform, "init", "-backend=false")
    terraform_in(folder, terraform, "validate")
    assert ", 0 failed" in terraform_in(folder, terraform, "test", "-no-color")
    assert not list((folder / ".terraform").glob("*root"))


@MODULES
def test_the_modules_are_formatted(module: Path, terraform: TerraformBinary) -> None:
    terraform_in(module, terraform, "fmt", "-check", "-recursive", "-diff")


@MODULES
def test_the_readme_is_fresh(module: Path) -> None:
    assert (module / "README.md").read_text() == with_tables(module), (
        "renew it with: python -m tests.terraform.module_readme"
    )


@MODULES
def test_the_readmes_examples(module: Path, copied: Path, make_workspace: MakeWorkspace) -> None:
    assert examples(module)
    for number, (code, count) in enumerate(examples(module)):
        root = copied / f"example{number}"
        root.mkdir()
        (root / "main.tf").write_text('terraform {\n  backend "local" {}\n}\n\n' + code)
        plan = make_workspace(root, environment=f"example{number}").plan({})
        assert len(plan.changes) == plan.counts.create == count


class Script:
    """Runs the modules' scripts as Terraform does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "ml_projects" / "fraud"
        self.marker = self.folder / ".zenstrap.json"

    def run(
        self, name: str, incarnation: str = "1", project: str = "fraud", owner: str = ""
    ) -> tuple[int, str]:
        marker = OWNER % (incarnation, json.dumps(project))
        if owner:
            marker = f'{marker[:-1]},\n "owner":"{owner}"}}'
        done = subprocess.run(
            ["sh", str(SCRIPTS / f"{name}.sh")],
            env={
                "PATH": child_environment()["PATH"],
                "ROOT": str(self.root),
                "FOLDER": str(self.folder),
                "MARKER": marker,
            },
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def script(tmp_path: Path) -> Script:
    return Script(tmp_path / "-r 'oo\"t $x")


def test_made_and_removed(script: Script) -> None:
    assert script.run("make") == (0, "")
    assert json.loads(script.marker.read_text())["incarnation"] == "1"
    (script.folder / ".hidden").mkdir()
    (script.folder / "..odd").touch()
    (script.folder / "- f").touch()
    assert script.run("remove") == (0, "")
    assert not script.root.exists()
    assert script.run("remove") == (0, "")


def test_root_stays_while_something_is_in_it(script: Script) -> None:
    script.run("make")
    (script.root / "notes").touch()
    script.run("remove")
    assert [path.name for path in script.root.iterdir()] == ["notes"]


def test_taken_over_after_a_kill(script: Script) -> None:
    # The folder is there, whole or half made, and no state knows of it.
    script.folder.mkdir(parents=True)
    assert script.run("make")[0] == 0
    (script.folder / "model").touch()
    (script.folder / ".zenstrap.json.new").write_text("{")
    assert script.run("make", incarnation="2") == (0, "")
    assert json.loads(script.marker.read_text())["incarnation"] == "2"
    script.marker.rename(script.folder / ".zenstrap.json.new")
    (script.folder / "model").unlink()
    assert script.run("make")[0] == 0


@pytest.mark.parametrize("content", ["", "{", OWNER % ("1", '"other"'), '{"managed_by":"x"}'])
def test_somebody_elses_marker_is_refused(content: str, script: Script) -> None:
    script.folder.mkdir(parents=True)
    script.marker.write_text(content)
    before = snapshot(script.root)
    code, said = script.run("make")
    assert code == 1 and "belongs to somebody else" in said and str(script.folder) in said
    assert script.run("remove")[0] == 0
    assert snapshot(script.root) == before


MINE, THEIRS = "0123456789ab", "ba9876543210"


def test_another_owners_folder_is_refused_though_the_names_are_the_same(script: Script) -> None:
    assert script.run("make", owner=MINE)[0] == 0
    assert json.loads(script.marker.read_text())["owner"] == MINE
    before = snapshot(script.root)
    code, said = script.run("make", owner=THEIRS)
    assert code == 1 and "belongs to somebody else" in said
    assert snapshot(script.root) == before
    assert script.run("make", incarnation="2", owner=MINE) == (0, "")
    # Terraform's destroy provisioner doesn't know the id: what is in the state is ours.
    assert script.run("remove", incarnation="2") == (0, "")
    assert not script.folder.exists()


def test_a_folder_from_before_there_were_owners(script: Script) -> None:
    assert script.run("make")[0] == 0
    assert script.run("make", owner=MINE) == (0, "")  # a run was killed here
    script.run("remove")
    assert script.run("make")[0] == 0
    (script.folder / "model").touch()
    before = snapshot(script.root)
    code, said = script.run("make", owner=MINE)
    assert code == 1 and "names no owner" in said
    assert snapshot(script.root) == before
    assert script.run("remove") == (0, "")
    assert not script.folder.exists()


def test_a_folder_without_a_marker_is_left_alone(script: Script) -> None:
    script.folder.mkdir(parents=True)
    (script.folder / "thesis").write_text("years")
    before = snapshot(script.root)
    assert script.run("make")[0] == 1
    code, said = script.run("remove")
    assert code == 0 and "carries no marker" in said
    assert snapshot(script.root) == before


def test_a_file_in_the_way(script: Script) -> None:
    script.folder.parent.mkdir(parents=True)
    script.folder.touch()
    code, said = script.run("make")
    assert code == 1 and "is not a folder" in said


def test_another_incarnation_is_left_alone(script: Script) -> None:
    script.run("make", incarnation="2")
    assert "not the one" in script.run("remove", incarnation="1")[1]
    assert script.marker.exists()


@pytest.mark.parametrize("link", ["ml_projects", "ml_projects/fraud"])
def test_links_are_not_followed(link: str, script: Script, tmp_path: Path) -> None:
    elsewhere = Script(tmp_path / "elsewhere")
    elsewhere.run("make")
    target = elsewhere.root / link
    (script.root / link).parent.mkdir(parents=True)
    (script.root / link).symlink_to(target)
    before = snapshot(elsewhere.root)
    code, said = script.run("make")
    assert code == 1 and "symbolic link" in said
    code, said = script.run("remove")
    assert code == 0 and "symbolic link" in said
    assert snapshot(elsewhere.root) == before


def test_links_inside_are_removed_and_not_followed(script: Script, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    script.run("make")
    (script.folder / "data").symlink_to(precious)
    script.run("remove")
    assert not script.root.exists() and (precious / "file").exists()


def test_a_removal_that_was_cut_short_can_be_repeated(script: Script, tmp_path: Path) -> None:
    script.run("make")
    (script.folder / "model").touch()
    (script.folder / ".zz").touch()
    # rm fails on the entry that comes after the marker, as on a file that is busy.
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "rm").write_text('#!/bin/sh\ncase $* in *.zz) exit 1 ;; esac\ncommand -p rm "$@"\n')
    (tools / "rm").chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{tools}:{child_environment()['PATH']}")
        assert script.run("remove")[0] != 0
    assert script.marker.exists() and not (script.folder / "model").exists()
    assert script.run("remove") == (0, "")
    assert not script.root.exists()
