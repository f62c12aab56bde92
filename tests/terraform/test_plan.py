from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenstrap.errors import TerraformError
from zenstrap.platforms.gcp.provider import PROVIDER
from zenstrap.terraform import values
from zenstrap.terraform.plan import Plan, is_vanished, parse_plan, sensitive_strings

SECRET = "hunter2hunter2"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def resource(address: str = "x.a", actions: tuple[str, ...] = ("update",), **rest: Any) -> Any:
    change = {
        "actions": actions,
        "before": None,
        "after": None,
        "after_unknown": {},
        "before_sensitive": False,
        "after_sensitive": False,
    }
    outer = {name: rest.pop(name) for name in ("deposed", "action_reason", "mode") if name in rest}
    return {
        "address": address,
        "mode": "managed",
        "type": rest.pop("type", "x"),
        **outer,
        "change": {**change, **rest},
    }


def document(*changes: Any, **rest: Any) -> dict[str, Any]:
    return {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "timestamp": "2026-11-22T23:02:46Z",
        "resource_changes": list(changes),
        **rest,
    }


def parse(*changes: Any, **rest: Any) -> Plan:
    return parse_plan(json.dumps(document(*changes, **rest)), PROVIDER)


def test_actions_and_counts() -> None:
    plan = parse(
        resource("x.e", ("delete", "create"), replace_paths=[["location"], ["rule", 0, "a b"]]),
        resource("x.a", ("no-op",)),
        resource("x.b", ("create",)),
        resource("x.c", ("update",)),
        resource("x.d", ("delete",)),
        resource("x.f", ("create", "delete")),
        resource("x.g", ("forget",)),
        resource("data.x.h", ("read",), mode="data"),
    )
    assert [(one.address, one.action) for one in plan.changes] == [
        ("x.b", "create"),
        ("x.c", "update"),
        ("x.d", "destroy"),
        ("x.e", "replace"),
        ("x.f", "replace"),
        ("x.g", "destroy"),
    ]
    assert plan.counts.model_dump() == {"create": 1, "update": 1, "replace": 2, "destroy": 2}
    assert [one.address for one in plan.destructive] == ["x.d", "x.e", "x.f", "x.g"]
    assert plan.changes[3].forced_by == ("location", 'rule[0]["a b"]')
    assert not plan.is_empty


def test_keys_are_kept_where_a_plan_would_destroy_them() -> None:
    key = resource("kms.key", ("delete",), type="google_kms_crypto_key", before={"name": "k"})
    ring = resource("kms.ring", ("delete",), type="google_kms_key_ring", before={"name": "r"})
    bucket = resource("bucket", ("delete",), type="google_storage_bucket", before={"name": "b"})
    with_keys, without = parse(bucket, key, ring), parse(bucket)
    assert [one.address for one in with_keys.kept] == ["kms.key", "kms.ring"]
    assert [one.address for one in with_keys.changes] == ["bucket"]
    # What is approved with the keys in the state is what is left when they are forgotten.
    assert with_keys.digest == without.digest
    assert not parse(key).is_empty and parse(key).destructive == ()

    remade = resource("kms.key", ("delete", "create"), type="google_kms_crypto_key")
    assert parse(remade).kept == () and len(parse(remade).destructive) == 1


def test_an_etag_alone_is_no_drift() -> None:
    def drifted(**after: str) -> Any:
        before = {"etag": "1", "role": "r"}
        return resource("m.m", before=before, after={**before, **after})

    assert parse(resource_drift=[drifted(etag="2")]).drift == ()
    (found,) = parse(resource_drift=[drifted(etag="2", role="s")]).drift
    assert [one.path for one in found.attributes] == ["etag", "role"]


def test_the_settings_that_a_policy_asks_for_are_there_changed_or_not() -> None:
    same = {"name": "b", "encryption": [{"default_kms_key_name": "k"}], "force_destroy": False}
    plan = parse(
        resource("b.b", ("no-op",), type="google_storage_bucket", before=same, after=same),
        resource("b.a", ("delete",), type="google_storage_bucket", before=same),
        resource(
            "r.a",
            ("create",),
            type="google_artifact_registry_repository",
            after={"docker_config": []},
            after_unknown={"kms_key_name": True},
        ),
    )
    assert {one.address: dict(one.values) for one in plan.settings} == {
        "b.b": {
            "encryption": [{"default_kms_key_name": "k"}],
            "force_destroy": False,
            "public_access_prevention": None,
            "uniform_bucket_level_access": None,
        },
        "r.a": {"docker_config": [], "kms_key_name": "(known after apply)"},
    }


@pytest.mark.parametrize(
    "type",
    [
        "google_cloud_run_v2_service_iam_member",
        "google_folder_iam_policy",
        "google_something_new_iam_binding",
        "google_storage_bucket_access_control",
        "google_storage_bucket_acl",
        "google_bigquery_dataset_access",
    ],
)
def test_every_grant_is_there_with_what_it_says(type: str) -> None:
    after = {"members": ["allUsers"], "role": "r", "policy_data": "{}", "etag": "1"}
    plan = parse(
        resource(
            "g.g",
            ("create",),
            type=type,
            after=after,
            after_unknown={"member": True, "condition": [{"expression": True}]},
        )
    )
    (found,) = plan.settings
    assert dict(found.values) == {
        "condition": None,
        "member": "(known after apply)",
        "members": ["allUsers"],
        "policy_data": "{}",
        "role": "r",
    }


