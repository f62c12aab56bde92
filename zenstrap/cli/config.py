"""``config``: the merged, validated configuration."""

from __future__ import annotations

import sys

from zenstrap.cli.options import Options
from zenstrap.config import EnvironmentConfig, warnings
from zenstrap.config.rendering import to_data, to_yaml
from zenstrap.config.violations import unplaced
from zenstrap.views import json_view


def config(config: EnvironmentConfig, options: Options, check: bool = False) -> int:
    """Print it as YAML or JSON, with warnings on standard error.

    Args:
        check: let ZenML check the settings in its own words, too.

    Raises:
        ConfigError: ZenML refuses settings.
        ZenstrapError: ZenML can't be reached.
    """
    if check:
        _check_settings(config, options)
    for warning in (*options.warnings, *warnings(config)):
        print(f"Warning: {warning}", file=sys.stderr)
    if options.json:
        options.telling.result(json_view.config_object(to_data(config)), 0)
    else:
        sys.stdout.write(to_yaml(config))
    return 0


def _check_settings(config: EnvironmentConfig, options: Options) -> None:
    from zenstrap.cli.zenml_client import zenml_client
    from zenstrap.lifecycle.checking import component_settings

    with zenml_client(debug=options.debug) as client:
        component_settings(config, client, options.placed or unplaced)
    print("ZenML accepts all settings.", file=sys.stderr)
