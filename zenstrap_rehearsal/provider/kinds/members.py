"""One member's role on a resource: the ``_iam_member`` types, which differ in the resource."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from typing import Any, ClassVar, Final

from zenstrap_rehearsal.errors import ApiError
from zenstrap_rehearsal.provider.kind import Kind, first
from zenstrap_rehearsal.provider.rules import EVERYTHING, ProviderError, Rules
from zenstrap_rehearsal.provider.session import Session
from zenstrap_rehearsal.provider.values import Object

# Attempts to read and write a policy that another program changes at the same time.
_ATTEMPTS: Final = 10

_WORDS: Final = "projectOwners|projectReaders|projectWriters|allUsers|allAuthenticatedUsers"


def same_end(left: Any, right: Any) -> bool:
    """Whether two names are the same resource, one a full name and one a short one."""
    short, long = sorted((str(left), str(right)), key=len)
    return long == short or long.endswith(f"/{short}")


def same_member(left: Any, right: Any) -> bool:
    """Whether two members are equal: Google writes e-mail addresses in lower case."""
    return _normalised(str(left)) == _normalised(str(right))


class MemberKind(Kind):
    """A role for one member on a resource, whose type the subclass defines.

    Attributes:
        noun: the resource type's name in the provider's errors.
    """

    noun: ClassVar[str]
    rules = Rules(
        force_new=frozenset({EVERYTHING}),
        patterns={"member": rf"(?!deleted:)(?:.+:.+|{_WORDS})"},
        equivalent={"member": same_member},
    )

    @abstractmethod
    def resource(self, state: Object, session: Session) -> str:
        """The resource's name in the identifiers of its members."""

    @abstractmethod
    def get_policy(self, resource: str, session: Session) -> Object: ...

    @abstractmethod
    def set_policy(self, resource: str, policy: Object, session: Session) -> None: ...

    @abstractmethod
    def named(self, resource: str) -> Object:
        """The attributes that name the resource."""

    def create(self, planned: Object, session: Session) -> Object:
        def add(bindings: list[Object]) -> None:
            binding = _find(bindings, planned)
            if binding is None:
                binding = {"role": planned["role"], "members": [], **_condition(planned)}
                bindings.append(binding)
            binding["members"] = sorted({*binding["members"], _normalised(planned["member"])})

        resource = self.resource(planned, session)
        policy = self._change(resource, add, session)
        return self._state(resource, planned, policy)

    def read(self, state: Object, session: Session) -> Object | None:
        resource = self.resource(state, session)
        try:
            policy = self.get_policy(resource, session)
        except ApiError as error:
            if error.code == 404:
                return None
            raise self._failed("retrieving", resource, error) from error
        binding = _find(policy.get("bindings", []), state)
        if binding is None or _normalised(state["member"]) not in binding["members"]:
            return None
        return self._state(resource, state, policy)

    def delete(self, state: Object, session: Session) -> None:
        def remove(bindings: list[Object]) -> None:
            binding = _find(bindings, state)
            if binding is not None:
                with contextlib.suppress(ValueError):
                    binding["members"].remove(_normalised(state["member"]))

        try:
            self._change(self.resource(state, session), remove, session)
        except ApiError as error:
            if error.code != 404:
                raise

    def import_state(self, identifier: str, session: Session) -> Object:
        parts = identifier.split(" ", 3)
        if len(parts) < 3:
            raise ProviderError(
                f"Wrong number of parts to Member id {identifier}; expected 'resource_name role "
                "member [condition_title]'."
            )
        name, role, member = parts[:3]
        resource = self.resource(self.named(name), session)
        bindings = self.get_policy(resource, session).get("bindings", [])
        title = parts[3] if len(parts) == 4 else None
        matches = [
            b
            for b in bindings
            if b["role"] == role
            and _normalised(member) in b["members"]
            and b.get("condition", {}).get("title") == title
        ]
        if len(matches) != 1:
            raise ProviderError(
                f"Cannot find binding for {self.noun} {resource!r} with role {role!r}, member "
                f"{member!r}, and condition title {title or ''!r}"
            )
        state: Object = {"role": role, "member": member, "condition": []}
        if condition := matches[0].get("condition"):
            state["condition"] = [{"description": "", **condition}]
        return {**state, **self.named(resource), "id": _identifier(resource, state)}

    def _change(self, resource: str, change: Any, session: Session) -> Object:
        """Read, change and write a policy; the members of one resource wait for each other."""
        with session.policy_lock(resource):
            return self._read_and_write(resource, change, session)

    def _read_and_write(self, resource: str, change: Any, session: Session) -> Object:
        for attempt in range(_ATTEMPTS):
            policy = self.get_policy(resource, session)
            bindings = policy.setdefault("bindings", [])
            change(bindings)
            policy["bindings"] = [b for b in bindings if b["members"]]
            policy["version"] = 3
            try:
                self.set_policy(resource, policy, session)
            except ApiError as error:
                conflict = error.code in (409, 412)
                if not conflict or attempt == _ATTEMPTS - 1:
                    raise self._failed("applying", resource, error) from error
            else:
                return self.get_policy(resource, session)
        raise AssertionError("the last attempt raises")

    def _failed(self, doing: str, resource: str, error: ApiError) -> ProviderError:
        return ProviderError(f"Error {doing} IAM policy for {self.noun} {resource!r}: {error}")

    def _state(self, resource: str, known: Object, policy: Object) -> Object:
        return {
            **self.named(resource),
            "id": _identifier(resource, known),
            "etag": policy.get("etag"),
        }


def _condition(state: Object) -> Object:
    condition = first(state.get("condition"))
    if not condition:
        return {}
    kept = {k: v for k, v in condition.items() if v}
    return {"condition": kept}


def _find(bindings: list[Object], state: Object) -> Object | None:
    """The binding of the role with the same condition."""
    wanted = _condition(state).get("condition", {})
    for binding in bindings:
        actual = {k: v for k, v in binding.get("condition", {}).items() if v}
        if binding["role"] == state["role"] and actual == wanted:
            return binding
    return None


def _identifier(resource: str, state: Object) -> str:
    parts = [resource, state["role"], _normalised(state["member"])]
    if condition := first(state.get("condition")):
        parts += [condition.get(k) or "" for k in ("title", "description", "expression")]
    return "/".join(parts)


def _normalised(member: str) -> str:
    kind, colon, name = member.partition(":")
    if kind in ("principal", "principalSet", "allUsers", "allAuthenticatedUsers"):
        return member
    return f"{kind}{colon}{name.lower()}"
