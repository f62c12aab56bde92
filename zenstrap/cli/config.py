"""``config``: the merged, validated configuration."""

from __future__ import annotations

import sys

from zenstrap.cli.app import Options
from zenstrap.config import warnings
from zenstrap.config.loading import load_environment
from zenstrap.config.rendering import to_json, to_yaml


def config(options: Options) -> int:
    """Print it as YAML or JSON, with what deserves attention on standard error."""
    loaded = load_environment(options.environment)
    for warning in warnings(loaded):
        print(f"Warning: {warning}", file=sys.stderr)
    sys.stdout.write(to_json(loaded) if options.json else to_yaml(loaded))
    return 0
