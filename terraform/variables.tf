# --- which environment ----------------------------------------------------------------------------------------------

variable "name" {
  description = "Name of the service; every resource is named <name>-<environment>."
  type        = string
  default     = "itemsvc"
  nullable    = false

  # Load balancer and target group names end at 32 characters: <name>-<environment>-api must fit.
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "name must be 2 to 16 lower-case letters, digits and single hyphens, starting with a letter."
  }
}

variable "environment" {
  description = "Environment: dev lives in the workspace default, any other in the workspace of its name."
  type        = string
  default     = "dev"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,9}$", var.environment))
    error_message = "environment must be 2 to 10 lower-case letters and digits, starting with a letter."
  }
}

variable "region" {
  description = "AWS region."
  type        = string
  default     = "us-east-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the name of an AWS region, like us-east-1."
  }
}

# --- the image ------------------------------------------------------------------------------------------------------

variable "image_tag" {
  description = "Image tag that the service runs. null: everything but the service exists, so a first apply needs no image."
  type        = string
  default     = null

  validation {
    condition     = var.image_tag == null || can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.image_tag)) && var.image_tag != "latest"
    error_message = "image_tag must be one exact image tag (a commit), not latest."
  }
}

variable "migrate_image_tag" {
  description = "Image tag that one-off tasks run. null: the same as image_tag."
  type        = string
  default     = null

  validation {
    condition     = var.migrate_image_tag == null || can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.migrate_image_tag)) && !contains(["latest", "none"], coalesce(var.migrate_image_tag, "-"))
    error_message = "migrate_image_tag must be one exact image tag (a commit), not latest."
  }
}

variable "images_kept" {
  description = "Number of images that the registry keeps; a rollback reaches no further back."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.images_kept >= 5 && floor(var.images_kept) == var.images_kept
    error_message = "images_kept must be a whole number of at least 5: fewer and a rollback finds no image."
  }
}

# --- network --------------------------------------------------------------------------------------------------------

variable "vpc_cidr" {
  description = "Address range of the VPC, /16 to /24."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(tonumber(split("/", var.vpc_cidr)[1]), 0) >= 16 && try(tonumber(split("/", var.vpc_cidr)[1]), 99) <= 24
    error_message = "vpc_cidr must be an IPv4 range from /16 to /24, like 10.0.0.0/16."
  }
}

variable "availability_zones" {
  description = "The two zones to use. Empty: the first two of the region, by name."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.availability_zones) == 0 || length(distinct(var.availability_zones)) == 2 && alltrue([for zone in var.availability_zones : startswith(zone, var.region)])
    error_message = "availability_zones must be two different zones of the region (var.region), or empty."
  }
}

variable "nat" {
  description = "How private subnets reach AWS: single (one NAT gateway), per_az (one in each zone), none (VPC endpoints, no internet)."
  type        = string
  default     = "single"
  nullable    = false

  validation {
    condition     = contains(["single", "per_az", "none"], var.nat)
    error_message = "nat must be single, per_az or none."
  }
}

variable "flow_log_traffic_type" {
  description = "Traffic that the VPC's flow log records: ALL, ACCEPT or REJECT."
  type        = string
  default     = "ALL"
  nullable    = false

  validation {
    condition     = contains(["ALL", "ACCEPT", "REJECT"], var.flow_log_traffic_type)
    error_message = "flow_log_traffic_type must be ALL, ACCEPT or REJECT."
  }
}

# --- load balancer --------------------------------------------------------------------------------------------------

variable "allowed_cidr_blocks" {
  description = "IPv4 ranges that reach the load balancer."
  type        = list(string)
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = length(var.allowed_cidr_blocks) > 0 && alltrue([for block in var.allowed_cidr_blocks : can(cidrnetmask(block))])
    error_message = "allowed_cidr_blocks must be a list of one or more IPv4 ranges, like 203.0.113.0/24."
  }
}

variable "certificate_arn" {
  description = "ARN of an ACM certificate in the same region. Set: HTTPS, and HTTP redirects to it. null: plain HTTP."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:[a-z-]+:acm:${var.region}:[0-9]{12}:certificate/.+$", var.certificate_arn))
    error_message = "certificate_arn must be the ARN of an ACM certificate in the region of the load balancer (var.region)."
  }
}

