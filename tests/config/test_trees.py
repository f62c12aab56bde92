from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.conftest import Configs
from zenstrap.config import load_environment
from zenstrap.config.reading import parse
from zenstrap.config.trees import Origin, Scalar, Sequence, Table, Tree, merged, plain

DEV, FRAUD = "environments/dev.yaml", "ml_projects/fraud_detection.yaml"

# Enough for what these can find; a busy machine may take its time.
some = settings(max_examples=25, deadline=None)

scalars = st.none() | st.booleans() | st.integers() | st.text("xé \n", max_size=3)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
    max_leaves=6,
)
tables = st.dictionaries(st.sampled_from("abcd"), values, max_size=4)


def tree(value: Any, file: str = "a.yaml") -> Tree:
    origin = Origin(file, 1, "")
    if isinstance(value, dict):
        return Table(
            origin, {k: tree(v, file) for k, v in value.items()}, dict.fromkeys(value, origin)
        )
    if isinstance(value, list):
        return Sequence(origin, tuple(tree(item, file) for item in value))
    return Scalar(origin, value)


@some
@given(tables)
def test_nothing_laid_over_or_under_changes_nothing(value: dict[str, Any]) -> None:
    assert plain(merged(tree(value), tree({}))) == value
    assert plain(merged(tree({}), tree(value))) == value


@some
@given(tables)
def test_laid_over_itself_nothing_changes(value: dict[str, Any]) -> None:
    assert plain(merged(tree(value), tree(value))) == value


@some
@given(tables, tables)
def test_laying_the_same_over_twice_is_laying_it_over_once(
    base: dict[str, Any], over: dict[str, Any]
) -> None:
    once = merged(tree(base), tree(over))
    assert plain(merged(once, tree(over))) == plain(once)


@some
@given(tables, tables, tables)
def test_grouping_does_not_matter(a: dict[str, Any], b: dict[str, Any], c: dict[str, Any]) -> None:
    left = merged(merged(tree(a), tree(b)), tree(c))
    right = merged(tree(a), merged(tree(b), tree(c)))
    # One difference is wanted: a map, null or list in the middle cuts off what lies below it, and
    # it does so only if it is laid there first. Without such a cut both are the same.
    if not _cuts(a, b) and not _cuts(b, c):
        assert plain(left) == plain(right)


def _cuts(base: Any, over: Any) -> bool:
    if not (isinstance(base, dict) and isinstance(over, dict)):
        return isinstance(base, dict) or isinstance(over, dict)
    return any(_cuts(base[key], over[key]) for key in base.keys() & over.keys())


@some
@given(tables, tables)
def test_the_upper_layer_wins_and_nothing_is_lost(
    base: dict[str, Any], over: dict[str, Any]
) -> None:
    result = plain(merged(tree(base), tree(over)))
    assert result.keys() == base.keys() | over.keys()
    for key, value in over.items():
        if not isinstance(value, dict):
            assert result[key] == value
    for key in base.keys() - over.keys():
        assert result[key] == base[key]


def test_lists_replace() -> None:
    assert plain(merged(tree({"a": [1, 2]}), tree({"a": [3]}))) == {"a": [3]}
    assert plain(merged(tree({"a": [1, 2]}), tree({"a": []}))) == {"a": []}


def test_an_explicit_null_replaces() -> None:
    assert plain(merged(tree({"a": {"b": 1}}), tree({"a": None}))) == {"a": None}


@some
@given(tables, tables)
def test_every_value_keeps_the_file_it_came_from(
    base: dict[str, Any], over: dict[str, Any]
) -> None:
    result = merged(tree(base, "base.yaml"), tree(over, "over.yaml"))
    assert isinstance(result, Table)
    for key in result.entries:
        came_from = "over.yaml" if key in over else "base.yaml"
        assert result.keys[key].file == came_from
        if not isinstance(result.entries[key], Table):
            assert result.entries[key].origin.file == came_from


def test_another_flavor_keeps_the_version_and_none_of_the_settings() -> None:
    base, _ = parse("{version: 2.0.0, flavor: vertex, machine_type: n1-standard-8}", "base.yaml")
    over, _ = parse("{flavor: kubernetes, cluster: ml}", "over.yaml")
    same, _ = parse("{flavor: vertex, location: europe-west4}", "same.yaml")
    assert plain(merged(base, over)) == {
        "version": "2.0.0",
        "flavor": "kubernetes",
        "cluster": "ml",
    }
    assert plain(merged(base, same))["machine_type"] == "n1-standard-8"


def test_doubt_goes_when_another_layer_replaces_the_doubtful_value() -> None:
    origin = Origin("a.yaml", 1, "")
    base = Table(origin, {"a": Scalar(origin, 1), "b": Scalar(origin, 1)}, {}, frozenset("ab"))
    over = Table(origin, {"a": Scalar(origin, 2)}, {"a": origin})
    result = merged(base, over)
    assert isinstance(result, Table)
    assert result.doubtful == {"b"}


def test_a_label_that_is_null_takes_the_defaults_away(configs: Configs) -> None:
    configs.edit(DEV, "  stage: dev", "  stage: dev\n  cost_center: null")
    configs.edit(FRAUD, "team: risk", "team: risk\n  stage: null")
    config = load_environment("dev", configs.folder)
    assert config.labels == {"stage": "dev"}
    assert config.ml_projects["fraud_detection"].labels == {"team": "risk"}
    assert config.ml_projects["recommendation"].labels["stage"] == "dev"
