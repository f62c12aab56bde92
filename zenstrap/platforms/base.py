"""What a platform answers. Whoever has one asks it, and never which one it is."""

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
"""What a check is needed for; the other commands must be possible without."""


@dataclass(frozen=True)
class NamedCheck:
    """A check before anything is planned.

    Attributes:
        look: tells what was found, or raises a ZenstrapError.
    """

    name: str
    look: Callable[[], str]
    need: Need = "always"


class Unknown(str):
    """What a check tells that couldn't find out, where that is no reason to stop."""


class Run(Protocol):
    """What a platform gets of the run that it works for."""

    @property
    def owner(self) -> str:
        """Whose the environment is; empty where it has no owner yet."""

    @property
    def emit(self) -> Emit:
        """Tells the watchers."""

    def guard(self) -> None:
        """Called before every effect; raises where the run must not go on."""

    def wait(self, seconds: float) -> None:
        """Pauses between two tries; raises InterruptedRunError."""


@dataclass(frozen=True)
class Stores:
    """Where an environment's lease and owner are, for whoever only looks at it.

    Attributes:
        locks: Terraform's locks on the state, where they outlive a killed Terraform.
    """

    leases: LeaseStore
    owners: OwnerStore
    locks: StateLocks | None = None


@dataclass(frozen=True)
class StatePlace:
    """Where state, lease and owner are.

    Attributes:
        storage: Terraform's backend.
        leases: the environment's lease.
        owners: whose the environment is.
        detail: the place, for people.
        locks: Terraform's locks on the state, where they outlive a killed Terraform.
        missing: there is no state bucket yet, so that state and lease are on this machine for as
            long as the run takes.
        changed: the place was created just now, or its settings were changed.
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
    """What the root module is given.

    Attributes:
        notices: what people should know of how the values came about.
    """

    values: dict[str, object]
    notices: tuple[str, ...] = ()


class Platform(Protocol):
    """Where one environment lives. One is made for each command; it keeps what it has asked for."""

    @property
    def config(self) -> EnvironmentConfig:
        """The environment's configuration."""

    @property
    def provider(self) -> Provider:
        """What its provider adds to Terraform."""

    @property
    def has_own_terraform(self) -> bool:
        """Whether a Terraform that a Python package brought may be used without being asked for."""

    @property
    def place_step(self) -> str | None:
        """Name of the step that finds the state's place, where that can take a while."""

    @property
    def connectors(self) -> ConnectorKind | None:
        """Its service connectors; None on a platform without."""

    # Where state and lease lie.

    def state_place(
        self, *, create: bool, before_create: Callable[[StatePlace], None] = lambda place: None
    ) -> StatePlace:
        """Find the state's place.

        Args:
            create: create or adopt it where there is none. Otherwise nothing is written.
            before_create: is given the place as it is before, and may raise.

        Raises:
            AuthenticationError, PlatformError, UsageError: it can't be reached, or isn't ours.
        """

    def stores(self) -> Stores:
        """Lease and owner, without looking whether they are there."""

    def state_address(self) -> str:
        """The state's place as a user would name it, without looking whether it is there."""

    # What Terraform is given.

    def root(self, storage: StateStorage, run_folder: Path) -> Path:
        """The folder of the root module."""

    def environment_variables(self) -> dict[str, str]:
        """For Terraform, beyond those that it gets anyway."""

    def variables(
        self, workspace: Workspace, run: Run, *, destroy: bool = False, keys_in_use: bool = False
    ) -> RootVariables:
        """The root module's variables.

        Args:
            workspace: prepared; what is in its state needs no adopting.
            destroy: they are for taking everything away.
            keys_in_use: keep the keys that Terraform made, see :meth:`keys_in_use`.

        Raises:
            AuthenticationError, PlatformError, RefusedError: a name is taken, or can't be asked
                for.
        """

    def variables_for_removal(self, workspace: Workspace, run: Run) -> RootVariables:
        """Likewise for a ``down``; what carries our mark and isn't in the state is taken into it
        first, and goes too."""

    # What is looked at before anything is planned.

    def checks(self) -> Sequence[NamedCheck]:
        """The platform's own checks."""

    def resource_rules(self) -> ResourceRules:
        """What a plan may do with resources."""

    # What is registered.

    def registrations(
        self, outputs: Mapping[str, JsonValue], fingerprints: Mapping[str | None, str]
    ) -> Registrations:
        """How components are registered.

        Args:
            outputs: Terraform's by name, without sensitive ones; UNKNOWN where a plan doesn't know.
            fingerprints: see :meth:`key_fingerprints`.
        """

    @property
    def uses_keys(self) -> bool:
        """Whether connectors are made with keys."""

    def references(self) -> Mapping[str, str]:
        """References to secrets in the platform's own sections, and where they stand."""

    def require_usable_key(self, client: Client) -> None:
        """See that the key of the configuration is one, where it names one.

        Raises:
            AuthenticationError: it isn't there, or is none.
        """

    def key_fingerprints(self, client: Client) -> Mapping[str | None, str]:
        """What tells apart the keys that Terraform doesn't make, by ML project."""

    def keys(
        self, client: Client, outputs: Mapping[str, Output]
    ) -> Mapping[str | None, ConnectorKey]:
        """The keys that connectors are made with, by ML project, None for the base's."""

    def keys_in_use(self, actual: ActualRegistry, in_state: Iterable[StateResource]) -> bool:
        """Whether keys that Terraform made outlive ``auth.method``, as connectors use them."""

    # An apply.

    def notices(self, plan: Plan) -> Iterator[str]:
        """What is done beside a plan, before it is applied."""

    def before_apply(self, plan: Plan, run: Run) -> None:
        """Do it."""

    def left_in_place(self, plan: Plan) -> tuple[Kept, ...]:
        """What an ``up`` takes from Terraform's state and nowhere else."""

    def revoked_methods(self, plan: Plan) -> frozenset[str]:
        """The methods of connectors that a plan takes the access from."""

    def revokes_keys(self, plan: Plan) -> bool:
        """Whether a plan deletes keys that no connector uses any more."""

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
            None where the resource doesn't say.
        """

    # A removal.

    def require_removable(self) -> None:
        """Look whether the artifact store may be deleted, before anything is.

        Raises:
            RefusedError: it is full, and the environment isn't throw-away.
        """

    def emptied_first(self, workspace: Workspace) -> str | None:
        """The artifact store that a ``down`` has to empty, because Terraform would refuse to."""

    def empty(self, workspace: Workspace, run: Run) -> None:
        """Empty it."""

    def removal_notices(self) -> Iterator[str]:
        """What somebody else keeps in an artifact store that goes with everything in it."""

    def left(self, run: Run) -> list[str]:
        """What is still there of the environment's own artifact stores."""

    def kept(self) -> tuple[Kept, ...]:
        """What is there and a ``down`` leaves by design."""

    def foreign(self, run: Run) -> tuple[Kept, ...]:
        """What somebody else keeps among the artifacts, and a ``down`` leaves there."""

    def marks(self, in_state: Sequence[StateResource]) -> tuple[tuple[str, str], ...]:
        """What is there, isn't in the state and carries an owner's mark, with that owner's id."""

    def tidy_up(self) -> None:
        """After a ``down``: no empty folder is left."""

    # A training.

    def training_settings(self, training: Training) -> dict[str, dict[str, Any]]:
        """ZenML's settings for a smoke test, by their keys: image, machine, time limit."""


@dataclass(frozen=True)
class Training:
    """A smoke test's training, as a platform sends it to where it runs.

    Attributes:
        project: the stack's ML project; None for the base stack.
        step_id: of the step run that the test is.
        folder: of the run, for files.
    """

    project: str | None
    step_id: str
    folder: Path
