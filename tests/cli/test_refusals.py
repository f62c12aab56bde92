"""What `up` and `down` refuse, with which exit code, and that nothing is half-made then."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.registry_state import snapshot
from tests.command_line import CommandLine
from tests.conftest import Home
from tests.environments import only_base, state_file

if TYPE_CHECKING:
    from zenml.client import Client


def one_paragraph(text: str) -> bool:
    return "Traceback" not in text and len(text.strip().splitlines()) <= 12


def test_somebody_elses_stack_is_left_alone(home: Home, run: CommandLine, client: Client) -> None:
    from zenml.enums import StackComponentType

    default = client.get_stack("default")
    parts = {
        kind: default.components[kind][0].id
        for kind in (StackComponentType.ARTIFACT_STORE, StackComponentType.ORCHESTRATOR)
    }
    client.create_stack("zenml-local-recommendation", components=parts)
    before = snapshot()
    refused = run("up", "--env", "local")
    assert refused.code == 1
    assert "zenml-local-recommendation" in refused.err
    assert snapshot() == before
    assert not home.artifacts.exists()
    assert run("down", "--env", "local", "--yes").code == 0
    assert snapshot() == before


def test_a_server_that_cannot_be_reached(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENML_STORE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("ZENML_STORE_API_KEY", "ZENKEY_nothing")
    refused = run("up", "--env", "local")
    assert refused.code == 1
    assert "127.0.0.1:9" in refused.err
    assert one_paragraph(refused.err)
    assert not home.artifacts.exists()


def test_a_state_folder_that_cannot_be_written(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = home.folder / "file"
    blocked.touch()
    monkeypatch.setenv("ZENSTRAP_HOME", str(blocked / "zenstrap"))
    refused = run("up", "--env", "local")
    assert refused.code == 1
    assert str(blocked) in refused.err
    assert one_paragraph(refused.err)


@pytest.mark.parametrize(
    ("answer", "code"),
    [('{"terraform_version": "1.5.7"}', 1), ("garbage", 1)],
)
def test_a_terraform_that_does_not_serve(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    fake = home.folder / "terraform"
    fake.write_text(f"#!/bin/sh\nprintf '%s' '{answer}'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("ZENSTRAP_TERRAFORM", str(fake))
    refused = run("up", "--env", "local")
    assert refused.code == code
    assert one_paragraph(refused.err)


@pytest.mark.slow
def test_terraform_that_crashes_in_the_apply(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = home.folder / "terraform"
    fake.write_text(
        '#!/bin/sh\ncase "$1" in apply) kill -SEGV $$;; *) exec terraform "$@";; esac\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("ZENSTRAP_TERRAFORM", str(fake))
    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 1
    assert [name for name in snapshot()["stacks"] if name.startswith("zenml-")] == []

    monkeypatch.delenv("ZENSTRAP_TERRAFORM")
    assert run("up", "--env", "local").code == 0


def test_a_lease_that_is_held(home: Home, run: CommandLine) -> None:
    from zenstrap import paths
    from zenstrap.lease import FileLeaseStore, Lease

    store = FileLeaseStore(paths.leases_folder())
    with Lease.acquire(store, "local", "up", heartbeat=None):
        refused = run("up", "--env", "local")
    assert refused.code == 4
    assert one_paragraph(refused.err)
    assert not home.artifacts.exists()


@pytest.mark.slow
def test_a_state_that_is_gone_stops_the_run(home: Home, run: CommandLine) -> None:
    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 0
    state = state_file(home)
    saved = state.read_bytes()
    state.unlink()
    refused = run("up", "--env", "local")
    assert refused.code == 1
    assert "state" in refused.err
    assert run("down", "--env", "local", "--yes").code == 1
    assert (home.artifacts / "shared").is_dir()

    state.write_bytes(saved)
    assert run("up", "--env", "local").code == 0


def test_a_training_that_cannot_be_imported_is_found_before_anything_is_made(
    home: Home, run: CommandLine
) -> None:
    def change(config: dict[str, Any]) -> None:
        config["smoke_test"] = {"training": "no_such_package.module:train"}

    home.edit("environments/local.yaml", change)
    refused = run("up", "--env", "local")
    assert refused.code == 1
    assert "no_such_package" in refused.err
    assert not home.artifacts.exists()


def test_down_without_a_terminal_needs_yes(home: Home, run: CommandLine) -> None:
    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 0
    before = snapshot()
    refused = run("down", "--env", "local")
    assert refused.code == 5
    assert "--yes" in refused.err
    assert snapshot() == before
    assert (home.artifacts / "shared").is_dir()


def test_down_is_refused_where_the_configuration_forbids_it(home: Home, run: CommandLine) -> None:
    def protect(config: dict[str, Any]) -> None:
        only_base(config)
        config["protection"] = {"allow_destroy": False, "approval": "none"}
        config["throwaway"] = False

    home.edit("environments/local.yaml", protect)
    assert run("up", "--env", "local").code == 0
    before = snapshot()
    assert run("down", "--env", "local", "--yes").code == 5
    assert snapshot() == before


@pytest.mark.slow
def test_what_somebody_elses_stack_uses_is_found_before_anything_goes(
    home: Home, run: CommandLine, client: Client
) -> None:
    from zenml.enums import StackComponentType

    def project(config: dict[str, Any]) -> None:
        config["ml_projects"] = ["recommendation"]

    home.edit("environments/local.yaml", project)
    assert run("up", "--env", "local").code == 0
    client.create_stack(
        "mine",
        components={
            StackComponentType.ARTIFACT_STORE: "zenml-local-recommendation-artifact-store-v1.0.0",
            StackComponentType.ORCHESTRATOR: "default",
        },
    )
    home.edit("environments/local.yaml", only_base)
    before = snapshot()
    for verb in ("up", "down"):
        refused = run(verb, "--env", "local", "--yes", "--json")
        assert refused.code == 5, refused.out
        assert "mine of default" in refused.json["failure"]["what"]
        assert snapshot() == before
        assert (home.artifacts / "ml_projects" / "recommendation").is_dir()
    client.delete_stack("mine")
    assert run("down", "--env", "local", "--yes").code == 0


@pytest.mark.slow
def test_what_somebody_keeps_among_the_artifacts_stays_and_is_told(
    home: Home, run: CommandLine
) -> None:
    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 0
    own = home.artifacts / "shared"
    marker = (own / ".zenstrap.json").read_text()
    theirs = {home.artifacts / "notes.txt", home.artifacts / "ml_projects" / "theirs"}
    for path in theirs:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    for _ in range(2):
        gone = run("down", "--env", "local", "--yes", "--json")
        assert gone.code == 0, gone.err
        assert {str(path) for path in theirs} <= {one["name"] for one in gone.json["kept"]}
        assert all(path.exists() for path in theirs) and not own.exists()

    # Its own, which Terraform doesn't know any more, carries the owner's mark and goes.
    own.mkdir()
    (own / ".zenstrap.json").write_text(marker)
    assert run("down", "--env", "local", "--yes").code == 0
    assert not own.exists()


def test_a_registry_that_breaks_off_halfway_is_completed_by_the_next_run(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenml.zen_stores.sql_zen_store import SqlZenStore

    real = SqlZenStore.create_stack
    calls: list[str] = []

    def second_fails(self: Any, stack: Any) -> Any:
        calls.append(stack.name)
        if len(calls) == 2:
            raise ConnectionError("the server went away")
        return real(self, stack)

    with monkeypatch.context() as patch:
        patch.setattr(SqlZenStore, "create_stack", second_fails)
        failed = run("up", "--env", "local")
    assert failed.code == 7
    assert "5 of 7" in failed.err
    assert run("up", "--env", "local").code == 0
    stacks = [name for name in snapshot()["stacks"] if name.startswith("zenml-local")]
    assert len(stacks) == 6


def test_a_create_whose_reply_was_lost_is_adopted(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ZenML's client sends a POST again when its reply is lost: the second one finds the first."""
    from zenml.zen_stores.sql_zen_store import SqlZenStore

    for method in ("create_stack", "create_stack_component"):
        real = getattr(SqlZenStore, method)

        def twice(self: Any, request: Any = None, real: Any = real, **named: Any) -> Any:
            arguments = (request,) if request is not None else ()
            real(self, *arguments, **named)
            return real(self, *arguments, **named)

        monkeypatch.setattr(SqlZenStore, method, twice)
    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 0
    assert {"zenml-local", "zenml-local-v1.0.0"} <= set(snapshot()["stacks"])


