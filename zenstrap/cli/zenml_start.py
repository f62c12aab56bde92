"""Explains why ZenML doesn't start, from its error messages, with a fix."""

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

# Each names something that ZenML looks up when it starts.
CHOSEN_BY: Final = {"project": "ZENML_ACTIVE_PROJECT_ID", "stack": "ZENML_ACTIVE_STACK_ID"}

# Names, not classes: ZenML may not be imported yet.
REFUSED_LOGINS: Final = frozenset({"AuthorizationException", "CredentialsNotValid"})

_LONGEST: Final = 300  # characters of another program's message

_NEWER: Final = re.compile(r"Can't locate revision identified by '([^']+)'")
_UNTRUSTED: Final = re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSLCertVerif")
_NO_TLS: Final = re.compile(r"WRONG_VERSION_NUMBER|wrong version number|record layer failure")
_PAGE: Final = re.compile(r"<!doctype html|<html", re.IGNORECASE)
_NO_API: Final = re.compile(r"Bad response from API|Error retrieving from API|HTTP Error received")

# SQLite's messages, what they mean, and the fix.
_DATABASE: Final = (
    (
        re.compile(r"database is locked"),
        "is in use by another process",
        "Wait until that process has ended (another zenml or zenstrap), then run again",
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
        "Free space on the disk, and run again",
    ),
    (
        re.compile(r"malformed|is not a database|file is encrypted"),
        "is damaged",
        "Restore it from a backup. If you don't need its content, move the file away: ZenML "
        "creates a new one",
    ),
    (
        re.compile(
            r"no such table|already exists|EntityExistsError|no such column|duplicate column"
        ),
        "is incomplete: ZenML's first start, or an upgrade, was interrupted",
        "If you don't need its content, delete that file and run again; otherwise restore it from "
        "a backup",
    ),
)


def require_plain_settings(folder: Path) -> None:
    """Check ZenML's settings before ZenML reads them: its errors don't name the file.

    Args:
        folder: ZenML's configuration folder, with its settings and its local database.

    Raises:
        RegistryError: settings or database is not a regular file, or the settings are not valid.
    """
    settings = folder / "config.yaml"
    database = folder / "local_stores" / "default_zen_store" / "zenml.db"
    try:
        content = yaml.safe_load(read(settings)) if settings.exists() else None
        if not isinstance(content, dict | None):
            raise ValueError("The file isn't a YAML mapping")
        if not isinstance((content or {}).get("store"), dict | None):
            raise ValueError("Its key store isn't a mapping")
    except (OSError, ValueError, yaml.YAMLError) as error:
        text = error.strerror if isinstance(error, OSError) else None
        raise RegistryError(
            "ZenML's settings can't be read",
            where=str(settings),
            why=_short(text or str(error)),
            fix="Restore the file, or move it away: ZenML creates a new one, and you log in again",
        ) from error
    if database.exists() and not database.is_file():
        raise RegistryError(
            "ZenML's local database is not a regular file",
            where=str(database),
            why="There is a folder, a pipe or a device in its place",
            fix="Remove it, and restore the database; without one, ZenML creates a new one",
        )


def explained(error: Exception, url: str | None) -> ZenstrapError:
    """Convert an error of ZenML's start to one that names its cause and a fix.

    Args:
        url: the address of the store.
    """
    if isinstance(error, ZenstrapError):
        return error
    if failure := disk.full_disk(error) or unreadable(error, url):
        return failure
    message = "\n".join(f"{type(cause).__name__}: {cause}" for cause in causes(error))
    names = {type(cause).__name__ for cause in causes(error)}
    why = _short(f"{type(error).__name__}: {str(error).strip() or 'no reason given'}")
    if names & REFUSED_LOGINS:
        return refused_login(url, why)
    if newer := _NEWER.search(message):
        return _newer_database(newer[1], url)
    if url and url.startswith("sqlite:"):
        return _database(message, url, why)
    return _server(message, url, why)


def refused_login(url: str | None, why: str) -> AuthenticationError:
    """The error for an exception among ``REFUSED_LOGINS``."""
    return AuthenticationError(
        "ZenML's server refuses the credentials",
        where=url,
        why=why,
        fix="Set ZENML_STORE_API_KEY, or log in again",
        command="zenml login",
    )


def of_a_choice(what: str, error: Exception, environ: Mapping[str, str]) -> ZenstrapError | None:
    """The error if an environment variable names a project or stack that doesn't exist.

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
        why=f"The environment variable must be the id of one; "
        f"{_short(str(error.args[0] if error.args else error))}",
        fix=f"Set it to an id that `zenml {what} list` shows, or unset it",
        command=f"unset {variable}",
    )


def _newer_database(revision: str, url: str | None) -> ZenstrapError:
    import zenml

    version = f"ZenML {revision}" if re.fullmatch(r"[0-9.]+", revision) else "a newer ZenML"
    return RegistryError(
        f"ZenML's database is newer than the installed ZenML {zenml.__version__}",
        where=url,
        why=f"Its schema is that of {version}",
        fix="Use the Python environment that has the newer ZenML, or set ZENML_CONFIG_PATH (or "
        "ZENML_STORE_URL) to another store",
    )


def _database(message: str, url: str, why: str) -> ZenstrapError:
    for pattern, what, fix in _DATABASE:
        if pattern.search(message):
            return RegistryError(f"ZenML's local database {what}", where=url, why=why, fix=fix)
    return RegistryError(
        "ZenML's local database can't be used",
        where=url,
        why=why,
        fix="Fix that cause; the file itself may be intact",
    )


def _server(message: str, url: str | None, why: str) -> ZenstrapError:
    if _UNTRUSTED.search(message):
        return RegistryError(
            "the certificate of ZenML's server isn't trusted on this machine",
            where=url,
            why=_certificate(message),
            fix="Set the CA that signed it",
            command="export ZENML_STORE_VERIFY_SSL=/PATH/OF/ca.pem",
        )
    if _NO_TLS.search(message):
        return RegistryError(
            "ZenML's server doesn't speak TLS at this address",
            where=url,
            why="The address begins with https://",
            fix="Use http://, or the port that serves https",
        )
    if _PAGE.search(message) or _NO_API.search(message):
        status = re.search(r"\b([345][0-9][0-9])\b", why)
        page = "a web page" if _PAGE.search(message) else "something other than JSON"
        return RegistryError(
            "this address doesn't serve ZenML's API",
            where=url,
            why=f"It answered with {page}{f', HTTP status {status[1]}' if status else ''}",
            fix="Check whether there is a proxy or login page in front of the server, and whether "
            "the address is the server's own, without a path. Then log in",
            command="zenml login",
        )
    return RegistryError(
        "ZenML can't be reached",
        where=url,
        why=why,
        fix="Check that the server is up, or disconnect from it with `zenml logout`",
        command="zenml status",
    )


def _certificate(message: str) -> str:
    match = re.search(r"certificate verify failed: ([^(\"']+)", message)
    return f"TLS error: {match[1].strip() if match else 'certificate verify failed'}"


def _short(text: str) -> str:
    line = (text.strip().splitlines() or [""])[0]
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} …"
