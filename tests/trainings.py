"""Trainings that a test's configuration names: how users plug in their own, and how those fail."""

from __future__ import annotations

import base64
import contextlib
import errno
import itertools
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from zenstrap.smoke_test.training import SoftmaxRegression, train


def own(features: Any, labels: Any) -> SoftmaxRegression:
    """A user's own training that works."""
    return train(features, labels)


def inaccurate(features: Any, labels: Any) -> SoftmaxRegression:
    """Learns the wrong labels."""
    return train(features, labels[::-1])


def crashing(features: Any, labels: Any) -> None:
    raise ValueError("no such column: weight")


def filling(features: Any, labels: Any) -> None:
    """Fills the disk, and wraps the error as libraries do."""
    try:
        raise OSError(errno.ENOSPC, "No space left on device", "/data/checkpoint")
    except OSError as error:
        raise RuntimeError("the checkpoint was not saved") from error


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


def telling(features: Any, labels: Any) -> SoftmaxRegression:
    """Prints and logs every secret that it finds."""
    for text in _found():
        print(text)
        logging.getLogger("tests").error("see %s", text)
    return train(features, labels)


def shouting(features: Any, labels: Any) -> SoftmaxRegression:
    """Writes every secret by ways that no `print` knows of: all that works in any program."""
    for text in _found():
        subprocess.run(["sh", "-c", 'echo "$0"; echo "$0" >&2', text], check=True)
        subprocess.run(["echo", text], stdout=sys.stderr, check=True)
        for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
            assert stream.fileno() == descriptor and not stream.isatty()
            stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
            print(text[: len(text) // 2], end="", file=stream, flush=True)
            print(text[len(text) // 2 :], file=stream)
            stream.buffer.write(f"{text}\n".encode())
            stream.flush()
            os.write(descriptor, f"{text}\n".encode())
        for original in (sys.__stdout__, sys.__stderr__):
            assert original is not None
            original.write(text)
    return train(features, labels)


def shouting_and_failing(features: Any, labels: Any) -> None:
    shouting(features, labels)
    raise ValueError("hoarse")


def telling_and_failing(features: Any, labels: Any) -> None:
    """Lets every secret that it finds stand in an error, and in that error's cause."""
    telling(features, labels)
    try:
        raise KeyError(" ".join(_found()))
    except KeyError as cause:
        raise ValueError(" ".join(_found())) from cause


def _found() -> Iterator[str]:
    """The environment's secrets, and the keys of the connectors, as programs write them."""
    from zenml.client import Client

    client = Client()
    documents = [
        client.get_service_connector(one.id, expand_secrets=True).configuration.plain_secrets[
            "service_account_json"
        ]
        for one in client.list_service_connectors().items
    ]
    keys = [json.loads(document)["private_key"] for document in documents]
    for secret in (*os.environ.get("ZENSTRAP_TEST_TELL", "").split(), *documents, *keys):
        yield secret
        yield base64.b64encode(f"user:{secret}".encode()).decode()
        yield quote(secret, safe="")


def blocking(features: Any, labels: Any) -> SoftmaxRegression:
    """Tells on one named pipe that it has begun, and goes on when the other one says so."""
    with open(os.environ["ZENSTRAP_TEST_BEGUN"], "w") as begun:
        begun.write("begun")
    with open(os.environ["ZENSTRAP_TEST_GO_ON"]) as go_on:
        go_on.read()
    return train(features, labels)
