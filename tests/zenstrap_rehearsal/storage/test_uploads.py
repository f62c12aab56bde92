"""Uploads as the clients do them, and as they go wrong."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.zenstrap_rehearsal.storage.caller import Caller
from zenstrap_rehearsal.storage import StorageServer

if TYPE_CHECKING:
    from google.cloud.storage import Client

PATH = "/upload/storage/v1/b/acme/o"
CHUNK = 256 * 1024


def start(owner: Caller, name: str = "a", **query: object) -> str:
    answer = owner.call("POST", PATH, {"name": name}, uploadType="resumable", **query)
    assert answer.status == 200, answer.content
    location = answer.headers["Location"]
    assert location.startswith(owner.url)
    return location.removeprefix(owner.url)


def send(owner: Caller, session: str, content: bytes, span: str) -> tuple[int, str | None]:
    answer = owner.call("PUT", session, content, headers={"Content-Range": f"bytes {span}"})
    return answer.status, answer.headers.get("Range")


def test_a_large_upload_of_the_client_library(google: Callable[[], Client], owner: Caller) -> None:
    owner.make_bucket()
    content = os.urandom(8 * 1024 * 1024 + 7)
    blob = google().bucket("acme").blob("large", chunk_size=8 * CHUNK)
    blob.upload_from_file(io.BytesIO(content), if_generation_match=0)
    assert blob.download_as_bytes() == content
    assert int(blob.size) == len(content)
    assert blob.content_type == "application/octet-stream"


def test_metadata_come_with_a_multipart_upload(google: Callable[[], Client], owner: Caller) -> None:
    owner.make_bucket()
    blob = google().bucket("acme").blob("a")
    blob.metadata = {"x": "1"}
    blob.upload_from_string(b"\r\n--content--\r\n", content_type="text/x")
    found = google().bucket("acme").get_blob("a")
    assert found is not None
    assert (found.metadata, found.content_type) == ({"x": "1"}, "text/x")
    assert found.download_as_bytes() == b"\r\n--content--\r\n"


def test_an_upload_is_continued_where_it_broke_off(owner: Caller) -> None:
    owner.make_bucket()
    session = start(owner)
    assert send(owner, session, b"", "*/8") == (308, None)
    assert send(owner, session, b"0123", "0-3/8") == (308, "bytes=0-3")
    # The reply was lost: the client asks, or sends it again, or more than was missing.
    assert send(owner, session, b"", "*/8") == (308, "bytes=0-3")
    assert send(owner, session, b"0123", "0-3/8") == (308, "bytes=0-3")
    assert owner.names() == []
    assert send(owner, session, b"234567", "2-7/8") == (200, None)
    assert owner.read("a").content == b"01234567"
    # And the last reply, too.
    assert send(owner, session, b"", "*/8") == (200, None)


def test_an_upload_of_unknown_length_is_ended(owner: Caller) -> None:
    owner.make_bucket()
    session = start(owner)
    assert send(owner, session, b"0123", "0-3/*") == (308, "bytes=0-3")
    assert send(owner, session, b"", "*/4") == (200, None)
    assert owner.read("a").content == b"0123"


def test_googles_go_client_is_answered_without_308(owner: Caller) -> None:
    owner.make_bucket()
    session = start(owner)
    headers = {"Content-Range": "bytes 0-3/*", "X-GUploader-No-308": "yes"}
    answer = owner.call("POST", session, b"0123", headers=headers)
    assert (answer.status, answer.headers["X-Http-Status-Code-Override"]) == (200, "308")


def test_the_precondition_holds_when_the_upload_ends(owner: Caller) -> None:
    owner.make_bucket()
    session = start(owner, ifGenerationMatch=0)
    owner.write("a", b"somebody else's")
    assert send(owner, session, b"mine", "0-3/4")[0] == 412
    assert owner.read("a").content == b"somebody else's"


def test_an_upload_ends_by_cancelling_or_after_a_week(server: StorageServer, owner: Caller) -> None:
    owner.make_bucket()
    cancelled, forgotten = start(owner), start(owner)
    assert owner.call("DELETE", cancelled).status == 499
    assert send(owner, cancelled, b"0123", "0-3/4")[0] == 404
    server.run_lifecycle(datetime.now(UTC) + timedelta(days=6))
    assert send(owner, forgotten, b"0123", "0-3/8")[0] == 308
    server.run_lifecycle(datetime.now(UTC) + timedelta(days=8))
    assert send(owner, forgotten, b"4567", "4-7/8")[0] == 404


def test_a_lost_reply_in_the_middle_is_mended_by_the_client(
    server: StorageServer, google: Callable[[], Client], owner: Caller
) -> None:
    from google.cloud.storage.retry import DEFAULT_RETRY

    owner.make_bucket()
    content = os.urandom(3 * CHUNK)
    server.faults.add(method="PUT", path=PATH, code=503, after=True)
    at_once = DEFAULT_RETRY.with_delay(initial=0, maximum=0)
    blob = google().bucket("acme").blob("a", chunk_size=CHUNK)
    blob.upload_from_file(io.BytesIO(content), retry=at_once)
    assert blob.download_as_bytes() == content


def test_a_body_in_chunks(owner: Caller) -> None:
    """Google's Go client doesn't tell how long a body is."""
    import http.client
    from urllib.parse import urlsplit

    owner.make_bucket()
    connection = http.client.HTTPConnection(urlsplit(owner.url).netloc, timeout=10)
    address = f"{PATH}?uploadType=media&name=a"
    connection.request("POST", address, iter([b"01", b"2345"]), encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    assert owner.read("a").content == b"012345"
