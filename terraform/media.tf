# A private bucket for a team's files (optional). Clients send a file to S3 and read it there, by addresses that the
# service signs (itemsvc/resources/media.py).

locals {
  # Bucket names are global. The account id makes this name unique.
  media_bucket     = "${local.name}-media-${local.account_id}-${var.region}"
  media_bucket_arn = "arn:${local.partition}:s3:::${local.media_bucket}"

  # boto3 takes the region from this variable. Without it, signed addresses name another region's host.
  media_variables = var.media_enabled ? { AWS_DEFAULT_REGION = var.region, MEDIA_BUCKET = local.media_bucket } : {}
}

resource "aws_s3_bucket" "media" {
  #checkov:skip=CKV_AWS_18:Access logs of a bucket would need a second bucket; the service logs who asks for an address.
  #checkov:skip=CKV_AWS_144:A copy in a second region is a choice, as it is for the database.
  #checkov:skip=CKV2_AWS_62:Nothing reacts to new files.
  count = var.media_enabled ? 1 : 0

  bucket = local.media_bucket
  # The rows of a last snapshot refer to the files, so they stay as it does.
  force_destroy = !var.deletion_protection && !var.db_final_snapshot
}

resource "aws_s3_bucket_public_access_block" "media" {
  count = var.media_enabled ? 1 : 0

  bucket                  = aws_s3_bucket.media[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "media" {
  count = var.media_enabled ? 1 : 0

  bucket = aws_s3_bucket.media[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "media" {
  count = var.media_enabled ? 1 : 0

  bucket = aws_s3_bucket.media[0].id

  rule {
    # With it, S3 asks KMS for one key for many files instead of one for each.
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.main.arn
    }
  }
}

resource "aws_s3_bucket_versioning" "media" {
  count = var.media_enabled ? 1 : 0

  bucket = aws_s3_bucket.media[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "media" {
  count = var.media_enabled ? 1 : 0

  bucket = aws_s3_bucket.media[0].id

  rule {
    id     = "clean-up"
    status = "Enabled"

    filter {}

    # A restored database finds the files that it refers to.
    noncurrent_version_expiration {
      noncurrent_days = var.db_backup_retention_days
    }

    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.media]
}

resource "aws_s3_bucket_policy" "media" {
  count = var.media_enabled ? 1 : 0

  bucket = aws_s3_bucket.media[0].id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [local.media_bucket_arn, "${local.media_bucket_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.media]
}

# Only pages of these origins may send a file from a browser, or read one.
resource "aws_s3_bucket_cors_configuration" "media" {
  count = var.media_enabled && length(var.media_cors_origins) > 0 ? 1 : 0

  bucket = aws_s3_bucket.media[0].id

  cors_rule {
    allowed_methods = ["GET", "HEAD", "POST"]
    allowed_origins = var.media_cors_origins
    allowed_headers = ["*"]
    expose_headers  = ["ETag"]
    max_age_seconds = 3600
  }
}

# The service, the worker and one-off tasks. Who has an address that one of them signed may do no more than it may itself.
resource "aws_iam_role_policy" "media" {
  for_each = var.media_enabled ? { task = aws_iam_role.task.id, migrate = aws_iam_role.migrate.id } : {}

  name = "media"
  role = each.value

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "Files"
        Effect   = "Allow"
        Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        Resource = "${local.media_bucket_arn}/*"
      },
      {
        # Without it, a file that is not there is 403 instead of 404.
        Sid      = "FindFiles"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = local.media_bucket_arn
      },
      {
        Sid       = "EncryptFiles"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = aws_kms_key.main.arn
        Condition = { StringEquals = { "kms:ViaService" = "s3.${var.region}.amazonaws.com" } }
      },
    ]
  })
}
