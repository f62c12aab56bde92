"""Runs, plans and reports as they really come, for the golden files; and hostile ones."""

from __future__ import annotations

from datetime import UTC, datetime

from zenstrap.events import (
    Event,
    Notice,
    RegistrationWritten,
    ResourceFinished,
    ResourceProgress,
    ResourceStarted,
    RunStarted,
    StepFinished,
    StepStarted,
)
from zenstrap.registry.changes import (
    Action,
    FieldChange,
    FieldKind,
    Kind,
    Registration,
    RegistrationChange,
)
from zenstrap.reports import (
    AliasMove,
    Check,
    GateReport,
    Kept,
    OutputValue,
    PlanReport,
    PreflightReport,
    PromotionReport,
    Registrations,
    Report,
    SmokeTestReport,
    TeardownReport,
    TerraformOutputs,
)
from zenstrap.terraform.plan import AttributeChange, Plan, ResourceChange
from zenstrap.views.environments_view import EnvironmentLine
from zenstrap.views.history_view import RunLine
from zenstrap.views.status_view import (
    AliasStatus,
    ComponentLine,
    EnvironmentStatus,
    LeaseLine,
    SmokeTestLine,
    StackVersion,
)
from zenstrap.views.summary import Failure, RunSummary, StackLine

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
RUN = "bootstrap-prod-2026_11_22-12_00_00"
DIGEST = "3f0a9c1e" * 8
BUCKET = 'module.ml_project["fraud_detection"].module.artifact_store.google_storage_bucket.this'
REGISTRY = "module.container_registry.google_artifact_registry_repository.this"
KEY = "projects/acme-ml-prod/locations/europe-west1/keyRings/zenml-prod/cryptoKeys/artifacts"


def resource(action: str, address: str, **more: object) -> ResourceChange:
    kind = address.rsplit(".", 2)[-2]
    return ResourceChange.model_validate(
        {"address": address, "type": kind, "action": action, **more}
    )


def attribute(path: str, before: str | None, after: str | None) -> AttributeChange:
    return AttributeChange(path=path, before=before, after=after)


def field_change(kind: FieldKind, name: str, before: str | None, after: str) -> FieldChange:
    return FieldChange(kind=kind, name=name, before=before, after=after)


def infrastructure(*changes: ResourceChange, **more: object) -> Plan:
    fixed = {"outputs": {}, "terraform_version": "1.11.4", "digest": DIGEST}
    return Plan.model_validate({"changes": changes, **fixed, **more})


