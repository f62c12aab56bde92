"""What others write, by whatever way, in a real process with real descriptors."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from zenstrap.paths import project_root

SECRET = "CaNaRyT0ken/0123456789+abc"

DRIVER = """
import ctypes, os, subprocess, sys, time
from zenstrap import foreign
from zenstrap.cli.streams import delivered, open_streams
from zenstrap.foreign import kept_apart, speaking
from zenstrap.redaction import know

secret = {secret!r}
know(secret)
open_streams()
print("before")
with kept_apart(shown={shown}):
    print("ours", file=sys.stderr)
    with speaking():
        sys.stderr.write("pieces " + secret[:8])
        sys.stderr.flush()
        until = time.monotonic() + 1  # it has read the first piece
        lines = foreign._current._partial_lines
        while secret[:8].encode() not in lines[0] and time.monotonic() < until:
            pass
        sys.stderr.write(secret[8:] + chr(10))
        subprocess.run(["sh", "-c", 'printf "%s" "child "; echo "$0"; echo "err $0" >&2', secret])
        subprocess.run(["sh", "-c", 'echo "via $0"', secret], stdout=sys.stderr)
        sys.stdout.buffer.write(b"buffer " + secret.encode() + b"\\n")
        sys.stdout.reconfigure(line_buffering=False)
        assert not sys.stdout.isatty() and sys.stdout.fileno() == 1
        print("printed", secret[:8], end="", flush=True)
        print(secret[8:])
        sys.__stdout__.write("under " + secret + "\\n")
        sys.__stdout__.flush()
        ctypes.CDLL(None).printf(b"in C's buffer\\n")
        os.write(1, b"raw " + secret.encode() + b"\\n")
        os.write(2, b"no end " + secret.encode())
        {then}
print("after")
sys.exit(delivered(0))
"""


def driven(shown: bool, then: str = "", stdin: int | None = None) -> subprocess.Popen[str]:
    made = DRIVER.format(secret=SECRET, shown=shown, then=then)
    return subprocess.Popen(
        [sys.executable, "-c", made],
        cwd=project_root(),
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("shown", [False, True])
def test_standard_output_is_ours_alone_and_no_secret_is_shown(shown: bool) -> None:
    with driven(shown) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "before\nafter\n"), err
    assert sorted(err.splitlines()) == sorted(
        ["ours", *(f"{one} <sensitive>" for one in ("pieces", "err", "via", "no end"))]
        + ([f"{one} <sensitive>" for one in ("child", "buffer", "under", "raw")] if shown else [])
        + (["printed <sensitive>", "in C's buffer"] if shown else [])
    )


def test_what_they_raise_leaves_our_streams_as_they_were() -> None:
    with driven(False, "raise ValueError('broken')") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "before\n")
    assert "pieces <sensitive>" in err and err.endswith("ValueError: broken\n")


def test_a_child_that_outlives_us_holds_nothing_up() -> None:
    outliving = """subprocess.Popen(["sh", "-c", 'cat; echo late; echo late >&2'])"""
    with driven(False, outliving, stdin=subprocess.PIPE) as process:
        assert process.wait(60) == 0  # while the child lives: its own end is that of our stdin
        assert process.stdout is not None and process.stderr is not None
        for stream, told in (
            (process.stdout, "before\nafter\n"),
            (process.stderr, "err <sensitive>"),
        ):
            os.set_blocking(stream.fileno(), False)
            assert told in os.read(stream.fileno(), 65536).decode()
            assert os.read(stream.fileno(), 1) == b"", "the child holds it open"
