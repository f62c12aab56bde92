"""The import graph of the product, and what it should look like.

    python -m tests.structure [FOLDER]

prints its figures for a checkout, this one by default.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOTS = ("run.py", "pipelines", "steps", "zenstrap")
# Google Cloud on this machine: a package apart.
DOUBLE = "zenstrap_rehearsal"
# What may know which platform there is: its own package, the models of its configuration, and the
# records of its flavors.
PLATFORMS = ("zenstrap.platforms", "zenstrap.config", "zenstrap.flavors")
# Outside of those a cloud's words are in two places: what a secret looks like, and why a pause is
# as long as it is, with a link.
CLOUD = re.compile(r"google|\bgcp\b|\bgcs\b", re.IGNORECASE)
LINK = re.compile(r"https://\S+")
ASKS = re.compile(r"\bplatform\)? (==|!=) |\.platform in ")

# What of ZenML it documents, and may be used anywhere; the rest is in zenstrap.zenml_private.
DOCUMENTED = re.compile(
    r"zenml(\.[a-zA-Z]\w*)?"
    r"|zenml\.(client|enums|exceptions|models|materializers\.base_materializer)\.[a-zA-Z]\w*"
    r"|zenml\.pipelines\.pipeline_definition\.Pipeline"  # the type of a pipeline
)

# From the bottom to the top. A module may import from its own floor and those below it.
FLOORS: tuple[tuple[str, ...], ...] = (
    (
        "zenstrap",
        "zenstrap.disk",
        "zenstrap.errors",
        "zenstrap.invocation",
        "zenstrap.log",
        "zenstrap.paths",
        "zenstrap.plain_files",
        "zenstrap.redaction",
        "zenstrap.user",
        "zenstrap.zenml_private",
    ),
    ("zenstrap.config", "zenstrap.flavors"),
    (
        "zenstrap.events",
        "zenstrap.foreign",
        "zenstrap.interrupt",
        "zenstrap.naming",
        "zenstrap.reach",
        "zenstrap.retry",
        "zenstrap.signals",
        "zenstrap.stopping",
        "zenstrap.waiting",
        "zenstrap.zenml_server",
    ),
    ("zenstrap.owner", "zenstrap.lease", "zenstrap.smoke_test"),
    ("zenstrap.execution", "zenstrap.registry", "zenstrap.state_lock", "zenstrap.terraform"),
    ("zenstrap.reports", "zenstrap.runs"),
    ("zenstrap.policy.resources", "zenstrap.policy.rules", "zenstrap.views"),
    ("zenstrap.platforms",),
    ("zenstrap.request", "zenstrap.running"),
    ("zenstrap.policy",),
    ("zenstrap.lifecycle",),
    ("steps",),
    ("pipelines",),
    ("zenstrap.cli",),
    ("zenstrap.__main__", "zenstrap.rehearsal", "run"),
)


@dataclass(frozen=True)
class Source:
    """One module."""

    name: str
    file: Path
    is_package: bool

    @cached_property
    def text(self) -> str:
        return self.file.read_text()

    def imports(self) -> Iterator[str]:
        """Every name that it imports, also within functions and for type checking alone."""
        for node in ast.walk(ast.parse(self.text)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def undocumented(self) -> Iterator[str]:
        """What it uses of ZenML that ZenML doesn't document."""
        for name in self.imports():
            if within(name, "zenml") and not DOCUMENTED.fullmatch(name):
                yield name
        for node in ast.walk(ast.parse(self.text)):
            if isinstance(node, ast.Attribute) and node.attr == "zen_store":
                yield ast.unparse(node)


