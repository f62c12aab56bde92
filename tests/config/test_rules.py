from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from tests.config.conftest import REAL, Configs
from zenstrap.config import EnvironmentConfig, GoogleEnvironment, layers, load_environment, warnings
from zenstrap.config.loading import load
from zenstrap.config.models import Approval
from zenstrap.config.rules import require_kept
from zenstrap.config.schema import schema
from zenstrap.config.trees import plain
from zenstrap.errors import UsageError

DEV, PROD, LOCAL = (f"environments/{name}.yaml" for name in ("dev", "prod", "local"))
FRAUD = "ml_projects/fraud_detection.yaml"
VERTEX = "orchestrator: {version: 2.0.0, machine_type: n1-standard-8}"
LOCAL_ORCHESTRATOR = "orchestrator: {version: 1.0.0}"
EXPERIMENTS = "experiment_tracker: {version: 1.0.0, flavor: vertex}"
IDENTITY = """workload_identity:
    oidc_issuer: https://oidc.acme.example/prod
    values: ["system:serviceaccount:zenml:zenml"] # the token's subject
"""
KEYLESS = f"""method: external-account
  subject_token: file:/var/run/secrets/tokens/gcp
  {IDENTITY}"""
MLFLOW = "experiment_tracker: {version: 1.0.0, flavor: mlflow"