PLAN = PlanReport(
    environment="prod",
    direction="up",
    infrastructure=infrastructure(
        resource("create", BUCKET, vanished=True),
        resource("create", 'module.ml_project["fraud_detection"].google_service_account.this'),
        resource(
            "update",
            "module.artifact_store.google_storage_bucket.this",
            attributes=(
                attribute("labels.version", '"1-0-0"', '"1-1-0"'),
                attribute("encryption[0].default_kms_key_name", f'"{KEY}-old"', f'"{KEY}"'),
                attribute("soft_delete_policy", None, '{"retention_duration_seconds":604800}'),
            ),
        ),
        resource(
            "replace",
            REGISTRY,
            attributes=(
                attribute("id", '"projects/acme/locations/eu"', "(known after apply)"),
                attribute("location", '"europe"', '"europe-west1"'),
            ),
            forced_by=("location",),
        ),
        resource(
            "replace", "module.iam.google_service_account.vertex", reason="replace_because_tainted"
        ),
        resource("destroy", "module.smoke.google_storage_bucket_iam_member.reader[0]"),
        drift=(
            resource(
                "update",
                "module.artifact_store.google_storage_bucket.this",
                attributes=(attribute("labels.team", None, '"somebody"'),),
            ),
            resource("destroy", BUCKET),
        ),
        changed_outputs=("artifact_store", "container_registry"),
    ),
    registrations=(
        RegistrationChange(kind=Kind.CONNECTOR, action=Action.CREATE, name="zenml-prod-gcp-v1.1.0"),
        RegistrationChange(
            kind=Kind.COMPONENT,
            action=Action.CREATE,
            name="zenml-prod-artifact-store-v1.1.0",
            component_type="artifact_store",
            fields=(field_change(FieldKind.FLAVOR, "flavor", None, "gcp"),),
            note="gcp: path=gs://acme-ml-prod-zenml-prod-artifacts/base, "
            'labels={"cost_center": "ml", "team": "platform"}',
        ),
        RegistrationChange(
            kind=Kind.COMPONENT,
            action=Action.UPDATE,
            name="zenml-prod-orchestrator-v2.0.0",
            component_type="orchestrator",
            fields=(
                field_change(FieldKind.SETTING, "location", "europe-west4", "europe-west1"),
                field_change(FieldKind.LABEL, "content_hash", "aa11bb22cc", "dd33ee44ff"),
            ),
        ),
        RegistrationChange(
            kind=Kind.STACK,
            action=Action.CREATE,
            name="zenml-prod-v1.1.0",
            note="zenml-prod-artifact-store-v1.1.0, zenml-prod-orchestrator-v2.0.0",
        ),
        RegistrationChange(
            kind=Kind.ALIAS,
            action=Action.CREATE,
            name="zenml-prod-fraud-detection",
            fields=(field_change(FieldKind.VERSION, "version", None, "0.1.0"),),
            note="after the smoke test of zenml-prod-fraud-detection-v0.1.0",
        ),
        RegistrationChange(
            kind=Kind.ALIAS,
            action=Action.PROMOTE,
            name="zenml-prod",
            fields=(
                field_change(
                    FieldKind.COMPONENT,
                    "artifact_store",
                    "zenml-prod-artifact-store-v1.0.0",
                    "zenml-prod-artifact-store-v1.1.0",
                ),
                field_change(FieldKind.LABEL, "version", "1.0.0", "1.1.0"),
            ),
            note="after the smoke test of zenml-prod-v1.1.0",
        ),
    ),
    to_test=("zenml-prod-v1.1.0", "zenml-prod-fraud-detection-v0.1.0"),
    digest=DIGEST,
    notices=("auth.method service-account is a long-lived key; external-account needs none.",),
)

EMPTY_PLAN = PlanReport(
    environment="local",
    direction="up",
    infrastructure=infrastructure(),
    registrations=(),
    since="bootstrap-local-2026_11_21-09_30_00",
    digest=DIGEST,
)

REFUSED_PLAN = PLAN.model_copy(
    update={"refusal": "the plan for prod is refused: a.b would be deleted"}
)

DOWN_PLAN = PlanReport(
    environment="dev",
    direction="down",
    infrastructure=infrastructure(
        resource("destroy", "module.artifact_store.google_storage_bucket.this"),
        resource("destroy", "module.iam.google_service_account.vertex", vanished=True),
    ),
    registrations=(
        RegistrationChange(kind=Kind.ALIAS, action=Action.DELETE, name="zenml-dev"),
        RegistrationChange(kind=Kind.STACK, action=Action.DELETE, name="zenml-dev-v1.0.0"),
        RegistrationChange(
            kind=Kind.COMPONENT,
            action=Action.DELETE,
            name="zenml-dev-artifact-store-v1.0.0",
            component_type="artifact_store",
            note="artifact_store",
        ),
    ),
    digest=DIGEST,
    kept=(
        Kept(name="gs://acme-ml-dev-tfstate", reason="the state's bucket is adopted, not owned"),
    ),
)

