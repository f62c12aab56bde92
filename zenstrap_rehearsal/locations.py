"""Google's locations. https://cloud.google.com/about/locations"""

from __future__ import annotations

from typing import Final

from zenstrap_rehearsal.errors import ApiError

_REGIONS: Final = """
africa-south1
asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2
asia-southeast1 asia-southeast2 asia-southeast3
australia-southeast1 australia-southeast2
europe-central2 europe-north1 europe-north2 europe-southwest1 europe-west1 europe-west2
europe-west3 europe-west4 europe-west6 europe-west8 europe-west9 europe-west10 europe-west12
me-central1 me-central2 me-west1
northamerica-northeast1 northamerica-northeast2 northamerica-south1
southamerica-east1 southamerica-west1
us-central1 us-east1 us-east4 us-east5 us-south1 us-west1 us-west2 us-west3 us-west4
"""
REGIONS: Final = frozenset(_REGIONS.split())

REGISTRIES: Final = REGIONS | {"asia", "europe", "us"}
KEYS: Final = REGIONS | {
    "global", "us", "europe", "asia", "asia1", "eur3", "eur4", "eur5", "eur6",
    "nam3", "nam4", "nam6", "nam7", "nam8", "nam9", "nam-eur-asia1",
}  # fmt: skip


def check(location: str, known: frozenset[str]) -> None:
    """Refuse a location that doesn't exist, with the message of Google's newer services.

    Raises:
        ApiError: 403.
    """
    if location not in known:
        raise ApiError(
            403,
            f"Permission denied on 'locations/{location}' (or it may not exist).",
            details=(
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "domain": "googleapis.com",
                    "metadata": {"location": location},
                    "reason": "LOCATION_ACCESS_DENIED",
                },
            ),
        )
