"""Who the user is, as a name for people."""

from __future__ import annotations

import os


def user_name() -> str:
    """The user as Terraform names him in its locks, where USER may say something else."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without an entry in /etc/passwd
        return os.environ.get("USER") or f"uid {os.getuid()}"
