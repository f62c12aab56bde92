"""Turns validation errors into messages for the author of the YAML, each with file and line.

A wrong value is removed from the tree in memory, so that it doesn't hide other errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from zenstrap.config.files import (
    annotation_at,
    choices,
    example,
    example_text,
    field_at,
    fields_at,
    is_version,
    model_in,
    places_of,
    takes_names,
)
from zenstrap.config.names import (
    COMPONENT_KINDS,
    YAML_1_1_BOOLEANS,
    component_name_fault,
    nearest,
    quoted,
    short,
)
from zenstrap.config.platforms import PLATFORMS
from zenstrap.config.trees import (
    Location,
    Origin,
    Scalar,
    Sequence,
    Table,
    Tree,
    at,
    origin_of,
    tree_of,
)
from zenstrap.errors import ConfigProblem


def problem_of(error: ErrorDetails, model: type[BaseModel], tree: Table) -> ConfigProblem:
    """The problem to report for an error that pydantic found in a tree."""
    location = tuple(part for part in error["loc"] if part != "[key]")
    origin = origin_of(location, tree, at_key="[key]" in error["loc"])
    explain = _EXPLANATIONS.get(error["type"], _other)
    message, suggestion = explain(error, location, model, tree)
    return ConfigProblem(origin.file, origin.line, origin.key, message, suggestion)


def unknown_key(location: Location, model: type[BaseModel], origin: Origin) -> ConfigProblem:
    """The problem to report for a key that the model doesn't have."""
    *above, key = map(str, location)
    known = list(fields_at(tuple(above), model))
    elsewhere = places_of(key, model)
    near = nearest(key, known)
    if len(elsewhere) in (1, 2):
        suggestion = f"It belongs to {' or '.join(elsewhere)}"
    elif near is not None:
        suggestion = f"Did you mean {near}?"
    else:
        suggestion = f"The keys of this section are {', '.join(known)}"
        if takes_names(tuple(above), model):
            suggestion += "; a component with another name needs its kind: {kind: deployer, …}"
    return ConfigProblem(origin.file, origin.line, origin.key, "unknown key", suggestion)


# --- One function per kind of error -------------------------------------------------------------

Explanation = tuple[str, str | None]
Explain = Callable[[ErrorDetails, Location, type[BaseModel], Table], Explanation]


def _wrong_choice(
    error: ErrorDetails, location: Location, model: type[BaseModel], tree: Table
) -> Explanation:
    anywhere = choices(annotation_at(location, model))
    allowed = [str(value) for value in _available(location, tree) or anywhere]
    written = at(location, tree)
    if not isinstance(written, Scalar) or not isinstance(written.value, str):
        return _mismatch(written, _listed(allowed)), None
    near = nearest(written.value, allowed)
    relation = "must be" if len(allowed) == 1 else "is not one of"
    message = f"{quoted(written.value)} {relation} {_listed(allowed)}"
    return message, f"Did you mean {near}?" if near else None


def _available(location: Location, tree: Table) -> tuple[str, ...]:
    """The platform's flavors for a component; empty if kind or platform isn't known."""
    platform = at(("platform",), tree)
    if location[-1] != "flavor" or not isinstance(platform, Scalar):
        return ()
    known = PLATFORMS.get(str(platform.value))
    named = at((*location[:-1], "kind"), tree)
    kind = named.value if isinstance(named, Scalar) else location[-2]
    return known.by_kind.get(kind, ()) if known else ()  # type: ignore[call-overload]


def _expected_text(
    error: ErrorDetails, location: Location, model: type[BaseModel], tree: Table
) -> Explanation:
    value = at(location, tree)
    if isinstance(value, Scalar) and value.value is not None:
        if is_version(location, model):
            parts = [part[:9] for part in re.findall(r"[0-9]+", value.written)[:3]]
            version = ".".join([*(str(int(part)) for part in parts), "0", "0", "0"][:3])
            return (
                _mismatch(value, "a version: three numbers joined by dots"),
                f"Write '{version}' in quotes",
            )
        whole = short(value.written) == value.written
        fix = f"Write {quoted(value.written) if whole else 'it'} in quotes"
        return _mismatch(value, "text"), fix
    return _mismatch_or_null(value, "text")


def _expected_flag(
    error: ErrorDetails, location: Location, model: type[BaseModel], tree: Table
) -> Explanation:
    value = at(location, tree)
    if isinstance(value, Scalar) and value.value is not None:
        word = str(value.value).strip().lower()
        meant = {"yes": "true", "on": "true", "y": "true", "1": "true", "true": "true"}
        meant |= {"no": "false", "off": "false", "n": "false", "0": "false", "false": "false"}
        why = " (in YAML 1.2, yes, no, on and off are text)" if word in YAML_1_1_BOOLEANS else ""
        fix = f"Write {meant[word]}, without quotes" if word in meant else None
        return _mismatch(value, f"true or false{why}"), fix
    return _mismatch_or_null(value, "true or false")


