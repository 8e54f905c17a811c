output "state_bucket" {
  description = "Name of the state bucket, for backend.tf and the variable state_bucket."
  value       = aws_s3_bucket.state.bucket
}
