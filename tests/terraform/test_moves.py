"""What a living environment sees of a module that gives a resource another address."""

from __future__ import annotations

from pathlib import Path

from .conftest import MakeWorkspace

BACKEND = 'terraform {\n  backend "local" {}\n}\n'
BEFORE = """
resource "terraform_data" "this" { input = "made once" }
output "made" { value = [terraform_data.this.output] }
"""
MOVED = """
moved {
  from = terraform_data.this
  to   = terraform_data.this["gcp"]
}
resource "terraform_data" "this" {
  for_each = toset(["gcp"])
  input    = "made once"
}
"""
SAME_OUTPUT = 'output "made" { value = values(terraform_data.this)[*].output }'
OTHER_OUTPUT = 'output "components" { value = values(terraform_data.this)[*].output }'


def test_a_move_alone_is_nothing_to_change(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "main.tf").write_text(BACKEND + BEFORE)
    workspace = make_workspace(root)
    workspace.apply(workspace.plan({}).digest)

    # It waits for the next change, and is none itself, however often it is planned.
    (root / "main.tf").write_text(BACKEND + MOVED + SAME_OUTPUT)
    first = workspace.plan({})
    assert first.is_empty and first.digest == workspace.plan({}).digest
    assert [one.address for one in workspace.resources()] == ["terraform_data.this"]

    # Outputs of another name are a change, of the state alone; the move goes in with them.
    (root / "main.tf").write_text(BACKEND + MOVED + OTHER_OUTPUT)
    plan = workspace.plan({})
    assert not plan.is_empty and plan.changes == ()
    assert plan.changed_outputs == ("components", "made")
    assert plan.outputs["components"].value == ["made once"]
    summary = workspace.apply(plan.digest)
    assert (summary.created, summary.updated, summary.destroyed) == (0, 0, 0)
    assert [one.address for one in workspace.resources()] == ['terraform_data.this["gcp"]']
    assert workspace.plan({}).is_empty
