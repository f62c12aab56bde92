from __future__ import annotations

from pathlib import Path

import pytest

from zenstrap.errors import TerraformError, TerraformTimeoutError
from zenstrap.terraform.binary import BINARY_VARIABLE, find_terraform

from .conftest import MakeProgram


def answering(version: str) -> str:
    return f"""echo '{{"terraform_version": "{version}"}}'"""


def test_the_one_on_path_is_found() -> None:
    found = find_terraform()
    assert found.path.is_absolute()
    assert found.version.startswith("1.")


def test_the_variable_goes_before_path(
    make_program: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = make_program(answering("1.99.0-rc1"))
    monkeypatch.setenv(BINARY_VARIABLE, str(program))
    found = find_terraform()
    assert (found.path, found.version) == (program, "1.99.0-rc1")


def test_missing_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TerraformError, match=r"developer\.hashicorp\.com/terraform/install"):
        find_terraform()
    monkeypatch.setenv(BINARY_VARIABLE, "/no/such/terraform")
    with pytest.raises(TerraformError, match=r"/no/such/terraform: .*ZENSTRAP_TERRAFORM names it"):
        find_terraform()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (answering("1.6.6"), r"Terraform 1\.6\.6 is too old.*1\.7\.0 or newer"),
        (answering("0.15.5"), "too old"),
        ("echo hello", "not Terraform"),
        ("echo '[]'", "not Terraform"),
        ('echo \'{"terraform_version": "new"}\'', "not Terraform"),
        ("head -c 9 /dev/urandom", "not Terraform"),
        ("exit 3", "crashed.*exit code was 3"),
        ("kill -SEGV $$", "crashed.*signal 11"),
    ],
)
def test_unfit_programs(
    body: str, message: str, make_program: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BINARY_VARIABLE, str(make_program(body)))
    with pytest.raises(TerraformError, match=message):
        find_terraform()


def test_a_hang_ends(
    make_program: MakeProgram, monkeypatch: pytest.MonkeyPatch, make_pipe: object, tmp_path: Path
) -> None:
    # A child of the script's holds the pipe open too.
    make_pipe("never")  # type: ignore[operator]
    monkeypatch.setenv(BINARY_VARIABLE, str(make_program(f"cat '{tmp_path}/never'; true")))
    with pytest.raises(TerraformTimeoutError, match=r"within 0\.1 s"):
        find_terraform(time_limit=0.1)


def test_what_can_not_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "terraform"
    program.write_bytes(b"\x7fELF rubbish")
    program.chmod(0o700)
    monkeypatch.setenv(BINARY_VARIABLE, str(program))
    with pytest.raises(TerraformError, match="can't be started"):
        find_terraform()