EVENTS: tuple[Event, ...] = (
    RunStarted("prod", "up", RUN, "http://127.0.0.1:8237/runs/1"),
    StepStarted("load_config"),
    StepFinished("load_config", "done", 0.12, "prod on gcp, stack 1.1.0, 1 ML project"),
    StepStarted("plan"),
    StepFinished("plan", "done", 3.4, "6 resources, 6 registrations to change"),
    StepStarted("provision"),
    ResourceStarted(BUCKET, "create"),
    ResourceStarted(REGISTRY, "replace"),
    ResourceProgress(REGISTRY, "replace", 10.0),
    ResourceFinished(BUCKET, "create", 2.2),
    Notice("Labels of the bucket take a minute to show.", "warning"),
    ResourceFinished(REGISTRY, "replace", 14.8, succeeded=False),
    StepFinished("provision", "failed", 15.3, "Terraform could not create 1 of 6 resources"),
    StepStarted("register_stacks"),
    RegistrationWritten("component", "zenml-prod-artifact-store-v1.1.0", "create"),
    StepFinished("register_stacks", "done", 0.6, "1 written"),
    StepStarted("smoke_test", "zenml-prod-v1.1.0"),
    StepFinished("smoke_test", "interrupted", 75.0, "", "zenml-prod-v1.1.0"),
    StepFinished("promote", "skipped", 0.0, "nothing proven"),
)

SUMMARY = RunSummary(
    environment="prod",
    command="up",
    seconds=192.4,
    run=RUN,
    url="http://127.0.0.1:8237/projects/default/runs/8f14e45f-ceea-467f-9d3a-1c2b3d4e5f60",
    headline="prod is up: every stack passed its smoke test",
    steps=(
        StepFinished("load_config", "done", 0.12, "prod on gcp, stack 1.1.0, 1 ML project"),
        StepFinished("plan", "done", 3.4, "6 resources, 6 registrations to change"),
        StepFinished("provision", "done", 95.3, "2 create, 1 update, 2 replace, 1 destroy"),
        StepFinished(
            "smoke_test",
            "done",
            75.0,
            "accuracy 0.985 (at least 0.9), 67 of 67 predictions read back",
            "zenml-prod-v1.1.0",
        ),
        StepFinished("promote", "skipped", 0.0),
    ),
    outputs={
        "artifact_store": OutputValue(
            value={"uri": "gs://acme-ml-prod-zenml-prod-artifacts", "n": 3}
        ),
        "service_account_key": OutputValue(value="never shown", sensitive=True),
        "kms_key": OutputValue(value=KEY),
        "regions": OutputValue(value=["europe-west1", "europe-west4"]),
    },
    stacks=(
        StackLine("zenml-prod", "zenml-prod-v1.1.0", "1.1.0", "promoted"),
        StackLine(
            "zenml-prod-fraud-detection", "zenml-prod-fraud-detection-v0.1.0", "0.1.0", "promoted"
        ),
    ),
    next=("zenml stack set zenml-prod", "python run.py status --env prod"),
)

GONE = RunSummary(
    environment="prod",
    command="down",
    seconds=48.0,
    run=RUN,
    headline="prod is removed: 0 left, 2 kept",
    outputs={"retention": OutputValue(value={"artifact_days": 90, "ttl": None})},
    kept=(
        Kept(name="gs://acme-ml-prod-tfstate", reason="the state bucket: it holds older states"),
        Kept(name=KEY, reason="Google never deletes it; the next up takes it over again"),
    ),
)

FAILED = RunSummary(
    environment="prod",
    command="up",
    seconds=21.4,
    run=RUN,
    steps=(
        StepFinished("plan", "done", 3.4, "6 resources, 6 registrations to change"),
        StepFinished("provision", "failed", 15.3, "Terraform could not create 1 of 6 resources"),
    ),
    failure=Failure(
        what="Terraform could not create 1 of 6 resources",
        why=f"{REGISTRY}: the caller lacks artifactregistry.repositories.create on acme-ml-prod",
        fix="Have an owner grant roles/artifactregistry.admin",
        now=(
            "5 resources are created and recorded in the state",
            "no alias was moved: the current versions are unchanged",
        ),
        go_on="python run.py --env prod",
        step="provision",
    ),
    exit_code=7,
)

