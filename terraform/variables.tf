# --- which environment ----------------------------------------------------------------------------------------------

variable "name" {
  description = "Name of the service; every resource is named <name>-<environment>."
  type        = string
  default     = "itemsvc"
  nullable    = false

  # AWS allows 32 characters for the target group's name, which is <name>-<environment>-api.
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,14}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "name must be 2 to 16 lower-case letters, digits and single hyphens, starting with a letter."
  }

  # SSM keeps parameters of the first two for itself, security groups, load balancers and buckets refuse the others.
  validation {
    condition     = !can(regex("^(aws|ssm|(sg|internal|sthree|amzn-s3-demo)(-|$))", var.name))
    error_message = "name must not start with aws or ssm, and its first word must not be sg, internal, sthree or amzn-s3-demo: AWS refuses these for some resources."
  }
}

variable "environment" {
  description = "Name of the environment. dev uses the workspace default, any other the workspace of its name."
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
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region)) && length(var.region) <= 14
    error_message = "region must be the name of an AWS region, like us-east-1."
  }
}

# --- the image ------------------------------------------------------------------------------------------------------

variable "image_tag" {
  description = "Image tag of the service. null: the tag of the last deploy, and before it no service, so that a first apply needs no image."
  type        = string
  default     = null

  validation {
    condition     = var.image_tag == null || can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.image_tag)) && var.image_tag != "latest"
    error_message = "image_tag must be one exact image tag (a commit), not latest."
  }
}

variable "migrate_image_tag" {
  description = "Image tag of one-off tasks. null: the same as image_tag, or that of the last deploy."
  type        = string
  default     = null

  validation {
    condition     = var.migrate_image_tag == null || can(regex("^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$", var.migrate_image_tag)) && !contains(["latest", "none"], coalesce(var.migrate_image_tag, "-"))
    error_message = "migrate_image_tag must be one exact image tag (a commit), not latest."
  }
}

variable "service_enabled" {
  description = "Whether there is a service. false removes it with its worker and schedules, and leaves everything else."
  type        = bool
  default     = true
  nullable    = false
}

variable "images_kept" {
  description = "Number of images that the registry keeps. A rollback to an older one is impossible."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.images_kept >= 5 && floor(var.images_kept) == var.images_kept
    error_message = "images_kept must be a whole number of at least 5, so that a rollback finds its image."
  }
}

# --- network --------------------------------------------------------------------------------------------------------

variable "vpc_cidr" {
  description = "Address range of the VPC, /16 to /23. Each subnet is a sixteenth of it, and a load balancer needs a /27."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(tonumber(split("/", var.vpc_cidr)[1]), 0) >= 16 && try(tonumber(split("/", var.vpc_cidr)[1]), 99) <= 23
    error_message = "vpc_cidr must be an IPv4 range from /16 to /23, like 10.0.0.0/16."
  }
}

variable "availability_zones" {
  description = "The two availability zones to use. Empty: the first two of the region, by name."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.availability_zones) == 0 || length(distinct(var.availability_zones)) == 2 && alltrue([for zone in var.availability_zones : can(regex("^${var.region}[a-z]$", zone))])
    error_message = "availability_zones must be two different zones of the region (var.region), like us-east-1a, or empty. Local zones have neither NAT gateways nor RDS."
  }
}

variable "nat" {
  description = "How private subnets reach AWS: single (one NAT gateway), per_az (one NAT gateway in each zone) or none (VPC endpoints without internet)."
  type        = string
  default     = "single"
  nullable    = false

  validation {
    condition     = contains(["single", "per_az", "none"], var.nat)
    error_message = "nat must be single, per_az or none."
  }
}

variable "flow_log_traffic_type" {
  description = "Traffic in the VPC's flow log: ALL, ACCEPT or REJECT."
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
  description = "IPv4 ranges that may reach the load balancer."
  type        = list(string)
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = length(var.allowed_cidr_blocks) > 0 && length(distinct(var.allowed_cidr_blocks)) == length(var.allowed_cidr_blocks) && alltrue([for block in var.allowed_cidr_blocks : can(cidrnetmask(block)) && try("${cidrhost(block, 0)}/${split("/", block)[1]}", "") == block])
    error_message = "allowed_cidr_blocks must be one or more different IPv4 ranges, each from its first address on, like 203.0.113.0/24."
  }
}

variable "certificate_arn" {
  description = "ARN of an ACM certificate in the same region, for domain_names. With it the service uses HTTPS, and HTTP redirects there. null: plain HTTP, or that of domain_name."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:[a-z-]+:acm:${var.region}:[0-9]{12}:certificate/.+$", var.certificate_arn))
    error_message = "certificate_arn must be the ARN of an ACM certificate in the region of the load balancer (var.region)."
  }
}

