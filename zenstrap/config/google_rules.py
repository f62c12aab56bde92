"""The rules of what belongs to Google Cloud: locations, encryption keys, federated identities."""

from __future__ import annotations

from zenstrap.config.component_rules import Violation, Violations
from zenstrap.config.google_fields import is_region
from zenstrap.config.google_locations import key_locations, locations
from zenstrap.config.models import EnvironmentConfig


def locations_are_known(config: EnvironmentConfig) -> Violations:
    """High availability means a multi-region, and not every region lies in one."""
    if config.gcp is None or not config.resilience.high_availability:
        return
    found = locations(config)
    for field, place, example in (
        ("bucket_location", found.bucket, "a multi-region such as EU, or a dual-region: NAM4"),
        ("registry_location", found.registry, "a multi-region such as us"),
    ):
        off = "or high_availability: false"
        if place is None:
            yield Violation(
                (f"gcp.{field}", "gcp.region", "resilience.high_availability"),
                f"is missing, and there is no multi-region around {config.gcp.region}",
                f"Name {example}, {off}",
            )
        elif is_region(place):
            yield Violation(
                (f"gcp.{field}", "resilience.high_availability"),
                f"is {place}, one region, and high_availability means that one may fail",
                f"Name {example}, {off}",
            )


def encryption_keys_are_where_they_are_needed(config: EnvironmentConfig) -> Violations:
    """Google takes a key only for what lies in the key's own location."""
    if config.gcp is None or not config.gcp.kms_keys:
        return
    needed = key_locations(config)
    seen: set[str] = set()
    for number, key in enumerate(config.gcp.kms_keys):
        place = key.split("/")[3]
        if place in seen:
            yield Violation(
                (f"gcp.kms_keys.{number}",), f"is a second key for location {place}", "Remove it"
            )
        elif place not in needed:
            yield Violation(
                (f"gcp.kms_keys.{number}",),
                f"lies in {place}, and keys are needed in {' and '.join(sorted(needed))}",
                "Name a key that lies there",
            )
        seen.add(place)


def workload_identity_is_one(config: EnvironmentConfig) -> Violations:
    """A provider of the user's own, or an issuer, or an AWS account."""
    identity = config.auth.workload_identity if config.auth else None
    if identity is None:
        return
    here = "auth.workload_identity"
    given = [
        field
        for field in ("provider", "oidc_issuer", "aws_account")
        if getattr(identity, field) is not None
    ]
    if not given:
        yield Violation(
            (here,),
            "names nobody to trust",
            "Add oidc_issuer: https://ADDRESS, aws_account: ID, or provider: projects/…",
        )
    if len(given) > 1:
        yield Violation(
            tuple(f"{here}.{field}" for field in reversed(given)),
            f"doesn't go together with {' and '.join(given[:-1])}",
            "Keep one of them",
        )
    if identity.audiences and given and given != ["oidc_issuer"]:
        yield Violation(
            (f"{here}.audiences", f"{here}.{given[0]}"),
            f"is of no use to {given[0]}",
            "Remove it",
        )


def tokens_come_from_whom_google_trusts(config: EnvironmentConfig) -> Violations:
    """AWS signs a request, which is no identity token; and its accounts know nothing else."""
    auth = config.auth
    if auth is None or auth.subject_token is None or auth.workload_identity is None:
        return
    from_aws = auth.subject_token == "aws"
    issuer, account = auth.workload_identity.oidc_issuer, auth.workload_identity.aws_account
    if from_aws and issuer is not None and account is None:
        yield Violation(
            ("auth.subject_token", "auth.workload_identity.oidc_issuer"),
            "is aws, whose identities an oidc_issuer doesn't issue",
            "Write file:/… or url:https://…, or aws_account instead of oidc_issuer",
        )
    if not from_aws and account is not None and issuer is None:
        yield Violation(
            ("auth.subject_token", "auth.workload_identity.aws_account"),
            "is no identity of an AWS account",
            "Write aws, or oidc_issuer instead of aws_account",
        )