FAILED_TEST = RunSummary(
    environment="prod",
    command="rollback",
    seconds=9.0,
    run=RUN,
    failure=Failure(
        what="the smoke test of zenml-prod-v1.1.0 failed: accuracy 0.61 is below 0.9",
        fix="Correct the cause, then run the same command again",
        command="python run.py rollback --env prod --project fraud_detection",
        go_on="python run.py rollback --env prod --project fraud_detection",
        step="smoke_test",
    ),
    exit_code=6,
)

NO_LOGIN = RunSummary(
    environment="prod",
    command="up",
    seconds=2.0,
    run=None,
    failure=Failure(
        what="there are no credentials for Google Cloud",
        fix="Log in",
        command="gcloud auth application-default login --scopes=" + "s" * 80,
        now=("nothing was changed",),
        go_on="python run.py up --env prod",
        step="state bucket",
    ),
    exit_code=3,
)

REFUSED = RunSummary(
    environment="prod",
    command="plan",
    seconds=7.0,
    run=RUN,
    headline="prod: 1 resource, 0 registrations to change",
    refusal=Failure(
        what="the plan for prod is refused: a.b would be deleted, and its type is protected",
        why="protection.allow_destroy is false for this environment.",
        fix="If it is wanted, set protection.allow_destroy: true in a reviewed change first.",
        step="gate",
    ),
    exit_code=5,
)

NO_SERVER = RunSummary(
    environment="prod",
    command="plan",
    seconds=7.0,
    run=RUN,
    headline="prod: 75 resources, 30 registrations to change",
    steps=(StepFinished("preflight", "warned", 0.4, "failed: zenml_server"),),
    next=("zenml login https://ADDRESS",),
    refusal=Failure(
        what="ZenML's database is local to this machine, but steps run on other machines (vertex)",
        fix="Connect to a ZenML server that those machines can reach",
        command="zenml login https://ADDRESS",
        step="preflight",
    ),
    exit_code=2,
)

RUNS = (
    RunLine(RUN, "up", "running", NOON, None, "anna@build-7", None),
    RunLine(
        "bootstrap-prod-2026_11_21-09_30_00",
        "up",
        "completed",
        NOON.replace(day=21, hour=9),
        192.4,
        "anna@build-7",
        12,
    ),
    RunLine("plan-prod-2026_11_20-17_00_00", "plan", "failed", None, 3.0, "ben@laptop", 0),
)

ENVIRONMENTS = (
    EnvironmentLine("dev", has_file=True, has_state=False, last_run=None),
    EnvironmentLine("prod", has_file=True, has_state=True, last_run=RUNS[0]),
    EnvironmentLine("qa", has_file=False, has_state=False, last_run=RUNS[2]),
)

STATUS = EnvironmentStatus(
    environment="prod",
    platform="gcp",
    last_run=RUNS[1],
    lease=LeaseLine(
        owner="anna",
        host="build-7",
        pid=4242,
        command="python run.py --env prod",
        since=NOON,
        alive=False,
        reason="its process is gone",
    ),
    aliases=(
        AliasStatus(
            alias="zenml-prod",
            current="1.1.0",
            versions=(
                StackVersion(
                    "zenml-prod-v1.2.0",
                    "1.2.0",
                    current=False,
                    smoke_test=SmokeTestLine(False, NOON, 0.61, "accuracy 0.61 is below 0.9"),
                ),
                StackVersion(
                    "zenml-prod-v1.1.1",
                    "1.1.1",
                    current=False,
                    promoted_by="bootstrap-prod-2026_11_21-10_00_00",
                    promoted_at=NOON,
                    rolled_back_by="rollback-prod-2026_11_21-11_00_00",
                    rolled_back_at=NOON,
                    smoke_test=SmokeTestLine(True, NOON, 0.971),
                ),
                StackVersion(
                    "zenml-prod-v1.1.0",
                    "1.1.0",
                    current=True,
                    promoted_by="bootstrap-prod-2026_11_21-09_30_00",
                    promoted_at=NOON,
                    smoke_test=SmokeTestLine(True, NOON, 0.985),
                    components=(
                        ComponentLine(
                            "artifact_store", "zenml-prod-artifact-store-v1.1.0", "gcp", "1.1.0"
                        ),
                        ComponentLine(
                            "orchestrator", "zenml-prod-orchestrator-v2.0.0", "vertex", "2.0.0"
                        ),
                    ),
                ),
                StackVersion("zenml-prod-v1.0.0", "1.0.0", current=False),
            ),
        ),
        AliasStatus("zenml-prod-fraud-detection", None, (), project="fraud_detection"),
    ),
    notices=("State and ZenML disagree about 1 component: python run.py drift --env prod",),
)

