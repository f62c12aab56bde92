"""Signing in to a ZenML server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import forget_zenml
from tests.e2e.servers import ZenMLServer


def sign_in(server: ZenMLServer, key: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be somebody on the server, with a ZenML configuration of their own."""
    monkeypatch.setenv("ZENML_CONFIG_PATH", str(folder))
    monkeypatch.setenv("ZENML_STORE_URL", server.url)
    monkeypatch.setenv("ZENML_STORE_API_KEY", key)
    forget_zenml()
