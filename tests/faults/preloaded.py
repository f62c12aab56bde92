"""All that a command imports, imported once: processes are forked from the one that did."""

from __future__ import annotations

import gc
import importlib
import os
import tempfile
import warnings

from tests.conftest import QUIET, forget_zenml
from zenstrap.paths import project_root

os.environ.update(QUIET)
os.environ["ZENML_LOGGING_VERBOSITY"] = "ERROR"
# Read when it is imported; see zenstrap_rehearsal.Rehearsal.environment.
os.environ["GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT"] = "false"
warnings.simplefilter("ignore", FutureWarning)

with tempfile.TemporaryDirectory() as folder:
    os.environ["ZENML_CONFIG_PATH"] = folder  # nobody's own
    for name in (
        "gcsfs",
        "google.cloud.storage",
        "psutil",
        "sqlalchemy.dialects.sqlite",
        "tests.faults.child",
        "tests.faults.points",
        "zenml.client",
        "zenml.orchestrators.local.local_orchestrator",
        "zenml.pipelines.run_utils",
        "zenml.zen_stores.rest_zen_store",
        "zenml.zen_stores.sql_zen_store",
    ):
        importlib.import_module(name)
    sources = importlib.import_module("zenml.utils.source_utils")
    sources.set_custom_source_root(str(project_root()))
    for name in ("bootstrap", "plan", "rollback", "teardown"):
        importlib.import_module(f"pipelines.{name}")
    forget_zenml()
    importlib.import_module("zenml.login.credentials_store").CredentialsStore._clear()
    gc.collect()
    gc.freeze()  # or each child's first collection would copy the memory that they share
