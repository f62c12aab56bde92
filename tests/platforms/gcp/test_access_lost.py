"""What loses access to Google Cloud by a plan."""

from __future__ import annotations

import re

from zenstrap.config.names import COMPONENT_KINDS
from zenstrap.paths import modules_folder
from zenstrap.platforms.gcp.access_lost import _FLAVORS_OF_ROLES, _KINDS_OF_ROLES


def test_every_role_that_the_modules_give_is_known_here() -> None:
    """A role whose need isn't known would be held against every new version."""
    given = {
        role
        for kind in COMPONENT_KINDS
        for role in re.findall(
            r"(\w+)\s*=\s*\{\s*role\b", (modules_folder() / kind / "main.tf").read_text()
        )
    }
    assert given == {*_FLAVORS_OF_ROLES, *_KINDS_OF_ROLES}
