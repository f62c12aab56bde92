from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from zenstrap.config import SecretSource, fields, google_fields, secret_source
from zenstrap.config.google_fields import KNOWN_REGIONS
from zenstrap.config.platforms import PLATFORMS

LEGAL: list[tuple[Any, list[str]]] = [
    (fields.Version, ["0.0.0", "1.2.3", "10.20.30"]),
    (fields.CronSchedule, ["* * * * *", "*/5 0-6 1,15 jan-mar Mon", "0 3 * * 7", "0 0 1 1 0"]),
    (fields.Duration, ["1m", "8h", "3d", "2w", "3650d"]),
    (fields.AbsoluteFolder, ["/srv/zenml", "~/zenml"]),
    (fields.TrainingFunction, ["train:run", "acme.training.fraud:train"]),
    (fields.SecretReference, ["env:MLFLOW_TOKEN", "zenml:mlflow.token", "zenml:a-b_c.d"]),
    (google_fields.Region, ["europe-west1", "us-east4", "northamerica-northeast2", "me-north3"]),
    (google_fields.Region, sorted(KNOWN_REGIONS)),
    (google_fields.BucketLocation, ["EU", "eur4", "NAM4", "us", "EUROPE-WEST1", "asia-east1"]),
    (google_fields.RegistryLocation, ["europe", "US", "europe-west1", "Asia"]),
    (google_fields.BuildLocation, ["global", "europe-west1"]),
    (google_fields.MachineType, ["n1-standard-8", "n2-custom-4-8192", "cloud-tpu"]),
    (google_fields.DagFolder, ["gs://bucket/dags", "gs://bucket/a/b/", "/srv/dags", "~/dags"]),
    (google_fields.GoogleProjectId, ["acme-ml", "a12345", "a" * 30]),
    (google_fields.BucketName, ["abc", "a" * 63, "1-2_3"]),
    (google_fields.ObjectPrefix, ["zenstrap", "a/b_c/d-1"]),
    (google_fields.LabelValue, ["", "ml", "a" * 63, "1-2_3"]),
    (google_fields.SubjectToken, ["aws", "file:/token", "url:http://169.254.169.254/token"]),
    (google_fields.ServiceAccountEmail, ["terraform@acme-ml.iam.gserviceaccount.com"]),
]
ILLEGAL: list[tuple[Any, list[str]]] = [
    (
        fields.Version,
        ["", "1", "1.2", "1.2.3.4", "v1.2.3", "1.2.3-rc1", "01.2.3", "1.2.3\n", "\uff11.2.3"],
    ),
    (
        fields.CronSchedule,
        [
            "",
            "@daily",
            "60 * * * *",
            "* * 0 * *",
            "0 3 31 2 *",
            "0 0 31 4,6,9,11 *",
            "CRON_TZ=Europe/Berlin 0 3 * * *",
            "TZ=UTC 3 * * *",
            "*/0 * * * *",
            "a * * * *",
            "- * * * *",
            "1-2-3 * * * *",
            "*/ * * * *",
            "* * * jam *",
        ],
    ),
    (fields.Duration, ["", "8", "h", "0h", "8 h", "8H", "-1d", "1.5h", "522w", "3651d"]),
    (fields.AbsoluteFolder, ["", "zenml", "./zenml", "../zenml", "C:\\zenml", "~ada/zenml"]),
    (
        fields.TrainingFunction,
        ["train", "train.py:run", "a:b:c", ":run", "a..b:c", "a-b:c", "a:b\n"],
    ),
    (
        fields.SecretReference,
        ["", "MLFLOW_TOKEN", "env:", "env:A-B", "zenml:secret", "file:/x", "env:A\n"],
    ),
    (fields.Text, ["", "  "]),
    (google_fields.Region, ["europe", "europe-west1-b", "EU", "Europe-West1", "europe-west1\n"]),
    (google_fields.Region, ["us-centrall1", "us-cental1", "eurpoe-west1", "us-central", "us1"]),
    (google_fields.BucketLocation, ["", "EUR9", "europe", "global", "europe-wst1", "EU "]),
    (google_fields.RegistryLocation, ["EU", "eur4", "global", "europ"]),
    (google_fields.BuildLocation, ["EU", "globl"]),
    (google_fields.MachineType, ["", "big", "n1 standard 8", "N1-standard-8"]),
    (google_fields.DagFolder, ["", "gs://x", "gs://", "gs://bucket/", "s3://bucket/dags"]),
    (google_fields.GoogleProjectId, ["acme", "Acme-ml", "acme-", "a" * 31, "123456", "acme_ml"]),
    (
        google_fields.BucketName,
        ["ab", "a" * 64, "gs://abc", "Abc", "a.b.c", "-abc", "goog-x", "my-google"],
    ),
    (google_fields.ObjectPrefix, ["", "/a", "a/", "a//b", "a b"]),
    (google_fields.LabelValue, ["Ml", "1.2", "a b", "a" * 64, "ü"]),
    (google_fields.SubjectToken, ["", "file:token", "/token", "url:ftp://x", "azure"]),
    (google_fields.ServiceAccountEmail, ["terraform", "me@gmail.com"]),
]


