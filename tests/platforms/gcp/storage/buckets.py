"""Buckets of Cloud Storage's JSON API, settings only, as a handler for the stub."""

from __future__ import annotations

from typing import Any

from tests.platforms.gcp.api.stub import Reply, Request, refusal

GOOGLES_OWN = [
    {
        "role": "roles/storage.legacyBucketOwner",
        "members": ["projectEditor:acme-ml-dev", "projectOwner:acme-ml-dev"],
    },
    {"role": "roles/storage.legacyBucketReader", "members": ["projectViewer:acme-ml-dev"]},
    {
        "role": "roles/storage.legacyObjectOwner",
        "members": ["projectEditor:acme-ml-dev", "projectOwner:acme-ml-dev"],
    },
    {"role": "roles/storage.legacyObjectReader", "members": ["projectViewer:acme-ml-dev"]},
]
NUMBERS = {"acme-ml-dev": 111111111111, "acme-ml-prod": 222222222222}


class Buckets:
    """What Google does with a bucket's settings.

    Attributes:
        hidden: names of buckets that belong to somebody who shows them to nobody.
    """

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}
        self.hidden: set[str] = set()
        self.writes: list[str] = []
        self.names: dict[str, list[str]] = {}  # of objects, by bucket
        self.policies: dict[str, dict[str, Any]] = {}

    def __call__(self, request: Request) -> Reply:
        name, _, rest = request.path.removeprefix("/storage/v1/b").strip("/").partition("/")
        if rest == "o":
            return Reply(200, {"items": self.objects(name, request.query)})
        if rest == "iam":
            return self.policy(name, request)
        if request.method == "POST":
            return self.create(request.json, request.query["project"])
        if name in self.hidden:
            return refusal(
                403,
                "ada@acme.example does not have storage.buckets.get access to the Google Cloud "
                "Storage bucket. Permission 'storage.buckets.get' denied on resource (or it may "
                "not exist).",
                reason="forbidden",
            )
        if name not in self.held:
            return refusal(404, "The specified bucket does not exist.", reason="notFound")
        if request.method == "PATCH":
            return self.patch(name, request)
        return Reply(200, self.held[name])

    def create(self, body: dict[str, Any], project: str) -> Reply:
        name = body["name"]
        if name in self.hidden:
            return refusal(
                409,
                "The requested bucket name is not available. The bucket namespace is shared by "
                "all users of the system. Please select a different name and try again.",
                reason="conflict",
            )
        if name in self.held:
            return refusal(
                409,
                "Your previous request to create the named bucket succeeded and you already own "
                "it.",
                reason="conflict",
            )
        if project not in NUMBERS:
            return refusal(400, f"Unknown project id: {project}", reason="invalid")
        if body["location"] not in ("EUROPE-WEST1", "EU"):
            return refusal(400, "The specified location constraint is not valid.", reason="invalid")
        self.writes.append(f"create {name}")
        self.held[name] = bucket(name, NUMBERS[project]) | body
        self.policies[name] = {"version": 1, "etag": "CAE=", "bindings": GOOGLES_OWN}
        return Reply(200, self.held[name])

    def objects(self, name: str, query: dict[str, str]) -> list[dict[str, str]]:
        start, end = query.get("startOffset", ""), query.get("endOffset")
        names = sorted(self.names.get(name, []))
        return [{"name": one} for one in names if start <= one and (end is None or one < end)]

    def policy(self, name: str, request: Request) -> Reply:
        held = self.policies.setdefault(name, {"version": 1, "etag": "CAE=", "bindings": []})
        if request.method == "PUT":
            if request.json.get("etag") != held["etag"]:
                return refusal(412, "The policy was changed.", reason="conditionNotMet")
            self.writes.append(f"policy {name}")
            held = self.policies[name] = {**request.json, "etag": held["etag"] + "="}
        return Reply(200, held)

    def patch(self, name: str, request: Request) -> Reply:
        held = self.held[name]
        wanted = request.query.get("ifMetagenerationMatch")
        if wanted not in (None, held["metageneration"]):
            return refusal(
                412,
                "At least one of the pre-conditions you specified did not hold.",
                reason="conditionNotMet",
            )
        self.writes.append(f"patch {name}")
        for key, value in request.json.items():
            if key == "labels":
                merged = {**held.get("labels", {}), **value}
                value = {label: text for label, text in merged.items() if text is not None}
            held[key] = value
        held["metageneration"] = str(int(held["metageneration"]) + 1)
        return Reply(200, held)


def bucket(name: str, number: int, **settings: Any) -> dict[str, Any]:
    """A bucket as Google makes it when nothing is asked for."""
    return {
        "kind": "storage#bucket",
        "id": name,
        "name": name,
        "projectNumber": str(number),
        "location": "EUROPE-WEST1",
        "locationType": "region",
        "storageClass": "STANDARD",
        "metageneration": "1",
        "etag": "CAE=",
        "iamConfiguration": {
            "bucketPolicyOnly": {"enabled": False},
            "uniformBucketLevelAccess": {"enabled": False},
            "publicAccessPrevention": "inherited",
        },
        "softDeletePolicy": {"retentionDurationSeconds": "604800"},
        **settings,
    }