@pytest.mark.parametrize("type", ["google_iam_workload_identity_pool", "aws_iam_role"])
def test_what_gives_nobody_access_to_google_cloud_isnt(type: str) -> None:
    after = {"role": "r", "member": "m"}
    assert parse(resource("g.g", ("create",), type=type, after=after)).settings == ()


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(TerraformError, match=r"x\.a: Terraform plans an action .* explode"):
        parse(resource(actions=("explode",)))


def test_emptiness() -> None:
    unchanged = {"actions": ["no-op"], "after": 1, "after_unknown": False}
    assert parse(resource(actions=("no-op",)), output_changes={"n": unchanged}).is_empty
    changed = {**unchanged, "actions": ["update"]}
    plan = parse(output_changes={"n": changed})
    assert not plan.is_empty and plan.changed_outputs == ("n",)
    assert not parse(resource(actions=("no-op",), importing={"id": "1"})).is_empty


def test_attributes() -> None:
    (change,) = parse(
        resource(
            before={"name": "a", "labels": {"x": "1", "y": "2"}, "pw": "old", "same": [1]},
            after={
                "name": "b",
                "labels": {"x": "1", "z z": True},
                "pw": SECRET,
                "keys": [{"id": 1, "key": SECRET}],
                "same": [1],
            },
            after_unknown={"id": True, "labels": {}},
            before_sensitive={"pw": True, "labels": {"y": True}},
            after_sensitive={"pw": True, "keys": [{"key": True}]},
        )
    ).changes
    assert [(one.path, one.before, one.after) for one in change.attributes] == [
        ("id", None, "(known after apply)"),
        ("keys[0].id", None, "1"),
        ("keys[0].key", None, "<sensitive>"),
        ("labels.y", "<sensitive>", None),
        ('labels["z z"]', None, "true"),
        ("name", '"a"', '"b"'),
        ("pw", "<sensitive>", "<sensitive>"),
    ]


def test_outputs() -> None:
    plan = parse(
        output_changes={
            "known": {"actions": ["create"], "after": {"a": 1}, "after_unknown": False},
            "partly": {"actions": ["create"], "after": {"a": 1}, "after_unknown": {"b": True}},
            "secret": {"actions": ["create"], "after": SECRET, "after_sensitive": True},
            "inside": {
                "actions": ["no-op"],
                "after": {"k": SECRET},
                "after_sensitive": {"k": True},
            },
            "gone": {"actions": ["delete"], "before": 1},
        }
    )
    assert {name: (one.value, one.known, one.sensitive) for name, one in plan.outputs.items()} == {
        "known": ({"a": 1}, True, False),
        "partly": (None, False, False),
        "secret": (None, True, True),
        "inside": (None, True, True),
    }
    assert plan.changed_outputs == ("gone", "known", "partly", "secret")
    assert SECRET not in repr(plan) + plan.model_dump_json()
    assert Plan.model_validate_json(plan.model_dump_json()) == plan


DATA = "terraform_data"
OLD = {"triggers_replace": {"incarnation": "1", "root": "/a"}}
NEW = {"triggers_replace": {"incarnation": "2", "root": "/a"}}


@pytest.mark.parametrize(
    ("expected", "arguments", "keywords"),
    [
        (True, (DATA, ("create", "delete"), OLD, NEW), {}),
        (False, (DATA, ("delete", "create"), OLD, NEW), {}),
        (False, (DATA, ("create", "delete"), OLD, OLD), {}),
        (False, ("x", ("create", "delete"), OLD, NEW), {}),
        (False, (DATA, ("delete",), OLD, None), {}),
        (False, (DATA, ("create", "delete"), {"triggers_replace": "1"}, NEW), {}),
        (False, (DATA, ("create", "delete"), OLD, {"triggers_replace": {"root": "/a"}}), {}),
        (
            False,
            (
                DATA,
                ("create", "delete"),
                OLD,
                {"triggers_replace": {"incarnation": "2", "root": "/b"}},
            ),
            {},
        ),
        (True, (DATA, ("create", "delete"), OLD, OLD), {"reason": "replace_because_tainted"}),
        (True, (DATA, ("delete", "create"), OLD, OLD), {"reason": "replace_because_tainted"}),
        (False, (DATA, ("delete",), OLD, OLD), {"reason": "replace_because_tainted"}),
        (False, ("x", ("create", "delete"), OLD, OLD), {"reason": "replace_because_tainted"}),
        (True, (DATA, ("delete",), OLD, None), {"deposed": True}),
        (False, ("x", ("delete",), OLD, None), {"deposed": True}),
    ],
)
def test_vanished(expected: bool, arguments: Any, keywords: Any) -> None:
    assert is_vanished(*arguments, **keywords) is expected


