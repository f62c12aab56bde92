"""Objects: versions, preconditions, listings, copies."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.zenstrap_rehearsal.storage.caller import Caller
from zenstrap_rehearsal.storage import StorageServer
from zenstrap_rehearsal.storage.listing import Query, listed
from zenstrap_rehearsal.storage.versions import Keeping, Shelf, Version

if TYPE_CHECKING:
    from google.cloud.storage import Client

VERSIONED = {"versioning": {"enabled": True}}
NOT_KEPT = {"softDeletePolicy": {"retentionDurationSeconds": 0}}


def test_an_object_is_written_and_read(owner: Caller) -> None:
    owner.make_bucket()
    written = owner.write("a folder/ä #1?.txt", b"content").json
    assert written["id"] == f"acme/a folder/ä #1?.txt/{written['generation']}"
    assert (written["size"], written["metageneration"]) == ("7", "1")
    assert owner.read("a folder/ä #1?.txt").content == b"content"
    assert owner.object("GET", "a folder/ä #1?.txt").json == written
    assert written["mediaLink"].startswith(
        f"{owner.url}/download/storage/v1/b/acme/o/a%20folder%2F"
    )
    missing = owner.object("GET", "other")
    assert (missing.status, missing.message) == (404, "No such object: acme/other")


def test_parts_can_be_read(owner: Caller) -> None:
    owner.make_bucket()
    owner.write("a", b"0123456789")
    path = "/download/storage/v1/b/acme/o/a"
    part = owner.call("GET", path, headers={"Range": "bytes=2-4"}, alt="media")
    assert (part.status, part.content) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    assert owner.call("GET", path, headers={"Range": "bytes=20-"}, alt="media").status == 416


def test_generations_guard_writes(owner: Caller) -> None:
    owner.make_bucket()
    first = owner.write("a", ifGenerationMatch=0).json["generation"]
    refused = owner.write("a", ifGenerationMatch=0)
    assert (refused.status, refused.json["error"]["errors"][0]["reason"]) == (
        412,
        "conditionNotMet",
    )
    second = owner.write("a", ifGenerationMatch=first).json["generation"]
    assert owner.write("a", ifGenerationMatch=first).status == 412
    assert owner.write("b", ifGenerationNotMatch=0).status == 412
    assert owner.object("DELETE", "a", ifGenerationMatch=first).status == 412
    assert owner.object("GET", "a", ifGenerationMatch=first).status == 412
    assert owner.object("GET", "a", ifGenerationNotMatch=second).status == 304
    assert owner.read("a", ifGenerationMatch=first).status == 412
    assert owner.object("DELETE", "a", ifGenerationMatch=second).status == 204
    assert owner.object("DELETE", "a").status == 404


def test_of_many_who_want_a_lock_one_gets_it(owner: Caller) -> None:
    owner.make_bucket()
    with ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda n: owner.write("lock", b"%d" % n, ifGenerationMatch=0), range(48))
        statuses = [answer.status for answer in answers]
    assert sorted(statuses) == [200] + [412] * 47
    assert owner.read("lock").content == b"%d" % statuses.index(200)


def test_metagenerations_guard_metadata(owner: Caller) -> None:
    owner.make_bucket()
    owner.write("a")
    patched = owner.object("PATCH", "a", {"metadata": {"x": "1", "y": "2"}}).json
    assert (patched["metageneration"], patched["metadata"]) == ("2", {"x": "1", "y": "2"})
    assert owner.object("PATCH", "a", {"contentType": "x/y"}, ifMetagenerationMatch=1).status == 412
    patched = owner.object("PATCH", "a", {"metadata": {"x": None}, "contentType": "x/y"}).json
    assert (patched["metadata"], patched["contentType"]) == ({"y": "2"}, "x/y")
    assert owner.read("a").headers["Content-Type"] == "x/y"
    assert owner.write("a", ifMetagenerationMatch=1).status == 412
    assert owner.write("a", ifMetagenerationMatch=3).json["metageneration"] == "1"


def test_a_versioned_bucket_keeps_what_is_replaced_and_deleted(owner: Caller) -> None:
    owner.make_bucket(**VERSIONED, **NOT_KEPT)
    first = owner.write("a", b"1").json["generation"]
    second = owner.write("a", b"2").json["generation"]
    owner.object("DELETE", "a")
    assert owner.object("GET", "a").status == 404
    assert owner.names() == []
    assert owner.generations() == [first, second]
    assert owner.read("a", generation=first).content == b"1"
    assert "timeDeleted" in owner.object("GET", "a", generation=first).json
    owner.object("DELETE", "a", generation=first)
    assert owner.read("a", generation=first).status == 404
    assert owner.generations() == [second]


def test_the_live_version_deleted_by_generation_is_gone(owner: Caller) -> None:
    owner.make_bucket(**VERSIONED, **NOT_KEPT)
    generation = owner.write("a").json["generation"]
    owner.object("DELETE", "a", generation=generation)
    assert owner.generations() == []


def test_without_versions_nothing_is_kept(owner: Caller) -> None:
    owner.make_bucket(**NOT_KEPT)
    first = owner.write("a", b"1").json["generation"]
    owner.write("a", b"2")
    assert owner.read("a", generation=first).status == 404
    owner.object("DELETE", "a")
    assert owner.generations() == []
    assert owner.names(softDeleted="true") == []


def test_a_soft_deleted_object_can_be_restored_until_its_time_is_over(
    server: StorageServer, owner: Caller
) -> None:
    owner.make_bucket()
    generation = owner.write("a", b"1").json["generation"]
    owner.object("PATCH", "a", {"metadata": {"x": "1"}})
    owner.object("DELETE", "a")
    assert owner.names(softDeleted="true") == ["a"]
    kept = owner.object("GET", "a", softDeleted="true", generation=generation).json
    assert kept["hardDeleteTime"] > kept["softDeleteTime"]
    path = "/storage/v1/b/acme/o/a/restore"
    restored = owner.call("POST", path, generation=generation).json
    assert restored["generation"] > generation
    assert (owner.read("a").content, restored["metadata"]) == (b"1", {"x": "1"})
    server.run_lifecycle(datetime.now(UTC) + timedelta(days=6))
    assert owner.names(softDeleted="true") == ["a"]
    server.run_lifecycle(datetime.now(UTC) + timedelta(days=8))
    assert owner.names(softDeleted="true") == []
    assert owner.call("POST", path, generation=generation).status == 404


def test_copies_keep_content_and_metadata(owner: Caller) -> None:
    owner.make_bucket()
    owner.make_bucket("other", storageClass="COLDLINE")
    owner.write("a", b"content")
    owner.object("PATCH", "a", {"metadata": {"x": "1"}, "contentType": "x/y"})
    path = "/storage/v1/b/acme/o/a"
    copied = owner.call("POST", f"{path}/rewriteTo/b/other/o/b%2Fc", {}).json
    assert (copied["done"], copied["resource"]["bucket"]) == (True, "other")
    found = owner.object("GET", "b/c", bucket="other").json
    assert (found["metadata"], found["contentType"]) == ({"x": "1"}, "x/y")
    assert found["storageClass"] == "COLDLINE"
    assert owner.read("b/c", bucket="other").content == b"content"
    changed = owner.call("POST", f"{path}/copyTo/b/acme/o/d", {"contentType": "text/css"}).json
    assert (changed["contentType"], changed["metadata"]) == ("text/css", {"x": "1"})
    again = owner.call("POST", f"{path}/rewriteTo/b/other/o/b%2Fc", {}, ifGenerationMatch=0)
    assert again.status == 412
    stale = owner.call("POST", f"{path}/rewriteTo/b/acme/o/e", {}, ifSourceGenerationMatch=1)
    assert stale.status == 412
    assert owner.call("POST", "/storage/v1/b/acme/o/no/rewriteTo/b/acme/o/e", {}).status == 404


def test_moving_takes_the_source_away(owner: Caller) -> None:
    owner.make_bucket()
    owner.write("a/b", b"content")
    moved = owner.call("POST", "/storage/v1/b/acme/o/a%2Fb/moveTo/o/c%2Fd", {})
    assert moved.status == 200
    assert owner.names() == ["c/d"]
    assert owner.read("c/d").content == b"content"


def test_objects_are_composed_also_onto_one_of_them(
    google: Callable[[], Client], owner: Caller
) -> None:
    owner.make_bucket(**VERSIONED)
    before = owner.write("a", b"1").json["generation"]
    owner.write("b", b"2")
    body = {"sourceObjects": [{"name": "a"}, {"name": "b"}], "destination": {"contentType": "x/y"}}
    composed = owner.call("POST", "/storage/v1/b/acme/o/a/compose", body).json
    assert (composed["componentCount"], composed["contentType"]) == (2, "x/y")
    assert composed["generation"] != before
    assert owner.read("a").content == b"12"
    assert owner.read("a", generation=before).content == b"1"
    assert owner.names() == ["a", "b"]
    # fake-gcs-server agrees on which generation is live.
    blob = google().bucket("acme").blob("a")
    blob.upload_from_string("3", if_generation_match=int(composed["generation"]))
    assert owner.read("a").content == b"3"


def test_batches_are_carried_out_one_by_one(google: Callable[[], Client], owner: Caller) -> None:
    owner.make_bucket()
    for name in ("a", "b"):
        owner.write(name)
    bucket = google().bucket("acme")
    blobs = [bucket.blob(name) for name in ("a", "b", "missing")]
    with pytest.raises(Exception, match="No such object: acme/missing"), bucket.client.batch():
        for blob in blobs:
            blob.delete()
    assert owner.names() == []


def test_the_xml_address_reads(owner: Caller) -> None:
    owner.make_bucket()
    generation = owner.write("a/b c", b"content").json["generation"]
    found = owner.call("GET", "/acme/a/b%20c")
    assert (found.content, found.headers["X-Goog-Generation"]) == (b"content", generation)
    assert owner.call("HEAD", "/acme/a/b%20c").headers["Content-Length"] == "7"
    assert owner.call("GET", "/acme/missing").status == 404


names = st.lists(st.text("ab/", min_size=1, max_size=5), unique=True, max_size=12)


@given(names, st.text("ab/", max_size=2), st.booleans(), st.integers(1, 5))
def test_pages_make_up_the_whole_listing(
    objects: list[str], prefix: str, folders: bool, size: int
) -> None:
    delimiter = "/" if folders else ""
    shelf = Shelf()
    keeping = Keeping(versioned=False, soft_delete_seconds=0, now=datetime.now(UTC))
    for number, name in enumerate(objects):
        shelf.put(Version({"name": name, "generation": str(number)}), keeping)

    items, prefixes, token = [], [], ""
    for _ in range(len(objects) + 1):
        page = listed(shelf, Query(prefix=prefix, delimiter=delimiter, size=size, after=token))
        found: list[Any] = page.get("items", [])
        assert 0 < len(found) + len(page.get("prefixes", [])) <= size or not token
        items += [item["name"] for item in found]
        prefixes += page.get("prefixes", [])
        if "nextPageToken" not in page:
            break
        token = Query.after_token(page["nextPageToken"])

    below = sorted(name for name in objects if name.startswith(prefix))
    rest = {name: name[len(prefix) :] for name in below}
    assert items == [n for n in below if not (folders and "/" in rest[n])]
    expected = {prefix + rest[n].split("/")[0] + "/" for n in below if folders and "/" in rest[n]}
    assert prefixes == sorted(expected)
