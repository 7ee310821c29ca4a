# A poller that watches a pair of PAN-OS firewalls, which are there already, with fwmetrics.
# Made by `fwmetrics generate pair --format terraform`; deploy/README.md tells of each value.
@@common@@

variable "name" {
  description = "Of the poller: group, role and topics have it."
  type        = string
  default     = "fwmetrics-pair"
  validation {
    condition     = can(regex("^[A-Za-z]([A-Za-z0-9-]{0,22}[A-Za-z0-9])?$", var.name))
    error_message = "At most 24 letters, digits and hyphens, no hyphen last."
  }
}

variable "vpc_id" {
  description = "Where the poller stands."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets with a way to the firewalls' management addresses, the AWS APIs and package_url; two zones, if possible."
  type        = list(string)
}

variable "instance_id_a" {
  description = "The first member."
  type        = string
  validation {
    condition     = can(regex("^i-[0-9a-f]+$", var.instance_id_a))
    error_message = "It has to match ^i-[0-9a-f]+$."
  }
}

variable "address_a" {
  description = "Its management address; port 443."
  type        = string
  validation {
    condition     = can(regex("^([0-9A-Za-z.-]+|\\[[0-9A-Fa-f:]+\\])$", var.address_a))
    error_message = "It has to match ^([0-9A-Za-z.-]+|\\[[0-9A-Fa-f:]+\\])$."
  }
}

variable "certificate_a" {
  description = "SHA-256 of its certificate, hex; openssl x509 -noout -fingerprint -sha256 shows it."
  type        = string
  validation {
    condition     = can(regex("^([0-9A-Fa-f]{2}:?){32}$", var.certificate_a))
    error_message = "It has to match ^([0-9A-Fa-f]{2}:?){32}$."
  }
}

variable "api_key_secret_a" {
  description = "ARN of the secret in Secrets Manager whose text is its API key."
  type        = string
  validation {
    condition     = can(regex("^arn:[a-z-]+:secretsmanager:[0-9A-Za-z/_+=.@:-]+$", var.api_key_secret_a))
    error_message = "It has to match ^arn:[a-z-]+:secretsmanager:[0-9A-Za-z/_+=.@:-]+$."
  }
}

variable "instance_id_b" {
  description = "The second member."
  type        = string
  validation {
    condition     = can(regex("^i-[0-9a-f]+$", var.instance_id_b))
    error_message = "It has to match ^i-[0-9a-f]+$."
  }
}

variable "address_b" {
  description = "Its management address; port 443."
  type        = string
  validation {
    condition     = can(regex("^([0-9A-Za-z.-]+|\\[[0-9A-Fa-f:]+\\])$", var.address_b))
    error_message = "It has to match ^([0-9A-Za-z.-]+|\\[[0-9A-Fa-f:]+\\])$."
  }
}

variable "certificate_b" {
  description = "SHA-256 of its certificate, hex; openssl x509 -noout -fingerprint -sha256 shows it."
  type        = string
  validation {
    condition     = can(regex("^([0-9A-Fa-f]{2}:?){32}$", var.certificate_b))
    error_message = "It has to match ^([0-9A-Fa-f]{2}:?){32}$."
  }
}

variable "api_key_secret_b" {
  description = "ARN of the secret in Secrets Manager whose text is its API key."
  type        = string
  validation {
    condition     = can(regex("^arn:[a-z-]+:secretsmanager:[0-9A-Za-z/_+=.@:-]+$", var.api_key_secret_b))
    error_message = "It has to match ^arn:[a-z-]+:secretsmanager:[0-9A-Za-z/_+=.@:-]+$."
  }
}

variable "ha_group" {
  description = "The pair's name in metrics and alarms; another pair needs another."
  type        = string
  default     = "edge-pair"
  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.ha_group))
    error_message = "At most 64 letters, digits, underscores and hyphens."
  }
}

variable "tunnel1" {
  description = "An IPsec tunnel that has to be up, as the firewalls name it; empty for none."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^[A-Za-z0-9._:-]{0,63}$", var.tunnel1))
    error_message = "It has to match ^[A-Za-z0-9._:-]{0,63}$."
  }
}

