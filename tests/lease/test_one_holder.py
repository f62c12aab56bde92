"""Whatever happens in whatever order, at most one holder is told that its lease is good."""

from __future__ import annotations

from hypothesis import settings

from tests.lease.contention import Contention

Contention.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestOneHolder = Contention.TestCase
