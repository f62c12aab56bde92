"""The arrows between the parts point one way: run.py → cli → pipelines → steps → the domain."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from zenstrap.paths import project_root

SOURCES = ("run.py", "pipelines", "steps", "zenstrap")
DOMAIN = "zenstrap"


def modules() -> list[Path]:
    root = project_root()
    files = [root / "run.py"]
    for folder in SOURCES[1:]:
        files.extend(sorted((root / folder).rglob("*.py")))
    return files


def imports(file: Path) -> Iterator[str]:
    """Every module that a file imports, also within functions, but for type checking alone."""
    tree = ast.parse(file.read_text())
    skipped = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(project_root()).with_suffix("").parts)


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def forbidden(importer: str, imported: str) -> bool:
    """Whether an arrow from one module to another points the wrong way."""
    if within(importer, "run", "zenstrap.__main__"):  # the two ways in
        return within(imported, "pipelines", "steps") or (
            within(imported, DOMAIN)
            and not within(imported, "zenstrap.cli", "zenstrap.__main__", "zenstrap.signals")
            and imported != DOMAIN
        )
    if within(importer, "zenstrap.cli"):
        return within(imported, "steps", "run")
    if within(importer, "pipelines"):
        return within(imported, "zenstrap.cli", "run")
    if within(importer, "steps"):
        return within(imported, "zenstrap.cli", "pipelines", "run")
    if within(imported, "pipelines", "steps", "run", "zenstrap.cli"):
        return True
    # A lease on Google Cloud lies in the state bucket.
    if within(importer, "zenstrap.platforms.gcp.storage") and within(imported, "zenstrap.lease"):
        return False
    siblings = (
        "zenstrap.registry",
        "zenstrap.terraform",
        "zenstrap.platforms.gcp.storage",
        "zenstrap.lease",
    )
    for own in siblings:
        if within(importer, own):
            return within(imported, *(s for s in siblings if s != own), "zenstrap.lifecycle")
    if within(importer, "zenstrap.config", "zenstrap.errors"):
        names = ("config", "errors", "paths", "plain_files", "redaction")
        allowed = [f"{DOMAIN}.{name}" for name in names]
        return within(imported, DOMAIN) and not within(imported, *allowed) and imported != DOMAIN
    if within(importer, "zenstrap.views"):
        return within(imported, "zenstrap.lifecycle", "zenstrap.session", "zenml")
    return False


@pytest.mark.parametrize("file", modules(), ids=name_of)
def test_no_arrow_points_back(file: Path) -> None:
    wrong = sorted({m for m in imports(file) if forbidden(name_of(file), m)})
    assert wrong == []


def test_the_check_finds_wrong_arrows() -> None:
    assert forbidden("steps.plan", "pipelines.bootstrap")
    assert forbidden("zenstrap.lifecycle.proving", "steps.plan")
    assert forbidden("zenstrap.registry.diff", "zenstrap.terraform.plan")
    assert forbidden("zenstrap.lease.store", "zenstrap.platforms.gcp.storage.lease_store")
    assert not forbidden("zenstrap.registry.diff", "zenstrap.errors")
