# An example: an internal tool for one office, without a domain. It costs about as much as no variable set (docs/costs.md).
# To use it, copy it over environments/dev.tfvars and put in your own addresses.

environment = "dev"

# Without a domain it speaks plain HTTP, so only the office reaches it. Nobody needs a token.
allowed_cidr_blocks = ["203.0.113.0/24"]

# Colleagues wait for a roll-out, but not for a second task.
min_tasks = 1
max_tasks = 1

# Logs and backups for a week. `deploy down` removes everything.
log_retention_days       = 7
db_backup_retention_days = 7

# Mail when it fails. The owner of the address must confirm it once.
alarm_email = "tools@example.com"

# Every weekday at 05:00 UTC.
scheduled_commands = {
  send-report = { schedule = "cron(0 5 ? * MON-FRI *)", command = ["python", "manage.py", "send_report"] }
}