def test_a_registry_changed_after_the_plan_stops_the_run(
    home: Home, run: CommandLine, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenstrap.lifecycle import provisioning

    real = provisioning._outputs

    def meanwhile(*arguments: Any) -> Any:
        client.create_stack_component(
            "zenml-local-orchestrator-v1.0.0", "local", _orchestrator(), {}, labels=_labels()
        )
        return real(*arguments)

    monkeypatch.setattr(provisioning, "_outputs", meanwhile)
    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 1
    assert [name for name in snapshot()["stacks"] if name.startswith("zenml-")] == []


def _orchestrator() -> Any:
    from zenml.enums import StackComponentType

    return StackComponentType.ORCHESTRATOR


def _labels() -> dict[str, str]:
    return {"managed_by": "zenstrap", "environment": "local"}


def test_nothing_secret_or_temporary_stays(home: Home, run: CommandLine) -> None:
    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 0
    left = sorted(str(p.relative_to(home.state)) for p in home.state.rglob("*") if p.is_file())
    assert not [name for name in left if "plan" in Path(name).name or "tfvars" in name]
    assert all(
        p.stat().st_mode & 0o077 == 0 for p in (home.state / "environments").rglob("*.tfstate")
    )


@pytest.mark.parametrize("just_before", ["before_apply", "_outputs"])
def test_a_run_that_lost_its_lease_writes_nothing_more(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch, just_before: str
) -> None:
    from zenstrap import paths
    from zenstrap.lease import FileLeaseStore
    from zenstrap.lifecycle import provisioning
    from zenstrap.platforms.local import LocalMachine

    owner: Any = LocalMachine if just_before == "before_apply" else provisioning
    real = getattr(owner, just_before)

    def meanwhile(*arguments: Any) -> Any:
        FileLeaseStore(paths.leases_folder()).delete("local", None)
        return real(*arguments)

    monkeypatch.setattr(owner, just_before, meanwhile)
    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 4
    assert home.artifacts.exists() == (just_before == "_outputs")
    assert [name for name in snapshot()["stacks"] if name.startswith("zenml-")] == []
    assert [name for _, name in snapshot()["components"] if name.startswith("zenml-")] == []


@pytest.mark.slow
def test_down_that_leaves_something_says_so(
    home: Home, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from zenml.zen_stores.sql_zen_store import SqlZenStore

    home.edit("environments/local.yaml", only_base)
    assert run("up", "--env", "local").code == 0
    with monkeypatch.context() as patch:
        patch.setattr(SqlZenStore, "delete_stack_component", lambda self, component_id: None)
        failed = run("down", "--env", "local", "--yes")
    assert failed.code == 7
    assert "zenml-local-orchestrator-v1.0.0" in failed.err
    assert run("down", "--env", "local", "--yes").code == 0
    assert [name for _, name in snapshot()["components"] if name.startswith("zenml-")] == []


@pytest.mark.parametrize("command", [("up", "--yes"), ("plan",), ("config", "--check")])
def test_settings_that_zenml_does_not_have_are_refused_with_their_line(
    home: Home, run: CommandLine, command: tuple[str, ...]
) -> None:
    """Nothing but ZenML knows them, so it isn't found out when the file is read."""

    def misspell(content: dict[str, Any]) -> None:
        content["stack"]["components"]["orchestrator"]["settings"] = {"sheduler": "none"}

    home.edit("environments/local.yaml", misspell)
    lines = (home.configs / "environments/local.yaml").read_text().splitlines()
    line = next(number for number, text in enumerate(lines, 1) if "sheduler" in text)
    assert run("config", "--env", "local").code == 0
    verb, *flags = command
    refused = run(verb, "--env", "local", *flags)
    told = " ".join(refused.err.split())
    assert refused.code == 64, told
    assert f"local.yaml:{line}: stack.components.orchestrator.settings.sheduler" in told
    assert "not a setting that ZenML has" in told
    assert not home.artifacts.exists()
