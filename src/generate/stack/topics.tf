# --- who is told ---

# CloudWatch may not use the key of SNS itself, so the topics have one of their own.
resource "aws_kms_key" "topics" {
  description         = "Topics of the firewalls' alarms"
  enable_key_rotation = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
      },
    ]
  })
}

resource "aws_sns_topic" "alarms" {
  name              = "${var.name}-alarms"
  kms_master_key_id = aws_kms_key.topics.arn
}

resource "aws_sns_topic" "pages" {
  name              = "${var.name}-pages"
  kms_master_key_id = aws_kms_key.topics.arn
}

resource "aws_sns_topic_subscription" "alarms" {
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_sns_topic_subscription" "pages" {
  topic_arn = aws_sns_topic.pages.arn
  protocol  = "email"
  endpoint  = var.page_email == "" ? var.alarm_email : var.page_email
}

resource "aws_sns_topic_policy" "topics" {
  for_each = { alarms = aws_sns_topic.alarms.arn, pages = aws_sns_topic.pages.arn }
  arn      = each.value
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Alarms"
      Effect    = "Allow"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Action    = "sns:Publish"
      Resource  = each.value
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

locals {
  fwmetrics_topics      = [aws_sns_topic.alarms.arn]
  fwmetrics_page_topics = [aws_sns_topic.pages.arn]
}

output "alarm_topic_arn" {
  value = aws_sns_topic.alarms.arn
}

output "page_topic_arn" {
  value = aws_sns_topic.pages.arn
}
