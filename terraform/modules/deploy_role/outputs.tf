output "role_arn" {
  description = "ARN of the role."
  value       = aws_iam_role.deploy.arn
}

output "trust_policy" {
  description = "Who may take the role, as JSON."
  value       = aws_iam_role.deploy.assume_role_policy
}

output "policies" {
  description = "What the role may do, as JSON, by the last part of the policies' names."
  value       = local.policies
}

output "state_arn" {
  description = "ARN of the environment's state in S3."
  value       = local.state_arn
}