@dataclass(frozen=True)
class Structure:
    """The product's modules and what they import of each other."""

    modules: Mapping[str, Source]

    @classmethod
    def of(cls, root: Path, roots: Iterable[str] = ROOTS) -> Structure:
        """Of a checkout: the product, or other folders and files in it."""
        found = {}
        for place in (root / one for one in roots):
            for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
                parts = file.relative_to(root).with_suffix("").parts
                is_package = parts[-1] == "__init__"
                name = ".".join(parts[:-1] if is_package else parts)
                found[name] = Source(name, file, is_package)
        return cls(found)

    @cached_property
    def edges(self) -> Mapping[str, frozenset[str]]:
        """What each module imports of the others."""
        return {
            name: frozenset(
                target
                for imported in source.imports()
                if (target := self._module(imported)) is not None and target != name
            )
            for name, source in self.modules.items()
        }

    def _module(self, imported: str) -> str | None:
        """The module that an imported name is, or is in."""
        while imported and imported not in self.modules:
            imported = imported.rpartition(".")[0]
        return imported or None

    def circles(self) -> list[list[str]]:
        """Groups of modules that import each other, directly or around a corner (Tarjan)."""
        index: dict[str, int] = {}
        low: dict[str, int] = {}
        stack: list[str] = []
        found: list[list[str]] = []

        def visit(name: str) -> None:
            index[name] = low[name] = len(index)
            stack.append(name)
            for other in sorted(self.edges[name]):
                if other not in index:
                    visit(other)
                    low[name] = min(low[name], low[other])
                elif other in stack:
                    low[name] = min(low[name], index[other])
            if low[name] == index[name]:
                group = stack[stack.index(name) :]
                del stack[stack.index(name) :]
                if len(group) > 1:
                    found.append(sorted(group))

        for name in sorted(self.modules):
            if name not in index:
                visit(name)
        return found

    def arrows_up(self) -> list[tuple[str, str]]:
        """Imports from a higher floor."""
        return sorted(
            (name, other)
            for name, others in self.edges.items()
            for other in others
            if floor_of(other) > floor_of(name)
        )

    def platform_questions(self) -> list[str]:
        """Where a module outside of the platforms asks which one there is."""
        return [
            f"{name}:{number}"
            for name, source in self.modules.items()
            if not within(name, *PLATFORMS)
            for number, line in enumerate(source.text.splitlines(), 1)
            if ASKS.search(line)
        ]

    def cloud_words(self) -> list[str]:
        """Modules outside of the platforms that name a cloud."""
        return [
            name
            for name, source in self.modules.items()
            if not within(name, *PLATFORMS) and CLOUD.search(LINK.sub("", source.text))
        ]

    def undocumented(self) -> list[str]:
        """Where something of ZenML's that it doesn't document is used, outside of its place."""
        return [
            f"{name}: {used}"
            for name, source in self.modules.items()
            if not within(name, "zenstrap.zenml_private")
            for used in source.undocumented()
        ]

    @property
    def lines(self) -> int:
        return sum(len(source.text.splitlines()) for source in self.modules.values())


def floor_of(module: str) -> int:
    """The number of a module's floor; the longest name that fits decides."""
    fitting = [
        (len(name), number)
        for number, names in enumerate(FLOORS)
        for name in names
        if within(module, name)
    ]
    if not fitting:
        raise ValueError(f"{module} has no floor: name one in {__name__}.FLOORS")
    return max(fitting)[1]


def within(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1]
    structure = Structure.of(root)
    circles, words = structure.circles(), structure.cloud_words()
    print(f"modules {len(structure.modules)}, lines {structure.lines}")
    print(f"circles {len(circles)}")
    for group in circles:
        print(f"  {' '.join(group)}")
    questions = structure.platform_questions()
    print(f"asks which platform, outside of platforms/ and config/: {len(questions)}")
    print("".join(f"  {one}\n" for one in questions), end="")
    print(f"modules outside of those that name Google: {len(words)}")
    print("".join(f"  {one}\n" for one in words), end="")
    if len(sys.argv) == 1:
        up = structure.arrows_up()
        print(f"arrows up: {len(up)}")
        print("".join(f"  {a} -> {b}\n" for a, b in up), end="")


if __name__ == "__main__":
    main()