variable "ssl_policy" {
  description = "TLS policy of the HTTPS listener; must offer TLS 1.3."
  type        = string
  default     = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  nullable    = false

  validation {
    condition     = can(regex("^ELBSecurityPolicy-TLS13-1-[23]-", var.ssl_policy))
    error_message = "ssl_policy must be an ELBSecurityPolicy-TLS13-1-2-… or -1-3-… policy: TLS 1.3, and nothing below 1.2."
  }
}

variable "domain_names" {
  description = "Host names that clients use, the canonical one first. Empty: the load balancer's own name."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for domain in var.domain_names : can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", domain))])
    error_message = "domain_names must be bare lower-case host names, like items.example.com: no scheme, port or wildcard."
  }
}

variable "alb_idle_timeout" {
  description = "Seconds after which the load balancer closes an idle connection."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.alb_idle_timeout >= 1 && var.alb_idle_timeout <= 4000
    error_message = "alb_idle_timeout must be 1 to 4000 seconds."
  }
}

variable "deregistration_delay" {
  description = "Seconds that the load balancer lets requests to a stopping task finish; then it breaks them off."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deregistration_delay >= 0 && var.deregistration_delay <= 3600
    error_message = "deregistration_delay must be 0 to 3600 seconds."
  }
}

variable "access_logs" {
  description = "Whether the load balancer's access logs are kept in an S3 bucket."
  type        = bool
  default     = false
  nullable    = false
}

variable "enable_waf" {
  description = "Whether a web ACL (AWS managed rules, rate limit) stands in front of the load balancer."
  type        = bool
  default     = false
  nullable    = false
}

variable "waf_rate_limit" {
  description = "Requests in five minutes after which the web ACL blocks an address."
  type        = number
  default     = 2000
  nullable    = false

  validation {
    condition     = var.waf_rate_limit >= 10 && var.waf_rate_limit <= 2000000000
    error_message = "waf_rate_limit must be 10 to 2,000,000,000 requests in five minutes."
  }
}

# --- tasks ----------------------------------------------------------------------------------------------------------

locals {
  # MiB of memory that Fargate offers for each number of CPU units (Amazon ECS developer guide, "Task size").
  fargate_memory = {
    256   = [512, 1024, 2048]
    512   = range(1024, 4097, 1024)
    1024  = range(2048, 8193, 1024)
    2048  = range(4096, 16385, 1024)
    4096  = range(8192, 30721, 1024)
    8192  = range(16384, 61441, 4096)
    16384 = range(32768, 122881, 8192)
  }
}

variable "task_cpu" {
  description = "CPU units of a task; 1024 are one vCPU."
  type        = number
  default     = 256
  nullable    = false

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.task_cpu)
    error_message = "task_cpu must be 256, 512, 1024, 2048, 4096, 8192 or 16384."
  }
}

variable "task_memory" {
  description = "Memory of a task in MiB; Fargate offers certain amounts for each task_cpu."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = contains(lookup(local.fargate_memory, var.task_cpu, []), var.task_memory)
    error_message = "Fargate has no task with task_cpu = ${var.task_cpu} and task_memory = ${var.task_memory}; with this CPU it offers ${join(", ", lookup(local.fargate_memory, var.task_cpu, ["nothing"]))} MiB."
  }
}

variable "cpu_architecture" {
  description = "CPU of the tasks, and so of the image: X86_64 or ARM64."
  type        = string
  default     = "X86_64"
  nullable    = false

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "cpu_architecture must be X86_64 or ARM64."
  }
}

variable "use_spot" {
  description = "Whether tasks beyond min_tasks run on Fargate Spot: cheaper, and stopped at two minutes' notice."
  type        = bool
  default     = false
  nullable    = false
}

variable "gunicorn_workers" {
  description = "Worker processes in a task."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.gunicorn_workers >= 1 && floor(var.gunicorn_workers) == var.gunicorn_workers
    error_message = "gunicorn_workers must be a whole number of at least 1."
  }
}

variable "gunicorn_threads" {
  description = "Threads in a worker; each may hold a database connection."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.gunicorn_threads >= 1 && floor(var.gunicorn_threads) == var.gunicorn_threads
    error_message = "gunicorn_threads must be a whole number of at least 1."
  }
}

variable "gunicorn_queue_timeout" {
  description = "Seconds that a request may wait for a thread; then it is refused with 503."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.gunicorn_queue_timeout >= 1 && floor(var.gunicorn_queue_timeout) == var.gunicorn_queue_timeout
    error_message = "gunicorn_queue_timeout must be a whole number of at least 1 second."
  }
}