variable "domain_name" {
  description = "Host name of the service, like items.example.com, in the zone of hosted_zone_id. It gives a certificate, the records and HTTPS. null: see certificate_arn and domain_names."
  type        = string
  default     = null

  # ACM takes no longer name (RFC 5280).
  validation {
    condition     = var.domain_name == null ? true : can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain_name)) && length(var.domain_name) <= 64
    error_message = "domain_name must be one bare lower-case host name of up to 64 characters, like items.example.com: no scheme, port or wildcard."
  }

  validation {
    condition     = var.domain_name == null || var.certificate_arn == null && length(var.domain_names) == 0
    error_message = "domain_name makes its own certificate, so it excludes certificate_arn and domain_names, which are for names and certificates that you manage yourself."
  }
}

variable "hosted_zone_id" {
  description = "Public Route 53 hosted zone of domain_name, like Z0123456789ABCDEFGHIJ. Required with domain_name."
  type        = string
  default     = null

  validation {
    condition     = var.hosted_zone_id == null || can(regex("^[A-Z0-9]{1,32}$", var.hosted_zone_id))
    error_message = "hosted_zone_id must be the id of a Route 53 hosted zone, like Z0123456789ABCDEFGHIJ."
  }

  validation {
    condition     = (var.hosted_zone_id == null) == (var.domain_name == null)
    error_message = "domain_name and hosted_zone_id belong together: set both or neither."
  }
}

variable "ssl_policy" {
  description = "TLS policy of the HTTPS listener. It must offer TLS 1.3."
  type        = string
  default     = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  nullable    = false

  validation {
    condition     = can(regex("^ELBSecurityPolicy-TLS13-1-[23]-", var.ssl_policy))
    error_message = "ssl_policy must be an ELBSecurityPolicy-TLS13-1-2-… or -1-3-… policy, which offers TLS 1.3 and nothing below 1.2."
  }
}

variable "domain_names" {
  description = "Host names of the service that you manage yourself, the canonical one first. Empty: domain_name, or the load balancer's own name."
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
  description = "Seconds that requests to a stopping task have to finish. After that the load balancer interrupts them."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deregistration_delay >= 0 && var.deregistration_delay <= 3600
    error_message = "deregistration_delay must be 0 to 3600 seconds."
  }
}

variable "access_logs" {
  description = "Whether to keep the load balancer's access logs in an S3 bucket."
  type        = bool
  default     = false
  nullable    = false
}

variable "enable_waf" {
  description = "Whether to protect the load balancer by a web ACL with AWS managed rules and a rate limit."
  type        = bool
  default     = false
  nullable    = false
}

variable "waf_rate_limit" {
  description = "Requests in five minutes from one address. Above it the web ACL blocks the address."
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
  # Fargate's memory sizes in MiB for each number of CPU units (Amazon ECS developer guide, "Task size").
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
  description = "Memory of a task in MiB. Fargate offers certain sizes for each task_cpu."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = contains(lookup(local.fargate_memory, var.task_cpu, []), var.task_memory)
    error_message = "Fargate has no task with task_cpu = ${var.task_cpu} and task_memory = ${var.task_memory}; with this CPU it offers ${join(", ", lookup(local.fargate_memory, var.task_cpu, ["nothing"]))} MiB."
  }
}

variable "cpu_architecture" {
  description = "CPU architecture of the tasks and of the image: X86_64 or ARM64."
  type        = string
  default     = "X86_64"
  nullable    = false

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "cpu_architecture must be X86_64 or ARM64."
  }
}

variable "use_spot" {
  description = "Whether tasks beyond min_tasks run on Fargate Spot. They are cheaper, but AWS may stop them with two minutes' notice."
  type        = bool
  default     = false
  nullable    = false
}

variable "gunicorn_workers" {
  description = "Worker processes of a task."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.gunicorn_workers >= 1 && floor(var.gunicorn_workers) == var.gunicorn_workers
    error_message = "gunicorn_workers must be a whole number of at least 1."
  }
}

variable "gunicorn_threads" {
  description = "Threads of a worker. Each may hold a database connection."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition     = var.gunicorn_threads >= 1 && floor(var.gunicorn_threads) == var.gunicorn_threads
    error_message = "gunicorn_threads must be a whole number of at least 1."
  }
}

