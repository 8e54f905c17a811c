# A host name of one's own (optional): its certificate, and its records in a public hosted zone of this account.

locals {
  has_domain = var.domain_name != null
  domains    = local.has_domain ? [var.domain_name] : var.domain_names
  https      = local.has_domain || var.certificate_arn != null

  # The listener waits until the certificate is issued.
  certificate_arn = local.has_domain ? one(aws_acm_certificate_validation.main[*].certificate_arn) : var.certificate_arn
}

data "aws_route53_zone" "main" {
  count = local.has_domain ? 1 : 0

  zone_id = var.hosted_zone_id
}

resource "aws_acm_certificate" "main" {
  count = local.has_domain ? 1 : 0

  domain_name       = var.domain_name
  validation_method = "DNS"

  tags = { Name = local.name }

  lifecycle {
    # A listener must not lose its certificate before it has the next one.
    create_before_destroy = true

    precondition {
      condition     = endswith(".${var.domain_name}", ".${trimsuffix(data.aws_route53_zone.main[0].name, ".")}")
      error_message = "domain_name (${var.domain_name}) must be in the zone of hosted_zone_id, which is ${data.aws_route53_zone.main[0].name}."
    }
    precondition {
      condition     = !coalesce(data.aws_route53_zone.main[0].private_zone, false)
      error_message = "hosted_zone_id must be a public zone: nobody else can see the records of a private one, ACM included."
    }
  }
}

# AWS renews the certificate as long as this record stays.
resource "aws_route53_record" "validation" {
  count = local.has_domain ? 1 : 0

  zone_id = var.hosted_zone_id
  name    = one(aws_acm_certificate.main[0].domain_validation_options).resource_record_name
  type    = one(aws_acm_certificate.main[0].domain_validation_options).resource_record_type
  records = [one(aws_acm_certificate.main[0].domain_validation_options).resource_record_value]
  ttl     = 300
}

resource "aws_acm_certificate_validation" "main" {
  count = local.has_domain ? 1 : 0

  certificate_arn         = aws_acm_certificate.main[0].arn
  validation_record_fqdns = [aws_route53_record.validation[0].fqdn]
}

# No AAAA record: the load balancer has IPv4 addresses only.
resource "aws_route53_record" "service" {
  count = local.has_domain ? 1 : 0

  zone_id = var.hosted_zone_id
  name    = var.domain_name
  type    = "A"

  alias {
    name    = aws_lb.main.dns_name
    zone_id = aws_lb.main.zone_id
    # There is no other record to fall back to.
    evaluate_target_health = false
  }
}
