"""The lower bound: a ``terraform plan``, and a ZenML run of as many empty steps as `up` has.

    python -m benchmarks.floor TERRAFORM_FOLDER

TERRAFORM_FOLDER is one that benchmarks.by_hand has created. "-" leaves Terraform out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from zenml import pipeline, step

from benchmarks.by_hand import terraform

# load config, preflight, plan, gate, provision, register connectors, register stacks, promote
STEPS = 8


@step(enable_cache=False)
def nothing() -> None:
    pass


@pipeline(dynamic=True, enable_cache=False)
def empty() -> None:
    for _ in range(STEPS):
        nothing()


if __name__ == "__main__":
    if sys.argv[1] != "-":
        terraform(Path(sys.argv[1]), "plan", "-input=false", "-var-file=variables.tfvars.json")
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    # Imported by its package name, because ZenML loads the steps by that name.
    from benchmarks.floor import empty as imported

    imported()
