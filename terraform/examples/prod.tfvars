# An example: a public API in production, with every option that a team often asks for.
# To use it, copy it over environments/prod.tfvars, put in your own names, and take out what you do not need.

environment = "prod"
region      = "eu-central-1"

# --- who may call -----------------------------------------------------------------------------------------------------

# The certificate, its records and HTTPS come from the name and its zone.
domain_name    = "orders.example.com"
hosted_zone_id = "Z0123456789ABCDEFGHIJ"

# Every request needs a token of this issuer.
oidc_issuer   = "https://login.example.com/"
oidc_audience = "orders"

# One caller may ask so often. The web ACL blocks addresses that ask far more.
rate_limit = "600/min"
enable_waf = true

# --- size -------------------------------------------------------------------------------------------------------------

# Two of everything, so that a zone may fail.
nat         = "per_az"
min_tasks   = 2
max_tasks   = 6
task_cpu    = 512
task_memory = 1024

# --- work beside the requests -----------------------------------------------------------------------------------------

# A second service on the same image. A statement of its own may take a minute.
worker_command     = ["python", "manage.py", "work"]
worker_environment = { DB_STATEMENT_TIMEOUT_MS = "60000" }
worker_max_tasks   = 3

# In UTC. Each is a task of its own; the alarm topic gets one that fails.
scheduled_commands = {
  send-invoices = { schedule = "cron(0 6 * * ? *)", command = ["python", "manage.py", "send_invoices"] }
  poll-carriers = { schedule = "rate(15 minutes)", command = ["python", "manage.py", "poll_carriers"] }
}

# --- files ------------------------------------------------------------------------------------------------------------

# A private bucket. Pages of the shop send files to it with forms that the service signs.
media_enabled      = true
media_cors_origins = ["https://shop.example.com"]

# --- what the code needs ----------------------------------------------------------------------------------------------

extra_environment = {
  CARRIER_URL          = "https://api.carrier.example"
  CORS_ALLOWED_ORIGINS = "https://shop.example.com"
}

# Secrets Manager holds the values. The second is one key of a JSON secret.
extra_secrets = {
  SENTRY_DSN  = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:sentry-AbCdEf"
  CARRIER_KEY = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:carrier-GhIjKl:key::"
}

# HTTPS to anywhere is open already. This is the mail relay.
extra_egress = [{ port = 587, cidr = "203.0.113.25/32", description = "Mail relay" }]

# What the code may call in AWS: here, publish that an order was paid.
task_policy_json = <<-EOT
  {
    "Version": "2012-10-17",
    "Statement": [{
      "Effect": "Allow",
      "Action": "sns:Publish",
      "Resource": "arn:aws:sns:eu-central-1:123456789012:orders-paid"
    }]
  }
EOT

# --- data that must not get lost --------------------------------------------------------------------------------------

db_instance_class        = "db.t4g.medium"
db_multi_az              = true
db_backup_retention_days = 30
db_final_snapshot        = true
db_apply_immediately     = false
deletion_protection      = true
secret_recovery_days     = 30

# --- watching ---------------------------------------------------------------------------------------------------------

alarm_email         = "oncall@example.com"
error_rate_percent  = 1
latency_p95_seconds = 0.5
enable_tracing      = true
access_logs         = true
log_retention_days  = 365

# --- deploys from GitHub ----------------------------------------------------------------------------------------------

github_repository = "example/orders"
state_bucket      = "example-terraform-state"
