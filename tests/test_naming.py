from __future__ import annotations

import re
from itertools import product
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zenstrap import naming
from zenstrap.config import COMPONENT_KINDS, ComponentKind
from zenstrap.config.google import AuthMethod
from zenstrap.config.names import environment_name_fault, project_name_fault
from zenstrap.platforms.gcp import naming as google

# Enough for what these can find; a busy machine may take its time.
some = settings(max_examples=25, deadline=None)

environments = st.from_regex(r"[a-z][a-z0-9]{0,19}", fullmatch=True).filter(
    lambda name: environment_name_fault(name) is None
)
projects = st.none() | st.from_regex(
    r"[a-z][a-z0-9]{0,5}(_[a-z0-9]{1,17}){0,2}", fullmatch=True
).filter(lambda name: project_name_fault(name) is None)
versions = st.tuples(*[st.integers(0, 999_999)] * 3).map(lambda parts: ".".join(map(str, parts)))
kinds = st.sampled_from(COMPONENT_KINDS)
pairs = st.tuples(environments, projects)
# Pairs that have much in common are the ones that could be mixed up.
close_pairs = st.tuples(
    st.sampled_from(["dev", "dev2", "d", "prod", "p" * 20]),
    st.none()
    | st.sampled_from(["a", "a_b", "ab", "a_b_c", "v1", "dev", "x" * 40, "x" * 39 + "y", "store"])
    | st.text(alphabet="ab", min_size=30, max_size=40),
)

SERVICE_ACCOUNT = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])")
REPOSITORY = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
BUCKET = re.compile(r"[a-z0-9][a-z0-9_-]*[a-z0-9]")
POOL = re.compile(r"(?!gcp-)[a-z0-9-]{4,32}")


def test_examples() -> None:
    assert naming.stack_name("prod", "1.2.0") == "zenml-prod-v1.2.0"
    assert (
        naming.stack_name("prod", "1.2.0", "fraud_detection") == "zenml-prod-fraud-detection-v1.2.0"
    )
    assert naming.alias_name("prod") == naming.stack_prefix("prod") == "zenml-prod"
    assert naming.alias_name("prod", "fraud_detection") == "zenml-prod-fraud-detection"
    assert (
        naming.component_name("prod", "artifact_store", "1.1.0", "fraud_detection")
        == "zenml-prod-fraud-detection-artifact-store-v1.1.0"
    )
    assert naming.component_name("prod", "deployer", "1.0.0") == "zenml-prod-deployer-v1.0.0"
    assert (
        naming.connector_name("dev", "implicit", "recommendation")
        == "zenml-dev-recommendation-implicit-connector"
    )
    assert google.bucket_name("acme-ml-prod", "prod") == "acme-ml-prod-zenml-prod"
    assert google.service_account_id("dev") == "zenml-dev"
    assert google.service_account_id("dev", "fraud_detection") == "zenml-dev-fraud-detection"
    cut = google.service_account_id("staging", "recommendation_engine")
    assert cut == "zenml-staging-recomm--so5dhzct"
    assert google.repository_id("prod", "fraud_detection") == "zenml-prod-fraud-detection"
    assert google.key_ring_id("prod") == "zenml-prod"
    assert google.workload_identity_pool_id("prod") == "zenml-prod"
    assert google.workload_identity_pool_id("prod", 2) == "zenml-prod-2"


@pytest.mark.parametrize("extra", range(-2, 3))
def test_exactly_what_does_not_fit_is_cut(extra: int) -> None:
    account = google.service_account_id("dev", "x" * (30 - len("zenml-dev-") + extra))
    repository = google.repository_id("e" * 20, "x" * (63 - len("zenml-") - 21 + extra))
    assert ("--" in account, len(account)) == (extra > 0, min(30, 30 + extra))
    assert ("--" in repository, len(repository)) == (extra > 0, min(63, 63 + extra))


