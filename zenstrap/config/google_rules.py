"""The rules of an environment on Google Cloud: authentication, locations, keys, labels, images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from zenstrap.config.components import Components
from zenstrap.config.google import GoogleEnvironment, key_locations, locations
from zenstrap.config.google_fields import is_region
from zenstrap.config.names import ComponentKind
from zenstrap.config.platforms import PlatformConfig, flavor_of
from zenstrap.config.violations import Violation, Violations
from zenstrap.flavors.google import FLAVORS
from zenstrap.flavors.google.cloud_build import CLOUD_BUILD
from zenstrap.flavors.google.storage import Bucket
from zenstrap.flavors.google.vertex import VERTEX_JOBS, VERTEX_PIPELINES

_AUTH_NEEDS = {
    "external-account": ("workload_identity", "subject_token"),
    "implicit": (),
    "impersonation": ("key",),
    "service-account": (),
}
_AUTH_TAKES = {
    "external-account": ("workload_identity", "subject_token"),
    "implicit": (),
    "impersonation": ("key", "source_service_account"),
    "service-account": ("key",),
}


def _auth_has_what_it_needs(config: GoogleEnvironment) -> Violations:
    auth = config.auth
    for field in ("workload_identity", "subject_token", "key", "source_service_account"):
        is_set = getattr(auth, field) is not None
        if not is_set and field in _AUTH_NEEDS[auth.method]:
            yield Violation(
                (f"auth.{field}", "auth.method"), f"is missing, and method {auth.method} needs it"
            )
        if is_set and field not in _AUTH_TAKES[auth.method]:
            yield Violation(
                (f"auth.{field}", "auth.method"),
                f"has no effect with method {auth.method}",
                "Remove it, or change the method",
            )


def _keys_stay_in_throwaway_environments(config: GoogleEnvironment) -> Violations:
    if not config.auth.uses_key:
        return
    method = config.auth.method
    starts = " (ZenML's impersonation needs one)" if method == "impersonation" else ""
    if config.resilience.is_strict:
        yield Violation(
            ("auth.method", "resilience.compliance_mode"),
            f"{method} uses a long-lived key{starts}, which compliance_mode strict doesn't allow",
            "Use external-account or implicit",
        )
    elif not config.throwaway:
        yield Violation(
            ("auth.method", "throwaway"),
            f"{method} uses a long-lived key{starts}, which only a throw-away environment may use",
            "Use external-account or implicit, or set throwaway: true",
        )


def _locations_are_known(config: GoogleEnvironment) -> Violations:
    """High availability needs a multi-region, and some regions are in none."""
    if not config.resilience.high_availability:
        return
    current = locations(config)
    for field, place, example in (
        ("bucket_location", current.bucket, "a multi-region such as EU, or a dual-region: NAM4"),
        ("registry_location", current.registry, "a multi-region such as us"),
    ):
        off = "or high_availability: false"
        if place is None:
            yield Violation(
                (f"gcp.{field}", "gcp.region", "resilience.high_availability"),
                f"is missing, and region {config.gcp.region} is in no multi-region",
                f"Set {example}, {off}",
            )
        elif is_region(place):
            yield Violation(
                (f"gcp.{field}", "resilience.high_availability"),
                f"is {place}, a single region; high_availability needs more than one",
                f"Set {example}, {off}",
            )


def _encryption_keys_match_locations(config: GoogleEnvironment) -> Violations:
    """Google accepts a key only for resources in the key's own location."""
    if not config.gcp.kms_keys:
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
                f"is in {place}, but keys are needed in {' and '.join(sorted(needed))}",
                "List a key in one of these locations",
            )
        seen.add(place)


def _workload_identity_has_one_source(config: GoogleEnvironment) -> Violations:
    """Exactly one of the user's own provider, an issuer and an AWS account."""
    identity = config.auth.workload_identity
    if identity is None:
        return
    section = "auth.workload_identity"
    sources = [
        field
        for field in ("provider", "oidc_issuer", "aws_account")
        if getattr(identity, field) is not None
    ]
    if not sources:
        yield Violation(
            (section,),
            "names no identity provider",
            "Add oidc_issuer: https://ADDRESS, aws_account: ID, or provider: projects/…",
        )
    if len(sources) > 1:
        yield Violation(
            tuple(f"{section}.{field}" for field in reversed(sources)),
            f"can't be combined with {' and '.join(sources[:-1])}",
            "Keep one of them",
        )
    if identity.audiences and sources and sources != ["oidc_issuer"]:
        yield Violation(
            (f"{section}.audiences", f"{section}.{sources[0]}"),
            f"has no effect with {sources[0]}",
            "Remove it",
        )


def _subject_token_fits_the_identity_provider(config: GoogleEnvironment) -> Violations:
    """An AWS identity is a signed request, not an OIDC token; each needs its own provider."""
    auth = config.auth
    if auth.subject_token is None or auth.workload_identity is None:
        return
    from_aws = auth.subject_token == "aws"
    issuer, account = auth.workload_identity.oidc_issuer, auth.workload_identity.aws_account
    if from_aws and issuer is not None and account is None:
        yield Violation(
            ("auth.subject_token", "auth.workload_identity.oidc_issuer"),
            "is aws, but oidc_issuer doesn't issue AWS identities",
            "Write file:/… or url:https://…, or aws_account instead of oidc_issuer",
        )
    if not from_aws and account is not None and issuer is None:
        yield Violation(
            ("auth.subject_token", "auth.workload_identity.aws_account"),
            "is not an identity of an AWS account",
            "Write aws, or oidc_issuer instead of aws_account",
        )