variable "gunicorn_queue_timeout" {
  description = "Seconds that a request may wait in the request queue. After that the service refuses it with 503."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.gunicorn_queue_timeout >= 1 && floor(var.gunicorn_queue_timeout) == var.gunicorn_queue_timeout
    error_message = "gunicorn_queue_timeout must be a whole number of at least 1 second."
  }
}

variable "gunicorn_request_timeout" {
  description = "Seconds that a thread may work on a request. After that the service closes its database connection and answers 503."
  type        = number
  default     = 20
  nullable    = false

  validation {
    condition     = var.gunicorn_request_timeout >= 1 && floor(var.gunicorn_request_timeout) == var.gunicorn_request_timeout
    error_message = "gunicorn_request_timeout must be a whole number of at least 1 second."
  }
}

variable "gunicorn_max_queued" {
  description = "Length of a worker's request queue. The service refuses more requests with 503. null: 64 for each thread."
  type        = number
  default     = null

  validation {
    condition     = var.gunicorn_max_queued == null ? true : var.gunicorn_max_queued >= 1 && floor(var.gunicorn_max_queued) == var.gunicorn_max_queued
    error_message = "gunicorn_max_queued must be a whole number of at least 1."
  }
}

variable "max_streams" {
  description = "Number of exports at a time in a worker. The service refuses more with 503. null: half of the threads."
  type        = number
  default     = null

  validation {
    condition     = var.max_streams == null ? true : var.max_streams >= 1 && floor(var.max_streams) == var.max_streams
    error_message = "max_streams must be a whole number of at least 1."
  }
}

variable "gunicorn_keepalive" {
  description = "Seconds that a task keeps an idle connection open. It must exceed alb_idle_timeout."
  type        = number
  default     = 75
  nullable    = false

  validation {
    condition     = floor(var.gunicorn_keepalive) == var.gunicorn_keepalive
    error_message = "gunicorn_keepalive must be whole seconds."
  }
}

variable "gunicorn_graceful_timeout" {
  description = "Seconds that a stopping worker has to finish its requests. It must be below stop_timeout."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.gunicorn_graceful_timeout >= 1 && floor(var.gunicorn_graceful_timeout) == var.gunicorn_graceful_timeout
    error_message = "gunicorn_graceful_timeout must be a whole number of at least 1 second."
  }
}

variable "stop_timeout" {
  description = "Seconds between SIGTERM and SIGKILL of a stopping task."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.stop_timeout >= 2 && var.stop_timeout <= 120 && floor(var.stop_timeout) == var.stop_timeout
    error_message = "stop_timeout must be 2 to 120 whole seconds, which is Fargate's limit."
  }
}

variable "readonly_root_filesystem" {
  description = "Whether the containers' root file system is read-only. /tmp stays writable."
  type        = bool
  default     = true
  nullable    = false
}

variable "enable_execute_command" {
  description = "Whether ECS Exec can open a shell in a task. It needs readonly_root_filesystem = false."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_level" {
  description = "Lowest level of the application's log."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], var.log_level)
    error_message = "log_level must be DEBUG, INFO, WARNING, ERROR or CRITICAL."
  }
}

variable "migrate_statement_timeout_ms" {
  description = "Milliseconds that one statement of a migration may take. It is longer than for requests, because an index takes long to build."
  type        = number
  default     = 900000
  nullable    = false

  validation {
    condition     = var.migrate_statement_timeout_ms >= 1000 && floor(var.migrate_statement_timeout_ms) == var.migrate_statement_timeout_ms
    error_message = "migrate_statement_timeout_ms must be a whole number of at least 1000."
  }
}

variable "migrate_lock_timeout_ms" {
  description = "Milliseconds that a migration waits for a table lock. Requests for the table wait behind it."
  type        = number
  default     = 5000
  nullable    = false

  validation {
    condition     = var.migrate_lock_timeout_ms >= 100 && floor(var.migrate_lock_timeout_ms) == var.migrate_lock_timeout_ms
    error_message = "migrate_lock_timeout_ms must be a whole number of at least 100."
  }
}

variable "migrate_wait_seconds" {
  description = "Seconds that a migrate task waits until another one finishes."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.migrate_wait_seconds >= 1 && floor(var.migrate_wait_seconds) == var.migrate_wait_seconds
    error_message = "migrate_wait_seconds must be a whole number of at least 1."
  }
}

# --- scaling --------------------------------------------------------------------------------------------------------

variable "min_tasks" {
  description = "Minimum number of the service's tasks."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.min_tasks >= 1 && floor(var.min_tasks) == var.min_tasks
    error_message = "min_tasks must be a whole number of at least 1."
  }
}

