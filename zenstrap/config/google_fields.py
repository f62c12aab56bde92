"""The types of single values that Google Cloud has rules for."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from zenstrap.config.fields import checked, refused, shaped
from zenstrap.config.names import nearest, quoted

# As of November 2026. https://cloud.google.com/about/locations
_REGIONS: Final = """
africa-south1
asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3
asia-south1 asia-south2 asia-southeast1 asia-southeast2 asia-southeast3
australia-southeast1 australia-southeast2
europe-central2 europe-north1 europe-north2 europe-southwest1
europe-west1 europe-west2 europe-west3 europe-west4 europe-west6 europe-west8 europe-west9
europe-west10 europe-west12
me-central1 me-central2 me-west1
northamerica-northeast1 northamerica-northeast2 northamerica-south1
southamerica-east1 southamerica-west1
us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4
"""

KNOWN_REGIONS: Final = frozenset(_REGIONS.split())

# https://cloud.google.com/resource-manager/docs/creating-managing-projects
_PROJECT_ID: Final = r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$"
GoogleProjectId = Annotated[
    str,
    checked(
        shaped(
            _PROJECT_ID,
            "is not a valid Google Cloud project id: 6 to 30 lower-case letters, digits and "
            "dashes, beginning with a letter, not ending with a dash",
        ),
        "Take the id, not the name or number, from `gcloud projects list`",
    ),
    Field(examples=["acme-ml-dev"], json_schema_extra={"pattern": _PROJECT_ID}),
]

# The parts that Google composes region names of: accepts future regions, but no typos.
_REGION: Final = (
    r"^(africa|asia|australia|europe|me|northamerica|southamerica|us)"
    r"-(north|south|(north|south)?(east|west)|central)[0-9]{1,2}$"
)


def _check_region(text: str) -> str:
    if re.fullmatch(_REGION, text):
        return text
    if text[-2:-1] == "-" and re.fullmatch(_REGION, text[:-2]):
        raise refused(f"'{text}' is a zone, not a region", f"Write {text[:-2]}")
    raise refused(f"{quoted(text)} is not a Google Cloud region", _likely_region(text))


def _likely_region(text: str) -> str:
    near = nearest(text, sorted(KNOWN_REGIONS)) if re.search(r"-.+[0-9]$", text) else None
    example = "Use a region such as europe-west1 (`gcloud compute regions list`)"
    return f"Did you mean {near}?" if near else example


Region = Annotated[
    str,
    AfterValidator(_check_region),
    Field(examples=["europe-west1"], json_schema_extra={"pattern": _REGION}),
]

# Locations that aren't a region. Google accepts upper and lower case.
# https://cloud.google.com/storage/docs/locations
BUCKET_MULTI_REGIONS: Final = ("ASIA", "EU", "US")
_DUAL_REGIONS: Final = ("ASIA1", "EUR4", "EUR5", "EUR7", "EUR8", "NAM4")
# https://cloud.google.com/artifact-registry/docs/repositories/repo-locations
REGISTRY_MULTI_REGIONS: Final = ("asia", "europe", "us")
_OTHER_SERVICES_NAME: Final = {"eu": "europe", "europe": "EU"}


def is_region(location: str) -> bool:
    """Whether a location is a single region."""
    return re.fullmatch(_REGION, location.lower()) is not None


def _located(beside: tuple[str, ...], otherwise: str) -> AfterValidator:
    def check(text: str) -> str:
        if is_region(text) or text.lower() in map(str.lower, beside):
            return text
        other = _OTHER_SERVICES_NAME.get(text.lower(), "")
        near = other if other in beside else nearest(text, [*beside, *sorted(KNOWN_REGIONS)])
        raise refused(
            f"{quoted(text)} is not {otherwise}", f"Did you mean {near}?" if near else None
        )

    return AfterValidator(check)


BucketLocation = Annotated[
    str,
    _located(
        (*BUCKET_MULTI_REGIONS, *_DUAL_REGIONS),
        f"a valid location of a bucket: a region, one of {', '.join(BUCKET_MULTI_REGIONS)}, or a "
        f"dual-region ({', '.join(_DUAL_REGIONS)})",
    ),
    Field(examples=["EU"]),
]
RegistryLocation = Annotated[
    str,
    _located(
        REGISTRY_MULTI_REGIONS,
        f"a valid location of a registry: a region, or one of {', '.join(REGISTRY_MULTI_REGIONS)}",
    ),
    Field(examples=["europe"]),
]
BuildLocation = Annotated[
    str,
    _located(("global",), "a valid location of Cloud Build: a region, or global"),
    Field(examples=["global"]),
]

# https://cloud.google.com/storage/docs/buckets#naming; dots are left out: a bucket with dots is
# a domain name, whose ownership must be verified.
_BUCKET: Final = r"^[a-z0-9][a-z0-9_-]{1,61}[a-z0-9]$"


def _bucket_fault(text: str) -> str | None:
    if text.startswith("gs://"):
        return f"{quoted(text)} is a URI, expected a bucket name without gs://"
    if not re.fullmatch(_BUCKET, text):
        return (
            f"{quoted(text)} is not a valid bucket name: 3 to 63 lower-case letters, digits, "
            "dashes and underscores, beginning and ending with a letter or digit"
        )
    if text.startswith("goog") or "google" in text:
        return f"{quoted(text)} is not a valid bucket name: Google reserves names with 'google'"
    return None


BucketName = Annotated[
    str,
    checked(_bucket_fault),
    Field(examples=["acme-ml-tfstate"], json_schema_extra={"pattern": _BUCKET}),
]

_PREFIX: Final = r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$"
ObjectPrefix = Annotated[
    str,
    checked(
        shaped(
            _PREFIX,
            "is not a valid folder in a bucket: letters, digits, dashes and underscores, joined "
            "by single slashes, with no slash at either end",
        )
    ),
    Field(json_schema_extra={"pattern": _PREFIX}),
]

_MACHINE: Final = r"^[a-z][a-z0-9]*(-[a-z0-9]+)+$"
MachineType = Annotated[
    str,
    checked(
        shaped(_MACHINE, "is not a valid machine type"),
        "Use one such as n1-standard-8 (`gcloud compute machine-types list`)",
    ),
    Field(examples=["n1-standard-8"], json_schema_extra={"pattern": _MACHINE}),
]

_DAG_BUCKET: Final = r"^gs://[a-z0-9][a-z0-9_.-]+/[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*/?$"


def _dag_folder_fault(text: str) -> str | None:
    if not text.strip() or ("://" in text and not re.fullmatch(_DAG_BUCKET, text)):
        return f"{quoted(text)} is not a valid DAG folder"
    return None


DagFolder = Annotated[
    str,
    checked(_dag_folder_fault, "Write gs://BUCKET/FOLDER (Cloud Composer shows it), or a folder"),
    Field(examples=["gs://europe-west1-composer-1234-bucket/dags"]),
]

_EMAIL: Final = r"^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z][a-z0-9-]+[a-z0-9]\.iam\.gserviceaccount\.com$"
ServiceAccountEmail = Annotated[
    str,
    checked(
        shaped(_EMAIL, "is not a service account: NAME@PROJECT_ID.iam.gserviceaccount.com"),
    ),
    Field(
        examples=["terraform@acme-ml-dev.iam.gserviceaccount.com"],
        json_schema_extra={"pattern": _EMAIL},
    ),
]

_PROVIDER: Final = (
    r"^projects/[0-9]+/locations/global/workloadIdentityPools/[a-z0-9-]{4,32}"
    r"/providers/[a-z0-9-]{4,32}$"
)
WorkloadIdentityProvider = Annotated[
    str,
    checked(
        shaped(
            _PROVIDER,
            "is not a workload identity provider: projects/NUMBER/locations/global/"
            "workloadIdentityPools/POOL/providers/PROVIDER (the project's number, not its id)",
        )
    ),
    Field(
        examples=[
            "projects/123456789012/locations/global/workloadIdentityPools/zenml/providers/github"
        ],
        json_schema_extra={"pattern": _PROVIDER},
    ),
]

# https://cloud.google.com/iam/docs/workload-identity-federation-with-other-providers
_ISSUER: Final = r"^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[^\s?#]*)?$"
IssuerUri = Annotated[
    str,
    checked(shaped(_ISSUER, "is not a valid issuer: the https:// URL in the tokens' claim iss")),
    Field(
        examples=["https://token.actions.githubusercontent.com"],
        json_schema_extra={"pattern": _ISSUER},
    ),
]

_AWS_ACCOUNT: Final = r"^[0-9]{12}$"
AwsAccount = Annotated[
    str,
    checked(shaped(_AWS_ACCOUNT, "is not an AWS account id: 12 digits")),
    Field(examples=["123456789012"], json_schema_extra={"pattern": _AWS_ACCOUNT}),
]

# Keys of an attribute mapping: lower-case letters, digits and underscores, up to 100 characters.
# https://cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers
_ATTRIBUTE: Final = r"^[a-z][a-z0-9_]{0,99}$"
TokenAttribute = Annotated[
    str,
    checked(
        shaped(
            _ATTRIBUTE,
            "is not a valid attribute: lower-case letters, digits and underscores, without the "
            "prefix 'attribute.'",
        )
    ),
    Field(examples=["repository"], json_schema_extra={"pattern": _ATTRIBUTE}),
]


def _check_accepted_values(values: tuple[str, ...]) -> tuple[str, ...]:
    if values and all(value.strip() for value in values):
        return values
    raise refused(
        "lists no accepted value" if not values else "lists an empty value",
        'Write for example ["system:serviceaccount:zenml:zenml"]',
    )


AcceptedValues = Annotated[
    tuple[str, ...],
    AfterValidator(_check_accepted_values),
    Field(json_schema_extra={"minItems": 1}),
]

_SUBJECT_TOKEN: Final = r"^(aws|file:/.+|url:https?://.+)$"
SubjectToken = Annotated[
    str,
    checked(
        shaped(
            _SUBJECT_TOKEN,
            "doesn't say where the identity token comes from: aws, file:/absolute/path or "
            "url:https://address",
        )
    ),
    Field(
        examples=["file:/var/run/secrets/tokens/gcp"],
        json_schema_extra={"pattern": _SUBJECT_TOKEN},
    ),
]

_KMS_KEY: Final = (
    r"^projects/[a-z0-9-]+/locations/[a-z0-9-]+/keyRings/[A-Za-z0-9_-]+/cryptoKeys/[A-Za-z0-9_-]+$"
)
KmsKey = Annotated[
    str,
    checked(
        shaped(
            _KMS_KEY,
            "is not an encryption key: projects/PROJECT_ID/locations/LOCATION/keyRings/RING/"
            "cryptoKeys/KEY",
        )
    ),
    Field(json_schema_extra={"pattern": _KMS_KEY}),
]

# https://cloud.google.com/compute/docs/labeling-resources#requirements; international letters are
# allowed in labels, but not in every field that zenstrap writes a label to.
_LABEL_KEY: Final = r"^[a-z][a-z0-9_-]{0,62}$"
_LABEL_VALUE: Final = r"^[a-z0-9_-]{0,63}$"
OWN_LABELS: Final = frozenset(
    {"managed_by", "environment", "ml_project", "content", "run", "zenstrap_owner"}
)


def _label_key_fault(text: str) -> str | None:
    if text in OWN_LABELS or text.startswith(("goog", "zenstrap")):
        return f"the label '{text}' is reserved for zenstrap or Google"
    if not re.fullmatch(_LABEL_KEY, text):
        return (
            f"{quoted(text)} is not a valid label key: up to 63 lower-case letters, digits, dashes "
            "and underscores, beginning with a letter"
        )
    return None


def _check_label_value(text: str) -> str:
    if re.fullmatch(_LABEL_VALUE, text):
        return text
    plain = unicodedata.normalize("NFKD", text.strip().lower()).encode("ascii", "ignore").decode()
    near = re.sub(r"[^a-z0-9_-]+", "-", plain)[:63].strip("-")
    raise refused(
        f"{quoted(text)} is not a valid label value: up to 63 lower-case letters, digits, dashes "
        "and underscores (Google Cloud's rule)",
        f"Write {near}" if near else None,
    )


LabelKey = Annotated[str, checked(_label_key_fault)]
LabelValue = Annotated[
    str, AfterValidator(_check_label_value), Field(json_schema_extra={"pattern": _LABEL_VALUE})
]
Labels = dict[LabelKey, LabelValue]