def _expected_number(
    error: ErrorDetails, location: Location, model: type[BaseModel], tree: Table
) -> Explanation:
    whole = error["type"].startswith("int")
    expected = "a whole number" if whole else "a number"
    value = at(location, tree)
    if isinstance(value, Scalar) and isinstance(value.value, str):
        pattern = r"-?[0-9]+" if whole else r"-?[0-9]+(\.[0-9]+)?"
        if re.fullmatch(pattern, value.value):
            fix: str | None = f"Write {short(value.value)}, without quotes"
        elif re.fullmatch(r"[0-9]{1,3} ?%", value.value):
            fix = f"Write {_number(int(value.value.rstrip(' %')) / 100)}"
        else:
            fix = None
        return _mismatch(value, expected), fix
    if isinstance(value, Scalar) and type(value.value) is int and not whole:
        return f"{short(value.written)} is too large a number", None
    return _mismatch_or_null(value, expected)


def _expected_map(
    error: ErrorDetails, location: Location, model: type[BaseModel], tree: Table
) -> Explanation:
    keys = list(fields_at(location, model))
    fix = f"Write key: value lines below it, indented; the keys are {', '.join(keys)}"
    message, null_fix = _mismatch_or_null(at(location, tree), "a map")
    return message, null_fix or (fix if keys else "Write key: value lines below it, indented")


def _expected_list(
    error: ErrorDetails, location: Location, model: type[BaseModel], tree: Table
) -> Explanation:
    value = at(location, tree)
    message, null_fix = _mismatch_or_null(value, "a list")
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return message, f"Write [{short(value.value)}]"
    if isinstance(value, Table) and value.entries:
        return message, f"Write [{short(', '.join(value.entries))}]"
    return message, null_fix or "Write [first, second]"


def _out_of_range(
    error: ErrorDetails, location: Location, model: type[BaseModel], tree: Table
) -> Explanation:
    limits = error.get("ctx", {})
    words = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most"}
    limit = next(f"{words[k]} {_number(limits[k])}" for k in words if k in limits)
    value = at(location, tree)
    written = short(value.written) if isinstance(value, Scalar) else "it"
    fix = None
    if limits.get("le") == 1 and isinstance(value, Scalar) and isinstance(value.value, int | float):
        percent = value.value / 100
        fix = f"Write {_number(percent)}, if {written} % is meant" if 0 < percent <= 1 else None
    return f"{written} is out of range: it must be {limit}", fix


def _missing(
    error: ErrorDetails, location: Location, model: type[BaseModel], tree: Table
) -> Explanation:
    key = location[-1]
    info = field_at(location, model)
    if info is None:
        return "is missing", None
    about = (info.description or "").split(". ")[0].rstrip(".")
    fix = f"Add {key}: {example_text(info)}".rstrip()
    return (f"is missing ({about})" if about else "is missing"), fix


def _unexpected(
    error: ErrorDetails, location: Location, model: type[BaseModel], tree: Table
) -> Explanation:
    return "unknown key", "Remove it"


def _own_words(
    error: ErrorDetails, location: Location, model: type[BaseModel], tree: Table
) -> Explanation:
    context: Mapping[str, Any] = error.get("ctx", {})
    return str(context["problem"]), context["suggestion"]


def _other(
    error: ErrorDetails, location: Location, model: type[BaseModel], tree: Table
) -> Explanation:
    message = error["msg"]
    return message[:1].lower() + message[1:], None


_EXPLANATIONS: Final[dict[str, Explain]] = {
    "bool_parsing": _expected_flag,
    "bool_type": _expected_flag,
    "dict_type": _expected_map,
    "extra_forbidden": _unexpected,
    "float_parsing": _expected_number,
    "float_type": _expected_number,
    "greater_than": _out_of_range,
    "greater_than_equal": _out_of_range,
    "int_from_float": _expected_number,
    "int_parsing": _expected_number,
    "int_type": _expected_number,
    "less_than": _out_of_range,
    "less_than_equal": _out_of_range,
    "list_type": _expected_list,
    "literal_error": _wrong_choice,
    "missing": _missing,
    "model_attributes_type": _expected_map,
    "model_type": _expected_map,
    "string_type": _expected_text,
    "zenstrap": _own_words,
}


