from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenstrap.errors import StateGuardError
from zenstrap.terraform.state import StateIdentity, check_state, parse_state
from zenstrap.terraform.storage import LocalState

IDENTITIES = st.builds(
    StateIdentity,
    lineage=st.sampled_from(["a", "b"]),
    serial=st.integers(0, 5),
    resources=st.integers(0, 3),
)
STATE = {
    "version": 4,
    "lineage": "1f0a",
    "serial": 7,
    "outputs": {"password": {"value": "hunter2hunter2", "sensitive": True}},
    "resources": [
        {"mode": "managed", "type": "x", "instances": [{}, {}]},
        {"mode": "data", "type": "y", "instances": [{}]},
    ],
}


def accepts(recorded: StateIdentity | None, actual: StateIdentity | None) -> bool:
    try:
        check_state(recorded, actual)
    except StateGuardError as error:
        assert error.what and error.where and error.why and error.fix
        return False
    return True


@given(actual=st.none() | IDENTITIES)
def test_without_a_record_everything_is_accepted(actual: StateIdentity | None) -> None:
    assert accepts(None, actual)


@given(recorded=IDENTITIES, actual=st.none() | IDENTITIES)
def test_what_is_accepted_can_not_lose_what_was_recorded(
    recorded: StateIdentity, actual: StateIdentity | None
) -> None:
    same = actual is not None and actual.lineage == recorded.lineage
    newer = same and actual is not None and actual.serial >= recorded.serial
    nothing_to_lose = recorded.resources == 0 and not same
    assert accepts(recorded, actual) == (newer or nothing_to_lose)


@given(identity=IDENTITIES, more=st.integers(0, 3))
def test_a_later_state_is_accepted_and_an_earlier_one_is_not(
    identity: StateIdentity, more: int
) -> None:
    later = StateIdentity(identity.lineage, identity.serial + more, resources=0)
    assert accepts(identity, later)
    assert accepts(later, identity) == (more == 0)


def test_the_identity_counts_managed_instances() -> None:
    assert parse_state(json.dumps(STATE), where="x") == StateIdentity("1f0a", 7, 2)


def test_no_file_is_no_state(tmp_path: Path) -> None:
    assert LocalState(tmp_path).read("local") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty.*create everything again"),
        (b" \n", "is empty"),
        (json.dumps(STATE).encode()[:-40], "damaged.*truncated"),
        (b"\x00" * 40, "damaged.*truncated"),
        (b"[]", "not a Terraform state"),
        (json.dumps({**STATE, "version": 3}).encode(), "not a Terraform state"),
        (json.dumps({**STATE, "lineage": ""}).encode(), "not a Terraform state"),
        (json.dumps({**STATE, "serial": "hunter2hunter2"}).encode(), "not a Terraform state"),
    ],
)
def test_damaged_files(content: bytes, message: str, tmp_path: Path) -> None:
    storage = LocalState(tmp_path)
    file = storage.file("local")
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(StateGuardError, match=message) as caught:
        storage.read("local")
    assert caught.value.where == str(file)
    assert caught.value.__cause__ is None
    assert "hunter2" not in f"{caught.value!r} {caught.value} {caught.value.__context__}"


@given(cut=st.integers(0, len(json.dumps(STATE)) - 1))
def test_no_truncated_state_is_taken_for_one(cut: int) -> None:
    with pytest.raises(StateGuardError):
        parse_state(json.dumps(STATE)[:cut], where="x")
