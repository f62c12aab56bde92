"""The arrows between the parts point one way, there is no circle, and a cloud has one place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.structure import DOUBLE, ROOTS, Source, Structure, floor_of, within
from zenstrap.paths import project_root

PRODUCT = Structure.of(project_root())

# What a secret of Google's looks like is redaction's to know, whatever the platform.
NAME_A_CLOUD = {"zenstrap.redaction"}


def test_no_arrow_points_up() -> None:
    assert PRODUCT.arrows_up() == []


def test_there_is_no_circle() -> None:
    assert PRODUCT.circles() == []


def test_nobody_asks_which_platform_it_is() -> None:
    assert PRODUCT.platform_questions() == []


def test_a_cloud_is_named_in_its_own_package_only() -> None:
    assert set(PRODUCT.cloud_words()) == NAME_A_CLOUD


def test_what_zenml_does_not_document_is_used_in_one_place() -> None:
    assert PRODUCT.undocumented() == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from zenml.utils import source_utils", True),
        ("def f():\n    import zenml.config.global_config", True),
        ("client.zen_store.create_stack(request)", True),
        ("import zenml\nfrom zenml.client import Client\nfrom zenml import step", False),
    ],
)
def test_it_would_be_found(tmp_path: Path, text: str, found: bool) -> None:
    file = tmp_path / "module.py"
    file.write_text(text)
    assert bool([*Source("module", file, False).undocumented()]) is found


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("zenstrap.lifecycle.proving", "steps.plan"),
        ("zenstrap.platforms.gcp.platform", "zenstrap.running"),
        ("zenstrap.terraform.plan", "zenstrap.platforms.gcp.provider"),
        ("zenstrap.config.models", "zenstrap.registry.model"),
        ("steps.plan", "pipelines.bootstrap"),
    ],
)
def test_these_would_point_up(importer: str, imported: str) -> None:
    assert floor_of(imported) > floor_of(importer)


@pytest.mark.parametrize(
    "packages",
    [("zenstrap.registry", "zenstrap.terraform", "zenstrap.lease", "zenstrap.smoke_test")],
)
def test_siblings_know_nothing_of_each_other(packages: tuple[str, ...]) -> None:
    crossing = [
        (name, other)
        for name, others in PRODUCT.edges.items()
        for other in others
        if len({one for one in packages if within(name, one) or within(other, one)}) > 1
    ]
    assert crossing == []


def test_views_draw_without_zenml() -> None:
    views = [source for name, source in PRODUCT.modules.items() if within(name, "zenstrap.views")]
    assert views and not [one for one in views if "zenml" in {*map(top, one.imports())}]


def test_the_double_knows_nothing_of_the_product() -> None:
    double = Structure.of(project_root(), (DOUBLE,))
    known = {top(one) for source in double.modules.values() for one in source.imports()}
    assert DOUBLE in known
    assert not known & {Path(root).stem for root in ROOTS}
    assert double.circles() == []
    making = f"{DOUBLE}.making"
    running = [others for name, others in double.edges.items() if not within(name, making)]
    assert not [one for others in running for one in others if within(one, making)]


def test_one_module_knows_the_double() -> None:
    modules = PRODUCT.modules.items()
    knowing = [name for name, source in modules if DOUBLE in {*map(top, source.imports())}]
    assert knowing == ["zenstrap.rehearsal"]


def top(name: str) -> str:
    return name.partition(".")[0]


def test_no_test_module_is_another_ones_library() -> None:
    """A rename in one would break a folder that has nothing to do with it."""
    tests = Structure.of(project_root(), ("tests",))
    borrowed = re.compile(r"tests\.(\w+\.)*test_\w+\.\w+")
    assert [
        f"{name}: {imported}"
        for name, source in tests.modules.items()
        for imported in source.imports()
        if borrowed.fullmatch(imported)
    ] == []
