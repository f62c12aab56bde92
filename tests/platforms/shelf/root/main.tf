# One folder for the base stack and one for each ML project.

terraform {
  required_version = ">= 1.7"
  backend "local" {}
}

variable "shelf" {
  type = string
}

variable "ml_projects" {
  type = set(string)
}

locals {
  _places = merge({ base = "${var.shelf}/base" }, { for name in var.ml_projects : name => "${var.shelf}/${name}" })
}

resource "terraform_data" "place" {
  for_each = local._places
  input    = each.value

  provisioner "local-exec" {
    command = "mkdir -p \"$PLACE\""
    environment = {
      PLACE = self.input
    }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "rm -rf \"$PLACE\""
    environment = {
      PLACE = self.input
    }
  }
}

output "places" {
  value = { for name, place in terraform_data.place : name => place.output }
}