def _state_has_a_bucket_of_its_own(config: GoogleEnvironment) -> Violations:
    for at, components in config.component_sets():
        store = components.artifact_store
        if isinstance(store, Bucket) and store.bucket == config.state.bucket:
            yield Violation(
                (f"{at}.artifact_store.bucket", "state.bucket"),
                "is the bucket of Terraform's state, which would be deleted with the artifacts",
                "Give one of them another name",
            )


def _projects_share_the_bucket(config: GoogleEnvironment) -> Violations:
    shared = config.stack.components.artifact_store
    for name, project in config.ml_projects.items():
        own = project.components.artifact_store
        if isinstance(own, Bucket) and own.bucket != getattr(shared, "bucket", None):
            yield Violation(
                (
                    f"ml_projects.{name}.components.artifact_store.bucket",
                    "stack.components.artifact_store.bucket",
                ),
                "can't be set by an ML project, which has a path in the environment's bucket",
                "Remove it",
            )


_MOST_LABELS = 64
"""Per resource: https://docs.cloud.google.com/resource-manager/docs/labels-overview."""

# goog-terraform-provisioned is the provider's own.
_ADDED_LABELS = frozenset(
    {"environment", "goog-terraform-provisioned", "managed_by", "zenstrap_owner"}
)


def _labels_are_not_too_many(config: GoogleEnvironment) -> Violations:
    for project in config.targets:
        added = _ADDED_LABELS | ({"ml_project"} if project else frozenset())
        labels = {*config.labels_of(project)} - added
        most = _MOST_LABELS - len(added)
        if len(labels) > most:
            at = "labels" if project is None else f"ml_projects.{project}.labels"
            inherited = " with the environment's" if project else ""
            yield Violation(
                (at,),
                f"are {len(labels)}{inherited}; Google allows {_MOST_LABELS} on a resource, and "
                f"zenstrap adds {len(added)}: {', '.join(sorted(added))}",
                f"Keep at most {most}",
            )


def _warnings(config: GoogleEnvironment) -> Iterator[str]:
    if config.auth.uses_key:
        yield (
            f"auth.method {config.auth.method} uses a long-lived key; "
            "external-account needs no key."
        )


def _without_effect(config: GoogleEnvironment) -> Violations:
    uses_vertex = any(
        flavor_of(component) in (VERTEX_PIPELINES, VERTEX_JOBS)
        for _, components in config.component_sets()
        for component in components.present().values()
    )
    if config.gcp.network is not None and not uses_vertex:
        yield Violation(
            ("gcp.network",),
            "has no effect: it is for Vertex AI jobs, and no component runs any",
            "Remove it, or use flavor vertex",
        )


# --- Rules between the components of one stack ---

_IMAGES: Final[tuple[ComponentKind, ...]] = ("container_registry", "image_builder")


def _remote_steps_have_images_and_a_bucket(at: str, components: Components) -> Violations:
    remote = components.runners_elsewhere()
    if not remote:
        return
    runners = " and ".join(f"{name} {flavor}" for name, flavor in remote.items())
    flavors = tuple(f"{at}.{name}.flavor" for name in remote)
    for needed in _IMAGES:
        if components.of_kind(needed) is None:
            yield Violation(
                (f"{at}.{needed}", *flavors),
                f"is missing, but steps run in containers ({runners})",
                f"Add {needed}: {{version: 1.0.0, flavor: gcp}}",
            )
    if components.artifact_store.flavor == "local":
        yield Violation(
            (f"{at}.artifact_store.flavor", *flavors),
            f"is local, but steps on other machines can't access it ({runners})",
            "Use flavor gcp",
        )


def _cloud_build_has_a_registry_and_a_bucket(at: str, components: Components) -> Violations:
    for name, builder in components.present().items():
        if flavor_of(builder) is not CLOUD_BUILD:
            continue
        if components.of_kind("container_registry") is None:
            yield Violation(
                (f"{at}.container_registry", f"{at}.{name}.flavor"),
                "is missing, but Cloud Build pushes its images to a container registry",
                "Add container_registry: {version: 1.0.0, flavor: gcp}",
            )
        if components.artifact_store.flavor != "gcp":
            yield Violation(
                (f"{at}.artifact_store.flavor", f"{at}.{name}.flavor"),
                f"is {components.artifact_store.flavor}, but Cloud Build reads its sources from "
                "a bucket",
                "Use flavor gcp",
            )


def _deployers_have_images(at: str, components: Components) -> Violations:
    for name, deployer in components.present().items():
        if deployer.kind != "deployer":
            continue
        for needed in _IMAGES:
            if components.of_kind(needed) is None:
                yield Violation(
                    (f"{at}.{needed}", f"{at}.{name}.flavor"),
                    "is missing, but the deployer serves pipelines in containers",
                    f"Add {needed}: {{version: 1.0.0, flavor: gcp}}",
                )


_COMPONENT_RULES: Final = (
    _remote_steps_have_images_and_a_bucket,
    _cloud_build_has_a_registry_and_a_bucket,
    _deployers_have_images,
)


GOOGLE_CLOUD: Final = PlatformConfig(
    model=GoogleEnvironment,
    flavors=FLAVORS,
    rules=(
        _auth_has_what_it_needs,
        _keys_stay_in_throwaway_environments,
        _state_has_a_bucket_of_its_own,
        _projects_share_the_bucket,
        _locations_are_known,
        _encryption_keys_match_locations,
        _workload_identity_has_one_source,
        _subject_token_fits_the_identity_provider,
        _labels_are_not_too_many,
    ),
    component_rules=_COMPONENT_RULES,
    warnings=_warnings,
    without_effect=_without_effect,
)
