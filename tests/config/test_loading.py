from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.conftest import REAL, Configs, copied_configs
from zenstrap.config import GoogleEnvironment, available_environments, load_environment
from zenstrap.config.loading import load
from zenstrap.errors import UsageError, exit_code
from zenstrap.paths import CONFIGS_VARIABLE, project_root

PROD = "environments/prod.yaml"
FRAUD = "ml_projects/fraud_detection.yaml"


# --- What comes out -----------------------------------------------------------------------------


def test_the_environments_are_those_that_have_a_file() -> None:
    assert available_environments(REAL) == ["dev", "local", "prod", "staging"]


def test_defaults_then_platform_then_environment() -> None:
    config = load_environment("prod", REAL)
    assert config.retention.artifact_days == 365
    assert config.smoke_test.when == "always"
    assert config.stack.components.orchestrator.flavor == "vertex"
    assert config.labels == {"cost_center": "ml", "stage": "prod"}
    assert load_environment("staging", REAL).retention.stack_versions == 3


def test_a_projects_layers_are_base_stack_file_platform_environment() -> None:
    prod, dev = load_environment("prod", REAL), load_environment("dev", REAL)
    fraud = prod.ml_projects["fraud_detection"]
    assert fraud.components.orchestrator.machine_type == "n1-highmem-16"
    assert fraud.components.orchestrator.version == "1.1.0"
    assert fraud.components.artifact_store == prod.stack.components.artifact_store
    assert fraud.overrides == ("orchestrator", "step_operator")
    assert fraud.smoke_test.min_accuracy == 0.95
    assert fraud.smoke_test.timeout_minutes == prod.smoke_test.timeout_minutes
    assert fraud.labels == {"cost_center": "ml", "stage": "prod", "team": "risk"}
    assert dev.ml_projects["fraud_detection"].components.orchestrator.machine_type == "n1-highmem-8"
    assert dev.ml_projects["recommendation"].components.step_operator is None


def test_the_same_project_file_serves_a_laptop() -> None:
    config = load_environment("local", REAL)
    for name in ("fraud_detection", "recommendation"):
        assert list(config.components_of(name).present()) == ["artifact_store", "orchestrator"]
        assert config.ml_projects[name].overrides == ()


def test_a_project_can_leave_out_a_component_of_the_base_stack(configs: Configs) -> None:
    configs.edit(
        FRAUD,
        "    components:\n      orchestrator: {version: 1.1.0",
        "    components:\n      deployer: null\n      orchestrator: {version: 1.1.0",
    )
    config = load_environment("prod", configs.folder)
    assert config.stack.components.deployer is not None
    assert config.components_of("fraud_detection").deployer is None
    assert config.components_of("recommendation").deployer is not None


def test_targets_and_what_belongs_to_each() -> None:
    config = load_environment("prod", REAL)
    assert config.targets == (None, "fraud_detection", "recommendation")
    assert [config.version_of(t) for t in config.targets] == ["1.2.0", "1.1.0", "2.0.1"]
    assert config.components_of() is config.stack.components
    assert config.smoke_test_of("recommendation").min_accuracy == 0.92
    assert config.labels_of("recommendation")["team"] == "shop"


def test_an_explicit_null_takes_a_default_away(configs: Configs) -> None:
    configs.edit(PROD, "artifact_days: 365", "artifact_days: null")
    assert load_environment("prod", configs.folder).retention.artifact_days is None


def test_defaults_are_not_needed(configs: Configs) -> None:
    configs.path("defaults.yaml").unlink()
    configs.path("environments/small.yaml").write_text(
        "environment: small\nplatform: local\nlocal: {}\nstack:\n  version: 1.0.0\n  components:\n"
        "    artifact_store: {version: 1.0.0, flavor: local}\n"
        "    orchestrator: {version: 1.0.0, flavor: local}\n"
    )
    assert load_environment("small", configs.folder).targets == (None,)


def test_the_name_inside_the_file_may_be_left_out(configs: Configs) -> None:
    configs.edit(PROD, "environment: prod\n", "")
    assert load_environment("prod", configs.folder).environment == "prod"