REPORTS: dict[str, Report] = {
    "plan": PLAN,
    "plan-down": DOWN_PLAN,
    "preflight": PreflightReport(
        environment="prod",
        checks=(
            Check(name="terraform", passed=True, detail="1.11.4"),
            Check(
                name="credentials",
                passed=False,
                detail="no application default credentials",
                fix="gcloud auth application-default login",
            ),
        ),
    ),
    "gate": GateReport(
        environment="prod",
        digest=DIGEST,
        approved_by="anna",
        how="terminal",
        reasons=("1 resource would be replaced", "prod asks before every change"),
    ),
    "outputs": TerraformOutputs(
        environment="prod",
        workspace="prod",
        terraform_version="1.11.4",
        actions={"create": 2, "replace": 1},
        outputs={
            "artifact_store": OutputValue(
                value={"uri": "gs://acme", "versioned": True, "days": 90}
            ),
            "key": OutputValue(sensitive=True),
            "regions": OutputValue(value=["europe-west1", "europe-west4"]),
            "nothing": OutputValue(value=None),
        },
        lineage="0d7c2f5e-1111-2222-3333-444455556666",
        serial=12,
        resources=17,
    ),
    "registrations": Registrations(
        environment="prod",
        registrations=(
            Registration(
                kind=Kind.COMPONENT,
                name="zenml-prod-artifact-store-v1.1.0",
                id="1",
                version="1.1.0",
                content_hash="aa",
                component_type="artifact_store",
                action=Action.CREATE,
            ),
            Registration(
                kind=Kind.STACK,
                name="zenml-prod-fraud-detection-v0.1.0",
                id="2",
                version="0.1.0",
                content_hash="bb",
                project="fraud_detection",
            ),
        ),
    ),
    "smoke-test": SmokeTestReport(
        environment="prod",
        stack="zenml-prod-v1.1.0",
        stack_id="8f14e45f",
        content_hash="aa11bb22",
        passed=True,
        reason="",
        min_accuracy=0.9,
        accuracy=0.985,
        read_back="67 of 67",
        model_uri="gs://acme-ml-prod-zenml-prod-artifacts/base/train_model/model/1",
        training_run="smoke_training-2026_11_22-12_02_00",
        seconds=75.0,
    ),
    "smoke-test-failed": SmokeTestReport(
        environment="prod",
        stack="zenml-prod-v1.1.0",
        stack_id="8f14e45f",
        content_hash="aa11bb22",
        passed=False,
        reason="the training did not end within 20 minutes",
        min_accuracy=0.9,
    ),
    "promotion": PromotionReport(
        environment="prod",
        aliases=(
            AliasMove(
                alias="zenml-prod",
                stack="zenml-prod-v1.1.0",
                before="1.0.0",
                after="1.1.0",
                action=Action.PROMOTE,
            ),
            AliasMove(
                alias="zenml-prod-fraud-detection",
                stack="zenml-prod-fraud-detection-v0.1.0",
                before="0.1.0",
                after="0.1.0",
                action=None,
            ),
        ),
        held_back=("zenml-prod-recommendation: its smoke test failed",),
    ),
    "teardown": TeardownReport(
        environment="dev",
        removed=(
            "zenml-dev",
            "zenml-dev-v1.0.0",
            "module.artifact_store.google_storage_bucket.this",
        ),
        left=(),
        kept=(Kept(name="gs://acme-ml-dev-tfstate", reason="the state's bucket is adopted"),),
    ),
}

