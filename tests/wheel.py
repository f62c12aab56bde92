"""zenstrap's wheel, built from this checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from zenstrap.paths import project_root


def built_wheel(folder: Path) -> Path:
    """A wheel, built offline from a copy of what git knows."""
    source = folder / "source"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if not name.startswith("tests/") and (project_root() / name).is_file():
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((project_root() / name).read_bytes())
    subprocess.run(
        [sys.executable, "-c", "from setuptools import build_meta as b; b.build_wheel('..')"],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    return wheel
