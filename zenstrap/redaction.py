"""Secrets are redacted in every text that leaves the process.

    redactor(secrets)     a function that redacts these secrets
    know(*secrets)        registers secrets of this process; called wherever one is read
    redact(text)          redacts the process's secrets, and texts that look like secrets
    redact_data(text)     the same for data that programs read again

Terraform's marks of sensitive values are not enough: a provider's computed attribute repeats a
sensitive argument without the mark (``terraform_data.output`` does), and any library's error may
quote a URL with its password. So ``redact`` is applied to all output: errors, everything that is
shown, standard output and error, and what ZenML records of a run.

Every start of the command line imports this: slow imports and patterns are loaded when needed.
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

# Characters. A shorter secret is redacted only if it is the whole value: within a text it would
# redact ordinary words, and the gaps would reveal it.
SHORTEST_WITHIN: Final = 6
# Characters. A shorter one may be a word, such as an environment's name: redacting it would break
# data and commands to copy. The value of a variable that isn't ours must be as long, or no word.
_NO_WORD: Final = 16

# Environment variables that are secret by their names. After `_` stands a whole word: PGPASSWORD
# holds a password, but BYPASS doesn't.
_PASSWORD_ENDS: Final = (
    *("password", "passwd", "passphrase", "sshpass", "_pass", "_pwd", "_secret", "_token"),
    "_secret_key",
)
_SECRET_ENDS: Final = (
    *_PASSWORD_ENDS,
    *("_apikey", "_api_key", "_access_key", "_encryption_key", "_private_key"),
    *("_google_credentials", "_google_cloud_keyfile_json", "_gcloud_keyfile_json"),
)
_OURS: Final = ("zenml_", "zenstrap_", "google_", "gcloud_", "cloudsdk_", "mlflow_")

# Characters that are escaped before a URL's host, so that a match can't reach beyond its URL.
_NOT_IN_URL: Final = r"\s\"'`<>\\/?#"
# Values that aren't secrets: references to one, and what a setting is switched to.
_NO_VALUE: Final = r"(?!env:|zenml:|\$|\{\{|(?:true|false|none|null|yes|no|\*+)(?:[^\w.~+/=-]|$))"
_NAMES: Final = r"password|passwd|passphrase|pwd|token|api[_-]?key|access[_-]key|private[_-]key"
# Shapes of secrets, each with what a text in lower case holds if it may have that shape. The
# first group stays.
_SHAPES: Final = (
    # scheme://user:password@, also where the whole address is percent-encoded
    (("://",), rf"(://[^{_NOT_IN_URL}@:]*:)[^{_NOT_IN_URL}]+(?=@)"),
    (("%3a%2f%2f",), rf"(?i)(%3A%2F%2F[^{_NOT_IN_URL}&=@:]*?%3A)[^{_NOT_IN_URL}&=@]+?(?=%40)"),
    # The same with a password that should have been escaped. Digits would be a port.
    (("://",), rf"(://[^{_NOT_IN_URL}@:\[]*:)(?!\d+[/?#])[^\s\"'`<>\\@,]{{1,200}}(?=@)"),
    # https://token@
    (("://",), rf"(?i)(\b(?:https?|ftps?)://)[^{_NOT_IN_URL}@:]+(?=@)"),
    # …?password=…, which some drivers accept, and the signature of an address
    (
        ("&", "?", ";"),
        rf"(?i)([?&;](?:{_NAMES}|secret|(?:access|refresh|id)_token|(?:x-[a-z]+-)?signature|sig|"
        rf"x-[a-z-]{{1,40}}-token)=){_NO_VALUE}[^&;\s\"'<>]+",
    ),
    # host=db password=…, as PostgreSQL's and ODBC's drivers have it
    (
        ("=",),
        rf"(?i)((?:(?<![a-z0-9])(?!(?:pwd|token)=/)(?:{_NAMES})|[a-z0-9][_-]secret)=){_NO_VALUE}"
        r"(?:'[^']+'?|\"[^\"]+\"?|[^&;\s\"'<>]+)",
    ),
    # "refresh_token": "…", also within a text in JSON
    (
        ("password", "passwd", "passphrase", "token", "secret", "key"),
        rf"(?i)(([\"'])(?:(?:\w*[_-])?(?:password|passwd|passphrase)|"
        r"(?:(?:access|refresh|id|auth|api|session|security)_?)?token|client_?secret|"
        r"(?:secret_)?access_?key|secret_?key|private_?key|(?:x-)?api[_-]?key)\2\s*:\s*"
        rf"([\"'])){_NO_VALUE}(?:(?!\3)[^\\]|\\.)+",
    ),
    (
        ('\\"',),
        r"(?i)(\\{1,7}\"(?:\w*(?:password|passwd|passphrase)|"
        r"(?:(?:access|refresh|id|auth|api)_?)?token|client_?secret|private_?key|api_?key|secret_?key)\\{1,7}\"\s*:\s*\\{1,7}\")"
        rf"{_NO_VALUE}(?:[^\"\\]|\\{{1,7}}[^\"\\])+",
    ),
    # Headers
    (("authorization",), r"(?i)(\bauthorization\W{1,5}(?:bearer|basic|token) )[\w.~+/=-]+"),
    (
        ("bearer",),
        r"(?i)(\bbearer )(?:eyJ[\w.~+/=-]+|(?=[\w.~+/-]*\d)[\w~+/=-][\w.~+/=-]{19,})",
    ),
    (
        ("x-",),
        r"(?i)(\bx-(?:[a-z]{1,20}-){0,3}(?:api-?key|token|secret|encryption-key)"
        r"[\"']?\s*:\s*[\"']?)[^\s\"',<]+",
    ),
    (("ya29.",), r"(\b)ya29\.[\w.-]{20,}"),  # Google's access tokens
    (("zenkey_", "zenprokey_"), r"(\b)ZEN(?:PRO)?KEY_[\w+/=-]{8,}"),  # ZenML's
    (
        ("-----begin",),
        r"(-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----)"
        # The headers of an encrypted one have signs that a key hasn't.
        r"(?:[A-Za-z0-9+/=\s\\]+|-?\w*: [\w,.-]+)+",
    ),
)
# More lenient than the shapes above: a variable's value holds nothing but the URL.
_PASSWORD_IN: Final = (
    r"://[^:/\s]*:(\S+)@",
    rf"://[^{_NOT_IN_URL}@:]*:([^{_NOT_IN_URL}@]+)@",
    r"(?i)(?:https?|ftps?)://([^:/@\s]+)@",
)

Redact = Callable[[str], str]


def redactor(secrets: Iterable[str]) -> Redact:
    """A function that replaces every secret in a text by ``<sensitive>``."""
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
    """Register secrets of the process. Those of less than six characters would redact words."""
    global _within, _within_data
    new = {secret for secret in secrets if len(secret.strip()) >= SHORTEST_WITHIN}
    with _learning:
        if not new <= _known:
            _known.update(new)
            _within = _longest_first(_known)
            _within_data = _longest_first(s for s in _known if len(s) >= _NO_WORD)


def forget() -> None:
    """Remove all registered secrets; for tests, which share a process."""
    global _within, _within_data
    _known.clear()
    _within = _within_data = ()


def redact(text: str) -> str:
    """The text without the process's secrets, passwords in addresses, tokens and private keys."""
    return _without_shapes(_without(_within, text))