# Markup of rich, an emoji code, a colour, a title change, a line that overwrites another, C1
# controls, reversed reading direction, and HTML.
HOSTILE = (
    "[bold red]x[/] :boom: \x1b[31mred\x1b]0;title\x07 \r\n\x9b2J \u202egpj.exe "
    "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&{{ 7*7 }}"
)
HOSTILE_PLAN = PlanReport(
    environment=HOSTILE,
    direction="up",
    infrastructure=infrastructure(
        resource(
            "replace",
            f"module.x[{HOSTILE!r}].google_storage_bucket.this",
            attributes=(attribute(HOSTILE, HOSTILE, HOSTILE),),
            forced_by=(HOSTILE,),
            reason=HOSTILE,
        ).model_copy(update={"address": HOSTILE}),
        resource("replace", "a.google_storage_bucket.b", reason=HOSTILE),
        changed_outputs=(HOSTILE,),
        drift=(resource("update", "a.b.c", attributes=(attribute(HOSTILE, None, HOSTILE),)),),
    ),
    registrations=tuple(
        RegistrationChange(
            kind=kind,
            action=action,
            name=HOSTILE,
            note=HOSTILE,
            fields=tuple(field_change(field, HOSTILE, HOSTILE, HOSTILE) for field in FieldKind),
        )
        for kind in Kind
        for action in Action
    ),
    to_test=(HOSTILE,),
    digest=HOSTILE,
    notices=(HOSTILE,),
    kept=(Kept(name=HOSTILE, reason=HOSTILE),),
)
HOSTILE_SUMMARY = RunSummary(
    environment=HOSTILE,
    command=HOSTILE,
    seconds=1.0,
    run=HOSTILE,
    url=HOSTILE,
    headline=HOSTILE,
    steps=(StepFinished(HOSTILE, "failed", 1.0, HOSTILE, HOSTILE),),
    outputs={
        HOSTILE: OutputValue(value={HOSTILE: [HOSTILE]}),
        f"{HOSTILE} ": OutputValue(value=HOSTILE),
    },
    stacks=(StackLine(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
    kept=(Kept(name=HOSTILE, reason=HOSTILE),),
    next=(HOSTILE,),
    failure=Failure(HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), HOSTILE, HOSTILE),
)
HOSTILE_EVENTS: tuple[Event, ...] = (
    RunStarted(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
    StepStarted(HOSTILE, HOSTILE),
    ResourceStarted(HOSTILE, "create"),
    ResourceFinished(HOSTILE, "create", 1.0),
    RegistrationWritten(HOSTILE, HOSTILE, HOSTILE),
    Notice(HOSTILE),
    StepFinished(HOSTILE, "failed", 1.0, HOSTILE, HOSTILE),
)
HOSTILE_RUN = RunLine(HOSTILE, HOSTILE, HOSTILE, NOON, 1.0, HOSTILE)
HOSTILE_STATUS = EnvironmentStatus(
    environment=HOSTILE,
    platform=HOSTILE,
    last_run=HOSTILE_RUN,
    lease=LeaseLine(HOSTILE, HOSTILE, 1, HOSTILE, NOON, False, HOSTILE),
    aliases=(
        AliasStatus(
            HOSTILE,
            HOSTILE,
            (
                StackVersion(
                    HOSTILE,
                    HOSTILE,
                    True,
                    HOSTILE,
                    NOON,
                    SmokeTestLine(False, NOON, None, HOSTILE),
                    (ComponentLine(HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
                ),
                StackVersion(
                    HOSTILE,
                    HOSTILE,
                    False,
                    HOSTILE,
                    NOON,
                    rolled_back_by=HOSTILE,
                    rolled_back_at=NOON,
                ),
            ),
            project=HOSTILE,
        ),
    ),
    notices=(HOSTILE,),
)