# Each: the file, what is replaced by what, and the keys that are blamed with part of the message.
CASES: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "platform gcp needs its sections": (
        PROD,
        "gcp:\n  project_id: acme-ml-prod\n  region: europe-west1\n",
        "",
        {"gcp": "is missing, but platform gcp needs it"},
    ),
    "platform gcp has no local section": (
        PROD,
        "platform: gcp\n",
        "platform: gcp\nlocal: {}\n",
        {"local": "doesn't belong to platform gcp"},
    ),
    "platform local has no cloud sections": (
        LOCAL,
        "platform: local\n",
        "platform: local\ngcp: {project_id: acme-ml-dev, region: europe-west1}\n"
        "state: {bucket: acme-state}\nauth: {method: implicit}\n",
        dict.fromkeys(("gcp", "state", "auth"), "doesn't belong to platform local"),
    ),
    "platform local has local flavors": (
        LOCAL,
        LOCAL_ORCHESTRATOR,
        "orchestrator: {version: 1.0.0, flavor: vertex}",
        {"stack.components.orchestrator.flavor": "vertex isn't available on platform local"},
    ),
    "platform local has no registry": (
        LOCAL,
        LOCAL_ORCHESTRATOR,
        f"{LOCAL_ORCHESTRATOR}\n    container_registry: {{version: 1.0.0, flavor: gcp}}",
        {"stack.components.container_registry.flavor": "platform local has no container_registry"},
    ),
    "platform gcp has no local artifact store": (
        PROD,
        "artifact_store: {version: 1.1.0}",
        "artifact_store: {version: 1.1.0, flavor: local}",
        {"stack.components.artifact_store.flavor": "local isn't available on platform gcp"},
    ),
    "a setting of another flavor": (
        PROD,
        VERTEX,
        "orchestrator: {version: 2.0.0, cluster: ml}",
        {"stack.components.orchestrator.cluster": "not a setting of flavor vertex"},
    ),
    "vertex needs a registry": (
        PROD,
        "container_registry: {version: 1.0.0}",
        "container_registry: null",
        {
            "stack.components.container_registry": "is missing, but steps run in containers "
            "(orchestrator vertex and step_operator vertex)",
        },
    ),
    "platform local runs no steps elsewhere": (
        LOCAL,
        LOCAL_ORCHESTRATOR,
        f"{LOCAL_ORCHESTRATOR}\n    step_operator: {{version: 1.0.0, flavor: vertex}}",
        {"stack.components.step_operator.flavor": "platform local has no step_operator"},
    ),
    "kubernetes needs a cluster": (
        PROD,
        VERTEX,
        "orchestrator: {version: 2.0.0, flavor: kubernetes}",
        {
            "stack.components.orchestrator.cluster": "is missing, and flavor kubernetes needs",
            # An ML project that overrides the machine gets the new flavor too.
            "environments.prod.components.orchestrator.machine_type": "not a setting of flavor kub",
        },
    ),
    "mlflow needs a server": (
        PROD,
        EXPERIMENTS,
        f"{MLFLOW}}}",
        {"stack.components.experiment_tracker.tracking_uri": "is missing, and flavor mlflow needs"},
    ),
    "a password needs a user": (
        PROD,
        EXPERIMENTS,
        f"{MLFLOW}, tracking_uri: 'https://m.example', tracking_password: 'zenml:m.p'}}",
        {
            "stack.components.experiment_tracker.tracking_password": "without tracking_username",
        },
    ),
    "mlflow wants one login": (
        PROD,
        EXPERIMENTS,
        f"{MLFLOW}, tracking_uri: 'https://m.example'}}",
        {"stack.components.experiment_tracker.tracking_token": "the server needs a login"},
    ),
    "and not two": (
        PROD,
        EXPERIMENTS,
        f"{MLFLOW}, tracking_uri: 'https://m.example', tracking_token: 'zenml:m.t', "
        "tracking_username: u, tracking_password: 'zenml:m.p'}",
        {"stack.components.experiment_tracker.tracking_token": "a second way to log in"},
    ),
    "a step's machine has no environment variable of ours": (
        PROD,
        EXPERIMENTS,
        f"{MLFLOW}, tracking_uri: 'https://m.example', tracking_token: 'env:TOKEN'}}",
        {"stack.components.experiment_tracker.tracking_token": "environment variable"},
    ),
    "airflow needs a folder": (
        PROD,
        f"    {VERTEX}",
        "    orchestrator: {version: 2.0.0, flavor: airflow}",
        {
            "stack.components.orchestrator.dag_folder": "is missing, and flavor airflow needs",
            "environments.prod.components.orchestrator.machine_type": "not a setting of flavor air",
        },
    ),
    "a setting that zenstrap makes": (
        PROD,
        VERTEX,
        "orchestrator: {version: 2.0.0, settings: {workload_service_account: me}}",
        {"stack.components.orchestrator.settings.workload_service_account": "by zenstrap itself"},
    ),
    "a setting that gets around the connector": (
        PROD,
        VERTEX,
        "orchestrator: {version: 2.0.0, settings: {service_account_path: /key.json}}",
        {"stack.components.orchestrator.settings.service_account_path": "bypasses the service"},
    ),
    "one of each kind": (
        PROD,
        EXPERIMENTS,
        f"{EXPERIMENTS}\n    second: {{kind: experiment_tracker, version: 1.0.0, flavor: vertex}}",
        {"stack.components.second": "is a second experiment_tracker beside experiment_tracker"},
    ),
    "a component's name is like a project's": (
        PROD,
        EXPERIMENTS,
        "experiment_tracker: null\n    "
        "fraud_detection: {kind: experiment_tracker, version: 1.0.0, flavor: vertex}",
        {"stack.components.fraud_detection": "would be registered as zenml-prod-fraud-detection"},
    ),
    "a component with a name of its own is checked like others": (
        PROD,
        EXPERIMENTS,
        "experiment_tracker: null\n    "
        "tracker: {kind: experiment_tracker, version: 1.0.0, flavor: mlflow, location: us-east1}",
        {
            "stack.components.tracker.tracking_uri": "is missing, and flavor mlflow needs",
            "stack.components.tracker.location": "not a setting of flavor mlflow, only of vertex",
            # An ML project has one under the usual name.
            "stack.components.tracker": "is a second experiment_tracker",
        },
    ),
    "an orchestrator has its kind's name": (
        PROD,
        EXPERIMENTS,
        f"{EXPERIMENTS}\n    far: {{kind: orchestrator, version: 1.0.0, flavor: vertex}}",
        {"stack.components.far": "is a second orchestrator beside orchestrator"},
    ),
    "a flavor of the named component's kind": (
        PROD,
        EXPERIMENTS,
        "experiment_tracker: null\n    "
        "images: {kind: image_builder, version: 1.0.0, flavor: kaniko}",
        {
            "stack.components.images.flavor": "'kaniko' is not one of gcp or local",
            "stack.components.images": "is a second image_builder",
        },
    ),
    "accelerators are named": (
        PROD,
        VERTEX,
        "orchestrator: {version: 2.0.0, accelerator_count: 2}",
        {"stack.components.orchestrator.accelerator_count": "is set, but accelerator isn't"},
    ),
    "accelerators exist": (
        PROD,
        VERTEX,
        "orchestrator: {version: 2.0.0, accelerator: NVIDIA_TESLA_T44}",
        {"stack.components.orchestrator.accelerator": "not an accelerator of Vertex AI"},
    ),
    "an accelerator that is part of another machine": (
        PROD,
        VERTEX,
        "orchestrator: {version: 2.0.0, machine_type: n1-standard-8, accelerator: NVIDIA_L4}",
        {"stack.components.orchestrator.accelerator": "begins with g2-"},
    ),
    "the default machine has none of its own": (
        PROD,
        "flavor: vertex, machine_type: n1-highmem-16}",
        "flavor: vertex, accelerator: NVIDIA_L4}",
        {"stack.components.step_operator.accelerator": "the default machine"},
    ),
    "skypilot has names of its own": (
        DEV,
        "orchestrator: {version: 2.1.0, machine_type: n1-standard-4}",
        "orchestrator: {version: 2.1.0, flavor: vm_gcp, accelerator: NVIDIA_TESLA_T4}",
        {"stack.components.orchestrator.accelerator": "SkyPilot's"},
    ),
    "aws has no issuer": (
        PROD,
        "subject_token: file:/var/run/secrets/tokens/gcp",
        "subject_token: aws",
        {"auth.subject_token": "doesn't issue"},
    ),
    "an account of aws has no token": (
        PROD,
        "oidc_issuer: https://oidc.acme.example/prod",
        'aws_account: "123456789012"',
        {"auth.subject_token": "not an identity of an AWS account"},
    ),
    "one region is no high availability": (
        PROD,
        "region: europe-west1",
        "region: europe-west1\n  bucket_location: EUROPE-WEST1\n  registry_location: us-east1",
        dict.fromkeys(("gcp.bucket_location", "gcp.registry_location"), "single region"),
    ),
    "a folder of DAGs lies in the bucket": (
        PROD,
        f"    {VERTEX}",
        "    orchestrator: {version: 2.0.0, flavor: airflow, dag_folder: 'gs://x'}",
        {
            "stack.components.orchestrator.dag_folder": "not a valid DAG folder",
            "environments.prod.components.orchestrator.machine_type": "not a setting of flavor air",
        },
    ),
    "external-account needs a provider and a token": (
        PROD,
        KEYLESS,
        "method: external-account\n",
        dict.fromkeys(
            ("auth.workload_identity", "auth.subject_token"),
            "is missing, and method external-account needs it",
        ),
    ),
    "workload identity trusts somebody": (
        PROD,
        "    oidc_issuer: https://oidc.acme.example/prod\n",
        "",
        {"auth.workload_identity": "names no identity provider"},
    ),
    "workload identity trusts one": (
        PROD,
        IDENTITY,
        f'{IDENTITY}    aws_account: "123456789012"\n',
        {"auth.workload_identity.aws_account": "can't be combined with oidc_issuer"},
    ),
    "audiences are of OIDC tokens": (
        PROD,
        "    oidc_issuer: https://oidc.acme.example/prod\n",
        '    aws_account: "123456789012"\n    audiences: [acme]\n',
        {
            "auth.workload_identity.audiences": "has no effect with aws_account",
            "auth.subject_token": "not an identity of an AWS account",
        },
    ),
    "workload identity names who is accepted": (
        PROD,
        'values: ["system:serviceaccount:zenml:zenml"] # the token\'s subject',
        "values: []",
        {"auth.workload_identity.values": "lists no accepted value"},
    ),
    "high availability needs a multi-region": (
        PROD,
        "region: europe-west1",
        "region: southamerica-east1",
        {
            "gcp.bucket_location": "region southamerica-east1 is in no multi-region",
            "gcp.registry_location": "region southamerica-east1 is in no multi-region",
        },
    ),
    "an encryption key lies where it is needed": (
        PROD,
        "region: europe-west1",
        "region: europe-west1\n  kms_keys:\n"
        "    - projects/acme-keys/locations/us/keyRings/ml/cryptoKeys/ml\n"
        "    - projects/acme-keys/locations/europe/keyRings/ml/cryptoKeys/ml\n"
        "    - projects/acme-keys/locations/europe/keyRings/ml/cryptoKeys/other",
        {
            "gcp.kms_keys.0": "keys are needed in europe and europe-west1",
            "gcp.kms_keys.2": "is a second key for location europe",
        },
    ),
    "impersonation needs a key": (
        DEV,
        "method: service-account",
        "method: impersonation",
        {"auth.key": "is missing, and method impersonation needs it"},
    ),
    "implicit takes nothing": (
        DEV,
        "method: service-account",
        "method: implicit\n  key: env:KEY",
        {"auth.key": "has no effect with method implicit"},
    ),
    "strict refuses keys": (
        PROD,
        KEYLESS,
        "method: service-account\n",
        {"auth.method": "which compliance_mode strict doesn't allow"},
    ),
    "strict refuses impersonation, which starts from a key": (
        PROD,
        KEYLESS,
        "method: impersonation\n  key: env:KEY\n",
        {"auth.method": "ZenML's impersonation needs one"},
    ),
    "keys only where all may be thrown away": (
        DEV,
        "throwaway: true",
        "throwaway: false",
        {"auth.method": "which only a throw-away environment may use"},
    ),
    "strict versions can't be overwritten": (
        PROD,
        "confirm_by_name: true",
        "confirm_by_name: true\n  immutable_versions: false",
        {"protection.immutable_versions": "compliance_mode strict needs versions"},
    ),
    "strict destroys nothing": (
        PROD,
        "confirm_by_name: true",
        "confirm_by_name: true\n  allow_destroy: true",
        {"protection.allow_destroy": "compliance_mode strict doesn't allow destruction"},
    ),
    "strict throws nothing away": (
        PROD,
        "labels:",
        "throwaway: true\nlabels:",
        {"throwaway": "compliance_mode strict doesn't allow throw-away"},
    ),
    "strict requires authentication": (
        PROD,
        "deployer: {version: 1.0.0, flavor: gcp}",
        "deployer: {version: 1.0.0, flavor: gcp, allow_unauthenticated: true}",
        {"stack.components.deployer.allow_unauthenticated": "requires authentication"},
    ),
    "local can't be highly available": (
        LOCAL,
        "throwaway: true",
        "throwaway: true\nresilience: {high_availability: true, backup_enabled: true, "
        "compliance_mode: standard}",
        dict.fromkeys(
            ("resilience.high_availability", "resilience.backup_enabled"),
            "isn't possible on platform local",
        ),
    ),
    "nobody is asked and shall type": (
        DEV,
        "approval: none",
        "approval: none\n  confirm_by_name: true",
        {"protection.confirm_by_name": "approval is none, so nobody is asked"},
    ),
    "only what may go can expire": (
        PROD,
        "stack_versions: 5",
        "stack_versions: 5\n  ttl: 3d",
        {"retention.ttl": "takes the whole environment down"},
    ),
    "the control stack is not one of ours": (
        PROD,
        "platform: gcp",
        "platform: gcp\ncontrol_stack: zenml-prod-recommendation",
        {"control_stack": "zenstrap registers and deletes"},
    ),
    "no text stands for what isn't known yet": (
        PROD,
        VERTEX,
        "orchestrator: {version: 2.0.0, settings: {labels: {a: 'b (known after apply)'}}}",
        {"stack.components.orchestrator.settings": "a value that isn't known yet"},
    ),
    "state has a bucket of its own": (
        PROD,
        "artifact_store: {version: 1.1.0}",
        "artifact_store: {version: 1.1.0, bucket: acme-ml-prod-tfstate}",
        {"stack.components.artifact_store.bucket": "the bucket of Terraform's state"},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_rule_is_kept(configs: Configs, case: str) -> None:
    file, old, new, expected = CASES[case]
    configs.edit(file, old, new)
    name = file.removeprefix("environments/").removesuffix(".yaml")
    problems = configs.problems(name)
    assert {p.key for p in problems} == set(expected)
    for problem in problems:
        assert expected[problem.key] in problem.message
        assert problem.line is not None
    # Whoever builds a configuration in code, or passes one to a pipeline, gets no other rules.
    tree = layers.Reading(configs.folder, name, [name, "prod"])._merged_tree()
    assert tree is not None
    with pytest.raises((ValidationError, UsageError)):
        require_kept(EnvironmentConfig.model_validate(plain(tree)))


def test_a_project_has_no_bucket_of_its_own(configs: Configs) -> None:
    configs.append(
        "ml_projects/recommendation.yaml",
        "  prod: {components: {artifact_store: {version: 1.0.0, bucket: acme-own}}}\n",
    )
    found = configs.problem("prod")
    assert found.key == "environments.prod.components.artifact_store.bucket"


def test_a_default_is_not_blamed_for_what_an_environment_asks(configs: Configs) -> None:
    configs.edit("defaults.yaml", "immutable_versions: true", "immutable_versions: false")
    found = configs.problem("prod")
    assert found.key == "protection.immutable_versions"
    assert (found.file, found.line) == (PROD, configs.line_of(PROD, "compliance_mode: strict"))


def test_rules_about_a_doubtful_value_are_silent(configs: Configs) -> None:
    configs.edit(PROD, KEYLESS, "method: servce-account\n")
    assert configs.problem("prod").key == "auth.method"


def test_what_is_missing_hides_no_broken_rule(configs: Configs) -> None:
    configs.edit(PROD, "  version: 1.2.0\n", "")
    configs.edit(PROD, "labels:", "throwaway: true\nlabels:")
    assert {p.key for p in configs.problems("prod")} == {"stack.version", "throwaway"}


def test_warnings_name_what_should_not_be_copied(configs: Configs) -> None:
    assert warnings(load_environment("prod", REAL)) == []
    (key,) = warnings(load_environment("dev", REAL))
    assert "service-account uses a long-lived key" in key
    configs.edit(
        DEV, EXPERIMENTS, "deployer: {version: 1.0.0, flavor: gcp, allow_unauthenticated: true}"
    )
    found = warnings(load_environment("dev", configs.folder))
    assert any("anyone on the internet" in warning for warning in found)


@pytest.mark.parametrize("environment", ["dev", "staging", "prod", "local"])
def test_the_shipped_environments_are_as_documented(environment: str) -> None:
    config = load_environment(environment, REAL)
    approvals = {"dev": "none", "staging": "terminal", "prod": "terminal", "local": "none"}
    assert config.protection.approval == approvals[environment]
    assert config.throwaway is (environment in ("dev", "local"))
    assert config.protection.confirm_by_name is (environment == "prod")
    strict = "strict" if environment == "prod" else "standard"
    assert config.resilience.compliance_mode == strict
    if isinstance(config, GoogleEnvironment):
        assert config.auth.uses_key is (environment == "dev")


@pytest.mark.parametrize("name", ["defaults", "environments/prod"])
def test_approval_in_the_dashboard_is_refused_until_it_is_built(
    configs: Configs, name: str
) -> None:
    """It is no spelling mistake, and must not be taken for one."""
    file = f"{name}.yaml"
    configs.edit(file, "approval: terminal", "approval: dashboard")
    environment = "staging" if name == "defaults" else name.rpartition("/")[2]
    if name == "defaults":
        configs.edit("environments/staging.yaml", "protection:\n  approval: terminal\n", "")
    problem = configs.problem(environment)
    assert (problem.file, problem.key) == (file, "protection.approval")
    assert problem.line == configs.line_of(file, "approval: dashboard")
    assert "supported yet" in problem.message and "one of" not in problem.message
    assert problem.suggestion == "Write approval: terminal"
    configs.edit(file, "approval: dashboard", problem.suggestion.removeprefix("Write "))
    assert configs.problems(environment) == []


def test_no_file_and_no_editor_offers_what_is_refused() -> None:
    prop = schema()["$defs"]["Protection"]["properties"]["approval"]
    assert tuple(prop["enum"]) == get_args(Approval)
    assert "dashboard" not in str(prop)


def test_strict_mode_is_never_told_to_write_what_it_refuses(configs: Configs) -> None:
    """Prod is strict. Following the advice must not lead to the next refusal."""
    configs.edit(PROD, "retention:\n", "retention:\n  ttl: 8h\n")
    found = configs.problems("prod")
    assert {problem.key for problem in found} == {"retention.ttl"}
    (advice,) = {problem.suggestion for problem in found}
    assert advice == "Write ttl: null"
    configs.edit(PROD, "ttl: 8h", "ttl: null")
    assert configs.problems("prod") == []


@pytest.mark.parametrize(("own", "more", "blamed"), [(60, 0, None), (61, 0, DEV), (50, 10, FRAUD)])
def test_more_labels_than_google_takes_are_refused(
    configs: Configs, own: int, more: int, blamed: str | None
) -> None:
    def add(file: str, first: str, number: int) -> None:
        lines = "".join(f"  {first}{i}: y\n" for i in range(number))
        configs.edit(file, "\nlabels:\n", f"\nlabels:\n{lines}")

    has = load_environment("dev", configs.folder)
    add(DEV, "x", own - len(has.labels))
    configs.edit(DEV, "ml_projects: [fraud_detection, recommendation]", "ml_projects: []")
    if more:
        configs.edit(DEV, "ml_projects: []", "ml_projects: [fraud_detection]")
        add(FRAUD, "z", more)
    found = configs.problems("dev")
    assert [one.file for one in found] == ([blamed] if blamed else [])
    assert all("Google allows 64" in one.message for one in found)


def test_nothing_is_offered_to_be_left_out_that_is_needed(configs: Configs) -> None:
    def offered(orchestrator: str) -> str:
        configs.path(LOCAL).write_text(
            "environment: local\nplatform: gcp\n"
            f"stack: {{components: {{orchestrator: {{flavor: {orchestrator}}}}}}}\n"
        )
        told = {one.key: one.suggestion or "" for one in configs.problems("local")}
        return told["stack.components.container_registry"]

    assert "null" not in offered("vertex")
    assert "null" in offered("local")


def test_a_flavor_is_corrected_to_one_that_the_platform_has(configs: Configs) -> None:
    configs.edit(LOCAL, LOCAL_ORCHESTRATOR, "orchestrator: {version: 1.0.0, flavor: local_docker}")
    problem = configs.problem("local")
    assert problem.message == "'local_docker' must be local"


# --- What has no effect ---
# What is written in a configuration and isn't carried out by this version is said, once each.


def _warned_of(configs: Configs, environment: str) -> list[tuple[str, int | None, str]]:
    return [
        (Path(one.file).relative_to(configs.folder).as_posix(), one.line, one.key)
        for one in load(environment, configs.folder).warnings
    ]


def test_the_shipped_laptop_is_told_nothing() -> None:
    assert load("local", REAL).warnings == ()


def test_each_is_told_once_with_its_file_and_line(configs: Configs) -> None:
    configs.append(LOCAL, "retention: {artifact_days: 7, stack_versions: 2, ttl: 8h}\n")
    configs.edit("defaults.yaml", "schedule: null", 'schedule: "0 3 * * *"')
    line = configs.line_of(LOCAL, "stack_versions")
    assert _warned_of(configs, "local") == [
        (LOCAL, line, "retention.artifact_days"),
        (LOCAL, line, "retention.stack_versions"),
        (LOCAL, line, "retention.ttl"),
        ("defaults.yaml", configs.line_of("defaults.yaml", "schedule"), "cleanup.schedule"),
    ]


@pytest.mark.parametrize("key", ["artifact_days: 14", "artifact_days: null"])
def test_what_google_cloud_carries_out_is_no_warning(configs: Configs, key: str) -> None:
    configs.edit("environments/dev.yaml", "artifact_days: 14", key)
    assert "retention.artifact_days" not in [key for _, _, key in _warned_of(configs, "dev")]


def test_a_network_without_jobs_on_it(configs: Configs) -> None:
    dev = "environments/dev.yaml"
    configs.edit(dev, "region: europe-west1", "region: europe-west1\n  network: projects/1/a/b")
    assert "gcp.network" not in [key for _, _, key in _warned_of(configs, "dev")]
    configs.edit(dev, "machine_type: n1-standard-4", "flavor: local")
    configs.edit(dev, "ml_projects: [fraud_detection, recommendation]", "ml_projects: []")
    assert "gcp.network" in [key for _, _, key in _warned_of(configs, "dev")]


def test_another_name_has_the_same_files(configs: Configs) -> None:
    named = load("dev", configs.folder, name="ben")
    assert named.config.environment == "ben"
    assert named.warnings == load("dev", configs.folder).warnings != ()