variable "tunnel2" {
  description = "Another."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^[A-Za-z0-9._:-]{0,63}$", var.tunnel2))
    error_message = "It has to match ^[A-Za-z0-9._:-]{0,63}$."
  }
}

variable "secrets_key_arn" {
  description = "The KMS key of the secrets, where it is not the account's aws/secretsmanager."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^(arn:\\S+)?$", var.secrets_key_arn))
    error_message = "It has to match ^(arn:\\S+)?$."
  }
}

# --- who the poller is ---

resource "aws_iam_role" "poller" {
  name_prefix = "${var.name}-"
  description = "What fwmetrics and the boot of its poller may do."
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "poller" {
  name = "fwmetrics"
  role = aws_iam_role.poller.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid       = "Publish"
        Effect    = "Allow"
        Action    = ["cloudwatch:PutMetricData"]
        Resource  = ["*"]
        Condition = { StringEquals = { "cloudwatch:namespace" = "Firewall/fwmetrics" } }
      },
    ], [for statement in [
        { Action = "secretsmanager:GetSecretValue", Resource = [var.api_key_secret_a, var.api_key_secret_b] },
        {
          Action    = "kms:Decrypt"
          Resource  = compact([var.secrets_key_arn])
          Condition = { StringEquals = { "kms:EncryptionContext:SecretARN" = [var.api_key_secret_a, var.api_key_secret_b] } }
        },
        { Action = "s3:GetObject", Resource = [for url in [var.package_url] : "arn:${data.aws_partition.current.partition}:s3:::${trimprefix(url, "s3://")}" if startswith(url, "s3://")] },
    ] : merge(statement, { Effect = "Allow" }) if length(statement.Resource) > 0])
  })
}

resource "aws_iam_instance_profile" "poller" {
  name_prefix = "${var.name}-"
  role        = aws_iam_role.poller.name
}

resource "aws_security_group" "poller" {
  name_prefix = "${var.name}-"
  description = "Poller of a firewall pair; nothing comes in"
  vpc_id      = var.vpc_id

  egress {
    description = "The firewalls, AWS APIs and the package"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_launch_template" "poller" {
  name_prefix            = "${var.name}-"
  image_id               = var.image_id
  instance_type          = var.instance_type
  vpc_security_group_ids = [aws_security_group.poller.id]

  iam_instance_profile {
    arn = aws_iam_instance_profile.poller.arn
  }

  # Tags in the metadata tell fwmetrics its Auto Scaling group.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "enabled"
  }

  block_device_mappings {
    device_name = var.root_device_name
    ebs {
      volume_type           = "gp3"
      encrypted             = true
      delete_on_termination = true
    }
  }

  user_data = base64encode(<<-SCRIPT
    #!/bin/bash
    package_url='${var.package_url}'
    package_sha256='${var.package_sha256}'
    secret_a='${var.api_key_secret_a}'
    secret_b='${var.api_key_secret_b}'
    stack=''
    region='${data.aws_region.current.id}'
    @@script@@
  SCRIPT
  )
}

# A group of one: a poller that dies is made anew, in the other zone if need be.
resource "aws_autoscaling_group" "poller" {
  name                = var.name
  vpc_zone_identifier = var.subnet_ids
  min_size            = 1
  max_size            = 1
  metrics_granularity = "1Minute"
  enabled_metrics     = ["GroupDesiredCapacity", "GroupInServiceInstances"]

  launch_template {
    id      = aws_launch_template.poller.id
    version = aws_launch_template.poller.latest_version
  }

  # The old one goes first: two would count everything twice.
  instance_refresh {
    strategy = "Rolling"
    preferences {
      min_healthy_percentage = 0
    }
  }

  tag {
    key                 = "Name"
    value               = var.name
    propagate_at_launch = true
  }

  depends_on = [aws_iam_role_policy.poller]

  lifecycle {
    precondition {
      condition     = var.tunnel1 == "" || var.tunnel1 != var.tunnel2
      error_message = "tunnel1 and tunnel2 are two, or one is empty."
    }
  }
}

@@topics@@

# --- what fwmetrics made of its configuration ---

@@resources@@
