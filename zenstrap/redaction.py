"""Secrets blanked in every text that leaves the process.

    redactor(secrets)     a function that blanks these
    know(*secrets)        from now on this process's secrets; told where one is read
    redact(text)          without the process's secrets, and without what looks like one
    redact_data(text)     as redact, where programs read it again

Marks where a secret comes from are not enough: a provider's computed attribute repeats a sensitive
argument without Terraform's mark (``terraform_data.output`` does), and any library's error may
quote an address with its password. So ``redact`` stands at the ways out: in errors, in what is
shown, on standard output and error, and before what ZenML records of a run.

Every start of the command line imports this: what costs time is imported and compiled when needed.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, Final

SENSITIVE: Final = "<sensitive>"
UNKNOWN: Final = "(known after apply)"  # as Terraform's plan shows it

# Characters. A shorter secret is blanked only where it is the whole value: inside of texts it
# would blank ordinary words, and betray itself by the gaps.
SHORTEST_WITHIN: Final = 6
# Characters. A shorter one may be a word, such as an environment's name: data in which that is
# blanked is broken, and so is a command to be copied. A variable that isn't ours must be as long.
_NO_WORD: Final = 16

# What of a process's environment is secret by its name.
_SECRET_ENDS: Final = tuple(
    f"_{end}"
    for end in (
        *("password", "passwd", "pwd", "secret", "token", "apikey", "api_key", "access_key"),
        *("encryption_key", "private_key", "secret_key"),
        *("google_credentials", "google_cloud_keyfile_json", "gcloud_keyfile_json"),
    )
)
_OURS: Final = ("zenml_", "zenstrap_", "google_", "gcloud_", "cloudsdk_", "mlflow_")

# In a URL nothing of these stands unescaped before the host, so that a match ends with its URL.
_NOT_IN_URL: Final = r"\s\"'`<>\\/?#"
_SHAPES: Final = (
    # scheme://user:password@, also where the whole address is percent-encoded
    rf"(://[^{_NOT_IN_URL}@:]*:)[^{_NOT_IN_URL}]+(?=@)",
    rf"(?i)(%3A%2F%2F[^{_NOT_IN_URL}&=@:]*?%3A)[^{_NOT_IN_URL}&=@]+?(?=%40)",
    # https://token@
    rf"(?i)(\bhttps?://)[^{_NOT_IN_URL}@:]+(?=@)",
    # …?password=…, as some drivers take it
    r"(?i)([?&;](?:password|passwd|pwd|secret|(?:access_)?token|api_?key)=)[^&;\s\"'<>]+",
    r"(?i)(\bauthorization\W{1,5}(?:bearer|basic) )[\w.~+/=-]+",
    r"(\b)ya29\.[\w.-]{20,}",  # Google's access tokens
    r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)[A-Za-z0-9+/=\s\\]+",
)
_MAY_HAVE_SHAPE: Final = ("://", "%3a%2f%2f", "authorization", "ya29.", "-----begin")
# More generous than what may stand in a URL: in a variable's value there is nothing beside it.
_PASSWORD_IN: Final = (
    r"://[^:/\s]*:(\S+)@",
    rf"://[^{_NOT_IN_URL}@:]*:([^{_NOT_IN_URL}@]+)@",
    r"(?i)https?://([^:/@\s]+)@",
)

Redact = Callable[[str], str]


def redactor(secrets: Iterable[str]) -> Redact:
    """A function that puts ``<sensitive>`` in the place of every secret in a text."""
    known = frozenset(secret for secret in secrets if secret)
    within = _longest_first(known)

    def redact(text: str) -> str:
        if text in known or text.removeprefix('"').removesuffix('"') in known:
            return SENSITIVE
        return _without(within, text)

    return redact


_learning = threading.Lock()
_known: set[str] = set()
_within: tuple[str, ...] = ()
_within_data: tuple[str, ...] = ()


def know(*secrets: str) -> None:
    """Take secrets of the process. Those of less than six characters would blank words."""
    global _within, _within_data
    new = {secret for secret in secrets if len(secret.strip()) >= SHORTEST_WITHIN}
    with _learning:
        if not new <= _known:
            _known.update(new)
            _within = _longest_first(_known)
            _within_data = _longest_first(one for one in _known if len(one) >= _NO_WORD)


def forget() -> None:
    """Know no secret any more, as a process that begins; for tests, which share one."""
    global _within, _within_data
    _known.clear()
    _within = _within_data = ()


def redact(text: str) -> str:
    """The text without the process's secrets, passwords in addresses, tokens and private keys."""
    return _without_shapes(_without(_within, text))