def _flat(table: list[tuple[Any, list[str]]]) -> list[Any]:
    return [pytest.param(kind, text, id=repr(text)) for kind, texts in table for text in texts]


@pytest.mark.parametrize(("kind", "text"), _flat(LEGAL))
def test_legal(kind: Any, text: str) -> None:
    assert TypeAdapter(kind).validate_python(text) == text


@pytest.mark.parametrize(("kind", "text"), _flat(ILLEGAL))
def test_illegal(kind: Any, text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(text)
    (error,) = caught.value.errors()
    assert error["type"] == "zenstrap", "the words must be our own"
    assert error["msg"]
    assert "\n" not in error["msg"]


def test_examples_are_legal() -> None:
    """They are offered to users, and used to go on checking beside a fault."""
    from zenstrap.config.files import (
        defaults_file,
        environment_file,
        example,
        model_in,
        project_file,
    )

    seen: set[type] = set()

    def check(model: Any) -> None:
        if model in seen:
            return
        seen.add(model)
        for name, info in model.model_fields.items():
            inner = model_in(info.annotation)
            if inner is not None:
                check(inner)
            value = example(info)
            if value is not None:
                model.model_validate({name: value})

    for model in (environment_file(), defaults_file(), project_file()):
        check(model)
    assert len(seen) > 20


def test_references_are_read() -> None:
    assert secret_source("env:TOKEN") == SecretSource("env", "TOKEN")
    assert secret_source("zenml:mlflow.token") == SecretSource("zenml", "mlflow", "token")


def test_the_flavors_are_those_of_the_installed_zenml() -> None:
    from importlib.util import find_spec

    found = find_spec("zenml")  # finds, and doesn't import
    if found is None or not found.submodule_search_locations:
        pytest.skip("ZenML isn't installed")
    root = Path(found.submodule_search_locations[0])
    places = {
        "artifact_store": ["artifact_stores", "integrations/gcp"],
        "container_registry": ["container_registries", "enums.py"],
        "orchestrator": [
            "orchestrators",
            *(
                f"integrations/{i}/__init__.py"
                for i in ("gcp", "kubernetes", "skypilot_gcp", "airflow")
            ),
        ],
        "step_operator": ["integrations/gcp/__init__.py"],
        "image_builder": ["image_builders", "integrations/gcp/__init__.py"],
        "experiment_tracker": ["integrations/gcp/__init__.py", "integrations/mlflow/__init__.py"],
        "deployer": ["integrations/gcp/__init__.py"],
    }
    for platform in PLATFORMS.values():
        for kind, flavors in platform.by_kind.items():
            files = [
                file
                for place in places[kind]
                for file in (
                    [root / place] if place.endswith(".py") else (root / place).rglob("*.py")
                )
            ]
            source = "\n".join(file.read_text(encoding="utf-8") for file in files)
            for flavor in flavors:
                declared = (
                    f'return "{flavor}"',
                    f'FLAVOR = "{flavor}"',
                    f'{flavor.upper()} = "{flavor}"',
                )
                assert any(text in source for text in declared), f"ZenML has no {kind} {flavor}"


@pytest.mark.parametrize(
    ("kind", "text", "suggestion"),
    [
        (google_fields.Region, "us-centrall1", "Did you mean us-central1?"),
        (google_fields.BucketLocation, "europe", "Did you mean EU?"),
        (google_fields.RegistryLocation, "EU", "Did you mean europe?"),
        (google_fields.LabelValue, "ml ops.", "Write ml-ops"),
        (google_fields.LabelValue, "...", None),
    ],
)
def test_what_was_probably_meant(kind: Any, text: str, suggestion: str | None) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(text)
    (error,) = caught.value.errors()
    assert error["ctx"]["suggestion"] == suggestion
    if suggestion:
        meant = suggestion.removeprefix("Write ").removeprefix("Did you mean ").rstrip("?")
        assert TypeAdapter(kind).validate_python(meant) == meant


def test_the_accelerators_are_vertex_ais() -> None:
    from importlib.util import find_spec

    from zenstrap.flavors.google.machines import MACHINES

    found = find_spec("google.cloud")  # finds, and doesn't import: that takes seconds
    places = list(found.submodule_search_locations or ()) if found else []
    files = [Path(p) / "aiplatform_v1/types/accelerator_type.py" for p in places]
    text = "".join(file.read_text() for file in files if file.is_file())
    if not text:
        pytest.skip("google-cloud-aiplatform isn't installed")
    named = re.findall(r"^    ([A-Z][A-Z0-9_]+) = [0-9]+$", text, re.MULTILINE)
    assert set(MACHINES) == set(named) - {"ACCELERATOR_TYPE_UNSPECIFIED"}


def test_every_number_has_an_end() -> None:
    """Whatever is a number somewhere: 10**23 can't be meant by anybody."""
    from zenstrap.config.schema import schema

    def numbers(part: Any) -> Iterator[Any]:
        if isinstance(part, dict):
            if part.get("type") in ("integer", "number"):
                yield part
            for inner in part.values():
                yield from numbers(inner)
        elif isinstance(part, list):
            for inner in part:
                yield from numbers(inner)

    found = list(numbers(schema()))
    assert len(found) >= 10
    assert [one for one in found if "maximum" not in one] == []
