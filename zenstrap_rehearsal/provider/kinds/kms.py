"""Key rings, keys and their IAM members. Google deletes neither key rings nor keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.provider.kind import Kind, first, parse_identifier
from zenstrap_rehearsal.provider.kinds.members import MemberKind, same_end, same_member
from zenstrap_rehearsal.provider.labels import plan_labels, read_labels
from zenstrap_rehearsal.provider.rules import ProviderError, Rules
from zenstrap_rehearsal.provider.session import Session
from zenstrap_rehearsal.provider.values import Object

_DAY: Final = 86400  # seconds
_RING: Final = r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+"


class KeyRing(Kind):
    name = "google_kms_key_ring"
    rules = Rules(force_new=frozenset({"location", "name", "project"}))

    def create(self, planned: Object, session: Session) -> Object:
        parent = f"projects/{session.project_of(planned)}/locations/{planned['location']}"
        try:
            query = {"keyRingId": planned["name"]}
            created = session.call("cloudkms", "POST", f"v1/{parent}/keyRings", {}, query)
        except ApiError as error:
            raise ProviderError(f"Error creating KeyRing: {error}") from error
        return {"id": created["name"]}

    def read(self, state: Object, session: Session) -> Object | None:
        response = session.try_call("cloudkms", "GET", f"v1/{state['id']}")
        if response is None:
            return None
        _, project, _, location, _, name = state["id"].split("/")
        return {"project": project, "location": location, "name": name}

    def delete(self, state: Object, session: Session) -> None:
        """Do nothing: a key ring is only removed from the state."""

    def import_state(self, identifier: str, session: Session) -> Object:
        place = r"(?P<location>[^/]+)"
        parts = parse_identifier(
            self.name,
            identifier,
            rf"projects/(?P<project>[^/]+)/locations/{place}/keyRings/(?P<name>[^/]+)",
            rf"(?P<project>[^/]+)/{place}/(?P<name>[^/]+)",
            rf"{place}/(?P<name>[^/]+)",
        )
        project = session.project_of(parts)
        name = f"projects/{project}/locations/{parts['location']}/keyRings/{parts['name']}"
        return {**parts, "project": project, "id": name}


class CryptoKey(Kind):
    name = "google_kms_crypto_key"
    rules = Rules(
        defaults={"purpose": "ENCRYPT_DECRYPT", "version_template.protection_level": "SOFTWARE"},
        force_new=frozenset(
            {
                "crypto_key_backend",
                "destroy_scheduled_duration",
                "import_only",
                "key_ring",
                "name",
                "purpose",
                "version_template.protection_level",
            }
        ),
        computed_blocks=frozenset({"version_template"}),
        equivalent={"key_ring": same_end},
    )

    def problems(self, config: Object) -> Iterator[ProviderError]:
        period = config.get("rotation_period")
        if isinstance(period, str) and period:
            if not re.fullmatch(r"\d+(\.\d{1,9})?s", period):
                yield ProviderError(
                    "Rotation period format should be a decimal number with up to nine fractional "
                    'digits, terminated by "s"',
                    path=("rotation_period",),
                )
            elif float(period[:-1]) < _DAY:
                yield ProviderError(
                    "Rotation period must be greater than one day", path=("rotation_period",)
                )

    def customize(self, planned: Object, prior: Object | None, session: Session) -> None:
        plan_labels(planned, prior, session)

    def create(self, planned: Object, session: Session) -> Object:
        body: Object = {"purpose": planned["purpose"], "labels": planned["effective_labels"]}
        if period := planned.get("rotation_period"):
            body |= {"rotationPeriod": period, "nextRotationTime": _next(period, session)}
        if isinstance(planned.get("destroy_scheduled_duration"), str):
            body["destroyScheduledDuration"] = planned["destroy_scheduled_duration"]
        if template := first(planned.get("version_template")):
            body["versionTemplate"] = {
                "algorithm": template["algorithm"],
                "protectionLevel": template["protection_level"],
            }
        query = {"cryptoKeyId": planned["name"]}
        if planned.get("skip_initial_version_creation"):
            query["skipInitialVersionCreation"] = "true"
        path = f"v1/{planned['key_ring']}/cryptoKeys"
        try:
            created = session.call("cloudkms", "POST", path, body, query)
        except ApiError as error:
            raise ProviderError(f"Error creating CryptoKey: {error}") from error
        return self._state(planned, created)

    def read(self, state: Object, session: Session) -> Object | None:
        response = session.try_call("cloudkms", "GET", f"v1/{state['id']}")
        return response and self._state(state, response)

    def update(self, prior: Object, planned: Object, session: Session) -> Object:
        body: Object = {"labels": planned["effective_labels"]}
        mask = ["labels"]
        if planned.get("rotation_period") != prior.get("rotation_period"):
            mask += ["rotationPeriod", "nextRotationTime"]
            if period := planned.get("rotation_period"):
                body |= {"rotationPeriod": period, "nextRotationTime": _next(period, session)}
        try:
            changed = session.call(
                "cloudkms", "PATCH", f"v1/{prior['id']}", body, {"updateMask": ",".join(mask)}
            )
        except ApiError as error:
            raise ProviderError(f'Error updating CryptoKey "{prior["id"]}": {error}') from error
        return self._state(planned, changed)

    def delete(self, state: Object, session: Session) -> None:
        """Destroy the key's versions, and so all data that they encrypted; the key itself stays."""
        path = f"v1/{state['id']}"
        listed = session.try_call("cloudkms", "GET", f"{path}/cryptoKeyVersions") or {}
        for version in listed.get("cryptoKeyVersions", []):
            if version["state"] not in ("DESTROYED", "DESTROY_SCHEDULED"):
                session.call("cloudkms", "POST", f"v1/{version['name']}:destroy")
        if state.get("rotation_period"):
            mask = {"updateMask": "rotationPeriod,nextRotationTime"}
            session.call("cloudkms", "PATCH", path, {}, mask)

    def import_state(self, identifier: str, session: Session) -> Object:
        part = "([^/]+)"
        for pattern in (
            rf"projects/{part}/locations/{part}/keyRings/{part}/cryptoKeys/{part}",
            rf"{part}/{part}/{part}/{part}",
            rf"{part}/{part}/{part}",
        ):
            if match := re.fullmatch(pattern, identifier):
                *place, location, ring, name = match.groups()
                project = place[0] if place else session.project_of({})
                key_ring = f"projects/{project}/locations/{location}/keyRings/{ring}"
                return {
                    "key_ring": key_ring,
                    "name": name,
                    "id": f"{key_ring}/cryptoKeys/{name}",
                    "skip_initial_version_creation": False,
                }
        raise ProviderError(
            f"Invalid CryptoKey id format, expecting `{{projectId}}/{{locationId}}/{{KeyringName}}"
            f"/{{cryptoKeyName}}` or `{{locationId}}/{{keyRingName}}/{{cryptoKeyName}}, got id: "
            f"{identifier}"
        )

    @staticmethod
    def _state(known: Object, response: Object) -> Object:
        template = response["versionTemplate"]
        primary = response.get("primary")
        return {
            "id": response["name"],
            "key_ring": response["name"].rpartition("/cryptoKeys/")[0],
            "name": response["name"].rpartition("/")[2],
            "purpose": response["purpose"],
            "rotation_period": response.get("rotationPeriod", ""),
            "destroy_scheduled_duration": response["destroyScheduledDuration"],
            "import_only": response.get("importOnly", False),
            "crypto_key_backend": response.get("cryptoKeyBackend", ""),
            "version_template": [
                {
                    "algorithm": template["algorithm"],
                    "protection_level": template["protectionLevel"],
                }
            ],
            "primary": [{"name": primary["name"], "state": primary["state"]}] if primary else [],
            **read_labels(known, response.get("labels", {})),
        }


class CryptoKeyMember(MemberKind):
    name = "google_kms_crypto_key_iam_member"
    noun = "KMS CryptoKey"
    rules = Rules(
        force_new=MemberKind.rules.force_new,
        patterns=MemberKind.rules.patterns,
        equivalent={"member": same_member, "crypto_key_id": same_end},
    )

    def resource(self, state: Object, session: Session) -> str:
        return str(state["crypto_key_id"])

    def named(self, resource: str) -> Object:
        return {"crypto_key_id": resource}

    def get_policy(self, resource: str, session: Session) -> Object:
        query = {"options.requestedPolicyVersion": "3"}
        policy: Object = session.call("cloudkms", "GET", f"v1/{resource}:getIamPolicy", query=query)
        return policy

    def set_policy(self, resource: str, policy: Object, session: Session) -> None:
        session.call("cloudkms", "POST", f"v1/{resource}:setIamPolicy", {"policy": policy})


def _next(period: str, session: Session) -> str:
    moment = datetime.fromtimestamp(session.cloud.now(), UTC)
    return (moment + timedelta(seconds=float(period[:-1]))).isoformat().replace("+00:00", "Z")
