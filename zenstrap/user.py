"""The user's name."""

from __future__ import annotations

import os


def user_name() -> str:
    """The user's name as in Terraform's locks; the variable USER may differ."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without an entry in /etc/passwd
        return os.environ.get("USER") or f"uid {os.getuid()}"