variable "gunicorn_request_timeout" {
  description = "Seconds that a request may take of a thread; then it is cut off from the database, and its answer is 503."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.gunicorn_request_timeout >= 1 && floor(var.gunicorn_request_timeout) == var.gunicorn_request_timeout
    error_message = "gunicorn_request_timeout must be a whole number of at least 1 second."
  }
}

variable "gunicorn_max_queued" {
  description = "Requests that may wait for a thread of their worker; more are refused with 503. null: 64 for each thread."
  type        = number
  default     = null

  validation {
    condition     = var.gunicorn_max_queued == null ? true : var.gunicorn_max_queued >= 1 && floor(var.gunicorn_max_queued) == var.gunicorn_max_queued
    error_message = "gunicorn_max_queued must be a whole number of at least 1."
  }
}

variable "max_streams" {
  description = "Exports that a worker answers at a time; more are refused with 503. null: half of its threads."
  type        = number
  default     = null

  validation {
    condition     = var.max_streams == null ? true : var.max_streams >= 1 && floor(var.max_streams) == var.max_streams
    error_message = "max_streams must be a whole number of at least 1."
  }
}

variable "gunicorn_keepalive" {
  description = "Seconds that a task keeps an idle connection open; must exceed alb_idle_timeout."
  type        = number
  default     = 75
  nullable    = false
}

variable "gunicorn_graceful_timeout" {
  description = "Seconds that a stopping worker has for the requests in flight; must be below stop_timeout."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.gunicorn_graceful_timeout >= 1
    error_message = "gunicorn_graceful_timeout must be at least 1 second."
  }
}

variable "stop_timeout" {
  description = "Seconds between SIGTERM and SIGKILL of a stopping task."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.stop_timeout >= 2 && var.stop_timeout <= 120
    error_message = "stop_timeout must be 2 to 120 seconds: Fargate waits no longer."
  }
}

variable "readonly_root_filesystem" {
  description = "Whether the containers' root file system is read-only (/tmp stays writable)."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_execute_command" {
  description = "Whether ECS Exec can open a shell in a task; needs readonly_root_filesystem = false."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_level" {
  description = "Lowest level that the application logs."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL."
  }
}

variable "migrate_statement_timeout_ms" {
  description = "Milliseconds that one statement of a migration may take (building an index takes longer than a request)."
  type        = number
  default     = 900000
  nullable    = false

  validation {
    condition     = var.migrate_statement_timeout_ms >= 1000
    error_message = "migrate_statement_timeout_ms must be at least 1000."
  }
}

variable "migrate_lock_timeout_ms" {
  description = "Milliseconds that a migration waits for a table lock, while every request queues behind it."
  type        = number
  default     = 5000
  nullable    = false

  validation {
    condition     = var.migrate_lock_timeout_ms >= 100
    error_message = "migrate_lock_timeout_ms must be at least 100."
  }
}

variable "migrate_wait_seconds" {
  description = "Seconds that a migrate task waits for another one to finish."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.migrate_wait_seconds >= 1
    error_message = "migrate_wait_seconds must be at least 1."
  }
}

# --- scaling --------------------------------------------------------------------------------------------------------

variable "min_tasks" {
  description = "Fewest tasks of the service."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.min_tasks >= 1 && floor(var.min_tasks) == var.min_tasks
    error_message = "min_tasks must be a whole number of at least 1."
  }
}

variable "max_tasks" {
  description = "Most tasks of the service; a roll-out may double them for a while."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.max_tasks >= var.min_tasks && floor(var.max_tasks) == var.max_tasks
    error_message = "max_tasks must be a whole number of at least min_tasks."
  }
}

variable "cpu_target" {
  description = "Average CPU utilisation in percent that scaling aims at."
  type        = number
  default     = 70
  nullable    = false

  validation {
    condition     = var.cpu_target >= 10 && var.cpu_target <= 90
    error_message = "cpu_target must be 10 to 90 percent: above, there is no room until the next task is there."
  }
}

variable "requests_per_target" {
  description = "Requests a minute and task that scaling aims at, beside CPU. null: CPU alone."
  type        = number
  default     = null

  validation {
    condition     = var.requests_per_target == null ? true : var.requests_per_target >= 1
    error_message = "requests_per_target must be at least 1 request a minute."
  }
}

# --- database -------------------------------------------------------------------------------------------------------

