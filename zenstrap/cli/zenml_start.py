"""Why ZenML doesn't start, and what mends it: told by what was said, where it was said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from zenstrap import disk
from zenstrap.cli.zenml_records import unreadable
from zenstrap.errors import (
    AuthenticationError,
    RegistryError,
    UsageError,
    ZenstrapError,
    causes,
)
from zenstrap.plain_files import read

# Each names something that ZenML looks up at its start.
CHOSEN_BY: Final = {"project": "ZENML_ACTIVE_PROJECT_ID", "stack": "ZENML_ACTIVE_STACK_ID"}

# Names, not classes: whoever never got as far as ZenML has not imported it.
REFUSED_LOGINS: Final = frozenset({"AuthorizationException", "CredentialsNotValid"})

_LONGEST: Final = 300  # characters of somebody else's words

_NEWER: Final = re.compile(r"Can't locate revision identified by '([^']+)'")
_UNTRUSTED: Final = re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSLCertVerif")
_NO_TLS: Final = re.compile(r"WRONG_VERSION_NUMBER|wrong version number|record layer failure")
_PAGE: Final = re.compile(r"<!doctype html|<html", re.IGNORECASE)
_NO_API: Final = re.compile(r"Bad response from API|Error retrieving from API|HTTP Error received")

# What SQLite says, and what is to be done about it.
_DATABASE: Final = (
    (
        re.compile(r"database is locked"),
        "is in use by another process",
        "Wait until that has ended (another zenml or zenstrap), then run again",
    ),
    (
        re.compile(
            r"readonly database|Read-only file system|unable to open database file"
            r"|Permission ?[Dd]enied"
        ),
        "can't be written by this user",
        "Make the file and its folder writable, or set ZENML_CONFIG_PATH to a folder that is",
    ),
    (
        re.compile(r"disk is full|disk I/O error|No space left"),
        "can't be written: the disk is full or broken",
        "Make room, and run again",
    ),
    (
        re.compile(r"malformed|is not a database|file is encrypted"),
        "is damaged",
        "Restore it from a backup. If nothing of yours is in it, move the file away, and ZenML "
        "makes a new one",
    ),
    (
        re.compile(
            r"no such table|already exists|EntityExistsError|no such column|duplicate column"
        ),
        "is half made: ZenML's very first start, or an upgrade of it, was cut off",
        "If nothing of yours is in it yet, delete that file and run again; else restore it from a "
        "backup",
    ),
)


def require_plain_settings(folder: Path) -> None:
    """Look at ZenML's settings before it does: it would wait for a pipe, and not name the file.

    Args:
        folder: ZenML's, with its settings and, where no server is connected, its database.

    Raises:
        RegistryError: something of it is no file, or holds no settings.
    """
    settings = folder / "config.yaml"
    database = folder / "local_stores" / "default_zen_store" / "zenml.db"
    try:
        content = yaml.safe_load(read(settings)) if settings.exists() else None
        if not isinstance(content, dict | None):
            raise ValueError("It holds no settings, but something else")
        if not isinstance((content or {}).get("store"), dict | None):
            raise ValueError("Its store is no section")
    except (OSError, ValueError, yaml.YAMLError) as error:
        text = error.strerror if isinstance(error, OSError) else None
        raise RegistryError(
            "ZenML's settings can't be read",
            where=str(settings),
            why=_short(text or str(error)),
            fix="Restore it, or move it away: ZenML makes a new one, and a login is done again",
        ) from error
    if database.exists() and not database.is_file():
        raise RegistryError(
            "ZenML's local database is no file",
            where=str(database),
            why="A folder, a pipe or a device lies there",
            fix="Take it away, and put the database in its place: else ZenML makes a new one",
        )


def explained(error: Exception, url: str | None) -> ZenstrapError:
    """The error of ZenML's start in words that lead to its cause.

    Args:
        url: the address of the store.
    """
    if isinstance(error, ZenstrapError):
        return error
    if told := disk.full_disk(error) or unreadable(error, url):
        return told
    said = "\n".join(f"{type(one).__name__}: {one}" for one in causes(error))
    names = {type(one).__name__ for one in causes(error)}
    why = _short(f"{type(error).__name__}: {str(error).strip() or 'no reason given'}")
    if names & REFUSED_LOGINS:
        return refused_login(url, why)
    if newer := _NEWER.search(said):
        return _newer_database(newer[1], url)
    if url and url.startswith("sqlite:"):
        return _database(said, url, why)
    return _server(said, names, url, why)


def refused_login(url: str | None, why: str) -> AuthenticationError:
    """For an error that is one of ``REFUSED_LOGINS``."""
    return AuthenticationError(
        "ZenML's server refuses the credentials",
        where=url,
        why=why,
        fix="Set ZENML_STORE_API_KEY, or log in again",
        command="zenml login",
    )


def of_a_choice(what: str, error: Exception, environ: Mapping[str, str]) -> ZenstrapError | None:
    """The error where an environment variable names a project or stack that isn't there.

    Args:
        what: a key of ``CHOSEN_BY``.
    """
    variable = CHOSEN_BY[what]
    value = environ.get(variable)
    if not value or not isinstance(error, KeyError | ValueError) or unreadable(error):
        return None
    return UsageError(
        f"there is no {what} {value[:60]} in this ZenML",
        where=variable,
        why=f"The environment variable names it by id; "
        f"{_short(str(error.args[0] if error.args else error))}",
        fix=f"Set it to the id of one that `zenml {what} list` shows, or unset it",
        command=f"unset {variable}",
    )


def _newer_database(revision: str, url: str | None) -> ZenstrapError:
    import zenml

    made_by = f"ZenML {revision}" if re.fullmatch(r"[0-9.]+", revision) else "a newer ZenML"
    return RegistryError(
        f"ZenML's database is newer than ZenML {zenml.__version__}, which is installed here",
        where=url,
        why=f"Its schema is that of {made_by}",
        fix="Use the environment in which the newer one is installed, or have ZENML_CONFIG_PATH "
        "(or ZENML_STORE_URL) name another store",
    )


def _database(said: str, url: str, why: str) -> ZenstrapError:
    for pattern, what, fix in _DATABASE:
        if pattern.search(said):
            return RegistryError(f"ZenML's local database {what}", where=url, why=why, fix=fix)
    return RegistryError(
        "ZenML's local database can't be used",
        where=url,
        why=why,
        fix="Mend what stands there as the reason; the file itself may be sound",
    )


def _server(said: str, names: set[str], url: str | None, why: str) -> ZenstrapError:
    if _UNTRUSTED.search(said):
        return RegistryError(
            "the certificate of ZenML's server isn't trusted here",
            where=url,
            why=_certificate(said),
            fix="Name the CA that signed it",
            command="export ZENML_STORE_VERIFY_SSL=/PATH/OF/ca.pem",
        )
    if _NO_TLS.search(said):
        return RegistryError(
            "ZenML's server doesn't speak TLS at this address",
            where=url,
            why="It was asked by https://",
            fix="Write http:// in the address, or the port that speaks https",
        )
    if _PAGE.search(said) or _NO_API.search(said):
        status = re.search(r"\b([345][0-9][0-9])\b", why)
        page = "a web page" if _PAGE.search(said) else "something else than JSON"
        return RegistryError(
            "what answers there isn't ZenML's API",
            where=url,
            why=f"It answered with {page}{f', HTTP status {status[1]}' if status else ''}",
            fix="Look whether a proxy or a login page stands before the server, and whether the "
            "address is the server's own, without a path behind it. Then log in",
            command="zenml login",
        )
    return RegistryError(
        "ZenML can't be reached",
        where=url,
        why=why,
        fix="Leave the server with `zenml logout`, or check that it is up",
        command="zenml status",
    )


def _certificate(said: str) -> str:
    found = re.search(r"certificate verify failed: ([^(\"']+)", said)
    return f"TLS says: {found[1].strip()}" if found else "TLS says: certificate verify failed"


def _short(text: str) -> str:
    line = (text.strip().splitlines() or [""])[0]
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"