def redact_data(text: str) -> str:
    """Like `redact`, for JSON and names that are looked up: short secrets aren't redacted."""
    return _without_shapes(_without(_within_data, text))


def know_environment(environ: Mapping[str, str]) -> None:
    """Register the secrets in a process's environment: by variable name, and in URLs."""
    for name, value in environ.items():
        lowered = name.lower()
        secrets = [*passwords_in(value)]
        is_document = "google" in lowered and value.lstrip().startswith("{")  # not a file name
        if is_document or (_is_secret(lowered, value) and not _is_file(value)):
            secrets += [value, *_in_document(value)]
        if not (lowered.startswith(_OURS) or lowered.endswith("_proxy")):
            is_password = f"_{lowered}".endswith(_PASSWORD_ENDS)
            secrets = [s for s in secrets if len(s) >= _NO_WORD or (is_password and _is_no_word(s))]
        know(*secrets)


def _is_secret(variable: str, value: str) -> bool:
    if variable == "pwd" or variable.endswith("public_key"):  # PWD is the shell's folder
        return False
    if f"_{variable}".endswith(_SECRET_ENDS):
        return True
    return variable.endswith("_key") and _is_no_word(value)  # a cache has a key, too


def _is_no_word(value: str) -> bool:
    """Whether a value isn't one or more words, nor a number: those stand in other texts, too."""
    squeezed = re.sub(r"[-_.:/ ]", "", value)
    is_named = squeezed.islower() or squeezed.istitle() or squeezed.isupper()
    return not squeezed.isdecimal() and not (squeezed.isalpha() and is_named)


def passwords_in(address: str) -> Iterator[str]:
    """The passwords or tokens in a value that holds URLs."""
    if "://" not in address or "@" not in address:
        return
    from urllib.parse import unquote

    for pattern in _PASSWORD_IN:
        for password in re.findall(pattern, address):
            yield from {password, unquote(password)}


def redact_streams(*streams: IO[str]) -> None:
    """From now on, redact what is written to the streams, also while the process ends.

    Everything else about the streams stays: being a terminal, their encoding.
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
    """All spellings of the secrets, the longest first: one may be part of another."""
    spellings = {s for secret in secrets for s in _spellings(secret) if len(s) >= SHORTEST_WITHIN}
    return tuple(sorted(spellings, key=lambda s: (-len(s), s)))


def _without(spellings: Iterable[str], text: str) -> str:
    for spelling in spellings:
        text = text.replace(spelling, SENSITIVE)
    return text


def _without_shapes(text: str) -> str:
    lowered = text.lower()
    for marks, shape in _SHAPES:
        if any(mark in lowered for mark in marks):
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
    # Within a longer text, base64 depends on the secret's offset (modulo 3); the first and last
    # characters also depend on the text around the secret.
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