variable "db_engine_version" {
  description = "PostgreSQL version: the major one, so that minor upgrades are RDS's. The service needs 18 (uuidv7)."
  type        = string
  default     = "18"
  nullable    = false

  validation {
    condition     = can(regex("^(1[89]|[2-9][0-9])(\\.[0-9]+)?$", var.db_engine_version))
    error_message = "db_engine_version must be 18 or later: the service uses uuidv7()."
  }
}

variable "db_instance_class" {
  description = "RDS instance class; its memory decides how many connections there are."
  type        = string
  default     = "db.t4g.micro"
  nullable    = false

  validation {
    condition     = contains(keys(local.db_class_memory), var.db_instance_class)
    error_message = "db_instance_class must be one whose memory is known here: ${join(", ", keys(local.db_class_memory))}."
  }
}

variable "db_allocated_storage" {
  description = "Storage of the database in GiB."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.db_allocated_storage >= 20 && var.db_allocated_storage <= 65536
    error_message = "db_allocated_storage must be 20 to 65536 GiB, as gp3 offers."
  }
}

variable "db_max_allocated_storage" {
  description = "GiB up to which RDS grows the storage by itself; 0 never."
  type        = number
  default     = 100
  nullable    = false
}

variable "db_multi_az" {
  description = "Whether a standby in the other zone takes over."
  type        = bool
  default     = false
  nullable    = false
}

variable "db_backup_retention_days" {
  description = "Days that automatic backups are kept, and so how far back a restore to a point in time reaches."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.db_backup_retention_days >= 1 && var.db_backup_retention_days <= 35
    error_message = "db_backup_retention_days must be 1 to 35: without backups there is no restore."
  }
}

variable "db_final_snapshot" {
  description = "Whether destroying the database takes a last snapshot."
  type        = bool
  default     = false
  nullable    = false
}

variable "db_apply_immediately" {
  description = "Whether changes that restart the database happen at once, and not in the maintenance window."
  type        = bool
  default     = true
  nullable    = false
}

variable "db_monitoring_interval" {
  description = "Seconds between the operating system metrics of the database (enhanced monitoring); 0 turns it off."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = contains([0, 1, 5, 10, 15, 30, 60], var.db_monitoring_interval)
    error_message = "db_monitoring_interval must be 0, 1, 5, 10, 15, 30 or 60 seconds."
  }
}

variable "db_statement_timeout_ms" {
  description = "Milliseconds that one statement of a request may take."
  type        = number
  default     = 15000
  nullable    = false

  validation {
    condition     = var.db_statement_timeout_ms >= 100
    error_message = "db_statement_timeout_ms must be at least 100: it bounds what a request can cost."
  }
}

variable "db_reserved_connections" {
  description = "Connections kept free for the migrate task, people, and RDS itself."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.db_reserved_connections >= 10
    error_message = "db_reserved_connections must be at least 10: PostgreSQL and RDS keep some for themselves, and a migration needs one."
  }
}

# --- credentials ----------------------------------------------------------------------------------------------------

variable "db_password_version" {
  description = "Raise it and apply: a new password for the schema's owner, which the migrate task alone knows."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.db_password_version >= 1 && floor(var.db_password_version) == var.db_password_version
    error_message = "db_password_version must be a whole number of at least 1."
  }
}

variable "service_password_version" {
  description = "Raise it by one, apply and migrate: the service changes to its other database role and password."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.service_password_version >= 1 && floor(var.service_password_version) == var.service_password_version
    error_message = "service_password_version must be a whole number of at least 1."
  }
}

variable "secret_key_version" {
  description = "Raise it and apply: a new SECRET_KEY; sessions of the admin end."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.secret_key_version >= 1 && floor(var.secret_key_version) == var.secret_key_version
    error_message = "secret_key_version must be a whole number of at least 1."
  }
}

variable "secret_recovery_days" {
  description = "Days during which a deleted secret can be restored, and its name is taken; 0 deletes at once."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.secret_recovery_days == 0 || var.secret_recovery_days >= 7 && var.secret_recovery_days <= 30
    error_message = "secret_recovery_days must be 0, or 7 to 30."
  }
}

# --- who may call -----------------------------------------------------------------------------------------------------

