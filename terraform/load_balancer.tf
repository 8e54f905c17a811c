resource "aws_lb" "main" {
  #checkov:skip=CKV_AWS_91:Access logs are access_logs (off in dev); the service logs its requests itself.
  #checkov:skip=CKV_AWS_150:Deletion protection is deletion_protection (on in prod); dev must be destroyable.
  #checkov:skip=CKV2_AWS_28:The web ACL is enable_waf (off in dev); it would cost more there than the load balancer.
  #checkov:skip=CKV2_AWS_76:enable_waf adds AWSManagedRulesKnownBadInputsRuleSet in a dynamic block, which checkov does not read.
  #checkov:skip=CKV2_AWS_20:HTTP redirects to HTTPS when certificate_arn or domain_name is set.
  name                       = local.name
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = [for subnet in aws_subnet.public : subnet.id]
  security_groups            = [aws_security_group.alb.id]
  idle_timeout               = var.alb_idle_timeout
  drop_invalid_header_fields = true
  enable_deletion_protection = var.deletion_protection

  dynamic "access_logs" {
    for_each = aws_s3_bucket_policy.access_logs

    content {
      enabled = true
      bucket  = access_logs.value.bucket
      prefix  = "alb"
    }
  }

  lifecycle {
    precondition {
      condition     = var.gunicorn_keepalive > var.alb_idle_timeout
      error_message = "gunicorn_keepalive (${var.gunicorn_keepalive} s) must exceed alb_idle_timeout (${var.alb_idle_timeout} s): otherwise a task may close a connection that the load balancer is about to use, and clients get 502."
    }
    precondition {
      condition     = local.request_budget < var.alb_idle_timeout
      error_message = "gunicorn_queue_timeout + gunicorn_request_timeout (${local.request_budget} s) must be below alb_idle_timeout (${var.alb_idle_timeout} s): otherwise a request goes on after its client got 504."
    }
  }

  # AWS refuses to create a public load balancer before the internet gateway, and to detach the gateway before it.
  depends_on = [aws_internet_gateway.main]
}

resource "aws_lb_target_group" "api" {
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer; only its security group can reach the tasks.
  name                          = "${local.name}-api"
  target_type                   = "ip"
  port                          = local.api_port
  protocol                      = "HTTP"
  vpc_id                        = aws_vpc.main.id
  deregistration_delay          = var.deregistration_delay
  load_balancing_algorithm_type = "least_outstanding_requests"

  health_check {
    path                = "/health"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }

  lifecycle {
    precondition {
      condition     = local.request_budget < var.deregistration_delay
      error_message = "gunicorn_queue_timeout + gunicorn_request_timeout (${local.request_budget} s) must be below deregistration_delay (${var.deregistration_delay} s): otherwise each roll-out interrupts the slowest requests."
    }
    precondition {
      condition     = var.deregistration_delay < var.stop_timeout
      error_message = "deregistration_delay (${var.deregistration_delay} s) must be below stop_timeout (${var.stop_timeout} s): otherwise a task is killed while the load balancer still sends it requests."
    }
  }
}

resource "aws_lb_listener" "http" {
  #checkov:skip=CKV_AWS_2:This listener forwards plain HTTP only without certificate_arn and domain_name.
  #checkov:skip=CKV_AWS_103:This listener has no TLS; the HTTPS listener has.
  load_balancer_arn = aws_lb.main.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = local.https ? "redirect" : "forward"
    target_group_arn = local.https ? null : aws_lb_target_group.api.arn

    dynamic "redirect" {
      for_each = local.https ? [1] : []

      content {
        protocol    = "HTTPS"
        port        = "443"
        status_code = "HTTP_301"
      }
    }
  }
}

resource "aws_lb_listener" "https" {
  count = local.https ? 1 : 0

  load_balancer_arn = aws_lb.main.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = var.ssl_policy
  certificate_arn   = local.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.api.arn
  }

  lifecycle {
    precondition {
      condition     = length(local.domains) > 0
      error_message = "certificate_arn needs domain_names: no certificate is for the load balancer's own name, and the service answers 400 to a host that it does not know."
    }
  }
}