variable "max_tasks" {
  description = "Maximum number of the service's tasks. A roll-out may double it for a while."
  type        = number
  default     = 3
  nullable    = false

  validation {
    condition     = var.max_tasks >= var.min_tasks && floor(var.max_tasks) == var.max_tasks
    error_message = "max_tasks must be a whole number of at least min_tasks."
  }
}

variable "cpu_target" {
  description = "Target of scaling: the average CPU utilisation in percent."
  type        = number
  default     = 70
  nullable    = false

  validation {
    condition     = var.cpu_target >= 10 && var.cpu_target <= 90
    error_message = "cpu_target must be 10 to 90 percent. Above that the tasks are overloaded until the next task starts."
  }
}

variable "requests_per_target" {
  description = "A second target of scaling: requests per task and minute. null: only CPU."
  type        = number
  default     = null

  validation {
    condition     = var.requests_per_target == null ? true : var.requests_per_target >= 1
    error_message = "requests_per_target must be at least 1 request a minute."
  }
}

# --- database -------------------------------------------------------------------------------------------------------

variable "db_engine_version" {
  description = "Major version of PostgreSQL. RDS does the minor upgrades. The service needs 18 (uuidv7)."
  type        = string
  default     = "18"
  nullable    = false

  validation {
    condition     = can(regex("^(1[89]|[2-9][0-9])$", var.db_engine_version))
    error_message = "db_engine_version must be a major version, 18 or later (uuidv7). RDS does the minor upgrades and refuses to go back to a minor version named here."
  }
}

variable "db_allow_major_version_upgrade" {
  description = "Whether a higher db_engine_version upgrades the database. It stops for some minutes and cannot go back. Needs db_apply_immediately."
  type        = bool
  default     = false
  nullable    = false
}

variable "db_instance_class" {
  description = "RDS instance class. Its memory decides the maximum number of connections."
  type        = string
  default     = "db.t4g.micro"
  nullable    = false

  validation {
    condition     = contains(keys(local.db_class_memory), var.db_instance_class)
    error_message = "db_instance_class must be one of: ${join(", ", keys(local.db_class_memory))}."
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
  description = "Limit in GiB up to which RDS increases the storage by itself. 0: never."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.db_max_allocated_storage >= 0 && var.db_max_allocated_storage <= 65536
    error_message = "db_max_allocated_storage must be 0 to 65536 GiB, as gp3 offers."
  }
}

variable "db_multi_az" {
  description = "Whether the database has a standby in the other zone."
  type        = bool
  default     = false
  nullable    = false
}

variable "db_backup_retention_days" {
  description = "Days that RDS keeps automatic backups. A restore to a point in time can go back this far."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.db_backup_retention_days >= 1 && var.db_backup_retention_days <= 35
    error_message = "db_backup_retention_days must be 1 to 35: without backups there is no restore."
  }
}

variable "db_final_snapshot" {
  description = "Whether RDS takes a last snapshot before the database is destroyed."
  type        = bool
  default     = false
  nullable    = false
}

variable "db_apply_immediately" {
  description = "Whether changes that restart the database happen at once instead of in the maintenance window."
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
    condition     = var.db_statement_timeout_ms >= 100 && floor(var.db_statement_timeout_ms) == var.db_statement_timeout_ms
    error_message = "db_statement_timeout_ms must be a whole number of at least 100."
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
  description = "Raise it and apply to give the schema's owner a new password. Only the migrate task uses that role."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.db_password_version >= 1 && floor(var.db_password_version) == var.db_password_version
    error_message = "db_password_version must be a whole number of at least 1."
  }
}

variable "service_password_version" {
  description = "Raise it by one, apply and migrate to switch the service to its other database role and password."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.service_password_version >= 1 && floor(var.service_password_version) == var.service_password_version
    error_message = "service_password_version must be a whole number of at least 1."
  }
}

variable "secret_key_version" {
  description = "Raise it and apply to make a new SECRET_KEY. The sessions of the admin end."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.secret_key_version >= 1 && floor(var.secret_key_version) == var.secret_key_version
    error_message = "secret_key_version must be a whole number of at least 1."
  }
}

variable "secret_recovery_days" {
  description = "Days in which a deleted secret can be restored and its name stays taken. 0: AWS deletes it at once."
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
  description = "Issuer of the bearer tokens that the service requires, exactly as in their iss. null: it requires none."
  type        = string
  default     = null

  validation {
    condition     = var.oidc_issuer == null || can(regex("^https://[a-z0-9.-]+(:443)?(/[^?#\\s]*)?$", var.oidc_issuer))
    error_message = "oidc_issuer must be an https:// URL on port 443, the only one that tasks reach, without query or fragment."
  }
}

