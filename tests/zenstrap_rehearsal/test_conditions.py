"""Conditions of IAM bindings, without a server."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from zenstrap_rehearsal.conditions import (
    Subject,
    bucket_subject,
    fault,
    holds,
    object_subject,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OBJECT = object_subject("acme", "a/b.txt", NOON)
BUCKET = bucket_subject("acme", NOON)
LISTING = bucket_subject("acme", NOON, "a/")
PREFIX = 'api.getAttribute("storage.googleapis.com/objectListPrefix", "")'


@pytest.mark.parametrize(
    ("expression", "subject", "expected"),
    [
        ('resource.name == "projects/_/buckets/acme/objects/a/b.txt"', OBJECT, True),
        ('resource.name == "projects/_/buckets/acme/objects/a/b"', OBJECT, False),
        ('resource.name.startsWith("projects/_/buckets/acme/objects/a/")', OBJECT, True),
        ('resource.name.startsWith("projects/_/buckets/acme/objects/a/")', BUCKET, False),
        ('resource.name.endsWith(".txt")', OBJECT, True),
        ('resource.type == "storage.googleapis.com/Object"', OBJECT, True),
        ('resource.type == "storage.googleapis.com/Bucket"', LISTING, True),
        ('resource.service == "storage.googleapis.com"', OBJECT, True),
        ('resource.type in ["storage.googleapis.com/Bucket"]', OBJECT, False),
        (f'{PREFIX}.startsWith("a/")', LISTING, True),
        (f'{PREFIX}.startsWith("a/")', BUCKET, False),
        (f'{PREFIX}.startsWith("a/")', OBJECT, False),
        (f'{PREFIX} == ""', BUCKET, True),
        ('resource.name.extract("/objects/{folder}/") == "a"', OBJECT, True),
        ('resource.name.extract("/objects/{name}") == "a/b.txt"', OBJECT, True),
        ('resource.name.extract("/objects/{name}") == ""', BUCKET, True),
        ('request.time < timestamp("2026-03-01T12:00:01Z")', OBJECT, True),
        ('request.time < timestamp("2026-03-01T12:00:00Z")', OBJECT, False),
        ('request.time.getHours("Europe/Berlin") == 13', OBJECT, True),
        ('!(resource.name.endsWith(".txt") && true) || false', OBJECT, False),
        # One side that can't be evaluated doesn't matter if the other one decides.
        ('resource.unknown == "x" || true', OBJECT, True),
        ('resource.unknown == "x" && true', OBJECT, False),
    ],
)
def test_what_holds(expression: str, subject: Subject, expected: bool) -> None:
    assert holds(expression, subject) is expected


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "resource.name ==",
        'resource.name.startsWith("a"',
        'resource.name.matches("a.*")',
        '["a"].exists(x, x == "a")',
        'unknown.name == "a"',
        "resource.name",
        "1 + 1",
        " || ".join(['resource.name == "a"'] * 14),
    ],
)
def test_what_is_refused(expression: str) -> None:
    assert fault(expression, NOON)


@pytest.mark.parametrize(
    "expression",
    [
        'resource.name == "a name with matches( and || in it"',
        " || ".join(['resource.name != "a"'] * 13),
    ],
)
def test_what_is_taken(expression: str) -> None:
    assert fault(expression, NOON) is None
