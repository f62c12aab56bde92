"""`python -m tests.faults.fuzz --minutes 5`: random files for the readers of configs and states.

Whatever a file holds, it is read or refused; nothing else is raised, and nothing takes long. With
atheris, which follows the code's branches, where that is installed; else with hypothesis.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

TARGETS: Final = ("configs", "states", "owners", "leases")


def main(arguments: list[str]) -> int:
    """Exit code 1 where a reader raised something, or took long."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="for all readers together (5)")
    parser.add_argument("--only", choices=TARGETS, help="one reader")
    given = parser.parse_args(arguments)
    if given.only:
        with tempfile.TemporaryDirectory() as folder:
            return _fuzz(given.only, given.minutes * 60, Path(folder))
    share = f"{given.minutes / len(TARGETS):g}"
    command = [sys.executable, "-m", "tests.faults.fuzz", "--minutes", share]
    codes = {one: subprocess.run([*command, "--only", one]).returncode for one in TARGETS}
    for one, code in codes.items():
        print(f"{one:8} {'ok' if code == 0 else 'FAILED'}")
    return int(any(codes.values()))


def _fuzz(name: str, seconds: float, folder: Path) -> int:
    if importlib.util.find_spec("atheris"):
        return _with_atheris(name, seconds, folder)
    print("atheris isn't installed: with hypothesis, which doesn't follow the code's branches")
    return _with_hypothesis(name, seconds, folder)


def _with_atheris(name: str, seconds: float, folder: Path) -> int:
    import atheris

    # What is to be followed is imported here.
    with atheris.instrument_imports(include=["zenstrap", "yaml"]):
        from tests.faults.readers import SECONDS, targets
    target, begin = targets(folder)[name]
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, content in enumerate(begin):
        (corpus / str(number)).write_bytes(content)
    limits = [f"-max_total_time={seconds:.0f}", "-max_len=16384", f"-timeout={SECONDS:.0f}"]
    crash = [f"-artifact_prefix={tempfile.gettempdir()}/zenstrap-fuzz-", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *limits, *crash, str(corpus)], target)
    atheris.Fuzz()  # ends the process
    return 0


def _with_hypothesis(name: str, seconds: float, folder: Path) -> int:
    from hypothesis import HealthCheck, given, settings

    from tests.faults.readers import contents, targets, timed

    target, begin = targets(folder)[name]
    until = time.monotonic() + seconds
    tried = 0

    @settings(
        max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(contents(begin))
    def some(content: bytes) -> None:
        nonlocal tried
        tried += 1
        timed(target)(content)

    while time.monotonic() < until:
        some()
    print(f"{name}: {tried} files")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
