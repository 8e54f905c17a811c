# The defaults are for dev: cheap, private, and completely removed by `terraform destroy`.
environment = "dev"
