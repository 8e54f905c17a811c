# Traces (optional). A collector in the service's task receives them and sends them to X-Ray.

locals {
  # The collector's memory in MiB, and the lower limit that it keeps by itself.
  collector_memory = var.enable_tracing ? 192 : 0
  collector_limit  = 128

  # A repository of ECR's is pulled by the execution role, anything else without one.
  collector_repository = try(regex("^(?P<account>[0-9]{12})\\.dkr\\.ecr\\.(?P<region>[a-z0-9-]+)\\.[a-z.]+/(?P<name>[a-z0-9._/-]+)[:@]", var.collector_image), null)
  collector_repository_arns = [for each in var.enable_tracing && local.collector_repository != null ? [local.collector_repository] : [] :
    "arn:${local.partition}:ecr:${each.region}:${each.account}:repository/${each.name}"
  ]

  tracing_variables = var.enable_tracing ? {
    OTEL_TRACES_EXPORTER        = "otlp"
    OTEL_EXPORTER_OTLP_ENDPOINT = "http://localhost:4318"
    OTEL_TRACES_SAMPLER         = "traceidratio"
    OTEL_TRACES_SAMPLER_ARG     = tostring(var.trace_sample_ratio)
  } : {}

  collector_configuration = {
    receivers = { otlp = { protocols = { http = { endpoint = "localhost:4318" } } } }
    processors = {
      memory_limiter = { check_interval = "1s", limit_mib = local.collector_limit }
      batch          = {}
    }
    exporters = { awsxray = { region = var.region } }
    service = {
      pipelines = { traces = { receivers = ["otlp"], processors = ["memory_limiter", "batch"], exporters = ["awsxray"] } }
      telemetry = { logs = { level = "warn" } }
    }
  }

  # When the collector stops, the service goes on without traces.
  collector_containers = [for name in var.enable_tracing ? ["collector"] : [] : {
    name                   = name
    image                  = var.collector_image
    essential              = false
    memory                 = local.collector_memory
    readonlyRootFilesystem = var.readonly_root_filesystem
    privileged             = false
    stopTimeout            = var.stop_timeout
    # JSON is valid YAML.
    environment      = [{ name = "AOT_CONFIG_CONTENT", value = jsonencode(local.collector_configuration) }]
    logConfiguration = { logDriver = "awslogs", options = merge(local.log_options, { awslogs-stream-prefix = name }) }
  }]
}

resource "aws_iam_role_policy" "tracing" {
  #checkov:skip=CKV_AWS_290:X-Ray's actions for segments have no resource types or condition keys.
  #checkov:skip=CKV_AWS_355:X-Ray's actions for segments take no resource but *.
  count = var.enable_tracing ? 1 : 0

  name = "send-traces"
  role = aws_iam_role.task.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "SendTraces"
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = "*"
    }]
  })
}