variable "oidc_issuer" {
  description = "Issuer of the bearer tokens that the service asks for, as their iss names it. null: it asks for none."
  type        = string
  default     = null

  validation {
    condition     = var.oidc_issuer == null || can(regex("^https://[a-z0-9.-]+(:[0-9]+)?(/[^?#\\s]*)?$", var.oidc_issuer))
    error_message = "oidc_issuer must be an https:// URL without query or fragment."
  }
}

variable "oidc_audience" {
  description = "Audience that the tokens of oidc_issuer must be for. Required with oidc_issuer."
  type        = string
  default     = null

  validation {
    condition     = (var.oidc_audience == null) == (var.oidc_issuer == null)
    error_message = "oidc_issuer and oidc_audience belong together: give both or neither."
  }
}

variable "resources" {
  description = "The service's resources: a user pool has the scopes NAME:read and NAME:write for each."
  type        = list(string)
  default     = ["items"]
}

variable "create_user_pool" {
  description = "Whether a Cognito user pool with one machine client is made and issues the tokens that the service asks for."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.create_user_pool || var.oidc_issuer == null
    error_message = "create_user_pool and oidc_issuer exclude each other: the service believes one issuer."
  }
  validation {
    condition     = !var.create_user_pool || !can(regex("aws|amazon|cognito", var.name))
    error_message = "create_user_pool needs a name without aws, amazon and cognito: Cognito refuses them in the domain of a pool."
  }
}

variable "admin_enabled" {
  description = "Whether Django's admin is served at /admin/."
  type        = bool
  default     = false
  nullable    = false
}

variable "rate_limit" {
  description = "Requests that one caller may make over all tasks, like 600/min (s, min, hour, day). null: as many as it likes."
  type        = string
  default     = null

  validation {
    condition     = var.rate_limit == null || can(regex("^[1-9][0-9]{0,8}/(s|min|hour|day)$", var.rate_limit))
    error_message = "rate_limit must be a count and a period, like 600/min (s, min, hour, day)."
  }
}

# --- protection, observability ----------------------------------------------------------------------------------------

variable "deletion_protection" {
  description = "Whether database, load balancer and registry refuse to be destroyed with what they hold."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827 and on."
  }
}

variable "metrics" {
  description = "Where the service's own metrics go: emf (CloudWatch, through the log, with alarms and charts) or none."
  type        = string
  default     = "emf"
  nullable    = false

  validation {
    condition     = contains(["emf", "none"], var.metrics)
    error_message = "metrics must be emf or none."
  }
}

variable "enable_tracing" {
  description = "Whether an OpenTelemetry collector beside the service sends its traces to X-Ray."
  type        = bool
  default     = false
  nullable    = false
}

variable "collector_image" {
  description = "Image of the collector of enable_tracing, an AWS Distro for OpenTelemetry, by exact tag or digest."
  type        = string
  default     = "public.ecr.aws/aws-observability/aws-otel-collector:v0.48.0"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9./_-]+(:[A-Za-z0-9_][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})$", var.collector_image)) && !endswith(var.collector_image, ":latest")
    error_message = "collector_image must name an image by an exact tag or a digest, not latest."
  }
}

variable "trace_sample_ratio" {
  description = "Part of the requests that are traced with enable_tracing, 0 to 1; callers have no say in it."
  type        = number
  default     = 0.1
  nullable    = false

  validation {
    condition     = var.trace_sample_ratio >= 0 && var.trace_sample_ratio <= 1
    error_message = "trace_sample_ratio must be 0 to 1."
  }
}

variable "alarm_email" {
  description = "Address that alarms are mailed to, once it has confirmed. null: the topic has no subscriber."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email must be an e-mail address."
  }
}

variable "error_rate_percent" {
  description = "Percent of requests ending in 5xx that raise the alarm."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.error_rate_percent > 0 && var.error_rate_percent <= 100
    error_message = "error_rate_percent must be above 0, and at most 100."
  }
}

variable "latency_p95_seconds" {
  description = "95th percentile of the response time in seconds that raises the alarm."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.latency_p95_seconds > 0
    error_message = "latency_p95_seconds must be above 0."
  }
}

variable "latency_p99_ms" {
  description = "99th percentile of the service's own response time in milliseconds that raises the alarm."
  type        = number
  default     = 2000
  nullable    = false

  validation {
    condition     = var.latency_p99_ms > 0
    error_message = "latency_p99_ms must be above 0."
  }
}

# --- a team's own variables and secrets ------------------------------------------------------------------------------

