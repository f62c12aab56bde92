"""The interface of a platform. Callers use it without knowing which platform it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import JsonValue

from zenstrap.config import EnvironmentConfig
from zenstrap.events import Emit
from zenstrap.lease.store import LeaseStore
from zenstrap.owner import OwnerStore
from zenstrap.policy.resources import ResourceRules
from zenstrap.registry.connectors import ConnectorKey, ConnectorKind
from zenstrap.registry.desired import Registrations
from zenstrap.registry.model import ActualRegistry
from zenstrap.reports import Kept
from zenstrap.state_lock import StateLocks
from zenstrap.terraform.plan import Plan, ResourceChange
from zenstrap.terraform.provider import Provider
from zenstrap.terraform.state import StateResource
from zenstrap.terraform.storage import StateStorage
from zenstrap.terraform.workspace import Workspace

if TYPE_CHECKING:
    from zenml.client import Client

    from zenstrap.terraform.outputs import Output

Need = Literal["always", "to train", "to create", "to apply"]
"""What a check is needed for; other commands must work even if it fails."""


@dataclass(frozen=True)
class NamedCheck:
    """A check that runs before planning.

    Attributes:
        look: runs the check: returns its result as text, or raises a ZenstrapError.
    """

    name: str
    look: Callable[[], str]
    need: Need = "always"


class Unknown(str):
    """The result of a check that couldn't be completed; not a reason to stop."""


class Run(Protocol):
    """The part of the current run that a platform can see."""

    @property
    def owner(self) -> str:
        """Id of the environment's owner; empty if it has none yet."""

    @property
    def emit(self) -> Emit:
        """Sends an event to the run's watchers."""

    def guard(self) -> None:
        """Called before every change; raises if the run must not continue."""

    def wait(self, seconds: float) -> None:
        """Pauses between two attempts; raises InterruptedRunError."""


@dataclass(frozen=True)
class Stores:
    """Stores of an environment's lease and owner, for read-only commands.

    Attributes:
        locks: Terraform's locks on the state, if they outlive a killed Terraform.
    """

    leases: LeaseStore
    owners: OwnerStore
    locks: StateLocks | None = None


@dataclass(frozen=True)
class StatePlace:
    """Where state, lease and owner are stored.

    Attributes:
        storage: Terraform's backend.
        leases: the store of the environment's lease.
        owners: the store of the environment's owner.
        detail: the place, for messages.
        locks: Terraform's locks on the state, if they outlive a killed Terraform.
        missing: there is no state bucket yet, so state and lease are on this machine during the
            run.
        changed: the place has just been created, or its settings were changed.
    """

    storage: StateStorage
    leases: LeaseStore
    owners: OwnerStore
    detail: str
    locks: StateLocks | None = None
    missing: bool = False
    changed: bool = False


@dataclass(frozen=True)
class RootVariables:
    """The variables of the root module.

    Attributes:
        notices: sentences for the user about how the values were determined.
    """

    values: dict[str, object]
    notices: tuple[str, ...] = ()


