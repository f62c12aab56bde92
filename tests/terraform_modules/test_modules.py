"""Each module for Google Cloud by itself: its own tests, its README and the README's examples."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.terraform.module_readme import examples, google_modules, modules, with_tables
from zenstrap.config import load_environment
from zenstrap.paths import modules_folder, project_root
from zenstrap.platforms.gcp.compliance import _rules

from .conftest import MakeModule

pytestmark = pytest.mark.slow  # Terraform's own tests of every module

FILES = {"README.md", "main.tf", "outputs.tf", "tests", "variables.tf", "versions.tf"}
ROOT = "environments/gcp"
NAMES = [str(one.relative_to(modules_folder())) for one in google_modules()]
_BLOCK = re.compile(r'^(variable|output|module) "(\w+)" \{', re.MULTILINE)


def test_all_modules_are_formatted() -> None:
    done = subprocess.run(
        ["terraform", "fmt", "-check", "-recursive", "-diff", str(modules_folder())],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_valid_and_passes_its_tests(name: str, module: MakeModule) -> None:
    tested = module(name)
    tested.terraform("validate", "-no-color")
    assert ", 0 failed" in tested.terraform("test", "-no-color")


@pytest.mark.parametrize("folder", google_modules(), ids=lambda folder: folder.name)
def test_a_module_has_every_file(folder: Path) -> None:
    assert {file.name for file in folder.iterdir()} >= FILES
    assert list((folder / "tests").glob("*.tftest.hcl"))


@pytest.mark.parametrize("folder", modules(), ids=lambda folder: folder.name)
def test_the_readme_is_fresh(folder: Path) -> None:
    assert (folder / "README.md").read_text() == with_tables(folder), (
        "renew it with: python -m tests.terraform.module_readme"
    )


@pytest.mark.parametrize("folder", google_modules(), ids=lambda folder: folder.name)
@pytest.mark.parametrize("file", ["variables.tf", "outputs.tf"])
def test_blocks_are_in_alphabetical_order(folder: Path, file: str) -> None:
    names = [name for _, name in _BLOCK.findall((folder / file).read_text())]
    assert names and names == sorted(names)


@pytest.mark.parametrize("folder", google_modules(), ids=lambda folder: folder.name)
def test_every_validation_is_tested(folder: Path) -> None:
    variables = (folder / "variables.tf").read_text()
    validations = {
        name: body.count("  validation {")
        for name, body in re.findall(
            r'^variable "(\w+)" \{\n(.*?)^\}', variables, re.MULTILINE | re.DOTALL
        )
    }
    tests = "".join(file.read_text() for file in (folder / "tests").glob("*.tftest.hcl"))
    for name, count in validations.items():
        assert len(re.findall(rf"expect_failures = \[var\.{name}\]", tests)) >= count, name


def test_the_readmes_examples(module: MakeModule, modules: Path) -> None:
    """All in one root: a plan takes longer to start than to make."""
    folder = modules / "examples"
    folder.mkdir()
    expected = {}
    for name in NAMES:
        assert examples(modules_folder() / name), f"{name} has no example"
        if name == ROOT:
            continue
        for code, count in examples(modules_folder() / name):
            ((_, called),) = _BLOCK.findall(code)
            (folder / f"{called}.tf").write_text(code)
            expected[called] = count
    planned = dict.fromkeys(expected, 0)
    for change in module("examples").plan()["resource_changes"]:
        if change["mode"] == "managed":
            planned[change["address"].split(".")[1].partition("[")[0]] += 1
    assert planned == expected


def test_the_roots_example(module: MakeModule) -> None:
    ((variables, count),) = examples(modules_folder() / ROOT)
    root = module(ROOT)
    (root.folder / "example.tfvars").write_text(variables)
    changes = root.plan("-var-file=example.tfvars")["resource_changes"]
    assert [one["change"]["actions"] for one in changes if one["mode"] == "managed"] == [
        ["create"]
    ] * count


def test_the_guide_names_every_module_and_every_rule() -> None:
    guide = (project_root() / "docs" / "modules.md").read_text()
    for name in NAMES:
        assert name in guide
    rules = {f"`{rule}`" for rule in _rules(load_environment("prod"))}
    rows = [line.split("|")[3].strip() for line in guide.splitlines() if line.count("|") == 5]
    assert rules <= set(rows)