variable "extra_environment" {
  description = "More environment variables for the service and its one-off tasks, by name, as { CORS_ALLOWED_ORIGINS = \"https://app.example.com\" }. Not for secrets: whoever may describe a task definition can read them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.extra_environment) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])
    error_message = "A name in extra_environment must be letters, digits and underscores, no digit first."
  }

  validation {
    condition     = length(setintersection(keys(var.extra_environment), keys(local.own_variables))) == 0
    error_message = "extra_environment must not name what this configuration sets itself; use its own variable instead."
  }
}

variable "extra_secrets" {
  description = "More secrets for the service and its one-off tasks: the environment variable's name, and the ARN of a Secrets Manager secret whose whole value it gets, as { SENTRY_DSN = \"arn:aws:secretsmanager:…\" }. The secret is made elsewhere, and encrypted with aws/secretsmanager or this environment's key."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for arn in values(var.extra_secrets) : can(regex("^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^*]+$", arn))])
    error_message = "A value in extra_secrets must be the ARN of a Secrets Manager secret."
  }

  validation {
    condition     = length(setintersection(keys(var.extra_secrets), concat(keys(local.own_variables), keys(var.extra_environment), ["DATABASE_URL", "SECRET_KEY", "MIGRATE_DATABASE_URL", "NEXT_DATABASE_URL"]))) == 0
    error_message = "extra_secrets must not name what this configuration or extra_environment sets."
  }
}

# --- scheduled commands ----------------------------------------------------------------------------------------------

variable "scheduled_commands" {
  description = <<-EOT
    Commands that run by the clock, each as a one-off task, by name: { send-reminders = { schedule = "cron(0 6 * * ? *)",
    command = ["python", "manage.py", "send_reminders"] } }. schedule is cron(…) or rate(…), in UTC; the command starts
    within window_minutes after it, 0 being at once. They come beside the service's own nightly ones; one of the same
    name replaces it.
  EOT
  type = map(object({
    schedule       = string
    command        = list(string)
    window_minutes = optional(number, 0)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.scheduled_commands) : can(regex("^[a-z][a-z0-9-]{0,29}$", name))])
    error_message = "A name in scheduled_commands must be 1 to 30 lower-case letters, digits and hyphens, a letter first."
  }

  validation {
    condition     = alltrue([for each in values(var.scheduled_commands) : can(regex("^(cron|rate)\\([^()]+\\)$", each.schedule))])
    error_message = "A schedule in scheduled_commands must be cron(…) or rate(…), as EventBridge Scheduler has them."
  }

  validation {
    condition     = alltrue([for each in values(var.scheduled_commands) : length(each.command) > 0])
    error_message = "A command in scheduled_commands must be a list of words, as [\"python\", \"manage.py\", \"send_reminders\"]."
  }

  validation {
    condition     = alltrue([for each in values(var.scheduled_commands) : each.window_minutes >= 0 && each.window_minutes <= 1440 && floor(each.window_minutes) == each.window_minutes])
    error_message = "window_minutes in scheduled_commands must be a whole number from 0 to 1440."
  }
}

# --- the deploy workflow ----------------------------------------------------------------------------------------------

variable "github_repository" {
  description = "owner/name of the GitHub repository whose workflow deploys. null: no deploy role."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$", var.github_repository))
    error_message = "github_repository must be owner/name, without wildcards."
  }
}

variable "github_environment" {
  description = "GitHub environment whose jobs may take the deploy role. null: the name of this environment."
  type        = string
  default     = null

  validation {
    condition     = var.github_environment == null || can(regex("^[A-Za-z0-9._-]{1,255}$", var.github_environment))
    error_message = "github_environment must be the plain name of a GitHub environment, without wildcards."
  }
}

variable "github_oidc_provider_arn" {
  description = "ARN of the account's identity provider for GitHub, of which there can be one only. null: create it."
  type        = string
  default     = null

  validation {
    condition     = var.github_oidc_provider_arn == null || can(regex("^arn:[a-z-]+:iam::[0-9]{12}:oidc-provider/token\\.actions\\.githubusercontent\\.com$", var.github_oidc_provider_arn))
    error_message = "github_oidc_provider_arn must be the ARN of the provider token.actions.githubusercontent.com."
  }
}

variable "state_bucket" {
  description = "S3 bucket of the Terraform state, which the deploy role may use. Required with github_repository."
  type        = string
  default     = null

  validation {
    condition     = var.state_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket must be the name of an S3 bucket."
  }
}