class Platform(Protocol):
    """The platform of one environment. Each command creates one; it caches its requests."""

    @property
    def config(self) -> EnvironmentConfig:
        """The environment's configuration."""

    @property
    def provider(self) -> Provider:
        """Its Terraform provider's errors, variables and protected resource types."""

    @property
    def has_own_terraform(self) -> bool:
        """Whether the Terraform of a Python package may be used if none is configured."""

    @property
    def place_step(self) -> str | None:
        """Name of the step that finds the state's place, if that can take a while."""

    @property
    def connectors(self) -> ConnectorKind | None:
        """Its kind of service connectors; None if it has none."""

    # State and lease.

    def state_place(
        self, *, create: bool, before_create: Callable[[StatePlace], None] = lambda place: None
    ) -> StatePlace:
        """Find the state's place.

        Args:
            create: create or adopt it if it doesn't exist. Otherwise nothing is written.
            before_create: receives the place as it is before that, and may raise.

        Raises:
            AuthenticationError, PlatformError, UsageError: it can't be reached, or belongs to
                another owner.
        """

    def stores(self) -> Stores:
        """The stores of lease and owner, without checking that they exist."""

    def state_address(self) -> str:
        """The state's place as a user would write it, without checking that it exists."""

    # Input of Terraform.

    def root(self, storage: StateStorage, run_folder: Path) -> Path:
        """The folder of the root module."""

    def environment_variables(self) -> dict[str, str]:
        """Additional environment variables for Terraform."""

    def variables(
        self, workspace: Workspace, run: Run, *, destroy: bool = False, keys_in_use: bool = False
    ) -> RootVariables:
        """The root module's variables.

        Args:
            workspace: prepared; resources in its state need no adoption.
            destroy: the variables are for destroying everything.
            keys_in_use: keep the keys that Terraform created, see :meth:`keys_in_use`.

        Raises:
            AuthenticationError, PlatformError, RefusedError: a name is taken, or can't be checked.
        """

    def variables_for_removal(self, workspace: Workspace, run: Run) -> RootVariables:
        """The variables for a ``down``. Resources that carry the owner's mark but aren't in the
        state are imported into it first, so that they are destroyed, too."""

    # Checks and policy.

    def checks(self) -> Sequence[NamedCheck]:
        """The platform's own checks."""

    def resource_rules(self) -> ResourceRules:
        """What a plan may do with resources."""

    # Registrations.

    def registrations(
        self, outputs: Mapping[str, JsonValue], fingerprints: Mapping[str | None, str]
    ) -> Registrations:
        """How components are registered.

        Args:
            outputs: Terraform's by name, without sensitive ones; UNKNOWN until applied.
            fingerprints: see :meth:`key_fingerprints`.
        """

    @property
    def uses_keys(self) -> bool:
        """Whether connectors authenticate with keys."""

    def references(self) -> Mapping[str, str]:
        """References to secrets in the platform's own sections, with their dotted paths."""

    def require_usable_key(self, client: Client) -> None:
        """Check that the key that the configuration refers to, if any, is valid.

        Raises:
            AuthenticationError: it doesn't exist, or isn't a key.
        """

    def key_fingerprints(self, client: Client) -> Mapping[str | None, str]:
        """Fingerprints of the keys that Terraform doesn't create, by ML project."""

    def keys(
        self, client: Client, outputs: Mapping[str, Output]
    ) -> Mapping[str | None, ConnectorKey]:
        """The keys of the connectors by ML project, None for the base stack's."""

    def keys_in_use(self, actual: ActualRegistry, in_state: Iterable[StateResource]) -> bool:
        """Whether keys of an earlier ``auth.method`` must be kept: connectors use them."""

    # Apply.

    def notices(self, plan: Plan) -> Iterator[str]:
        """What :meth:`before_apply` does in addition to the plan, one sentence each."""

    def before_apply(self, plan: Plan, run: Run) -> None:
        """Prepare the platform for the plan, as :meth:`notices` announced."""

    def left_in_place(self, plan: Plan) -> tuple[Kept, ...]:
        """What an ``up`` removes from Terraform's state without deleting it."""

    def revoked_methods(self, plan: Plan) -> frozenset[str]:
        """The connector methods whose access a plan revokes."""

    def revokes_keys(self, plan: Plan) -> bool:
        """Whether a plan deletes keys that connectors no longer use."""

    def is_needed(
        self,
        change: ResourceChange,
        *,
        methods: Collection[str],
        components: Collection[tuple[str, str]],
    ) -> bool | None:
        """Whether a stack needs a resource that a plan destroys.

        Args:
            methods: of its connectors.
            components: kind and flavor of each of its components.

        Returns:
            None if the resource doesn't show it.
        """

    # Removal.

    def require_removable(self) -> None:
        """Check that the artifact store may be deleted, before anything is.

        Raises:
            RefusedError: it isn't empty, and the environment isn't throw-away.
        """

    def emptied_first(self, workspace: Workspace) -> str | None:
        """The artifact store that a ``down`` must empty first, because Terraform won't."""

    def empty(self, workspace: Workspace, run: Run) -> None:
        """Empty the artifact store of :meth:`emptied_first`."""

    def removal_notices(self) -> Iterator[str]:
        """Warnings about other users' files that a ``down`` deletes with the artifact store."""

    def left(self, run: Run) -> list[str]:
        """The environment's own artifact stores that still exist."""

    def kept(self) -> tuple[Kept, ...]:
        """What a ``down`` leaves in place by design."""

    def foreign(self, run: Run) -> tuple[Kept, ...]:
        """Other users' files among the artifacts, which a ``down`` leaves in place."""

    def marks(self, in_state: Sequence[StateResource]) -> tuple[tuple[str, str], ...]:
        """Existing resources outside the state that carry an owner's mark, with its id."""

    def tidy_up(self) -> None:
        """Remove empty folders after a ``down``."""

    # Training.

    def training_settings(self, training: Training) -> dict[str, dict[str, Any]]:
        """ZenML's settings for a smoke test by key: image, machine, time limit."""


@dataclass(frozen=True)
class Training:
    """A smoke test's training, as a platform runs it.

    Attributes:
        project: the stack's ML project; None for the base stack.
        step_id: id of the step run of the test.
        folder: the run's folder for files.
    """

    project: str | None
    step_id: str
    folder: Path
