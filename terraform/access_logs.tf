# The load balancer's access logs (optional).

locals {
  # In regions from before August 2022, an AWS account of the region may deliver the logs. Everywhere else the service
  # principal delivers them. Source: Elastic Load Balancing user guide, "Enable access logs".
  elb_accounts = {
    af-south-1     = "098369216593"
    ap-east-1      = "754344448648"
    ap-northeast-1 = "582318560864"
    ap-northeast-2 = "600734575887"
    ap-northeast-3 = "383597477331"
    ap-south-1     = "718504428378"
    ap-southeast-1 = "114774131450"
    ap-southeast-2 = "783225319266"
    ap-southeast-3 = "589379963580"
    ca-central-1   = "985666609251"
    eu-central-1   = "054676820928"
    eu-north-1     = "897822967062"
    eu-south-1     = "635631232127"
    eu-west-1      = "156460612806"
    eu-west-2      = "652711504416"
    eu-west-3      = "009996457667"
    me-south-1     = "076674570225"
    sa-east-1      = "507241528517"
    us-east-1      = "127311923021"
    us-east-2      = "033677994240"
    us-west-1      = "027434742980"
    us-west-2      = "797873946194"
  }
  elb_account = lookup(local.elb_accounts, var.region, null)

  # Bucket names are global. The account id makes this name unique.
  access_log_bucket = "${local.name}-logs-${local.account_id}-${var.region}"

  access_log_writers = concat(
    [{ Sid = "DeliveryService", Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" } }],
    local.elb_account == null ? [] : [{ Sid = "DeliveryAccount", Principal = { AWS = "arn:${local.partition}:iam::${local.elb_account}:root" } }],
  )
}

resource "aws_s3_bucket" "access_logs" {
  #checkov:skip=CKV_AWS_18:This bucket holds access logs; logging access to itself would make a loop.
  #checkov:skip=CKV_AWS_21:Log objects are written once and expire; old versions would outlive them.
  #checkov:skip=CKV_AWS_144:Access logs need no copy in a second region.
  #checkov:skip=CKV_AWS_145:The load balancer can only write to buckets with SSE-S3.
  #checkov:skip=CKV2_AWS_62:Nothing reacts to new log objects.
  count = var.access_logs ? 1 : 0

  bucket        = local.access_log_bucket
  force_destroy = !var.deletion_protection
}

resource "aws_s3_bucket_public_access_block" "access_logs" {
  count = var.access_logs ? 1 : 0

  bucket                  = aws_s3_bucket.access_logs[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "access_logs" {
  count = var.access_logs ? 1 : 0

  bucket = aws_s3_bucket.access_logs[0].id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "access_logs" {
  count = var.access_logs ? 1 : 0

  bucket = aws_s3_bucket.access_logs[0].id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = var.log_retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_policy" "access_logs" {
  count = var.access_logs ? 1 : 0

  bucket = aws_s3_bucket.access_logs[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for writer in local.access_log_writers : merge(writer, {
        Effect   = "Allow"
        Action   = "s3:PutObject"
        Resource = "arn:${local.partition}:s3:::${local.access_log_bucket}/alb/AWSLogs/${local.account_id}/*"
      })],
      [{
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:${local.partition}:s3:::${local.access_log_bucket}", "arn:${local.partition}:s3:::${local.access_log_bucket}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
    )
  })

  depends_on = [aws_s3_bucket_public_access_block.access_logs]
}
