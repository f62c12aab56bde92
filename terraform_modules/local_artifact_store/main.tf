# A folder as artifact store, made by the provider that is built into Terraform.
#
# A marker file in the folder says whose it is, one key a line. No folder without that marker is
# ever removed, and only an empty one is taken over. The owner's id stands in markers alone, and not
# in what triggers a replacement: folders from before there were owners stay as they are.

locals {
  _owner = {
    managed_by  = "zenstrap"
    environment = var.environment
    ml_project  = var.ml_project
  }
  _path   = "${var.root}/${var.folder}"
  _marker = "${local._path}/.zenstrap.json"
}

# terraform_data sees no drift by itself, so the marker is read here. Terraform evaluates a
# function in a resource's argument again while it applies, when the marker may have come or gone
# ("Provider produced inconsistent final plan"). A data source with known arguments is read while
# planning only: the remote state of an empty file hands back its defaults, frozen into the plan.
data "terraform_remote_state" "probe" {
  backend = "local"
  config  = { path = "${path.module}/empty.json" }

  defaults = {
    owner = try(tostring(jsondecode(file(local._marker)).owner), "")
    incarnation = try(
      [
        for marker in [jsondecode(file(local._marker))] : tostring(marker.incarnation)
        if jsonencode({ for key in keys(local._owner) : key => marker[key] }) == jsonencode(local._owner)
      ][0],
      coalesce(var.incarnation, plantimestamp()),
    )
  }
}

# The incarnation is the marker's while the folder is there, so nothing changes. Where the folder
# has vanished it is a new one, and terraform_data, which runs no provisioner on an update, is
# replaced. zenstrap shows a replacement in which only `incarnation` differs as what it is: the
# making of something that is gone.
#
# create_before_destroy keeps that promise: Terraform runs no destroy provisioner in such a
# replacement, so it removes nothing, even if somebody has put the folder back in the meantime.
# What must remove a folder is therefore no replacement: the path is the key, and another path is
# another resource.
resource "terraform_data" "folder" {
  for_each = toset([local._path])
  input    = { path = each.key }

  triggers_replace = {
    incarnation = data.terraform_remote_state.probe.outputs.incarnation
    owner       = local._owner
    root        = var.root
  }

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = var.owner == "" || contains(["", var.owner], data.terraform_remote_state.probe.outputs.owner)
      error_message = "${local._path} belongs to somebody else's environment of the same name, as its .zenstrap.json says. Choose another root for this environment, or give it another name. If it is yours after all, recover tells how to go on."
    }
  }

  provisioner "local-exec" {
    command = "exec sh \"$SCRIPT\""
    quiet   = true
    environment = {
      SCRIPT = "${path.module}/scripts/make.sh"
      ROOT   = self.triggers_replace.root
      FOLDER = self.input.path
      MARKER = replace(jsonencode(merge(self.triggers_replace.owner, { incarnation = self.triggers_replace.incarnation }, var.owner == "" ? {} : { owner = var.owner })), ",", ",\n ")
    }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "exec sh \"$SCRIPT\""
    quiet   = true
    environment = {
      SCRIPT = "${path.module}/scripts/remove.sh"
      ROOT   = self.triggers_replace.root
      FOLDER = self.input.path
      MARKER = replace(jsonencode(merge(self.triggers_replace.owner, { incarnation = self.triggers_replace.incarnation })), ",", ",\n ")
    }
  }
}