variable "oidc_audience" {
  description = "Audience of the tokens of oidc_issuer. Required with oidc_issuer."
  type        = string
  default     = null

  validation {
    condition     = (var.oidc_audience == null) == (var.oidc_issuer == null)
    error_message = "oidc_issuer and oidc_audience belong together: set both or neither."
  }
}

variable "resources" {
  description = "The service's resources. A user pool has the scopes NAME:read and NAME:write for each."
  type        = list(string)
  default     = ["items"]
  nullable    = false

  validation {
    condition     = alltrue([for name in var.resources : can(regex("^[a-z][a-z0-9_]*$", name))]) && length(distinct(var.resources)) == length(var.resources)
    error_message = "resources must be different names of lower-case letters, digits and underscores: ${join(", ", var.resources)}."
  }
}

variable "api_scopes" {
  description = "More scopes of a user pool, for permissions of your own: the name, and what it permits, as { \"orders:refund\" = \"Refund an order\" }."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, description in var.api_scopes : can(regex("^[A-Za-z0-9:._-]{1,256}$", name)) && length(description) >= 1 && length(description) <= 256])
    error_message = "A name in api_scopes must be letters, digits and :._- (no slash), with a description of up to 256 characters: ${join(", ", keys(var.api_scopes))}."
  }

  validation {
    condition     = length(setintersection(keys(var.api_scopes), keys(local.resource_scopes))) == 0
    error_message = "api_scopes must not name the scopes of resources, which a user pool has already: ${join(", ", setintersection(keys(var.api_scopes), keys(local.resource_scopes)))}."
  }

  validation {
    condition     = length(var.api_scopes) + length(local.resource_scopes) <= 50
    error_message = "resources and api_scopes give more than 50 scopes, and a user pool's client takes no more."
  }
}

variable "create_user_pool" {
  description = "Whether to create a Cognito user pool with one machine client. The service then requires its tokens."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.create_user_pool || var.oidc_issuer == null
    error_message = "create_user_pool and oidc_issuer exclude each other: the service accepts one issuer."
  }
  validation {
    condition     = !var.create_user_pool || !can(regex("aws|amazon|cognito", "${var.name}-${var.environment}"))
    error_message = "create_user_pool needs name and environment without aws, amazon and cognito: Cognito refuses these words in a pool's domain."
  }
}

variable "admin_enabled" {
  description = "Whether the service has Django's admin at /admin/."
  type        = bool
  default     = false
  nullable    = false
}

variable "rate_limit" {
  description = "Number of requests that one caller may make over all tasks, like 600/min (s, min, hour, day). null: no limit."
  type        = string
  default     = null

  validation {
    condition     = var.rate_limit == null || can(regex("^[1-9][0-9]{0,8}/(s|min|hour|day)$", var.rate_limit))
    error_message = "rate_limit must be a count and a period, like 600/min (s, min, hour, day)."
  }
}

# --- protection, observability ----------------------------------------------------------------------------------------

variable "deletion_protection" {
  description = "Whether the database, the load balancer and a registry with images refuse to be destroyed."
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
    error_message = "log_retention_days must be a number of days that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827 and on."
  }
}

variable "metrics" {
  description = "The service's own metrics: emf (CloudWatch reads them from the log; adds alarms and charts) or none."
  type        = string
  default     = "emf"
  nullable    = false

  validation {
    condition     = contains(["emf", "none"], var.metrics)
    error_message = "metrics must be emf or none."
  }
}

variable "enable_tracing" {
  description = "Whether an OpenTelemetry collector in the service's task sends its traces to X-Ray."
  type        = bool
  default     = false
  nullable    = false
}

variable "collector_image" {
  description = "Image of the collector of enable_tracing (AWS Distro for OpenTelemetry), with an exact tag or digest."
  type        = string
  default     = "public.ecr.aws/aws-observability/aws-otel-collector:v0.48.0"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9./_-]+(:[A-Za-z0-9_][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})$", var.collector_image)) && !endswith(var.collector_image, ":latest")
    error_message = "collector_image must be an image with an exact tag or a digest, not latest."
  }
}

variable "trace_sample_ratio" {
  description = "Part of the requests that are traced with enable_tracing, 0 to 1. Callers cannot change it."
  type        = number
  default     = 0.1
  nullable    = false

  validation {
    condition     = var.trace_sample_ratio >= 0 && var.trace_sample_ratio <= 1
    error_message = "trace_sample_ratio must be 0 to 1."
  }
}

