# The defaults are dev: cheap, private, and gone without a trace after `terraform destroy`.
environment = "dev"