def test_the_folder_can_be_moved(configs: Configs, monkeypatch: pytest.MonkeyPatch) -> None:
    configs.path(PROD).unlink()
    monkeypatch.setenv(CONFIGS_VARIABLE, str(configs.folder))
    assert available_environments() == ["dev", "local", "staging"]


def test_nothing_heavy_is_imported() -> None:
    script = (
        # Installed packages may declare a bare "google" at Python's start.
        "import sys; before = set(sys.modules);"
        "import zenstrap.config; zenstrap.config.load_environment('prod');"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before};"
        "print(*{'zenml', 'rich', 'jinja2', 'google', 'numpy'} & new)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=project_root(), capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr


# --- What isn't there ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("prd", "Did you mean prod?"),
        ("Staging", "Did you mean staging?"),
        ("qa", "Environments: dev, local, prod, staging"),
        ("../environments/prod", "Environments: dev"),
        ("", "Environments: dev"),
        ("prod\n", "Environments: dev"),
        ("a" * 500, "Environments: dev"),
        ("\x00", "Environments: dev"),
    ],
)
def test_an_unknown_environment(configs: Configs, name: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_environment(name, configs.folder)
    assert words in (caught.value.fix or "")
    assert exit_code(caught.value) == 64


def test_a_yml_file_is_pointed_out(configs: Configs) -> None:
    configs.path(PROD).rename(configs.path("environments/prod.yml"))
    with pytest.raises(UsageError, match=r"prod\.yaml"):
        load_environment("prod", configs.folder)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder of environments"):
        load_environment("prod", tmp_path / "nowhere")


def test_unreadable_files_are_problems(configs: Configs) -> None:
    configs.path(PROD).unlink()
    configs.path(PROD).mkdir()
    assert configs.problem("prod").message == "can't be read: it is a folder"


def test_a_dangling_link_is_a_problem(configs: Configs) -> None:
    configs.path("defaults.yaml").unlink()
    configs.path("defaults.yaml").symlink_to("nowhere.yaml")
    assert "can't be read" in configs.problem("prod").message


# --- What is wrong ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """One edit of prod's files and the one problem that it makes; independent of the others."""

    file: str
    old: str
    new: str
    key: str
    message: str
    suggestion: str | None = None


FAULTS = [
    Fault(
        PROD,
        "platform: gcp",
        "platform: gpc",
        "platform",
        "'gpc' is not one of gcp or local",
        "Did you mean gcp?",
    ),
    Fault(
        PROD,
        "region: europe",
        "regoin: europe",
        "gcp.regoin",
        "unknown key",
        "Did you mean region?",
    ),
    Fault(
        PROD,
        "acme-ml-prod\n",
        "Acme_Prod\n",
        "gcp.project_id",
        "not a valid Google Cloud project id",
    ),
    Fault(PROD, "location: EU", "location: [EU]", "state.location", "expected text, found a list"),
    Fault(
        PROD,
        "  version: 1.2.0",
        "  version: 1.2",
        "stack.version",
        "1.2 is a number",
        "Write '1.2.0' in quotes",
    ),
    Fault(
        PROD,
        "orchestrator: {version: 2.0.0, machine_type: n1-standard-8}",
        "orchestrator: {version: 2.0.0, flavor: skypilot}",
        "stack.components.orchestrator.flavor",
        "'skypilot' is not one of",
        "Did you mean vm_gcp?",
    ),
    Fault(
        PROD,
        "machine_type: n1-highmem-16}",
        "boot_disk_gb: 0}",
        "stack.components.step_operator.boot_disk_gb",
        "out of range: it must be at least 1",
    ),
    Fault(
        PROD,
        "method: external-account",
        "method: workload-identity",
        "auth.method",
        "is not one of",
        "Did you mean external-account?",
    ),
    Fault(
        PROD,
        "subject_token: file:/var",
        "subject_token: /var",
        "auth.subject_token",
        "where the identity token comes from",
    ),
    Fault(
        PROD,
        "high_availability: true",
        "high_availability: yes",
        "resilience.high_availability",
        "'yes' is text",
        "Write true, without quotes",
    ),
    Fault(
        PROD,
        "backup_enabled: true",
        "backup_enabled: 1",
        "resilience.backup_enabled",
        "1 is a number",
    ),
    Fault(
        PROD,
        "approval: terminal",
        "approval: terminl",
        "protection.approval",
        "'terminl' is not one of none or terminal",
        "Did you mean terminal?",
    ),
    Fault(
        PROD,
        "artifact_days: 365",
        "artifact_days: '365'",
        "retention.artifact_days",
        "'365' is text",
        "Write 365, without quotes",
    ),
    Fault(
        PROD,
        "stack_versions: 5",
        "stack_versions: 0",
        "retention.stack_versions",
        "it must be at least 1",
    ),
    Fault(PROD, '"0 4 * * 0"', '"0 25 * * 0"', "cleanup.schedule", "out of range"),
    Fault(
        PROD,
        "timeout_minutes: 30",
        "timeout_minutes: 2000",
        "smoke_test.timeout_minutes",
        "at most 1440",
    ),
    Fault(
        PROD,
        "min_accuracy: 0.92",
        "min_accuracy: 92",
        "smoke_test.min_accuracy",
        "at most 1",
        "Write 0.92, if 92 % is meant",
    ),
    Fault(
        PROD,
        "when: always",
        "when: alway",
        "smoke_test.when",
        "is not one of changed or always",
        "Did you mean always?",
    ),
    Fault(
        PROD, "stage: prod", "stage: Prod", "labels.stage", "not a valid label value", "Write prod"
    ),
    Fault(
        "defaults.yaml",
        "cost_center: ml",
        "managed_by: me",
        "labels.managed_by",
        "reserved for zenstrap",
    ),
    Fault(
        "defaults.yaml",
        "schedule: null",
        "shedule: null",
        "cleanup.shedule",
        "unknown key",
        "Did you mean schedule?",
    ),
    Fault(
        "defaults.yaml",
        "local: {root: null}",
        "local: {root: here}",
        "platforms.local.local.root",
        "not an absolute path",
    ),
    Fault(
        FRAUD,
        "\nversion: 1.1.0",
        "\nversion: v1.1",
        "version",
        "not a valid version",
        "Write 1.1.0",
    ),
    Fault(FRAUD, "team: risk", "Team: risk", "labels.Team", "not a valid label key"),
    Fault(
        FRAUD,
        "accelerator_count: 1",
        "accelerator_count: one",
        "platforms.gcp.components.step_operator.accelerator_count",
        "'one' is text, expected a whole number",
    ),
    Fault(
        FRAUD,
        "\n  prod:\n",
        "\n  prdo:\n",
        "environments.prdo",
        "no environment 'prdo'",
        "Did you mean prod?",
    ),
    Fault(
        "ml_projects/recommendation.yaml",
        "experiment: rec",
        "experimnt: rec",
        "platforms.gcp.components.experiment_tracker.experimnt",
        "unknown key",
        "Did you mean experiment?",
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.key)
def test_each_fault_is_one_problem(configs: Configs, fault: Fault) -> None:
    configs.edit(fault.file, fault.old, fault.new)
    found = configs.problem("prod")
    line = configs.line_of(fault.file, fault.new.strip("\n"))
    assert (found.file, found.line, found.key) == (fault.file, line, fault.key)
    assert fault.message in found.message
    if fault.suggestion is not None:
        assert found.suggestion == fault.suggestion


@settings(max_examples=25, deadline=None)
@given(st.sets(st.integers(0, len(FAULTS) - 1), min_size=2, max_size=8))
def test_faults_are_found_together_and_make_no_false_alarms(chosen: set[int]) -> None:
    faults = [FAULTS[number] for number in sorted(chosen)]
    with copied_configs() as configs:
        for fault in faults:
            configs.edit(fault.file, fault.old, fault.new)
        expected = {(f.file, configs.line_of(f.file, f.new.strip("\n")), f.key) for f in faults}
        found = {(p.file, p.line, p.key) for p in configs.problems("prod")}
    assert found == expected


PLACES = [
    (path.relative_to(REAL).as_posix(), number)
    for path in sorted(REAL.rglob("*.yaml"))
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    if re.match(r" *[a-z_]+:", line)
]


def _parents(lines: list[str], index: int, indent: int) -> list[str]:
    """The keys above a line, found by indentation alone."""
    found: list[str] = []
    for line in reversed(lines[:index]):
        depth = len(line) - len(line.lstrip())
        if line.strip() and not line.lstrip().startswith("#") and depth < indent:
            found.insert(0, line.split(":")[0].strip())
            indent = depth
    return found


def _sections() -> list[tuple[str, int]]:
    """The last line of each section of each file."""
    found = {}
    for file, number in PLACES:
        lines = (REAL / file).read_text(encoding="utf-8").splitlines()
        line = lines[number - 1]
        parents = _parents(lines, number - 1, len(line) - len(line.lstrip()))
        found[(file, *parents)] = (file, number)
    return list(found.values())


@pytest.mark.parametrize("place", _sections(), ids=lambda place: f"{place[0]}:{place[1]}")
def test_an_unknown_key_anywhere_is_blamed_where_it_stands(place: tuple[str, int]) -> None:
    file, number = place
    environment = Path(file).stem if file.startswith("environments/") else "dev"
    with copied_configs() as configs:
        lines = configs.path(file).read_text(encoding="utf-8").splitlines()
        indent = len(lines[number - 1]) - len(lines[number - 1].lstrip())
        lines.insert(number - 1, " " * indent + "qqqqzzzz: {}")
        configs.path(file).write_text("\n".join(lines) + "\n", encoding="utf-8")
        parents = _parents(lines, number - 1, indent)
        if parents == ["environments"]:  # its file may have been deleted: that breaks no other
            warned = load(environment, configs.folder).warnings
            (told,) = (one for one in warned if "qqqqzzzz" in one.key)
            found = replace(told, file=file)
        else:
            found = configs.problem(environment)
    assert (found.file, found.line, found.key) == (file, number, ".".join([*parents, "qqqqzzzz"]))


def test_a_misspelt_section_does_not_hide_what_is_below_it(configs: Configs) -> None:
    configs.edit(PROD, "resilience:", "resiliense:")
    configs.edit(PROD, "compliance_mode: strict", "complianse_mode: strickt")
    assert [(p.key, p.suggestion) for p in configs.problems("prod")] == [
        ("resiliense", "Did you mean resilience?"),
        ("resiliense.complianse_mode", "Did you mean compliance_mode?"),
        ("resiliense.complianse_mode", "Did you mean strict?"),
    ]


def test_a_key_in_the_wrong_section_is_sent_to_the_right_one(configs: Configs) -> None:
    configs.append(PROD, "project_id: acme-ml-prod\n")
    assert configs.problem("prod").suggestion == "It belongs to gcp"


def test_the_other_names_of_a_file_are_compared(configs: Configs) -> None:
    configs.edit(PROD, "environment: prod", "environment: staging")
    found = configs.problem("prod")
    assert found.line == configs.line_of(PROD, "environment: staging")
    assert found.message == "is 'staging', but the file is prod.yaml"


def test_a_file_with_an_impossible_name(configs: Configs) -> None:
    configs.path(PROD).rename(configs.path("environments/pre-prod.yaml"))
    configs.edit("environments/pre-prod.yaml", "environment: prod", "environment: pre-prod")
    messages = [p.message for p in configs.problems("pre-prod")]
    assert any("no separators, so that" in message for message in messages)


def test_without_a_platform_only_that_is_said(configs: Configs) -> None:
    configs.edit(PROD, "platform: gcp\n", "")
    assert configs.problem("prod").key == "platform"


def test_what_is_missing_is_blamed_on_its_section(configs: Configs) -> None:
    configs.edit(PROD, "  project_id: acme-ml-prod\n", "")
    configs.edit(PROD, "container_registry: {version: 1.0.0}", "container_registry: {}")
    configs.edit(FRAUD, "version: 1.1.0\n", "")
    found = {(p.file, p.line, p.key): p.suggestion for p in configs.problems("prod")}
    registry = configs.line_of(PROD, "container_registry: {}")
    assert found == {
        (
            PROD,
            configs.line_of(PROD, "platform: gcp") + 2,
            "gcp.project_id",
        ): "Add project_id: acme-ml-dev",
        (PROD, registry, "stack.components.container_registry.version"): "Add version: 1.0.0",
        (FRAUD, None, "version"): "Add version: 1.0.0",
    }


def test_unknown_and_doubled_projects(configs: Configs) -> None:
    configs.edit(
        PROD,
        "[fraud_detection, recommendation]",
        "[fraud_detecton, recommendation, recommendation, 5, Bad-Name]",
    )
    found = {p.key: (p.message, p.suggestion) for p in configs.problems("prod")}
    assert found["ml_projects[0]"] == (
        "there is no ML project 'fraud_detecton'",
        "Did you mean fraud_detection?",
    )
    assert "listed twice" in found["ml_projects[2]"][0]
    assert "5 is a number" in found["ml_projects[3]"][0]
    assert "can't be an ML project's name" in found["ml_projects[4]"][0]
    assert len(found) == 4


def test_bad_names_in_the_list_hide_no_good_ones(configs: Configs) -> None:
    configs.edit(PROD, "[fraud_detection, recommendation]", "[5, Bad-Name, fraud_detection]")
    configs.edit(FRAUD, "team: risk", "team: Risk")
    assert [p.key for p in configs.problems("prod")] == [
        "ml_projects[0]",
        "ml_projects[1]",
        "labels.team",
    ]


def test_an_unknown_key_is_blamed_at_the_key_not_at_its_value(configs: Configs) -> None:
    configs.append(PROD, "qqqqzzzz:\n  some text\n")
    assert configs.problem("prod").line == configs.line_of(PROD, "qqqqzzzz")


@pytest.mark.parametrize("name", ["artifact_store", "my_orchestrator", "connector"])
def test_a_project_may_not_be_called_like_a_component(configs: Configs, name: str) -> None:
    configs.path(FRAUD).rename(configs.path(f"ml_projects/{name}.yaml"))
    configs.edit(PROD, "fraud_detection", name)
    assert "have the name of a component" in configs.problem("prod").message


def test_an_override_without_a_version(configs: Configs) -> None:
    configs.append(
        "ml_projects/recommendation.yaml",
        "  prod:\n    components:\n      deployer: {location: europe-west4}\n",
    )
    found = configs.problem("prod")
    assert found.key == "environments.prod.components.deployer.version"
    assert "needs its own version" in found.message


def test_faults_in_sections_of_other_platforms_are_found_too(configs: Configs) -> None:
    configs.edit(FRAUD, "flavor: vertex", "flavor: vertx")
    found = configs.problem("local")
    assert (found.file, found.key) == (FRAUD, "platforms.gcp.components.step_operator.flavor")


def test_a_fault_of_the_base_stack_is_said_once_not_once_per_project(configs: Configs) -> None:
    configs.edit(PROD, "machine_type: n1-standard-8", "accelerator_count: 2")
    assert configs.problem("prod").key == "stack.components.orchestrator.accelerator_count"


def test_broken_defaults_are_blamed_on_the_defaults(configs: Configs) -> None:
    configs.append("defaults.yaml", "\n  broken: [\n")
    configs.edit(PROD, "regi", "reggi")
    configs.edit(FRAUD, "team: risk", "Team: risk")
    files = [p.file for p in configs.problems("prod")]
    assert files == [PROD, "defaults.yaml", FRAUD]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
@pytest.mark.parametrize("file", [PROD, "defaults.yaml", FRAUD])
def test_empty_files(configs: Configs, file: str, text: str) -> None:
    configs.path(file).write_text(text, encoding="utf-8")
    found = configs.problem("prod")
    assert (found.file, found.message) == (file, "is empty")


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(PLACES),
    st.sampled_from(["", "null", "[]", "{}", "7", "x", "[{a: 1}]", "true", "1.5", "{a: {b: c}}"]),
)
def test_no_value_anywhere_brings_it_down(place: tuple[str, int], value: str) -> None:
    file, number = place
    environment = Path(file).stem if file.startswith("environments/") else "dev"
    with copied_configs() as configs:
        lines = configs.path(file).read_text(encoding="utf-8").splitlines()
        head = lines[number - 1].split(":")[0]
        indent = len(head) - len(head.lstrip())
        rest = [line for line in lines[number:] if line.strip()]
        while rest and len(rest[0]) - len(rest[0].lstrip()) > indent:
            rest.pop(0)
        text = "\n".join([*lines[: number - 1], f"{head}: {value}", *rest]) + "\n"
        configs.path(file).write_text(text, encoding="utf-8")
        for found in configs.problems(environment):
            assert found.message
            if found.file == file and found.line is not None:
                assert found.line <= len(text.splitlines())


def test_the_result_is_frozen_and_its_own_type() -> None:
    config = load_environment("prod", REAL)
    assert type(config) is GoogleEnvironment
    with pytest.raises(ValueError, match="frozen"):
        config.throwaway = True


def test_a_component_without_a_version_is_mended_in_the_environments_file(configs: Configs) -> None:
    """Its flavor is a default; the defaults' file is everybody's."""
    configs.edit(PROD, "    container_registry: {version: 1.0.0}\n", "")
    found = configs.problem("prod")
    assert (found.file, found.key) == (PROD, "stack.components.container_registry")
    assert found.suggestion == "Add container_registry: {version: 1.0.0}"


def test_a_wrong_platform_is_one_fault(configs: Configs) -> None:
    configs.path("environments/aws.yaml").write_text(
        "environment: aws\nplatform: aws\nstack: {version: 1.0.0, components: {artifact_store: "
        "{version: 1.0.0}, orchestrator: {version: 1.0.0}}}\n"
    )
    assert [p.key for p in configs.problems("aws")] == ["platform"]


def test_a_file_that_was_deleted_breaks_no_other_environment(configs: Configs) -> None:
    """ML projects' files name environments, and serve all of them."""
    for name in ("prod", "dev", "staging"):
        configs.path(f"environments/{name}.yaml").unlink()
    found = load("local", configs.folder)
    told = [(Path(w.file).relative_to(configs.folder).as_posix(), w.key) for w in found.warnings]
    assert (FRAUD, "environments.prod") in told


@pytest.mark.parametrize(
    "text",
    [
        'retention: {stack_versions: 1%s}' % ("0" * 400),
        'labels: {x: 1%s}' % ("0" * 400),
        '"%s": 1' % ("k" * 400),
        '"a\\nb": 1',
        'labels: {"a\\nb": x}',
        "labels: !%s {}" % ("t" * 400),
        "1%s: 1" % ("0" * 400),
    ],
)  # fmt: skip
def test_what_is_quoted_is_short_and_on_one_line(configs: Configs, text: str) -> None:
    configs.append("environments/local.yaml", f"{text}\n")
    problem = configs.problem("local")
    said = (problem.key, problem.message, problem.suggestion or "")
    assert "\n" not in "".join(said)
    assert max(len(word) for part in said for word in part.split()) < 80


IMAGES = "images: {kind: image_builder, version: 1.0.0, flavor: local}"


@pytest.fixture
def named(configs: Configs) -> Configs:
    """In environment local the base stack has a component with a name of its own."""
    orchestrator = "orchestrator: {version: 1.0.0}"
    configs.edit("environments/local.yaml", orchestrator, f"{orchestrator}\n    {IMAGES}")
    return configs


def test_a_component_with_a_name_of_its_own_is_left_out_by_null(named: Configs) -> None:
    named.append(FRAUD, "\ncomponents: {images: null}\n")
    config = load_environment("local", named.folder)
    assert "images" in config.components_of(None).present()
    assert "images" in config.components_of("recommendation").present()
    assert "images" not in config.components_of("fraud_detection").present()


def test_of_a_component_of_another_kind_nothing_is_kept(named: Configs) -> None:
    tracker = "kind: experiment_tracker, version: 2.0.0, flavor: mlflow, tracking_uri: file:///m"
    named.append(FRAUD, f"\ncomponents: {{images: {{{tracker}}}}}\n")
    config = load_environment("local", named.folder)
    assert config.components_of(None).present()["images"].kind == "image_builder"
    component = config.components_of("fraud_detection").present()["images"]
    assert (component.kind, component.flavor) == ("experiment_tracker", "mlflow")