variable "alarm_email" {
  description = "E-mail address for alarms. Its owner must confirm the subscription. null: the topic has no subscriber."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email must be an e-mail address."
  }
}

variable "error_rate_percent" {
  description = "Percentage of 5xx responses that raises the alarm."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.error_rate_percent > 0 && var.error_rate_percent <= 100
    error_message = "error_rate_percent must be above 0, and at most 100."
  }
}

variable "latency_p95_seconds" {
  description = "The alarm's threshold for the 95th percentile of the response time, in seconds."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.latency_p95_seconds > 0
    error_message = "latency_p95_seconds must be above 0."
  }
}

variable "latency_p99_ms" {
  description = "The alarm's threshold for the 99th percentile of the service's own response time, in milliseconds."
  type        = number
  default     = 2000
  nullable    = false

  validation {
    condition     = var.latency_p99_ms > 0
    error_message = "latency_p99_ms must be above 0."
  }
}

# --- what a team's own code needs ------------------------------------------------------------------------------------

variable "extra_environment" {
  description = "More environment variables for the service and its one-off tasks, by name, as { CORS_ALLOWED_ORIGINS = \"https://app.example.com\" }. Not for secrets: whoever may describe a task definition can read them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.extra_environment) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])
    error_message = "A name in extra_environment must be letters, digits and underscores, no digit first: ${join(", ", [for name in keys(var.extra_environment) : name if !can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])}."
  }

  validation {
    condition     = length(setintersection(keys(var.extra_environment), local.own_variables)) == 0
    error_message = "extra_environment must not name what this configuration sets itself (use its own variable instead): ${join(", ", setintersection(keys(var.extra_environment), local.own_variables))}."
  }
}

variable "extra_secrets" {
  description = "More secrets for the service and its one-off tasks: the environment variable's name, and the ARN of a Secrets Manager secret, as { SENTRY_DSN = \"arn:aws:secretsmanager:…\" }. With :KEY:: after the ARN it is one key of a JSON secret. The secret is made elsewhere, and encrypted with aws/secretsmanager or this environment's key."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.extra_secrets) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])
    error_message = "A name in extra_secrets must be letters, digits and underscores, no digit first: ${join(", ", [for name in keys(var.extra_secrets) : name if !can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])}."
  }

  validation {
    condition     = alltrue([for arn in values(var.extra_secrets) : can(regex(local.secret_arn, arn))])
    error_message = "In extra_secrets this must be the whole ARN of a Secrets Manager secret, its six last characters included: ${join(", ", [for name, arn in var.extra_secrets : name if !can(regex(local.secret_arn, arn))])}."
  }

  validation {
    condition     = length(setintersection(keys(var.extra_secrets), setunion(local.own_variables, keys(var.extra_environment)))) == 0
    error_message = "extra_secrets must not name what this configuration or extra_environment sets: ${join(", ", setintersection(keys(var.extra_secrets), setunion(local.own_variables, keys(var.extra_environment))))}."
  }
}

variable "task_policy_json" {
  description = "IAM policy, as JSON, with what the service's code and its one-off tasks may call in AWS. null: nothing."
  type        = string
  default     = null

  validation {
    condition     = var.task_policy_json == null || can(jsondecode(var.task_policy_json))
    error_message = "task_policy_json must be JSON, as jsonencode() or file() give it."
  }

  validation {
    condition     = var.task_policy_json == null || !can(jsondecode(var.task_policy_json)) || can(regex("^20", jsondecode(var.task_policy_json).Version)) && can(jsondecode(var.task_policy_json).Statement)
    error_message = "task_policy_json must have a Version and a Statement."
  }

  validation {
    condition     = var.task_policy_json == null || alltrue([for each in flatten([try(jsondecode(var.task_policy_json).Statement, [])]) : can(each.Effect) && (can(each.Action) || can(each.NotAction)) && (can(each.Resource) || can(each.NotResource)) && !can(each.Principal)])
    error_message = "Each Statement of task_policy_json must have an Effect, an Action and a Resource, and no Principal: the task's role is the principal."
  }

  # A role's inline policies may have 10,240 characters together. The rest is for ECS Exec, traces and files.
  validation {
    condition     = var.task_policy_json == null ? true : length(replace(var.task_policy_json, "/\\s/", "")) <= 9000
    error_message = "task_policy_json must have at most 9,000 characters without white space, because IAM limits a role's policies."
  }
}

variable "media_enabled" {
  description = "Whether there is a private S3 bucket for files, MEDIA_BUCKET, that the service and its one-off tasks may use. Old versions stay for db_backup_retention_days."
  type        = bool
  default     = false
  nullable    = false
}

