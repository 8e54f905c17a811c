# Survives the loss of a zone or of the database instance, and refuses `terraform destroy`.
# Fill in your own: domain_name and hosted_zone_id (or certificate_arn, domain_names), alarm_email, github_repository and state_bucket.
environment = "prod"

nat = "per_az"

min_tasks   = 2
max_tasks   = 6
task_cpu    = 512
task_memory = 1024

db_instance_class        = "db.t4g.medium"
db_multi_az              = true
db_backup_retention_days = 30
db_final_snapshot        = true
db_apply_immediately     = false

deletion_protection  = true
secret_recovery_days = 30
log_retention_days   = 365
access_logs          = true
enable_waf           = true
