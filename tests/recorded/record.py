"""``python -m tests.recorded.record``: make the recorded world anew, from the commit it is of.

It runs the command line of that commit, in a work tree of its own, as its users did: every version
brought up in every environment, the last one failing its smoke test. What comes of it is packed
into one archive, without what is only this machine's: paths of its packages, private keys.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.recorded import stages
from tests.recorded.secrets import forget_keys
from tests.recorded.world import ARCHIVE, WORLD, locked, machine
from zenstrap.paths import project_root
from zenstrap_rehearsal import Rehearsal

COMMIT = "4de0921"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.recorded.record", description=__doc__)
    parser.add_argument("--commit", default=COMMIT)
    commit = parser.parse_args().commit
    with locked(), tempfile.TemporaryDirectory() as scratch, work_tree(commit) as code:
        WORLD.mkdir(mode=0o700)
        try:
            with Rehearsal(Path(scratch), project_ids=stages.GOOGLE_PROJECTS) as cloud:
                live(code, cloud, Path(scratch))
                cloud.save(WORLD / "cloud")
            pack(commit)
        finally:
            shutil.rmtree(WORLD)
    print(f"{ARCHIVE.name}: {ARCHIVE.stat().st_size // 1024} KiB", file=sys.stderr)
    return 0


@contextlib.contextmanager
def work_tree(commit: str) -> Iterator[Path]:
    """The repository as it was at a commit."""
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder, "code")
        git = ("git", "-C", str(project_root()), "worktree")
        subprocess.run([*git, "add", "--quiet", "--detach", str(code), commit], check=True)
        try:
            yield code
        finally:
            subprocess.run([*git, "remove", "--force", str(code)], check=True)


def live(code: Path, cloud: Rehearsal, scratch: Path) -> None:
    """Bring every version up in every environment."""
    shutil.copytree(code / "configs", WORLD / "configs")
    for shipped in ("environments", "ml_projects"):
        shutil.rmtree(WORLD / "configs" / shipped)
    environment = {
        **os.environ,
        **cloud.environment(),
        **{name: str(WORLD / folder) for name, folder in HOMES.items()},
        "GOOGLE_APPLICATION_CREDENTIALS": str(machine(cloud, scratch)),
        "ZENML_ENABLE_IMPLICIT_AUTH_METHODS": "true",
        "ZENML_ANALYTICS_OPT_IN": "false",
        "NO_COLOR": "1",
    }
    for version in stages.VERSIONS:
        write_configs(version)
        for name in stages.ENVIRONMENTS:
            yes = ["--yes"] if name in stages.APPROVED else []
            command = [sys.executable, str(code / "run.py"), "up", "--env", name, *yes]
            ended = subprocess.run(command, env=environment, cwd=WORLD, stdin=subprocess.DEVNULL)
            expected = 6 if version == stages.VERSIONS[-1] else 0
            if ended.returncode != expected:
                raise SystemExit(f"{name} {version}: exit code {ended.returncode}")
    write_configs(stages.CURRENT)


HOMES = {
    "HOME": "home",
    "ZENML_CONFIG_PATH": "zenml",
    "ZENSTRAP_HOME": "zenstrap",
    "ZENSTRAP_CONFIGS": "configs",
}


def write_configs(version: str) -> None:
    for name, content in stages.files(version).items():
        file = WORLD / "configs" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(yaml.safe_dump(content, sort_keys=False))


def pack(commit: str) -> None:
    """One archive of the world, with equal bytes for equal contents."""
    for terraform in WORLD.glob("zenstrap/environments/*/terraform"):
        shutil.rmtree(terraform)  # made anew by `terraform init`
    shutil.rmtree(WORLD / "home", ignore_errors=True)
    for log in (WORLD / "zenml").rglob("*.log"):
        log.write_text(log.read_text().replace(sys.prefix, "/usr"))
    (WORLD / "world.json").write_text(json.dumps({"commit": commit, "at": str(WORLD)}) + "\n")
    forget_keys(WORLD)

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(ARCHIVE, "w:xz") as archive:
        archive.add(WORLD, arcname=".", filter=plain)


if __name__ == "__main__":
    sys.exit(main())
