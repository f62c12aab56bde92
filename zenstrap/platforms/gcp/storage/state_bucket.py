"""The bucket for Terraform's states: created or adopted before Terraform runs, never destroyed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

from zenstrap.errors import ZenstrapError
from zenstrap.platforms.gcp.api.refusals import LOG_IN, error_of
from zenstrap.platforms.gcp.errors import GoogleError
from zenstrap.platforms.gcp.storage.client import reaching, refusal_of
from zenstrap.platforms.gcp.storage.lease_store import OBJECT

if TYPE_CHECKING:
    from google.cloud.storage import Bucket, Client

# Without the environment's name and the user's labels: several environments may share the bucket,
# and each would undo the other's changes.
LABELS: Final[Mapping[str, str]] = {"managed_by": "zenstrap", "purpose": "terraform-state"}

SOFT_DELETE_SECONDS: Final = 7 * 24 * 60 * 60
"""A week to notice that a state was deleted: the shortest period that Google offers."""

# Every heartbeat writes a new version of the lease, and object versioning would keep them all. All
# versions of states are kept.
_RULE: Final[Mapping[str, Any]] = {
    "action": {"type": "Delete"},
    "condition": {
        "daysSinceNoncurrentTime": 1,
        "isLive": False,
        "matchesSuffix": [f"/{OBJECT}", ".tflock"],
    },
}

_SECONDS: Final = 20.0
_ATTEMPTS: Final = 3  # a lost race means a concurrent write; repeated losses are an error

Forbidden = Literal["forbidden"]


@dataclass(frozen=True)
class WantedBucket:
    """The state bucket as configured.

    Attributes:
        project: id of the Google Cloud project that it belongs to.
        project_number: its number, by which buckets name their project.
        location: where it is created: a region, dual-region or multi-region; its case doesn't
            matter.
        prefix: the folder in the bucket for all of zenstrap's objects.
        anywhere: an existing bucket may be in any location.
    """

    name: str
    project: str
    project_number: int
    location: str
    prefix: str
    anywhere: bool = False


@dataclass(frozen=True)
class BucketFacts:
    """The settings of an existing bucket.

    Attributes:
        soft_delete_seconds: how long deleted objects can be restored; 0: they can't.
        rules: lifecycle rules in Google's format.
        metageneration: increases with every change of the settings.
        foreign: an object in it that isn't zenstrap's; empty if there is none, or if a label marks
            the bucket as zenstrap's.
        viewers: whether the project's viewers may read its objects. Google grants that for every
            new bucket, but a state holds keys.
    """

    project_number: int
    location: str
    labels: Mapping[str, str]
    versioning: bool
    uniform_access: bool
    public_access_prevented: bool
    soft_delete_seconds: int
    rules: Sequence[Mapping[str, Any]]
    metageneration: int
    foreign: str = ""
    viewers: bool = False


@dataclass(frozen=True)
class Decision:
    """What to do with the bucket.

    Attributes:
        action: create, adopt (it exists and isn't marked as zenstrap's yet), update (a setting
            differs), keep, or refuse.
        settings: the settings to change, in words.
        reason: why it is refused, as an error with the fix.
    """

    action: Literal["create", "adopt", "update", "keep", "refuse"]
    settings: tuple[str, ...] = ()
    reason: GoogleError | None = None

    def __str__(self) -> str:
        done = {"create": "created", "adopt": "adopted", "update": "updated", "keep": "unchanged"}
        text = done.get(self.action, "refused")
        return f"{text}: {', '.join(self.settings)}" if self.settings else text


def decide(actual: BucketFacts | Forbidden | None, wanted: WantedBucket) -> Decision:
    """What to do with the bucket; refuses one that may belong to another user.

    Args:
        actual: the existing bucket; None if there is none, ``forbidden`` if it can't be read.
    """
    if actual is None:
        return Decision("create")
    if actual == "forbidden":
        return Decision("refuse", reason=_not_yours(wanted))
    if refusal := _refusal(actual, wanted):
        return Decision("refuse", reason=refusal)
    settings = tuple(_missing(actual))
    if not settings:
        return Decision("keep")
    ours = actual.labels.get("managed_by") == LABELS["managed_by"]
    return Decision("update" if ours else "adopt", settings)


def look(client: Client, wanted: WantedBucket) -> BucketFacts | Forbidden | None:
    """The existing bucket; None if it doesn't exist.

    Raises:
        AuthenticationError: nobody is logged in, or the login is not accepted.
        GoogleError: Cloud Storage is out of reach, or refused the request.
    """
    from google.cloud.exceptions import Forbidden as Denied
    from google.cloud.exceptions import NotFound

    with reaching("the state bucket can't be read", where=_url(wanted), project=wanted.project):
        try:
            bucket = client.get_bucket(wanted.name, timeout=_SECONDS)
            return replace(
                facts_of(bucket),
                foreign=_foreign(bucket, wanted) if _may_be_adopted(bucket, wanted) else "",
                viewers=_viewers(bucket),
            )
        except NotFound:
            return None
        except Denied as error:
            if "storage.buckets.get" in refusal_of(error).message:
                return "forbidden"
            raise


def ensure(client: Client, wanted: WantedBucket) -> Decision:
    """Create the bucket, or adopt it and update its settings; writes nothing if they are right.

    Raises:
        GoogleError: it belongs to another user or project, is in another location, or Google
            refused the request; with the fix.
        AuthenticationError: nobody is logged in, or the login is not accepted.
    """
    from google.cloud.exceptions import Conflict, PreconditionFailed

    done: Decision | None = None
    lost: ZenstrapError
    for _ in range(_ATTEMPTS):
        actual = look(client, wanted)
        decision = decide(actual, wanted)
        if decision.reason is not None:
            raise decision.reason
        if decision.action == "keep":
            return done or decision
        what = "the state bucket can't be " + ("created" if actual is None else "changed")
        with reaching(what, where=_url(wanted), project=wanted.project):
            try:
                if isinstance(actual, BucketFacts):
                    _update(client, wanted, actual)
                else:
                    _create(client, wanted)
                    done = decision
                    lost = _not_yours(wanted)  # if it can't be seen although it was just created
                    continue  # to correct the policy that Google gives to a new bucket
                return done or decision
            except PreconditionFailed as error:
                if actual is None:  # refused by a policy of the organisation, not a lost race
                    raise
                lost = error_of(refusal_of(error), what, where=_url(wanted))
            except Conflict as error:
                # Another run has just created it, or an earlier attempt whose answer was lost.
                lost = error_of(refusal_of(error), what, where=_url(wanted))
    raise lost


def facts_of(bucket: Bucket) -> BucketFacts:
    """The relevant settings of a bucket that was read."""
    access = bucket.iam_configuration
    return BucketFacts(
        project_number=int(bucket.project_number or 0),
        location=str(bucket.location or "").upper(),
        labels=dict(bucket.labels or {}),
        versioning=bool(bucket.versioning_enabled),
        uniform_access=bool(access.uniform_bucket_level_access_enabled),
        public_access_prevented=access.public_access_prevention == "enforced",
        soft_delete_seconds=int(bucket.soft_delete_policy.retention_duration_seconds or 0),
        rules=tuple(dict(rule) for rule in bucket.lifecycle_rules),
        metageneration=int(bucket.metageneration or 0),
    )


def _refusal(actual: BucketFacts, wanted: WantedBucket) -> GoogleError | None:
    if actual.project_number != wanted.project_number:
        return GoogleError(
            "the state bucket belongs to another project",
            where=_url(wanted),
            why=f"Its project has number {actual.project_number}, but {wanted.project} has "
            f"{wanted.project_number}",
            fix="Choose another name for state.bucket. If the project is right, set state.project "
            "to it",
        )
    if actual.foreign:
        return GoogleError(
            "the state bucket holds other objects",
            where=_url(wanted),
            why=f"It holds {actual.foreign} and has no label managed_by, but zenstrap would change "
            "who can read the bucket",
            fix="Choose another name for state.bucket, or let zenstrap manage this one",
            command=f"gcloud storage buckets update {_url(wanted)} "
            "--update-labels=managed_by=zenstrap",
        )
    owner = actual.labels.get("managed_by", LABELS["managed_by"])
    if owner != LABELS["managed_by"]:
        return GoogleError(
            "the state bucket is managed by another tool",
            where=_url(wanted),
            why=f"Its label managed_by says {owner}",
            fix="Choose another name for state.bucket, or let zenstrap manage this one",
            command=f"gcloud storage buckets update {_url(wanted)} --remove-labels=managed_by",
        )
    if not wanted.anywhere and actual.location.upper() != wanted.location.upper():
        return GoogleError(
            "the state bucket is in another location",
            where=_url(wanted),
            why=f"It is in {actual.location.upper()}, but the configuration says "
            f"{wanted.location.upper()}; a bucket can't be moved",
            fix=f"Set state.location: {actual.location.upper()}, or omit it",
        )
    return None


def _not_yours(wanted: WantedBucket) -> GoogleError:
    return GoogleError(
        "the state bucket exists, but you may not access it",
        where=_url(wanted),
        why="It belongs to another user (names are global in Google Cloud), or to your project "
        "and you lack storage.buckets.get",
        fix="Choose another name for state.bucket, log in as a user with access "
        f"(`{LOG_IN}`), or have an owner run",
        command=f"gcloud projects add-iam-policy-binding {wanted.project} --member=PRINCIPAL "
        "--role=roles/storage.admin",
    )


def _missing(actual: BucketFacts) -> list[str]:
    """The settings that must be changed, in words."""
    settings = {
        "object versioning": actual.versioning,
        "uniform access": actual.uniform_access,
        "public access prevention": actual.public_access_prevented,
        "soft delete for 7 days": actual.soft_delete_seconds >= SOFT_DELETE_SECONDS,
        "old leases are deleted": any(_same(rule) for rule in actual.rules),
        "no access for the project's viewers": not actual.viewers,
        "labels": all(actual.labels.get(key) == value for key, value in LABELS.items()),
    }
    return [name for name, is_set in settings.items() if not is_set]


def _same(rule: Mapping[str, Any]) -> bool:
    condition = {
        key: sorted(value) if isinstance(value, list) else value
        for key, value in dict(rule.get("condition") or {}).items()
    }
    wanted = {**_RULE["condition"], "matchesSuffix": sorted(_RULE["condition"]["matchesSuffix"])}
    return dict(rule.get("action") or {}) == _RULE["action"] and condition == wanted


def _create(client: Client, wanted: WantedBucket) -> None:
    bucket = client.bucket(wanted.name)
    _set(bucket, rules=(), soft_delete=SOFT_DELETE_SECONDS)
    client.create_bucket(
        bucket, project=wanted.project, location=wanted.location.upper(), timeout=_SECONDS
    )


def _update(client: Client, wanted: WantedBucket, actual: BucketFacts) -> None:
    """Change policy and settings; each is refused if it was changed since it was read."""
    bucket = client.bucket(wanted.name)
    if actual.viewers:
        _revoke_viewers(bucket)
    if not _missing(replace(actual, viewers=False)):
        return
    _set(
        bucket,
        rules=tuple(rule for rule in actual.rules if not _same(rule)),
        soft_delete=max(actual.soft_delete_seconds, SOFT_DELETE_SECONDS),
    )
    bucket.patch(if_metageneration_match=actual.metageneration, timeout=_SECONDS)


def _may_be_adopted(bucket: Bucket, wanted: WantedBucket) -> bool:
    ours = (bucket.labels or {}).get("managed_by") is not None
    return not ours and int(bucket.project_number or 0) == wanted.project_number


def _foreign(bucket: Bucket, wanted: WantedBucket) -> str:
    """An object outside of the prefix, including old versions; names are listed in order."""
    after = chr(ord("/") + 1)
    for span in ({"end_offset": f"{wanted.prefix}/"}, {"start_offset": wanted.prefix + after}):
        for blob in bucket.list_blobs(max_results=1, versions=True, timeout=_SECONDS, **span):
            return str(blob.name)
    return ""


def _viewers(bucket: Bucket) -> bool:
    """False also if the policy can't be read, which needs more permissions than a run does."""
    from google.cloud.exceptions import Forbidden as Denied

    try:
        policy = bucket.get_iam_policy(requested_policy_version=3, timeout=_SECONDS)
    except Denied:
        return False
    return any(_is_viewer(member) for binding in policy.bindings for member in binding["members"])


def _revoke_viewers(bucket: Bucket) -> None:
    """Refused with 412 if the policy was changed in between: its etag is sent, too."""
    policy = bucket.get_iam_policy(requested_policy_version=3, timeout=_SECONDS)
    policy.version = 3
    bindings = [
        {**binding, "members": {member for member in binding["members"] if not _is_viewer(member)}}
        for binding in policy.bindings
    ]
    policy.bindings = [binding for binding in bindings if binding["members"]]
    bucket.set_iam_policy(policy, timeout=_SECONDS)


def _is_viewer(member: str) -> bool:
    return member.startswith("projectViewer:")


def _set(bucket: Bucket, *, rules: Sequence[Mapping[str, Any]], soft_delete: int) -> None:
    bucket.versioning_enabled = True
    bucket.iam_configuration.uniform_bucket_level_access_enabled = True
    bucket.iam_configuration.public_access_prevention = "enforced"
    bucket.soft_delete_policy.retention_duration_seconds = soft_delete
    bucket.labels = dict(LABELS)  # Google merges labels, and replaces lifecycle rules
    bucket.lifecycle_rules = [*(dict(rule) for rule in rules), dict(_RULE)]


def _url(wanted: WantedBucket) -> str:
    return f"gs://{wanted.name}"
