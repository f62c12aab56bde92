"""The checks on Google Cloud before a plan (preflight); ``doctor`` runs the same ones."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING, Final

from zenstrap import paths
from zenstrap.config import GoogleEnvironment
from zenstrap.config.google_fields import KNOWN_REGIONS
from zenstrap.errors import AuthenticationError
from zenstrap.platforms.base import NamedCheck, Unknown
from zenstrap.platforms.gcp.errors import GoogleError
from zenstrap.platforms.gcp.packages import google_packages
from zenstrap.platforms.gcp.state_place import wanted_bucket
from zenstrap.platforms.gcp.variables import artifact_bucket

if TYPE_CHECKING:
    from zenstrap.platforms.gcp.access import GoogleAccess
    from zenstrap.platforms.gcp.api.resource_manager import Project

_STATE_PERMISSIONS: Final = (
    "storage.buckets.get",
    "storage.buckets.update",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
)
_SECONDS: Final = 20.0
GLOBAL: Final = "global"


def google_checks(config: GoogleEnvironment, access: GoogleAccess) -> list[NamedCheck]:
    """The checks for platform gcp, each raising a ZenstrapError with its fix.

    All share one login and one session; what two of them need is requested once.
    """
    google = _Checks(config, access)
    checks: list[NamedCheck] = [
        NamedCheck("google_login", google.login),
        NamedCheck("google_packages", lambda: google_packages(config), "to train"),
        NamedCheck("google_project", google.project_line),
        NamedCheck("google_apis", google.apis, "to apply"),
        NamedCheck("google_permissions", google.permissions, "to create"),
        NamedCheck("google_regions", google.regions, "to create"),
        NamedCheck("state_bucket", google.state_bucket),
        NamedCheck("artifact_bucket", google.artifact_bucket),
        NamedCheck("google_provider", google.provider, "to apply"),
    ]
    from zenstrap.platforms.gcp.needs import makes_service_account_keys

    if config.auth.method == "implicit":
        checks.append(NamedCheck("connector_login", google.connector_login, "to create"))
    if config.gcp.kms_keys:
        checks.append(NamedCheck("encryption_keys", google.encryption_keys, "to create"))
    if makes_service_account_keys(config):
        checks.append(NamedCheck("service_account_keys", google.keys_allowed, "to create"))
    return checks


class _Checks:
    def __init__(self, config: GoogleEnvironment, access: GoogleAccess) -> None:
        self._config = config
        self._access = access

    def login(self) -> str:
        from zenstrap.platforms.gcp.api.principal import who_is_it

        return who_is_it(self._access.rest)

    @cached_property
    def _project(self) -> Project:
        from zenstrap.platforms.gcp.api.resource_manager import get_project

        return get_project(self._access.rest)

    def project_line(self) -> str:
        return f"{self._project.id} (number {self._project.number})"

    def apis(self) -> str:
        from zenstrap.platforms.gcp.api.service_usage import enabled_apis
        from zenstrap.platforms.gcp.needs import FIRST_APIS, needed_apis

        enabled = enabled_apis(self._access.rest)
        missing = needed_apis(self._config) - enabled
        if first := sorted(missing.intersection(FIRST_APIS)):
            raise GoogleError(
                f"{' and '.join(first)} {'is' if len(first) == 1 else 'are'} not enabled",
                where=f"project {self._access.project_id}",
                why="Terraform enables the other APIs through them",
                fix="Enable them" if len(first) > 1 else "Enable it",
                command=f"gcloud services enable {' '.join(first)} "
                f"--project {self._access.project_id}",
            )
        if missing:
            return f"up enables {_listed(missing)}"
        return "all enabled"

    def permissions(self) -> str:
        from zenstrap.platforms.gcp.api.resource_manager import missing_permissions
        from zenstrap.platforms.gcp.needs import needed_permissions

        needed = needed_permissions(self._config)
        missing = missing_permissions(self._access.rest, needed)
        if not missing:
            return f"all {len(needed)} that Terraform needs"
        raise self._lacking(missing, f"project {self._access.project_id}", "gcloud projects")

    def regions(self) -> str:
        regions = {self._config.gcp.region: "gcp.region"}
        for project in self._config.targets:
            stack = f"ml_projects.{project}" if project else "stack"
            for kind, component in self._config.components_of(project).present().items():
                if region := getattr(component, "location", None):
                    regions.setdefault(region, f"{stack}.components.{kind}.location")
        regions.pop(GLOBAL, None)  # Cloud Build's, which isn't a region
        unknown = [
            region
            for region, key in sorted(regions.items())
            if region not in KNOWN_REGIONS and not self._exists(region, key)
        ]
        if unknown:
            return Unknown(f"not known to this version of zenstrap: {', '.join(unknown)}")
        return ", ".join(sorted(regions))

    def _exists(self, region: str, key: str) -> bool:
        """Whether a region exists; False if that can't be checked before the API is enabled."""
        from zenstrap.config.names import nearest
        from zenstrap.platforms.gcp.api.refusals import ApiDisabledError, RefusedCallError

        path = f"v1/projects/{self._access.project_id}/locations/{region}"
        try:
            self._access.rest.get("artifactregistry", path, what="the region can't be looked up")
        except ApiDisabledError:
            return False
        except RefusedCallError as error:
            if error.refusal.status not in (400, 403, 404):
                raise
            near = nearest(region, sorted(KNOWN_REGIONS))
            raise GoogleError(
                f"region {region} doesn't exist",
                where=key,
                why=f"Google says: {error.refusal.message}",
                fix=f"Write {near}" if near else "List the regions",
                command=None if near else "gcloud compute regions list",
            ) from error
        return True

    def state_bucket(self) -> str:
        from zenstrap.platforms.gcp.storage.client import reaching
        from zenstrap.platforms.gcp.storage.state_bucket import decide, look

        wanted = wanted_bucket(self._config, self._access, self._project)
        place = f"gs://{wanted.name}"
        decision = decide(look(self._access.storage, wanted), wanted)
        if decision.reason is not None:
            raise decision.reason
        if decision.action == "create":
            return f"{place}: up creates it in {wanted.location}"
        with reaching("your permissions can't be checked", where=place, project=wanted.project):
            bucket = self._access.storage.bucket(wanted.name)
            granted = bucket.test_iam_permissions(list(_STATE_PERMISSIONS), timeout=_SECONDS)
        if missing := set(_STATE_PERMISSIONS) - set(granted):
            raise self._lacking(missing, place, "gcloud storage buckets")
        settings = f"; up sets {', '.join(decision.settings)}" if decision.settings else ""
        return f"{place}{settings}"

    def artifact_bucket(self) -> str:
        from zenstrap.platforms.gcp.api.refusals import NotAllowedError
        from zenstrap.platforms.gcp.storage.client import reaching

        name = artifact_bucket(self._config)
        place = f"gs://{name}"
        try:
            with reaching("the artifact bucket can't be read", where=place):
                bucket = self._access.storage.lookup_bucket(name, timeout=_SECONDS)
        except NotAllowedError as error:
            raise self._taken(
                place, "A bucket of that name exists, but you may not access it"
            ) from error
        if bucket is None:
            return f"{place}: up creates it"
        if int(bucket.project_number or 0) != self._project.number:
            raise self._taken(place, f"It is in the project with number {bucket.project_number}")
        labels = dict(bucket.labels or {})
        environment = labels.get("environment")
        if labels.get("managed_by") != "zenstrap" or environment != self._config.environment:
            owner = f"environment {environment}" if environment else "no environment of zenstrap"
            raise self._taken(place, f"By its labels it belongs to {owner}")
        return place

    def _taken(self, place: str, why: str) -> GoogleError:
        return GoogleError(
            "the artifact bucket's name is taken",
            where=place,
            why=why,
            fix="Choose another name: stack.components.artifact_store.bucket",
        )

    def connector_login(self) -> str:
        """Connectors of method implicit use only these credentials, whatever Terraform uses."""
        from zenstrap.platforms.gcp.api.credentials import default_login

        try:
            return str(default_login())
        except AuthenticationError as error:
            raise AuthenticationError(
                "this machine has no identity that the connectors can use",
                where="auth.method",
                why=f"With method implicit ZenML uses application default credentials only. "
                f"{error.why or error.what}",
                fix="Log in, or choose another auth.method",
                command=error.command,
            ) from error

    def encryption_keys(self) -> str:
        from zenstrap.platforms.gcp.api.kms import get_key
        from zenstrap.platforms.gcp.api.refusals import ApiDisabledError, NotAllowedError

        keys = self._config.gcp.kms_keys
        for number, name in enumerate(keys):
            try:
                key = get_key(self._access.rest, name)
            except (ApiDisabledError, NotAllowedError):
                # The run itself may enable Cloud KMS, and using a key needs another permission
                # than reading it.
                return Unknown("not known: cloudkms.googleapis.com isn't enabled, or not for you")
            fault = None
            if key is None:
                fault = "the encryption key doesn't exist"
            elif key.purpose != "ENCRYPT_DECRYPT":
                fault = f"this encryption key is for {key.purpose}, not for ENCRYPT_DECRYPT"
            elif key.state != "ENABLED":
                fault = f"this encryption key is {key.state or 'without a primary version'}"
            if fault:
                raise GoogleError(
                    fault,
                    where=f"gcp.kms_keys[{number}] ({name})",
                    fix="Set an existing, enabled key, or enable this one",
                    command=f"gcloud kms keys list --keyring={name.rpartition('/cryptoKeys/')[0]}",
                )
        return f"{len(keys)} of your own, enabled"

    def keys_allowed(self) -> str:
        from zenstrap.platforms.gcp.api.org_policy import NO_KEYS, enforced
        from zenstrap.platforms.gcp.api.refusals import ApiDisabledError, NotAllowedError

        try:
            forbidden = [policy for policy in NO_KEYS if enforced(self._access.rest, policy)]
        except (ApiDisabledError, NotAllowedError):
            # The check only reports earlier what Terraform would run into.
            return Unknown(
                "not known: orgpolicy.googleapis.com isn't enabled, or you may not read policies"
            )
        if forbidden:
            raise GoogleError(
                "the organisation forbids service-account keys",
                where="auth.method",
                why=f"The policy {forbidden[0]} is enforced in {self._access.project_id}",
                fix="Set auth.method: external-account, which needs no key, or ask for an "
                "exception",
                command=f"gcloud resource-manager org-policies disable-enforce {forbidden[0]} "
                f"--project {self._access.project_id}",
            )
        return "allowed"

    def provider(self) -> str:
        """The version of Terraform's provider; init downloads one if none is installed."""
        text = (paths.modules_folder() / "environments" / "gcp" / "versions.tf").read_text()
        match = re.search(r'source\s*=\s*"hashicorp/google"\s*version\s*=\s*"([^"]+)"', text)
        constraint = match[1] if match else "any"
        folder = paths.terraform_data_folder(self._config.environment) / "providers"
        installed = sorted(path.name for path in folder.glob("*/hashicorp/google/*"))
        return f"hashicorp/google {', '.join(installed) or 'is fetched by init'} ({constraint})"

    def _lacking(self, missing: Collection[str], where: str, tool: str) -> GoogleError:
        from zenstrap.platforms.gcp.api.refusals import role_for

        roles = sorted({role for permission in missing if (role := role_for(permission))})
        subject = where.removeprefix("project ")
        member = self._access.login.principal or "PRINCIPAL"
        grants = " && ".join(
            f"{tool} add-iam-policy-binding {subject} --member={_member(member)} --role={role}"
            for role in roles
        )
        return GoogleError(
            f"{len(missing)} permission{'s are' if len(missing) > 1 else ' is'} missing",
            where=where,
            why=f"You lack {', '.join(sorted(missing))}",
            fix="Have an owner run" if grants else "Have an owner grant them to you",
            command=grants or None,
        )


def _member(principal: str) -> str:
    if "@" not in principal:
        return principal
    return (
        f"{'serviceAccount' if principal.endswith('gserviceaccount.com') else 'user'}:{principal}"
    )


def _listed(apis: Collection[str]) -> str:
    return ", ".join(sorted(api.removesuffix(".googleapis.com") for api in apis))
