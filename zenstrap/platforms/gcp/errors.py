"""Errors of Google Cloud."""

from __future__ import annotations

from zenstrap.errors import PlatformError


class GoogleError(PlatformError):
    """Google Cloud is out of reach, or refused a request."""