def redact_data(text: str) -> str:
    """As `redact`, for JSON and names that are looked up: a secret that may be a word stays."""
    return _without_shapes(_without(_within_data, text))


def know_environment(environ: Mapping[str, str]) -> None:
    """Take what is secret in a process's environment, by the variables' names and in addresses."""
    for name, value in environ.items():
        lowered = name.lower()
        ours = lowered.startswith(_OURS) or lowered.endswith("_proxy")
        found = [*passwords_in(value)]
        is_document = "google" in lowered and value.lstrip().startswith("{")  # for a file's name
        if is_document or (f"_{lowered}".endswith(_SECRET_ENDS) and not _is_file(value)):
            found += [value, *_in_document(value)]
        know(*(one for one in found if len(one) >= (SHORTEST_WITHIN if ours else _NO_WORD)))


def passwords_in(address: str) -> Iterator[str]:
    """The passwords, or tokens in their place, in a value that holds addresses."""
    if "://" not in address or "@" not in address:
        return
    from urllib.parse import unquote

    for pattern in _PASSWORD_IN:
        for found in re.findall(pattern, address):
            yield from {found, unquote(found)}


def redact_streams(*streams: IO[str]) -> None:
    """From now on, what is written to the streams is redacted, also while the process ends.

    The streams stay what they are: a terminal, a file with its encoding.
    """
    for stream in streams:
        if not getattr(stream.write, "redacts", False):
            stream.write = _redacting(stream.write)  # type: ignore[method-assign]


def _redacting(write: Callable[[str], int]) -> Callable[[str], int]:
    def redacting(text: str) -> int:
        write(redact(text))
        return len(text)

    redacting.redacts = True  # type: ignore[attr-defined]
    return redacting


def _longest_first(secrets: Iterable[str]) -> tuple[str, ...]:
    """All spellings. The longest first: one may be part of another."""
    spellings = {s for secret in secrets for s in _spellings(secret) if len(s) >= SHORTEST_WITHIN}
    return tuple(sorted(spellings, key=lambda one: (-len(one), one)))


def _without(spellings: Iterable[str], text: str) -> str:
    for spelling in spellings:
        text = text.replace(spelling, SENSITIVE)
    return text


def _without_shapes(text: str) -> str:
    lowered = text.lower()
    if any(mark in lowered for mark in _MAY_HAVE_SHAPE):
        for shape in _SHAPES:
            text = re.sub(shape, rf"\1{SENSITIVE}", text)
    return text


def _spellings(secret: str) -> Iterator[str]:
    """How programs write a secret: as it is, in JSON, on one line, in a URL, in base64."""
    if len(secret) < SHORTEST_WITHIN:
        return
    import base64
    import json
    from urllib.parse import quote, quote_plus

    yield from (secret, secret.strip(), " ".join(secret.split()))
    for ascii_only in (False, True):
        yield json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
    yield repr(secret)[1:-1]
    yield from (quote(secret), quote(secret, safe=""), quote_plus(secret))
    data = secret.encode(errors="surrogatepass")
    # Within a longer text base64 looks different by where the secret begins; the characters at
    # its ends are its neighbours', too.
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + data).decode().rstrip("=")
        inner = whole[(0, 2, 3)[offset] :]
        if (offset + len(data)) % 3:
            inner = inner[:-1]
        if len(inner) >= 2 * SHORTEST_WITHIN or offset == 0:
            yield from (inner, inner.translate(str.maketrans("+/", "-_")))


def _in_document(value: str) -> Iterator[str]:
    """The secrets of a Google credentials document."""
    if not value.lstrip().startswith("{"):
        return
    import json

    with contextlib.suppress(ValueError):
        document = json.loads(value)
        for name in ("private_key", "refresh_token", "client_secret"):
            if isinstance(document, dict) and isinstance(document.get(name), str):
                yield document[name]


def _is_file(value: str) -> bool:
    return value.startswith(("/", "~", ".")) and os.path.exists(os.path.expanduser(value))
