"""What real Terraform hears from the provider about a configuration that can't be."""

from __future__ import annotations

from tests.zenstrap_rehearsal.conftest import HEADER, PROJECT, Rest, Terraform
from zenstrap_rehearsal import Rehearsal

ACCOUNT = 'resource "google_service_account" "this" {{\n  account_id = "{}"\n}}\n'
POOL = """
resource "google_iam_workload_identity_pool" "this" {{
  workload_identity_pool_id = "{}"
}}
"""
ROLE = """
resource "google_project_iam_custom_role" "this" {{
  role_id     = "own"
  title       = "Own"
  permissions = ["{}"]
}}
"""
OBJECT = """
resource "google_storage_bucket_object" "this" {
  bucket  = "acme-zenml"
  name    = "x"
  content = "x"
}
"""
RULE = """
lifecycle_rule {
  action {
    type = "Delete"
  }

  condition {
    with_state = "DEAD"
  }
}
"""
BUCKET = 'resource "google_storage_bucket" "this" {{\n  name = "{}"\n  location = "EU"\n  {}\n}}\n'
MEMBER = """
resource "google_project_iam_member" "this" {{
  project = "acme-ml-dev"
  role    = "roles/viewer"
  member  = "{}"
  {}
}}
"""
PROVIDER = """
resource "google_iam_workload_identity_pool_provider" "this" {
  workload_identity_pool_id          = "zenml-dev"
  workload_identity_pool_provider_id = "oidc"
  attribute_mapping                  = { "google.subject" = "assertion.sub" }
}
"""

REFUSED_WHILE_VALIDATING = {
    "a misspelt attribute": ACCOUNT.format("zenml-dev").replace("account_id", "acount_id"),
    "a missing attribute": 'resource "google_service_account" "this" {}\n',
    "an id that is too long": ACCOUNT.format("z" * 31),
    "an id with an underscore": ACCOUNT.format("zenml_dev"),
    "a pool of Google's own": POOL.format("gcp-zenml"),
    "a pool with capitals": POOL.format("Zenml"),
    "a provider of nothing": PROVIDER,
    "a computed attribute": BUCKET.format("acme-zenml", 'url = "gs://x"'),
    "a label in capitals": BUCKET.format("acme-zenml", 'labels = { Team = "ml" }'),
    "two of one": BUCKET.format("acme-zenml", "versioning {\n enabled = true\n}\n" * 2),
    "a member without a type": MEMBER.format("ada", ""),
    "a rotation of an hour": (
        'resource "google_kms_crypto_key" "this" {\n  name = "k"\n  key_ring = "r"\n'
        '  rotation_period = "3600s"\n}\n'
    ),
    "no choice": BUCKET.format("acme-zenml", RULE),
}


def test_validate_finds_each_at_once(terraform: Terraform) -> None:
    """Side by side, as starting Terraform for each would take seconds."""
    modules = []
    for number, text in enumerate(REFUSED_WHILE_VALIDATING.values()):
        folder = terraform.folder / f"m{number}"
        folder.mkdir()
        (folder / "main.tf").write_text(text)
        modules.append(f'module "m{number}" {{\n  source = "./m{number}"\n}}\n')
    terraform.write("\n".join(modules))
    terraform.init()
    text = terraform.run("validate", "-json", code=1).text
    silent = {
        what
        for number, what in enumerate(REFUSED_WHILE_VALIDATING)
        if f'"filename": "m{number}/main.tf"' not in text and f"module.m{number}." not in text
    }
    assert silent == set()


REFUSED_BY_GOOGLE = {
    "a bucket's name with capitals": (BUCKET.format("Acme", ""), "Error 400"),
    "a location that doesn't exist": (
        BUCKET.format("acme-zenml", "").replace('"EU"', '"europe-west99"'),
        "Error 400",
    ),
    "a bucket's name that is taken": (BUCKET.format("somebody-elses", ""), "Error 409"),
    "a member who doesn't exist": (
        MEMBER.format(f"serviceAccount:none@{PROJECT}.iam.gserviceaccount.com", ""),
        f"Error 400: Service account none@{PROJECT}.iam.gserviceaccount.com does not exist.",
    ),
    "a condition that can't be compiled": (
        MEMBER.format("allUsers", 'condition {\n title = "x"\n expression = "a =="\n}'),
        "Error 400: Expression could not be compiled",
    ),
    "a project that isn't mine": (
        ACCOUNT.format('zenml-dev"\n  project = "others-project'),
        "Error 403",
    ),
    "an API that isn't enabled": (
        POOL.format("zenml-dev"),
        "Error 403: Identity and Access Management (IAM) API has not been used in project",
    ),
}


