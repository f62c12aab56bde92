from __future__ import annotations

import logging
from pathlib import Path

import pytest

from zenstrap.platforms.gcp.provider import PROVIDER
from zenstrap.terraform.commands import command_line
from zenstrap.terraform.environment_variables import child_environment

TERRAFORM = ("/opt/my tools/python", "/opt/my tools/terraform")


def test_options_become_flags() -> None:
    assert command_line(
        TERRAFORM,
        "init",
        backend_config={"path": "/a b/x.tfstate"},
        input=False,
        reconfigure=True,
        upgrade=None,
    ) == (
        *TERRAFORM,
        "init",
        "-backend-config=path=/a b/x.tfstate",
        "-input=false",
        "-reconfigure",
    )
    assert command_line(TERRAFORM, "workspace select", "dev", or_create=True)[2:] == (
        "workspace",
        "select",
        "-or-create",
        "dev",
    )


@pytest.mark.parametrize("command", ["destroy", "console", "state push", "force-unlock", "init -x"])
def test_other_commands_are_refused(command: str) -> None:
    with pytest.raises(ValueError, match="never runs"):
        command_line(TERRAFORM, command)


def test_variables_are_kept_off_the_command_line() -> None:
    with pytest.raises(ValueError, match="process list"):
        command_line(TERRAFORM, "plan", var={"password": "hunter2"})


def test_python_terraform_reads_no_state_and_logs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "terraform.tfstate").write_bytes(b"")  # its constructor fails on this one
    with caplog.at_level(logging.DEBUG):
        command_line(TERRAFORM, "plan", out="/a/plan")
        logging.getLogger("python_terraform").debug("what it would say")
    assert not caplog.records
    assert [file.name for file in tmp_path.iterdir()] == ["terraform.tfstate"]


def test_the_environment_is_an_allow_list(tmp_path: Path) -> None:
    config = tmp_path / "terraform.rc"
    source = {
        "PATH": "/bin",
        "HOME": "/home/ada",
        "https_proxy": "http://proxy",
        "GOOGLE_APPLICATION_CREDENTIALS": "/k.json",
        "CLOUDSDK_CONFIG": "/c",
        "STORAGE_EMULATOR_HOST": "http://localhost:1",
        "TF_VAR_root": "/elsewhere",
        "TF_LOG": "TRACE",
        "TF_CLI_ARGS_apply": "-auto-approve",
        "TF_CLI_ARGS": "-lock=false",
        "TF_WORKSPACE": "prod",
        "TF_DATA_DIR": "/elsewhere",
        "TF_CLI_CONFIG_FILE": str(config),
        "AWS_SECRET_ACCESS_KEY": "x",
        "GOOGLE_BACKEND_CREDENTIALS": "/other.json",
        "GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT": "eve@p.iam.gserviceaccount.com",
        "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": "http://localhost:2",
        "GOOGLE_ENCRYPTION_KEY": "x",
        "GOOGLE_KMS_ENCRYPTION_KEY": "projects/p/locations/l/keyRings/r/cryptoKeys/k",
    }
    expected = {
        "PATH": "/bin",
        "HOME": "/home/ada",
        "https_proxy": "http://proxy",
        "GOOGLE_APPLICATION_CREDENTIALS": "/k.json",
        "CLOUDSDK_CONFIG": "/c",
        "STORAGE_EMULATOR_HOST": "http://localhost:1",
        "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": "http://localhost:2",
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "TF_DATA_DIR": str(tmp_path),
    }
    assert child_environment(source, provider=PROVIDER, data_folder=tmp_path) == expected
    config.touch()
    assert child_environment(source, provider=PROVIDER, data_folder=tmp_path) == {
        **expected,
        "TF_CLI_CONFIG_FILE": str(config),
    }