def _mismatch(value: Tree | None, expected: str) -> str:
    if isinstance(value, Table):
        return f"expected {expected}, found a map"
    if isinstance(value, Sequence):
        return f"expected {expected}, found a list"
    if value is None or value.value is None:
        return f"null is not allowed, expected {expected}"
    if isinstance(value.value, bool):
        return f"{value.written} is a boolean, expected {expected}"
    if isinstance(value.value, int | float):
        return f"{short(value.written)} is a number, expected {expected}"
    return f"{quoted(value.value)} is text, expected {expected}"


def _mismatch_or_null(value: Tree | None, expected: str) -> Explanation:
    """The mismatch; with a fix if the value is null."""
    is_null = value is None or (isinstance(value, Scalar) and value.value is None)
    fix = "Write a value, or remove the line to use the default" if is_null else None
    return _mismatch(value, expected), fix


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"


def _number(value: float) -> str:
    return f"{value:g}"


def with_known_keys(
    tree: Table, model: type[BaseModel], at: Location = ()
) -> tuple[Table, list[tuple[Location, Origin]]]:
    """The tree with each unknown key corrected or removed; and those keys with their origins.

    Values below a misspelt key are checked, too.
    """
    annotation = annotation_at(at, model)
    if model_in(annotation) is None and not _is_map_of_sections(annotation):
        return tree, []
    unknown: list[tuple[Location, Origin]] = []
    entries: dict[str, Tree] = {}
    keys: dict[str, Origin] = {}
    for key, value in tree.entries.items():
        name: str | None = key
        if (
            model_in(annotation) is not None
            and key not in fields_at(at, model)
            and not (takes_names(at, model) and _is_named_component(key, value))
        ):
            unknown.append(((*at, key), tree.keys[key]))
            name = _right_key(key, at, model)
            if name in tree.entries:
                name = None
        if name is None:
            continue
        if isinstance(value, Table):
            value, below = with_known_keys(value, model, (*at, name))
            unknown += below
        entries[name], keys[name] = value, tree.keys[key]
    return replace(tree, entries=entries, keys=keys), unknown


def without_faults(errors: list[ErrorDetails], model: type[BaseModel], tree: Table) -> Table:
    """The tree with each wrong value replaced by an example, or removed; marked as doubtful."""
    # Last to first: removing an item of a list moves the items behind it.
    for error in reversed(errors):
        *above, key = place_of(error)
        if isinstance(key, int):
            tree = _changed(tree, above[:-1], _without_item(str(above[-1]), key))
        else:
            is_foreign = error["type"] == "extra_forbidden"
            info = None if is_foreign else field_at((*above, key), model)
            instead = example(info) if info is not None else None
            tree = _changed(tree, above, _doubted(key, instead))
    return tree


def place_of(error: ErrorDetails) -> Location:
    """The path in the tree that an error is about."""
    return tuple(part for part in error["loc"] if part != "[key]")


def _right_key(key: str, at: Location, model: type[BaseModel]) -> str | None:
    return None if places_of(key, model) else nearest(key, list(fields_at(at, model)))


def _is_named_component(name: str, value: Tree) -> bool:
    """Whether it says its kind, or removes what another file says. A misspelt kind doesn't."""
    if isinstance(value, Scalar) and value.value is None:
        return component_name_fault(name) is None and nearest(name, list(COMPONENT_KINDS)) is None
    kind = value.entries.get("kind") if isinstance(value, Table) else None
    return isinstance(kind, Scalar) and kind.value in COMPONENT_KINDS


def _is_map_of_sections(annotation: object) -> bool:
    return get_origin(annotation) is dict and model_in(get_args(annotation)[1]) is not None


Change = Callable[[Table], Table]


def _without_item(key: str, position: int) -> Change:
    def change(table: Table) -> Table:
        items = table.entries[key]
        if not isinstance(items, Sequence):
            return table
        kept = tuple(item for i, item in enumerate(items.items) if i != position)
        return table.having(key, replace(items, items=kept))

    return change


def _doubted(key: str, instead: object) -> Change:
    def change(table: Table) -> Table:
        if instead is None:
            changed = table.without(key)
        else:
            origin = table.entries[key].origin if key in table.entries else table.origin
            changed = table.having(key, tree_of(instead, origin))
        return replace(changed, doubtful=table.doubtful | {key})

    return change


def _changed(tree: Table, location: list[int | str], change: Change) -> Table:
    if not location:
        return change(tree)
    key = str(location[0])
    child = tree.entries.get(key)
    if not isinstance(child, Table):
        return tree
    return replace(tree, entries={**tree.entries, key: _changed(child, location[1:], change)})