def test_what_has_vanished_is_shown_as_its_creation() -> None:
    plan = parse(resource(type=DATA, actions=("create", "delete"), before=OLD, after=NEW))
    assert [(one.action, one.vanished) for one in plan.changes] == [("create", True)]
    assert plan.destructive == ()


def secretive(secret: str = SECRET, at: str = "2026-11-22T23:02:46Z") -> dict[str, Any]:
    return document(
        resource("x.b", ("create",), after={"n": 1, "pw": secret, "at": at, "flag": True},
                 after_sensitive={"pw": True}),
        resource("x.a", ("update",), before={"n": 1}, after={"n": 2}),
        timestamp=at,
        variables={"pw": {"value": secret}, "n": {"value": 1}},
        configuration={"root_module": {"variables": {"pw": {"sensitive": True}, "n": {}}}},
        output_changes={
            "pw": {"actions": ["create"], "after": secret, "after_sensitive": True},
        },
    )  # fmt: skip


def digest(content: dict[str, Any]) -> str:
    return parse_plan(json.dumps(content)).digest


def test_equal_plans_have_one_digest_at_every_time() -> None:
    later = secretive(at="2027-01-01T00:00:00Z")
    later["resource_changes"].reverse()
    later["resource_drift"] = [resource(before={"n": 0}, after={"n": 1})]
    assert digest(later) == digest(secretive())


def test_any_change_is_another_digest() -> None:
    base = secretive()

    def changed(*path: Any, to: Any) -> dict[str, Any]:
        content = copy.deepcopy(base)
        at: Any = content
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = to
        return content

    first = ("resource_changes", 0)
    variants = [
        base,
        secretive(secret="hunter3hunter3"),
        changed(*first, "address", to="x.c"),
        changed(*first, "change", "actions", to=["delete", "create"]),
        changed(*first, "change", "after", "n", to=2),
        changed(*first, "change", "after", "n", to="1"),
        changed(*first, "change", "after", "flag", to=1),
        changed(*first, "change", "after", "at", to="2026-11-22T23:02:47Z"),
        changed(*first, "change", "after", "pw", to="hunter3hunter3"),
        changed(*first, "change", "after_sensitive", to=False),
        changed("variables", "pw", "value", to="hunter3hunter3"),
        changed("variables", "n", "value", to=2),
        changed("output_changes", "pw", "after", to="hunter3hunter3"),
        changed("configuration", "root_module", "resources", to=[{"provisioners": ["rm"]}]),
    ]
    assert len({digest(one) for one in variants}) == len(variants)


@given(before=JSON, after=JSON)
def test_no_difference_is_no_change(before: Any, after: Any) -> None:
    found = list(values.differences(before, after, values.Masks()))
    assert not list(values.differences(after, copy.deepcopy(after), values.Masks()))
    if without_nulls(before) != without_nulls(after):
        assert found
    assert all(one.before != one.after for one in found)


@given(value=JSON, data=st.data())
def test_nothing_sensitive_is_shown(value: Any, data: st.DataObject) -> None:
    # A secret anywhere in a value, under any mask that covers it.
    hidden = {"a": [value, {"pw": f"{SECRET} {data.draw(st.text(max_size=2))}"}]}
    mask = data.draw(
        st.sampled_from([True, {"a": True}, {"a": [False, True]}, {"a": [{}, {"pw": True}]}])
    )
    unknown = data.draw(st.sampled_from([False, True, {"a": True}, {"b": True}]))
    other = data.draw(JSON)
    for masks, pair in (
        (values.Masks(before=mask, unknown=unknown), (hidden, other)),
        (values.Masks(after=mask, unknown=unknown), (other, hidden)),
    ):
        assert SECRET not in repr(list(values.differences(*pair, masks)))
    assert SECRET not in repr(values.without_sensitive(hidden, mask))
    assert SECRET in repr(list(values.sensitive_parts(hidden, mask)))


def without_nulls(value: Any) -> Any:
    """Null, absent and empty are one."""
    if isinstance(value, dict):
        kept = {key: without_nulls(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one is not None} or None
    if isinstance(value, list):
        kept_items = [without_nulls(one) for one in value]
        while kept_items and kept_items[-1] is None:
            kept_items.pop()
        return kept_items or None
    return value


def test_sensitive_strings_are_all_found() -> None:
    assert sensitive_strings(json.dumps(secretive())) == {SECRET}


@pytest.mark.parametrize(
    "text",
    ["", "{", f'{{"password": "{SECRET}"}}', f'{{"terraform_version": {{"a": "{SECRET}"}}}}'],
)
def test_unreadable_plans_are_not_quoted(text: str) -> None:
    with pytest.raises(TerraformError, match="can't be read") as caught:
        parse_plan(text)
    assert SECRET not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"


def test_a_later_format_is_refused() -> None:
    with pytest.raises(TerraformError, match=r"its format version is 2\.0"):
        parse(format_version="2.0")
