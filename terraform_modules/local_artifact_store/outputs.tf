output "folder" {
  description = "Absolute path of the artifact store. Known when it is planned, there once the folder is."
  value       = terraform_data.folder[local._path].input.path
}
