"""Trainings that a test's configuration names: how users plug in their own, and how those fail."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from pathlib import Path
from typing import Any

from zenstrap.smoke_test.training import SoftmaxRegression, train


def own(features: Any, labels: Any) -> SoftmaxRegression:
    """A user's own training that works."""
    return train(features, labels)


def inaccurate(features: Any, labels: Any) -> SoftmaxRegression:
    """Learns the wrong labels."""
    return train(features, labels[::-1])


def crashing(features: Any, labels: Any) -> None:
    raise ValueError("no such column: weight")


def endless(features: Any, labels: Any) -> None:
    """Tells that it has begun, runs for ever, and swallows whatever can be swallowed."""
    if begun := os.environ.get("ZENSTRAP_TEST_BEGUN"):
        Path(begun).touch()
    for _ in itertools.repeat(None):
        with contextlib.suppress(Exception):
            sum(range(1000))


def interrupting(features: Any, labels: Any) -> None:
    """Ctrl-C, pressed while it trains."""
    os.kill(os.getpid(), signal.SIGINT)
    endless(features, labels)


def terminating(features: Any, labels: Any) -> None:
    """SIGTERM, sent by whatever supervises the process, while it trains."""
    os.kill(os.getpid(), signal.SIGTERM)
    endless(features, labels)


def blocking(features: Any, labels: Any) -> SoftmaxRegression:
    """Tells on one named pipe that it has begun, and goes on when the other one says so."""
    with open(os.environ["ZENSTRAP_TEST_BEGUN"], "w") as begun:
        begun.write("begun")
    with open(os.environ["ZENSTRAP_TEST_GO_ON"]) as go_on:
        go_on.read()
    return train(features, labels)
