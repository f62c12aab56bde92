"""The main job against a shared ZenML server, over HTTP, with a service account's API key."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.registry_state import alias_parts, snapshot
from tests.command_line import CommandLine
from tests.conftest import Home, forget_zenml
from tests.e2e.servers import ZenMLServer, mariadb, zenml_server
from tests.e2e.signing_in import sign_in
from tests.environments import only_base, with_training, with_version
from tests.secret_search import leaks
from tests.watching import Watch

pytestmark = pytest.mark.slow  # a real server on a real database


@pytest.fixture(params=["sqlite", "mariadb"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ZenMLServer]:
    with ExitStack() as stack:
        if request.param == "mariadb":
            if shutil.which("mariadbd") is None:
                pytest.skip("MariaDB isn't installed here (apt-get install mariadb-server)")
            database = stack.enter_context(mariadb(tmp_path / "mariadb"))
        else:
            database = f"sqlite:///{tmp_path}/zenml.db"
        yield stack.enter_context(zenml_server(tmp_path / "server", database))


def test_a_team_on_one_server(
    server: ZenMLServer,
    home: Home,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = CommandLine(capsys)
    home.edit("environments/local.yaml", only_base)
    platform, colleague = server.account("platform"), server.account("colleague")
    sign_in(server, platform, home.zenml, monkeypatch)

    with Watch(home.folder) as watch:
        up = run("--env", "local", "--json")
    assert up.code == 0, up.err
    # The key stands nowhere, in no spelling: not here, not in what the server keeps.
    assert leaks({platform}, Home(tmp_path), up.out, up.err, *watch.seen) == []
    before = snapshot()
    assert "zenml-local" in before["stacks"]
    again = run("--env", "local", "--json")
    assert again.json["plan"]["empty"] is True and snapshot() == before

    # A new version that fails its smoke test leaves everybody where they are.
    home.edit("environments/local.yaml", with_version("1.1.0", "1.1.0"))
    home.edit("environments/local.yaml", with_training("inaccurate"))
    failed = run("--env", "local", "--json")
    assert failed.code == 6, failed.err
    assert alias_parts("zenml-local")["artifact_store"] == ["zenml-local-artifact-store-v1.0.0"]

    # A colleague sees the stacks and runs on the current one.
    sign_in(server, colleague, tmp_path / "colleague", monkeypatch)
    assert _runs_on("zenml-local") == "completed"

    sign_in(server, platform, home.zenml, monkeypatch)
    home.edit("environments/local.yaml", with_training("own"))
    passed = run("--env", "local", "--json")
    assert passed.code == 0, passed.err
    assert alias_parts("zenml-local")["artifact_store"] == ["zenml-local-artifact-store-v1.1.0"]

    down = run("down", "--env", "local", "--yes")
    assert down.code == 0, down.err
    assert set(snapshot()["stacks"]) == {"default"}
    forget_zenml()


def _runs_on(stack: str) -> str:
    """Run a pipeline on a stack, as any user of it would; its status."""
    from zenml.client import Client

    from pipelines.smoke_training import smoke_training

    client = Client()
    client.activate_stack(stack)
    smoke_training(data=None, training=None)
    (run,) = client.list_pipeline_runs(size=1, sort_by="desc:created", hydrate=True).items
    assert run.stack is not None and run.stack.name == stack
    return str(run.status.value)