@some
@given(pairs, versions, kinds)
def test_names_are_legal_and_the_same_every_time(
    pair: tuple[str, str | None], version: str, kind: ComponentKind
) -> None:
    account = google.service_account_id(*pair)
    assert 6 <= len(account) <= 30
    assert SERVICE_ACCOUNT.fullmatch(account)
    assert POOL.fullmatch(google.workload_identity_pool_id(pair[0], 999))
    repository = google.repository_id(*pair)
    assert len(repository) <= 63
    assert REPOSITORY.fullmatch(repository)
    for name in (
        naming.stack_name(pair[0], version, pair[1]),
        naming.component_name(pair[0], kind, version, pair[1]),
        naming.connector_name(pair[0], "service-account", pair[1]),
    ):
        assert len(name) <= 255
        assert naming.belongs_to(name, pair[0])
    assert google.service_account_id(*pair) == account
    assert google.repository_id(*pair) == repository


@some
@given(st.from_regex(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", fullmatch=True), environments)
def test_bucket_names_are_legal(project_id: str, environment: str) -> None:
    name = google.bucket_name(project_id, environment)
    assert 3 <= len(name) <= 63
    assert BUCKET.fullmatch(name)


@some
@given(st.sets(pairs | close_pairs, min_size=2, max_size=20))
def test_no_two_pairs_share_a_name(chosen: set[tuple[str, str | None]]) -> None:
    for function in (
        naming.alias_name,
        lambda environment, project: naming.connector_name(environment, "implicit", project),
        google.service_account_id,
        google.repository_id,
    ):
        assert len({function(*pair) for pair in chosen}) == len(chosen)


@some
@given(
    st.sets(
        st.tuples(
            st.from_regex(r"a[a-z0-9-]{4,12}[a-z0-9]|a-zenml-b", fullmatch=True), environments
        ),
        min_size=2,
        max_size=10,
    )
)
def test_no_two_environments_share_a_bucket(chosen: set[tuple[str, str]]) -> None:
    assert len({google.bucket_name(*pair) for pair in chosen}) == len(chosen)


@some
@given(st.lists(close_pairs | pairs, min_size=1, max_size=8), versions)
def test_aliases_stacks_components_and_connectors_are_never_confused(
    chosen: list[tuple[str, str | None]], version: str
) -> None:
    named: dict[str, object] = {}
    for environment, project in set(chosen):
        things: list[tuple[object, str]] = [
            (("alias", environment, project), naming.alias_name(environment, project)),
            (("stack", environment, project), naming.stack_name(environment, version, project)),
            *(
                (
                    ("connector", method, environment, project),
                    naming.connector_name(environment, method, project),
                )
                for method in get_args(AuthMethod)
            ),
        ]
        for kind in COMPONENT_KINDS:
            name = naming.component_name(environment, kind, version, project)
            things.append(((kind, environment, project), name))
        for thing, name in things:
            assert named.setdefault(name, thing) == thing


@pytest.mark.parametrize(
    ("environment", "project"), list(product(["dev", "dev2", "d"], [None, "dev2", "a_b"]))
)
def test_a_prefix_alone_does_not_say_whose_a_name_is(environment: str, project: str | None) -> None:
    name = naming.stack_name(environment, "1.0.0", project)
    owners = [other for other in ("d", "dev", "dev2") if naming.belongs_to(name, other)]
    assert owners == [environment]


@pytest.mark.parametrize(
    "name", ["", "Prod", "pre-prod", "pre_prod", "1st", "a" * 21, "prod\n", "default"]
)
def test_illegal_environments_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"environment|reserved"):
        naming.stack_prefix(name)


@pytest.mark.parametrize(
    "name",
    ["", "Fraud", "a-b", "_a", "a_", "a__b", "a" * 41, "deployer", "my_step_operator", "a\n"],
)
def test_illegal_projects_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="ML project"):
        naming.alias_name("dev", name)


@pytest.mark.parametrize("version", ["", "1", "1.2", "v1.2.0", "1.2.0-rc1", "01.2.0", "1.2.0\n"])
def test_illegal_versions_are_refused(version: str) -> None:
    with pytest.raises(ValueError, match="version"):
        naming.stack_name("dev", version)


def test_illegal_names_and_project_ids_are_refused() -> None:
    with pytest.raises(ValueError, match="component's name"):
        naming.component_name("dev", "Feature-Store", "1.0.0")
    with pytest.raises(ValueError, match="project id"):
        google.bucket_name("example.com:acme", "dev")