variable "media_cors_origins" {
  description = "Origins whose pages may send files to that bucket from a browser, as [\"https://app.example.com\"]."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for origin in var.media_cors_origins : can(regex("^https?://[a-z0-9.-]+(:[0-9]{1,5})?$", origin))])
    error_message = "media_cors_origins must be origins, like https://app.example.com, without a path or a wildcard: ${join(", ", var.media_cors_origins)}."
  }

  validation {
    condition     = var.media_enabled || length(var.media_cors_origins) == 0
    error_message = "media_cors_origins needs media_enabled, which makes the bucket."
  }
}

variable "extra_egress" {
  description = "More that the tasks may connect to: TCP port, IPv4 range and what it is, as [{ port = 6379, cidr = \"10.1.0.0/16\", description = \"Redis\" }]."
  type = list(object({
    port        = number
    cidr        = string
    description = string
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for each in var.extra_egress : each.port >= 1 && each.port <= 65535 && floor(each.port) == each.port])
    error_message = "A port in extra_egress must be a whole number from 1 to 65535: ${join(", ", [for each in var.extra_egress : each.port])}."
  }

  # EC2 would change 10.1.2.3/16 to 10.1.0.0/16, and every plan would then show a change.
  validation {
    condition     = alltrue([for each in var.extra_egress : try("${cidrhost(each.cidr, 0)}/${split("/", each.cidr)[1]}", "") == each.cidr && can(cidrnetmask(each.cidr))])
    error_message = "A cidr in extra_egress must be an IPv4 range from its first address on, like 10.1.0.0/16: ${join(", ", [for each in var.extra_egress : each.cidr])}."
  }

  validation {
    condition     = alltrue([for each in var.extra_egress : can(regex("^[A-Za-z0-9 ._:/()#,@\\[\\]+=&;{}!$*-]{1,255}$", each.description))])
    error_message = "A description in extra_egress must be 1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*: ${join(", ", [for each in var.extra_egress : "\"${each.description}\""])}."
  }

  validation {
    condition     = length(distinct([for each in var.extra_egress : "${each.cidr} ${each.port}"])) == length(var.extra_egress)
    error_message = "extra_egress has the same port and range twice."
  }

  validation {
    condition     = var.nat == "none" || alltrue([for each in var.extra_egress : "${each.cidr} ${each.port}" != "0.0.0.0/0 443"])
    error_message = "extra_egress must not name port 443 of 0.0.0.0/0: tasks may connect to it already, for the AWS APIs."
  }
}

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
    error_message = "A name in scheduled_commands must be 1 to 30 lower-case letters, digits and hyphens, a letter first: ${join(", ", [for name in keys(var.scheduled_commands) : name if !can(regex("^[a-z][a-z0-9-]{0,29}$", name))])}."
  }

  validation {
    condition     = alltrue([for each in values(var.scheduled_commands) : can(regex(local.schedule_expression, each.schedule))])
    error_message = "In scheduled_commands this schedule must be rate(5 minutes) or cron(minute hour day month weekday year), with ? for the day or the weekday: ${join(", ", [for name, each in var.scheduled_commands : "${name} = ${each.schedule}" if !can(regex(local.schedule_expression, each.schedule))])}."
  }

  validation {
    condition     = alltrue([for each in values(var.scheduled_commands) : length(each.command) > 0])
    error_message = "In scheduled_commands this command must be a list of words, as [\"python\", \"manage.py\", \"send_reminders\"]: ${join(", ", [for name, each in var.scheduled_commands : name if length(each.command) == 0])}."
  }

  validation {
    condition     = alltrue([for each in values(var.scheduled_commands) : each.window_minutes >= 0 && each.window_minutes <= 1440 && floor(each.window_minutes) == each.window_minutes])
    error_message = "window_minutes in scheduled_commands must be a whole number from 0 to 1440: ${join(", ", [for name, each in var.scheduled_commands : "${name} = ${each.window_minutes}"])}."
  }
}

# --- the worker -------------------------------------------------------------------------------------------------------

variable "worker_command" {
  description = <<-EOT
    Command of a second service on the same image, which serves nobody: ["python", "manage.py", "work"]. It runs until it
    gets SIGTERM; ECS starts it again when it ends. null: no worker.
  EOT
  type        = list(string)
  default     = null

  validation {
    condition     = var.worker_command == null || try(length(var.worker_command) > 0, false)
    error_message = "worker_command must be a list of words, as [\"python\", \"manage.py\", \"work\"]."
  }
}

