"""``config``: the merged, validated configuration."""

from __future__ import annotations

import sys

from zenstrap.cli.options import Options
from zenstrap.config import EnvironmentConfig, warnings
from zenstrap.config.rendering import to_data, to_yaml
from zenstrap.views import json_view


def config(config: EnvironmentConfig, options: Options) -> int:
    """Print it as YAML or JSON, with warnings on standard error."""
    for warning in (*options.warnings, *warnings(config)):
        print(f"Warning: {warning}", file=sys.stderr)
    if options.json:
        options.telling.result(json_view.config_object(to_data(config)), 0)
    else:
        sys.stdout.write(to_yaml(config))
    return 0
