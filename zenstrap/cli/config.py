"""``config``: the merged, validated configuration."""

from __future__ import annotations

import sys

from zenstrap.cli.app import Options
from zenstrap.config import EnvironmentConfig, warnings
from zenstrap.config.rendering import to_json, to_yaml


def config(config: EnvironmentConfig, options: Options) -> int:
    """Print it as YAML or JSON, with what deserves attention on standard error."""
    for warning in (*options.warnings, *warnings(config)):
        print(f"Warning: {warning}", file=sys.stderr)
    sys.stdout.write(to_json(config) if options.json else to_yaml(config))
    return 0