variable "worker_environment" {
  description = "Environment variables of the worker alone. They come after extra_environment and the service's own: DB_STATEMENT_TIMEOUT_MS = \"60000\"."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(setintersection(keys(var.worker_environment), ["APP_VERSION", "DATABASE_URL", "SECRET_KEY"])) == 0
    error_message = "worker_environment must not set ${join(", ", setintersection(keys(var.worker_environment), ["APP_VERSION", "DATABASE_URL", "SECRET_KEY"]))}: Terraform does."
  }

  validation {
    condition     = alltrue([for name in keys(var.worker_environment) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])
    error_message = "A name in worker_environment must be letters, digits and underscores, no digit first: ${join(", ", [for name in keys(var.worker_environment) : name if !can(regex("^[A-Za-z_][A-Za-z0-9_]*$", name))])}."
  }

  validation {
    condition     = length(setintersection(keys(var.worker_environment), keys(var.extra_secrets))) == 0
    error_message = "worker_environment must not name a secret of extra_secrets, because ECS takes a name once: ${join(", ", setintersection(keys(var.worker_environment), keys(var.extra_secrets)))}."
  }
}

variable "worker_cpu" {
  description = "CPU units of a worker's task. null: task_cpu."
  type        = number
  default     = null
}

variable "worker_memory" {
  description = "Memory of a worker's task in MiB. null: task_memory."
  type        = number
  default     = null

  validation {
    condition     = contains(lookup(local.fargate_memory, coalesce(var.worker_cpu, var.task_cpu), []), coalesce(var.worker_memory, var.task_memory))
    error_message = "Fargate has no task with worker_cpu = ${coalesce(var.worker_cpu, var.task_cpu)} and worker_memory = ${coalesce(var.worker_memory, var.task_memory)}; with this CPU it offers ${join(", ", lookup(local.fargate_memory, coalesce(var.worker_cpu, var.task_cpu), ["nothing"]))} MiB."
  }
}

variable "worker_min_tasks" {
  description = "Minimum number of the worker's tasks."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.worker_min_tasks >= 1 && floor(var.worker_min_tasks) == var.worker_min_tasks
    error_message = "worker_min_tasks must be a whole number of at least 1."
  }
}

variable "worker_max_tasks" {
  description = "Maximum number of the worker's tasks; cpu_target is the target of scaling."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.worker_max_tasks >= var.worker_min_tasks && floor(var.worker_max_tasks) == var.worker_max_tasks
    error_message = "worker_max_tasks must be a whole number of at least worker_min_tasks."
  }
}

variable "worker_stop_timeout" {
  description = "Seconds between SIGTERM and SIGKILL of a worker that stops: the time to finish what it has begun."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.worker_stop_timeout >= 2 && var.worker_stop_timeout <= 120 && floor(var.worker_stop_timeout) == var.worker_stop_timeout
    error_message = "worker_stop_timeout must be 2 to 120 whole seconds, which is Fargate's limit."
  }
}

variable "worker_db_connections" {
  description = "Database connections of a worker's task, for the check of all of them."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.worker_db_connections >= 0 && floor(var.worker_db_connections) == var.worker_db_connections
    error_message = "worker_db_connections must be a whole number of at least 0."
  }
}

# --- the deploy workflow ----------------------------------------------------------------------------------------------

variable "github_repository" {
  description = "GitHub repository with the deploy workflow: owner/name, or owner@ID/name@ID where its tokens have ids (created, renamed or transferred since July 2026). null: no deploy role."
  type        = string
  default     = null

  validation {
    condition     = var.github_repository == null || can(regex("^[A-Za-z0-9][A-Za-z0-9-]{0,38}(/[A-Za-z0-9._-]{1,100}|@[0-9]{1,20}/[A-Za-z0-9._-]{1,100}@[0-9]{1,20})$", var.github_repository))
    error_message = "github_repository must be owner/name or owner@ID/name@ID, without wildcards."
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

variable "state_bucket" {
  description = "S3 bucket of the Terraform state, which the deploy role may use. Required with github_repository."
  type        = string
  default     = null

  validation {
    condition     = var.state_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.state_bucket))
    error_message = "state_bucket must be the name of an S3 bucket."
  }
}

variable "state_key" {
  description = "Key of the Terraform state in state_bucket, as in backend.tf. The deploy role may write no other environment's state."
  type        = string
  default     = "itemsvc/terraform.tfstate"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9._-][A-Za-z0-9._/-]{0,199}$", var.state_key))
    error_message = "state_key must be the plain key of an S3 object, without wildcards."
  }
}
