"""What is blanked, in which spelling, and what isn't."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zenstrap import redaction
from zenstrap.errors import RegistryError
from zenstrap.redaction import (
    SHORTEST_WITHIN,
    know,
    know_environment,
    passwords_in,
    redact,
    redact_data,
    redact_streams,
    redactor,
)
from zenstrap.reports import Check, Kept

if TYPE_CHECKING:
    pass

CANARY = "CaNaRy!Pw0rd77/x+y"

SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "plain": str,
    "JSON": json.dumps,
    "JSON of any letters": lambda s: json.dumps(s, ensure_ascii=False),
    "repr": repr,
    "percent-encoded": lambda s: quote(s, safe=""),
    "percent-encoded, slashes kept": quote,
    "form-encoded": quote_plus,
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 for URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "basic authentication": lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
    "base64 in base64": lambda s: base64.b64encode(f"xx{s}yy".encode()).decode(),
}


def test_a_process_begins_with_no_secrets() -> None:
    """Otherwise what one test reads would be blanked in the next."""
    assert not redaction._known and not redaction._within and not redaction._within_data


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_every_spelling_is_blanked_and_what_is_around_it_stays(
    spelling: Callable[[str], str],
) -> None:
    know(CANARY)
    text = f"before {spelling(CANARY)} after"
    shown = redact(text)
    assert shown.startswith("before ") and shown.endswith(" after")
    assert "<sensitive>" in shown
    for piece in (CANARY, spelling(CANARY)[4:-4]):
        assert piece not in shown


@given(
    st.text(min_size=12, max_size=40).filter(lambda s: len(s.strip()) >= SHORTEST_WITHIN),
    st.sampled_from(sorted(SPELLINGS)),
)
def test_any_secret_in_any_spelling(secret: str, spelling: str) -> None:
    text = SPELLINGS[spelling](secret)
    assert text not in redactor([secret])(f"<{text}>")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://zenml:{}@db:3306/zenml",
        "mysql+pymysql://{}@db/zenml".replace("{}", "root:{}"),
        "http://user:{}@proxy:3128",
        "https://{}@host/simple",
        "https://:{}@host",
        "socks5h://user:{}@proxy",
        "[('url', 'https://user:{}@host/x')]",
        '{{"url":"http://user:{}@host/x","mail":"a@b.example"}}',
        "to=mysql%3A%2F%2Fzenml%3A{}%40db%2Fzenml&x=1",
    ],
)
def test_a_password_in_an_address_needs_not_be_known(url: str) -> None:
    shown = redact(url.format("S3cr3tPassw0rd"))
    assert shown == url.format("<sensitive>")
    assert redact(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "https://host:8080/a/b@1.2.3?x=1",
        "git@github.com:acme/ml.git and ssh://git@github.com/acme/ml",
        "gs://acme-ml-dev-zenml/shared",
        "see https://docs.example/x, or write to ada@acme.example",
        '{"where":"http://db","who":"ada:x@acme"}',
        "basic authentication-with-a-password, bearer of good news",
        "service account zenml-dev@acme-ml-dev.iam.gserviceaccount.com",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("{'Authorization': 'Bearer eyJhbGciOi.J9.x-y_z'}", "eyJhbGciOi.J9.x-y_z"),
        ("Authorization: Basic dXNlcjpwdw==", "dXNlcjpwdw"),
        ("token ya29.a0AfH6SMBx-abcdefghijklm_n", "a0AfH6SMBx"),
        ("-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADAN\\n-----END PRIVATE KEY-----", "MIIEvQIBADAN"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIEvQIBADAN\ncut off", "MIIEvQIBADAN"),
    ],
)
def test_tokens_and_keys_are_known_by_their_looks(text: str, secret: str) -> None:
    assert secret not in redact(text)


@pytest.mark.parametrize(
    "name",
    [
        "ZENML_STORE_API_KEY",
        "ZENML_STORE_API_TOKEN",
        "ZENML_STORE_PASSWORD",
        "GOOGLE_OAUTH_ACCESS_TOKEN",
        "CLOUDSDK_AUTH_ACCESS_TOKEN",
        "MLFLOW_TRACKING_PASSWORD",
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
    ],
)
def test_a_variable_is_secret_by_its_name(name: str) -> None:
    know_environment({name: CANARY})
    assert CANARY not in redact(f"refused: {CANARY}")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY", "ZENML_STORE_URL"])
@pytest.mark.parametrize(
    ("written", "password"),
    [("Sh0rt77", "Sh0rt77"), ("p@ss/w0rd", "p@ss/w0rd"), ("a%21b%2Fcd77", "a!b/cd77")],
)
def test_the_password_of_an_address_is_secret_everywhere(
    name: str, written: str, password: str
) -> None:
    know_environment({name: f"http://user:{written}@host:1/zenml"})
    for text in (written, password):
        assert text not in redact(f"access denied with {text}!")


def test_the_keys_of_a_credentials_document_are_secret() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END PRIVATE KEY-----\n"
    document = json.dumps({"type": "authorized_user", "refresh_token": CANARY, "private_key": key})
    know_environment({"GOOGLE_CREDENTIALS": document})
    assert CANARY not in redact(f"invalid_grant {CANARY}")
    assert "MIIEvQ" not in redact(base64.b64encode(key.encode()).decode())


def test_words_are_not_blanked(tmp_path: Path) -> None:
    """A variable of another program, with a password that is a word; a file; a short one."""
    file = tmp_path / "a-file-with-a-token-in-it"
    file.touch()
    environ = {"DB_PASSWORD": "staging", "SOME_TOKEN": str(file), "ZENML_TOKEN": "local"}
    know_environment(environ)
    text = f"python run.py --env staging, then local; {file}"
    assert redact(text) == text


def test_what_programs_read_again_keeps_what_may_be_a_word() -> None:
    know("zenml77", CANARY)
    assert redact("zenml77") == "<sensitive>" and redact_data("zenml77") == "zenml77"
    assert CANARY not in redact_data(f'{{"reason": "{CANARY}"}}')


def test_no_password_is_found_where_there_is_none() -> None:
    for address in ("", "mysql://db/zenml", "http://host:80", "ada@acme.example", "a:b@c"):
        assert list(passwords_in(address)) == []


def test_an_error_holds_no_secret() -> None:
    know(CANARY)
    error = RegistryError(CANARY, where=CANARY, why=f"x {CANARY}", fix=CANARY)
    assert CANARY not in f"{error} {error!r} {vars(error)} {error.args}"
    assert RegistryError("lost", where="mysql://a:pw@h/z").where == "mysql://a:<sensitive>@h/z"


def test_a_report_tells_no_secret_not_even_a_short_one() -> None:
    know("zenml77")
    for told in (
        Check(name="n", passed=False, detail="zenml77 is refused", fix="not zenml77"),
        Kept(name="n", reason="zenml77"),
    ):
        assert "zenml77" not in told.model_dump_json()


@pytest.fixture
def stream() -> Iterator[io.TextIOWrapper]:
    yield io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def test_what_is_written_to_a_stream_is_redacted_once(stream: io.TextIOWrapper) -> None:
    know(CANARY)
    redact_streams(stream)
    before = stream.write
    redact_streams(stream)
    assert stream.write is before
    print("see", CANARY, file=stream)
    stream.writelines([f"{CANARY}\n"])
    assert isinstance(stream.buffer, io.BytesIO)
    assert stream.buffer.getvalue() == b"see <sensitive>\n<sensitive>\n"


@pytest.mark.parametrize("end", ["", "}"], ids=["cut off", "whole"])
def test_a_document_pasted_where_a_files_name_belongs(end: str) -> None:
    document = '{"type": "authorized_user", "client_secret": "canary-cs", "refresh_token": "1//crt"'
    redaction.know_environment({"GOOGLE_APPLICATION_CREDENTIALS": document + end})
    told = redaction.redact(f"no such file: {document + end}")
    assert "canary-cs" not in told and "1//crt" not in told
    if end:
        assert "canary-cs" not in redaction.redact("client_secret is canary-cs")


@pytest.mark.parametrize("name", ["password", "PWD", "access_token", "api_key"])
def test_a_secret_in_an_addresss_query(name: str) -> None:
    told = redaction.redact(f"mysql://127.0.0.1:9/zenml?{name}=canary77&user=root refused")
    assert "canary77" not in told and told.endswith("&user=root refused")


@pytest.mark.parametrize(
    "text",
    [
        # PostgreSQL's, ODBC's, shells' and Python's own ways of writing it
        "host=db user=z password={} dbname=x",
        "password='{} twice' host=db",
        "Server=db;Uid=z;Pwd={};Database=x",
        "Pwd={}",
        "MYSQL_PWD={} mysql",
        "run with --password={} --verbose",
        "client_secret={}&grant_type=x",
        # Addresses
        "https://h/x?api-key={}&a=b",
        "https://h/x?a=b&access_token={}",
        "https://storage/x?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Signature={}",
        "https://s3/x?X-Amz-Security-Token={}&a=b",
        "https://storage/x?GoogleAccessId=a&Signature={}",
        "ftp://{}@host/a",
        "mysql://u:a/{}@h/zenml",
        "mysql://u:{}#b@h",
        "postgresql://u:{}?b@h:5432/zenml",
        "mysql://u:1a/{}x/2@h",
        # Headers
        "X-API-Key: {}",
        "{{'X-Goog-Api-Key': '{}', 'Accept': '*'}}",
        "x-vault-token:{}",
        "Authorization: token {}",
        "sent bearer eyJ{}.e30.x-y_z",
        "bearer {}0123456789abcdef",
        # JSON, and JSON in JSON
        '{{"refresh_token": "{}", "type": "authorized_user"}}',
        '{{"db_password":"x\\"{}"}}',
        "{{'client_secret': \"it's {}\"}}",
        '"{{\\"access_token\\": \\"{}\\", \\"a\\": 1}}"',
        '"{{\\"password\\": \\"x\\\\n{}\\"}}"',
        # Keys
        "ZENKEY_eyJpZCI6{}",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,AB12\n\n"
        "{}+/=\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\\n{}\\n-----END ENCRYPTED PRIVATE KEY-----",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\n\n{}\n=abcd\n-----END",
    ],
)
def test_what_nobody_registered_is_known_by_its_looks(text: str) -> None:
    shown = redact(text.format("Sh0rt77"))
    assert "Sh0rt77" not in shown and "<sensitive>" in shown
    assert redact(shown) == shown
    around = text.format("\0").split("\0")
    assert shown.startswith((around[0][:4], "<sensitive>"))
    assert shown.endswith((around[1][-2:], "<sensitive>"))


@pytest.mark.parametrize(
    "text",
    [
        "http://[::1]:8080/a@b and http://localhost:8080/a/b@1.2.3#x",
        "http://host:80?x=a@b.example",
        "local-bootstrap-2026_11_20-17_00_00, of sha256:0f3d, digest=5e884898da28047151d0e56f8dc",
        "pip install 'https://host/zenstrap.whl?token_type=x'",
        "password=env:DB_PASSWORD, token=zenml:mlflow.token, secret=$SECRET",
        '{"tracking_password": "{{mlflow.password}}", "tracking_token": "zenml:mlflow.token"}',
        '{"subject_token": "github", "private_key_id": "ab12", "token": null, "password": ""}',
        "gcloud secrets versions access latest --secret=mlflow --project=acme-ml-dev",
        "password=None token=true has_secret=False PWD=/home/ada token=/var/run/token",
        "the token: expired; password: must be set; secret is missing",
        "bearer authentication-without-any-password",
        "python run.py up --env local --name ada2 --adopt zenml-local-key-v1.0.0",
        '"key": "a-key-of-something", "zenml-local-token": {"version": "1.0.0"}',
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkq\n-----END PUBLIC KEY-----",
    ],
)
def test_what_looks_a_little_like_one_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "name",
    [
        *("DB_PASS", "PGPASSWORD", "SSHPASS", "PASSWORD", "PASS", "MYSQL_PWD", "GITHUB_TOKEN"),
        *("TOKEN", "GPG_PASSPHRASE", "CLIENT_SECRET", "AWS_SECRET_KEY"),
    ],
)
@pytest.mark.parametrize(
    "value", ["hunter2", "S3cr3t!", "aBcDeF", "correct horse 7", "päss-w0rd", "letmein!"]
)
def test_a_short_secret_of_another_program(name: str, value: str) -> None:
    know_environment({name: value})
    assert redact(f"refused: {value}.") == "refused: <sensitive>."


@pytest.mark.parametrize("name", ["KAGGLE_KEY", "OPENAI_KEY", "OPENAI_API_KEY"])
def test_a_key_of_another_program(name: str) -> None:
    know_environment({name: "sk-0123456789abcdef"})
    assert redact("refused: sk-0123456789abcdef") == "refused: <sensitive>"


@pytest.mark.parametrize("name", ["SOME_TOKEN", "DB_PASS", "PASSWORD", "HAS_SECRET", "MY_KEY"])
@pytest.mark.parametrize(
    "value",
    [
        *("true", "none", "local", "zenml", "staging", "Staging", "disabled", "REQUIRED"),
        *("fraud_detection", "20261120", "2026-11-20", "us-east", ""),
    ],
)
def test_a_short_value_that_may_be_a_word_is_none(name: str, value: str) -> None:
    know_environment({name: value})
    text = f"python run.py --env {value} at 20261120"
    assert redact(text) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PWD", "/folder/that/was/removed1"),
        ("OLDPWD", "/folder/that/was/removed1"),
        ("BYPASS", "zenstrap-0.1.0-of-2026"),
        ("SSH_ASKPASS", "ask-for-password-0.1.0"),
        ("GPG_PUBLIC_KEY", "0123456789abcdef0123"),
        ("CACHE_KEY", "zenml-local-of-something"),
        ("SHORT_KEY", "v1.0.0"),
        ("MAX_TOKENS", "0123456789abcdef0123"),
    ],
)
def test_a_variable_that_only_sounds_like_a_secret(name: str, value: str) -> None:
    know_environment({name: value})
    assert redact(f"see {value}") == f"see {value}"


def test_long_texts_take_no_time() -> None:
    """No pattern may look at every part of a long text from every place in it."""
    pieces = (
        "://a:b/",
        'x-y-"_',
        "x-",
        "a-b-",
        "token_",
        '"',
        "token=",
        '"password": "\\',
        "?x-",
        "\\",
    )
    started = time.perf_counter()
    for piece in (*pieces, "bearer ", "-----BEGIN PRIVATE KEY-----\n" + "A" * 50 + ": "):
        redact((piece * 30_000)[:30_000] + ' "key" = bearer ://')
    assert time.perf_counter() - started < 10


@pytest.mark.parametrize("name", ["private_key", "token", "x-api-key", "password", "client_secret"])
def test_the_name_of_an_attribute_is_no_secret(name: str) -> None:
    """A plan names the attributes that change; what stands beside the name is data."""
    text = json.dumps({"path": name, "before": "(sensitive value)", "list": [name, "other words"]})
    assert redaction.redact_data(text) == text
    assert redaction.redact(text) == text
