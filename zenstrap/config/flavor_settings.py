"""Settings of ZenML's own, below ``settings`` of a component: known, of the right type, not ours.

ZenML itself takes unknown settings of some flavors in silence. The table is made from its classes
by ``python -m zenstrap.registry.flavor_schemas``, of the ZenML in constraints.txt. Back to 0.95.1
all have the same settings, but for ``max_api_retries`` of orchestrator kubernetes (since 0.96).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from zenstrap.config.names import ComponentKind, nearest

TABLE: Final = Path(__file__).with_name("flavor_settings.json")
Schema = Mapping[str, Any]
Fault = tuple[str, str, str | None]  # dotted path below settings, what is wrong, the way out

# What zenstrap sets by itself, and with which of our keys it is set otherwise; None: Terraform's
# outputs decide.
_VERTEX: Final[dict[str, str | None]] = {
    "project": "gcp.project_id",
    "network": "gcp.network",
    "encryption_spec_key_name": "gcp.kms_keys",
}
_TAKEN: Final[dict[tuple[ComponentKind, str], dict[str, str | None]]] = {
    ("artifact_store", "gcp"): {"path": None},
    ("artifact_store", "local"): {"path": None},
    ("container_registry", "gcp"): {"uri": None},
    ("orchestrator", "vertex"): {
        **_VERTEX,
        "location": "location",
        "synchronous": "synchronous",
        "pipeline_root": None,
        "workload_service_account": None,
        "custom_job_parameters.machine_type": "machine_type",
        "custom_job_parameters.accelerator_type": "accelerator",
        "custom_job_parameters.accelerator_count": "accelerator_count",
        "custom_job_parameters.boot_disk_size_gb": "boot_disk_gb",
        "custom_job_parameters.service_account": None,
    },
    ("orchestrator", "kubernetes"): {
        "kubernetes_namespace": "namespace",
        "kubernetes_context": "cluster",
        "synchronous": "synchronous",
        "max_parallelism": "max_parallelism",
    },
    ("orchestrator", "vm_gcp"): {
        "project": "gcp.project_id",
        "region": "location",
        "instance_type": "machine_type",
        "accelerators": "accelerator",
        "disk_size": "boot_disk_gb",
        "use_spot": "use_spot",
    },
    ("orchestrator", "airflow"): {"dag_output_dir": "dag_folder", "local": None},
    ("step_operator", "vertex"): {
        **_VERTEX,
        "region": "location",
        "service_account": None,
        "machine_type": "machine_type",
        "accelerator_type": "accelerator",
        "accelerator_count": "accelerator_count",
        "boot_disk_size_gb": "boot_disk_gb",
    },
    ("image_builder", "gcp"): {
        "project": "gcp.project_id",
        "location": "location",
        "build_timeout": "timeout_minutes",
    },
    ("experiment_tracker", "vertex"): {
        "project": "gcp.project_id",
        "encryption_spec_key_name": "gcp.kms_keys",
        "location": "location",
        "experiment": "experiment",
        "staging_bucket": None,
    },
    ("experiment_tracker", "mlflow"): {
        "tracking_uri": "tracking_uri",
        "experiment_name": "experiment",
    },
    ("deployer", "gcp"): {
        "project": "gcp.project_id",
        "location": "location",
        "service_account": None,
        "secret_name_prefix": None,
        "allow_unauthenticated": "allow_unauthenticated",
    },
}

_WORDS: Final = {
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "a map",
    "null": "null",
}


def settings_faults(
    kind: ComponentKind, flavor: str, settings: Mapping[str, JsonValue]
) -> Iterator[Fault]:
    """What is wrong in the settings of a component."""
    fields = _table().get(f"{kind}/{flavor}", {})
    taken = _TAKEN.get((kind, flavor), {})
    yield from _object_faults("", settings, fields, taken)


def _object_faults(
    at: str,
    values: Mapping[str, JsonValue],
    fields: Mapping[str, Schema],
    taken: Mapping[str, str | None],
) -> Iterator[Fault]:
    for name, value in values.items():
        path = f"{at}{name}"
        if path in taken:
            ours = taken[path]
            way_out = f"Use {ours}" if ours else "Remove it"
            yield path, "is set by zenstrap itself", way_out
        elif name not in fields:
            free = [field for field in fields if f"{at}{field}" not in taken]
            near = nearest(name, free)
            hint = f"Did you mean {near}?" if near else _known(free)
            yield path, "is no setting that ZenML has for this flavor", hint
        elif value is not None:
            yield from _value_faults(path, value, fields[name], taken)


def _value_faults(
    path: str, value: JsonValue, schema: Schema, taken: Mapping[str, str | None]
) -> Iterator[Fault]:
    choices = schema.get("anyOf") or [schema]
    fitting = [one for one in choices if _has_type(value, one)]
    if not fitting:
        wanted = " or ".join(dict.fromkeys(_described(one) for one in choices))
        yield path, f"must be {wanted}", None
        return
    chosen = fitting[0]
    if isinstance(value, dict):
        if "properties" in chosen:
            yield from _object_faults(f"{path}.", value, chosen["properties"], taken)
        elif "values" in chosen:
            for name, inner in value.items():
                yield from _value_faults(f"{path}.{name}", inner, chosen["values"], taken)
    elif isinstance(value, list):
        # A list has no keys to blame: the whole of it is named.
        entries = [_value_faults(path, one, chosen.get("items", {}), taken) for one in value]
        yield from [fault for faults in entries for fault in faults][:1]
        if not chosen.get("minItems", 0) <= len(value) <= chosen.get("maxItems", len(value)):
            yield path, f"must have {chosen['minItems']} entries", None
    elif any(not _in_range(value, one) for one in fitting):
        yield path, f"must be {_described(chosen)}", None


def _has_type(value: JsonValue, schema: Schema) -> bool:
    if "enum" in schema or "const" in schema:
        return value in schema.get("enum", [schema.get("const")])
    match schema.get("type"):
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case "null":
            return value is None
    return True  # anything


def _in_range(value: JsonValue, schema: Schema) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return True
    least, most = schema.get("minimum", value), schema.get("maximum", value)
    return bool(least <= value <= most and value > schema.get("exclusiveMinimum", value - 1))


def _described(schema: Schema) -> str:
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    words = _WORDS.get(schema.get("type", ""), "anything")
    bounds = [
        f"{word} {schema[key]}"
        for key, word in (
            ("minimum", "at least"),
            ("exclusiveMinimum", "more than"),
            ("maximum", "at most"),
        )
        if key in schema
    ]
    return " ".join([words, " and ".join(bounds)]).strip()


def _known(fields: list[str]) -> str:
    return f"It has {', '.join(sorted(fields))}" if fields else "It has none"


@functools.cache
def _table() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return found