def test_apply_says_what_google_says(terraform: Terraform, rehearsal: Rehearsal) -> None:
    rehearsal.storage.take_name("somebody-elses")
    rehearsal.cloud.projects[PROJECT].enabled.discard("iam.googleapis.com")
    modules = []
    for number, (text, _) in enumerate(REFUSED_BY_GOOGLE.values()):
        folder = terraform.folder / f"m{number}"
        folder.mkdir()
        (folder / "main.tf").write_text(text)
        modules.append(f'module "m{number}" {{\n  source = "./m{number}"\n}}\n')
    terraform.write("\n".join(modules))
    terraform.init()
    text = terraform.apply(code=1)
    errors = {block.split("\n\n")[0]: block for block in text.split("\nError: ")[1:]}
    for number, (what, (_, expected)) in enumerate(REFUSED_BY_GOOGLE.items()):
        mine = [e for e in errors.values() if f"with module.m{number}." in e]
        assert len(mine) == 1 and expected in mine[0], (what, text)
    assert terraform.run("state", "list").text == ""


def test_a_bucket_with_objects_stays(terraform: Terraform, rest: Rest) -> None:
    terraform.write(
        BUCKET.format("acme-zenml", "soft_delete_policy {\n retention_duration_seconds = 0\n}")
    )
    terraform.init()
    terraform.apply()
    second = Terraform(terraform.folder / "second", terraform.environment)
    second.folder.mkdir()
    second.write(OBJECT)
    second.init()
    second.apply()
    assert "without `force_destroy` set to true" in terraform.destroy(code=1)
    rest.ok("GET", "/storage/v1/b/acme-zenml/o/x")
    forced = terraform.folder / "main.tf"
    forced.write_text(forced.read_text().replace('"EU"', '"EU"\n  force_destroy = true'))
    terraform.apply()
    terraform.destroy()
    assert rest.call("GET", "/storage/v1/b/acme-zenml")[0] == 404


def test_a_pool_that_was_deleted_is_in_the_way(terraform: Terraform, rest: Rest) -> None:
    terraform.write(POOL.format("zenml-dev"))
    terraform.init()
    terraform.apply()
    terraform.destroy()
    text = terraform.apply(code=1)
    assert "Error creating WorkloadIdentityPool: googleapi: Error 409" in text
    name = f"projects/{PROJECT}/locations/global/workloadIdentityPools/zenml-dev"
    rest.ok("POST", f"/iam/v1/{name}:undelete", {})
    terraform.run("import", "-no-color", "google_iam_workload_identity_pool.this", name)
    assert terraform.changes() == {}


def test_a_custom_role_comes_back_with_its_new_permissions(
    terraform: Terraform, rehearsal: Rehearsal
) -> None:
    terraform.write(ROLE.format("storage.buckets.get"))
    terraform.init()
    terraform.apply()
    terraform.destroy()
    terraform.write(ROLE.format("storage.buckets.list"))
    terraform.apply()
    found = rehearsal.resources()[f"projects/{PROJECT}/roles/own"]
    assert (found["deleted"], found["includedPermissions"]) == (False, ["storage.buckets.list"])


def test_one_role_under_two_conditions_is_two_bindings(
    terraform: Terraform, rehearsal: Rehearsal
) -> None:
    condition = 'condition {{\n title = "{0}"\n expression = "{0}"\n}}'
    member = MEMBER.replace('"this"', '"{}"')
    whole = member.format("all", "allUsers", "")
    part = member.format("part", "allUsers", condition.format("true"))
    other = member.format("other", "allUsers", condition.format("false"))
    terraform.write(whole + part + other)
    terraform.init()
    terraform.apply()
    assert terraform.changes() == {}
    terraform.write(whole + other)
    assert terraform.changes() == {"google_project_iam_member.part": ["delete"]}
    terraform.apply()
    conditions = [
        b.get("condition", {}).get("title") for b in rehearsal.policy(f"projects/{PROJECT}")
    ]
    assert sorted(map(str, conditions)) == ["None", "false"]


def test_another_version_of_the_provider_is_not_there(terraform: Terraform) -> None:
    terraform.write("", HEADER.replace('">= 6.0, < 7.0"', '">= 7.0"'))
    text = terraform.run("init", "-no-color", code=1).text
    assert "6.50.0" not in text or "no available releases match" in text
