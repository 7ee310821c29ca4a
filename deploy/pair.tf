# A poller that watches a pair of PAN-OS firewalls, which are there already, with fwmetrics.
# Made by `fwmetrics generate pair --format terraform`; deploy/README.md tells of each value.
terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.50"
    }
  }
}

variable "image_id" {
  description = "An AMI, or resolve:ssm:NAME of a parameter that holds one. It needs systemd, bash, curl, tar, gzip and the AWS CLI."
  type        = string
  default     = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
  validation {
    condition     = can(regex("^(ami-[0-9a-f]+|resolve:ssm:\\S+)$", var.image_id))
    error_message = "It has to match ^(ami-[0-9a-f]+|resolve:ssm:\\S+)$."
  }
}

variable "root_device_name" {
  description = "That AMI's root device; Ubuntu's is /dev/sda1."
  type        = string
  default     = "/dev/xvda"
}

variable "instance_type" {
  description = "Of the architecture of image_id and package_url."
  type        = string
  default     = "t4g.micro"
}

variable "package_url" {
  description = "The release tarball of fwmetrics, fwmetrics-VERSION-ARCHITECTURE.tar.gz; https:// or s3://BUCKET/KEY."
  type        = string
  validation {
    condition     = can(regex("^(https|s3)://[!-&(-~]+$", var.package_url))
    error_message = "It has to match ^(https|s3)://[!-&(-~]+$."
  }
}

variable "package_sha256" {
  description = "Its checksum, from the release's SHA256SUMS. Another file is not unpacked."
  type        = string
  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.package_sha256))
    error_message = "64 hexadecimal digits."
  }
}

variable "alarm_email" {
  description = "Is told of alarms, once it has confirmed the subscription."
  type        = string
  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+$", var.alarm_email))
    error_message = "It has to match ^[^@\\s]+@[^@\\s]+$."
  }
}

variable "page_email" {
  description = "Is told of those that should wake somebody; empty, alarm_email is."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([^@\\s]+@[^@\\s]+)?$", var.page_email))
    error_message = "It has to match ^([^@\\s]+@[^@\\s]+)?$."
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

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
    set -euo pipefail
    export AWS_DEFAULT_REGION=$region

    # Not in /tmp: hardened images mount it noexec.
    work=/usr/local/fwmetrics-boot

    # The stack waits to be told, and rolls back a poller that does not come up.
    finish() {
      local code=$? status=FAILURE
      [ "$code" != 0 ] || status=SUCCESS
      [ -z "$stack" ] || aws cloudformation signal-resource --stack-name "$stack" \
        --logical-resource-id Poller --unique-id "$(cat /var/lib/cloud/data/instance-id)" --status "$status" || true
      rm -rf "$work"
    }
    trap finish EXIT

    mkdir -p "$work/fwmetrics"
    chmod 700 "$work"
    case $package_url in
      s3://*) aws s3 cp --only-show-errors "$package_url" "$work/package" ;;
      *) curl -sSfL --retry 5 -o "$work/package" "$package_url" ;;
    esac
    # Nothing of it is used before its checksum is right.
    echo "$package_sha256  $work/package" | sha256sum -c --quiet -

    mkdir -p /etc/fwmetrics
    # A tunnel without a name is none.
    grep -vx '  "",' >/etc/fwmetrics/fwmetrics.toml <<'TOML'
    # The two members of the pair. Their keys are fetched at boot.
    [[collectors.panos.firewall]]
    name = "${var.ha_group}-a"
    address = "${var.address_a}"
    api_key_file = "/etc/fwmetrics/keys/fw-a.key"
    tls_sha256 = ["${var.certificate_a}"]
    instance_id = "${var.instance_id_a}"
    ha_group = "${var.ha_group}"
    expect_tunnels = [
      "${var.tunnel1}",
      "${var.tunnel2}",
    ]

    [[collectors.panos.firewall]]
    name = "${var.ha_group}-b"
    address = "${var.address_b}"
    api_key_file = "/etc/fwmetrics/keys/fw-b.key"
    tls_sha256 = ["${var.certificate_b}"]
    instance_id = "${var.instance_id_b}"
    ha_group = "${var.ha_group}"
    expect_tunnels = [
      "${var.tunnel1}",
      "${var.tunnel2}",
    ]
    TOML
    tar -xzf "$work/package" -C "$work/fwmetrics" --strip-components 1 --no-same-owner
    "$work/fwmetrics/install.sh"

    # To be run again after a key was changed; fwmetrics reads the files in each pass.
    cat >/usr/local/sbin/fwmetrics-keys <<KEYS
    #!/bin/bash
    set -euo pipefail
    umask 077
    key() {
      aws secretsmanager get-secret-value --region '$region' --secret-id "\$2" \
        --query SecretString --output text >"/etc/fwmetrics/keys/\$1.new"
      chown fwmetrics:fwmetrics "/etc/fwmetrics/keys/\$1.new"
      mv "/etc/fwmetrics/keys/\$1.new" "/etc/fwmetrics/keys/\$1.key"
    }
    key fw-a '$secret_a'
    key fw-b '$secret_b'
    KEYS
    chmod 755 /usr/local/sbin/fwmetrics-keys
    install -d -m 700 -o fwmetrics -g fwmetrics /etc/fwmetrics/keys
    /usr/local/sbin/fwmetrics-keys
    systemctl enable --now fwmetrics
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

# --- what fwmetrics made of its configuration ---


resource "aws_cloudwatch_metric_alarm" "a1b_silent_ha_group_a_x26163e63" {
  alarm_name          = "fwmetrics-${var.ha_group}-a-A1b-silent"
  alarm_description   = "No heartbeat of fwmetrics for this firewall in three minutes: the machine that runs it is down, fwmetrics is stopped, or its way to CloudWatch is cut. Every other alarm of this firewall is blind meanwhile. systemctl status fwmetrics and its log name the reason; then the instance, its role and the route or VPC endpoint to CloudWatch."
  comparison_operator = "LessThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    InstanceId = var.instance_id_a
  }
  evaluation_periods = 3
  metric_name        = "ExporterHeartbeat"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "SampleCount"
  threshold          = 1
  treat_missing_data = "breaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a1b_silent_ha_group_b_xbf1f6fd9" {
  alarm_name          = "fwmetrics-${var.ha_group}-b-A1b-silent"
  alarm_description   = "No heartbeat of fwmetrics for this firewall in three minutes: the machine that runs it is down, fwmetrics is stopped, or its way to CloudWatch is cut. Every other alarm of this firewall is blind meanwhile. systemctl status fwmetrics and its log name the reason; then the instance, its role and the route or VPC endpoint to CloudWatch."
  comparison_operator = "LessThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    InstanceId = var.instance_id_b
  }
  evaluation_periods = 3
  metric_name        = "ExporterHeartbeat"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "SampleCount"
  threshold          = 1
  treat_missing_data = "breaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a10_pair_tunnel_down_tunnel1_ha_group_x7c035ddc" {
  count               = var.tunnel1 != "" ? 1 : 0
  alarm_name          = "fwmetrics-${var.ha_group}-A10-pair-tunnel-down-${var.tunnel1}"
  alarm_description   = "An expected tunnel is down, or nothing was heard of it, for three minutes (longer than a rekey or a dead-peer check takes). Down and configured: look at the peer and the IKE or handshake log, at UDP 500, 4500 or the tunnel's port, at proposals and keys that changed. Not configured: the name in expect or expect_tunnels is not the one that the firewall lists (of PAN-OS tunnels with proxy ids the name is TUNNEL:PROXY-ID). Nothing heard: fwmetrics or the firewall is silent."
  comparison_operator = "LessThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    HaGroup = var.ha_group
    Tunnel  = var.tunnel1
  }
  evaluation_periods = 3
  metric_name        = "TunnelState"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Minimum"
  threshold          = 1
  treat_missing_data = "breaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a10_pair_tunnel_down_tunnel2_ha_group_x0b9d8f2c" {
  count               = var.tunnel2 != "" ? 1 : 0
  alarm_name          = "fwmetrics-${var.ha_group}-A10-pair-tunnel-down-${var.tunnel2}"
  alarm_description   = "An expected tunnel is down, or nothing was heard of it, for three minutes (longer than a rekey or a dead-peer check takes). Down and configured: look at the peer and the IKE or handshake log, at UDP 500, 4500 or the tunnel's port, at proposals and keys that changed. Not configured: the name in expect or expect_tunnels is not the one that the firewall lists (of PAN-OS tunnels with proxy ids the name is TUNNEL:PROXY-ID). Nothing heard: fwmetrics or the firewall is silent."
  comparison_operator = "LessThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    HaGroup = var.ha_group
    Tunnel  = var.tunnel2
  }
  evaluation_periods = 3
  metric_name        = "TunnelState"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Minimum"
  threshold          = 1
  treat_missing_data = "breaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a12_bgp_peers_down_ha_group_a_x785ffd21" {
  alarm_name          = "fwmetrics-${var.ha_group}-a-A12-bgp-peers-down"
  alarm_description   = "This firewall has more than 0 BGP peers that should be up and are not, for three minutes: a tunnel may be up and carry no route. Look at the peer's state and last error (show bgp summary, birdc show protocols all), hold time, MD5 key, and the tunnel below."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    InstanceId = var.instance_id_a
  }
  evaluation_periods = 3
  metric_name        = "BgpPeersDown"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Maximum"
  threshold          = 0
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a12_bgp_peers_down_ha_group_b_xe156ac9b" {
  alarm_name          = "fwmetrics-${var.ha_group}-b-A12-bgp-peers-down"
  alarm_description   = "This firewall has more than 0 BGP peers that should be up and are not, for three minutes: a tunnel may be up and carry no route. Look at the peer's state and last error (show bgp summary, birdc show protocols all), hold time, MD5 key, and the tunnel below."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    InstanceId = var.instance_id_b
  }
  evaluation_periods = 3
  metric_name        = "BgpPeersDown"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Maximum"
  threshold          = 0
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a13_nobody_active_ha_group_x3c708f38" {
  alarm_name          = "fwmetrics-${var.ha_group}-A13-nobody-active"
  alarm_description   = "No member of the pair has said for three minutes that it is active: nobody may be forwarding. Log in to both: show high-availability state on PAN-OS, the keepalived log on Linux. Suspended or non-functional members name the reason (a monitored path or interface, a failed commit, a licence). If one is active after all, it is fwmetrics on it, or its poller, that is silent."
  comparison_operator = "LessThanThreshold"
  datapoints_to_alarm = 4
  evaluation_periods  = 4
  threshold           = 1
  treat_missing_data  = "breaching"

  metric_query {
    id          = "a"
    return_data = false

    metric {
      dimensions = {
        InstanceId = var.instance_id_a
      }
      metric_name = "HaActive"
      namespace   = "Firewall/fwmetrics"
      period      = 60
      stat        = "Maximum"
    }
  }

  metric_query {
    id          = "b"
    return_data = false

    metric {
      dimensions = {
        InstanceId = var.instance_id_b
      }
      metric_name = "HaActive"
      namespace   = "Firewall/fwmetrics"
      period      = 60
      stat        = "Maximum"
    }
  }

  metric_query {
    id          = "result"
    expression  = "(FILL(a, 0) + FILL(b, 0))"
    return_data = true
  }
  alarm_actions = local.fwmetrics_page_topics
  ok_actions    = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a13_both_active_ha_group_x6fe18b6d" {
  alarm_name          = "fwmetrics-${var.ha_group}-A13-both-active"
  alarm_description   = "Both members of the pair say that they are active: split brain. Both claim addresses and routes, and sessions break. Restore the link between them (HA1 and its backup, VRRP adverts: protocol 112 or the unicast peers in the security group); until then suspend one member. A failover counts in one minute only and does not raise this."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 3
  evaluation_periods  = 3
  threshold           = 1
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "a"
    return_data = false

    metric {
      dimensions = {
        InstanceId = var.instance_id_a
      }
      metric_name = "HaActive"
      namespace   = "Firewall/fwmetrics"
      period      = 60
      stat        = "Maximum"
    }
  }

  metric_query {
    id          = "b"
    return_data = false

    metric {
      dimensions = {
        InstanceId = var.instance_id_b
      }
      metric_name = "HaActive"
      namespace   = "Firewall/fwmetrics"
      period      = 60
      stat        = "Maximum"
    }
  }

  metric_query {
    id          = "result"
    expression  = "(a + b)"
    return_data = true
  }
  alarm_actions = local.fwmetrics_page_topics
  ok_actions    = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a14_collector_panos_ha_group_a_x8089b642" {
  alarm_name          = "fwmetrics-${var.ha_group}-a-A14-collector-panos"
  alarm_description   = "A collector of fwmetrics has failed at least once in each of five minutes: its source is there and cannot be read, so its metrics are missing and the alarms on them see nothing. The log (journalctl -u fwmetrics) and `fwmetrics once --only NAME` say why: a permission, a daemon that hangs, a refused key or an unreachable firewall."
  comparison_operator = "LessThanThreshold"
  datapoints_to_alarm = 5
  dimensions = {
    Collector  = "panos"
    InstanceId = var.instance_id_a
  }
  evaluation_periods = 5
  metric_name        = "CollectorUp"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Minimum"
  threshold          = 1
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_topics
  ok_actions         = local.fwmetrics_topics
}

resource "aws_cloudwatch_metric_alarm" "a14_collector_panos_ha_group_b_x1980e7f8" {
  alarm_name          = "fwmetrics-${var.ha_group}-b-A14-collector-panos"
  alarm_description   = "A collector of fwmetrics has failed at least once in each of five minutes: its source is there and cannot be read, so its metrics are missing and the alarms on them see nothing. The log (journalctl -u fwmetrics) and `fwmetrics once --only NAME` say why: a permission, a daemon that hangs, a refused key or an unreachable firewall."
  comparison_operator = "LessThanThreshold"
  datapoints_to_alarm = 5
  dimensions = {
    Collector  = "panos"
    InstanceId = var.instance_id_b
  }
  evaluation_periods = 5
  metric_name        = "CollectorUp"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Minimum"
  threshold          = 1
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_topics
  ok_actions         = local.fwmetrics_topics
}

resource "aws_cloudwatch_dashboard" "firewalls_dashboard" {
  dashboard_body = jsonencode({
    start = "-PT6H"
    widgets = [
      {
        type   = "alarm"
        x      = 0
        y      = 0
        width  = 24
        height = 3
        properties = {
          alarms = flatten([
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${var.ha_group}-a-A1b-silent",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${var.ha_group}-b-A1b-silent",
            var.tunnel1 != "" ? ["arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${var.ha_group}-A10-pair-tunnel-down-${var.tunnel1}"] : [],
            var.tunnel2 != "" ? ["arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${var.ha_group}-A10-pair-tunnel-down-${var.tunnel2}"] : [],
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${var.ha_group}-a-A12-bgp-peers-down",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${var.ha_group}-b-A12-bgp-peers-down",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${var.ha_group}-A13-nobody-active",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${var.ha_group}-A13-both-active",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${var.ha_group}-a-A14-collector-panos",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${var.ha_group}-b-A14-collector-panos",
          ])
          sortBy = "stateUpdatedTimestamp"
          title  = "Alarms"
        }
      },
      {
        type   = "text"
        x      = 0
        y      = 3
        width  = 24
        height = 1
        properties = {
          markdown = "## Each firewall"
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 4
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"CapacityUtilization\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Capacity in use"
          yAxis = {
            left = {
              max = 100
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 4
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"DataplaneCpuUtilization\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Dataplane"
          yAxis = {
            left = {
              max = 100
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 4
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"DataplaneCpuMaxCore\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Hottest core"
          yAxis = {
            left = {
              max = 100
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 10
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"SessionTableUtilization\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Session table"
          yAxis = {
            left = {
              max = 100
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 10
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"ActiveSessions\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Sessions"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 10
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"NewSessionsPerSecond\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "New sessions a second"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 16
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"ThroughputBitsPerSecond\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Bits a second"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 16
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"PacketsPerSecond\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Packets a second"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 16
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"OnChipDescriptorUtilization\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"PacketBufferUtilization\"', 'Maximum', 60)"
                id         = "e1"
              },
            ],
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"PacketDescriptorUtilization\"', 'Maximum', 60)"
                id         = "e2"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Packet buffers and descriptors"
          yAxis = {
            left = {
              max = 100
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 22
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"ManagementCpuUtilization\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Management plane, and what the hypervisor takes"
          yAxis = {
            left = {
              max = 100
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 22
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"DroppedPackets\"', 'Sum', 60)"
                id         = "e0"
              },
            ],
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"InterfaceErrors\"', 'Sum', 60)"
                id         = "e1"
              },
            ],
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"RxDrops\"', 'Sum', 60)"
                id         = "e2"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Packets lost"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 22
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"BgpPeersDown\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"TunnelsDown\"', 'Maximum', 60)"
                id         = "e1"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Tunnels and peers down"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 28
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",HaGroup,Tunnel} MetricName=\"TunnelState\"', 'Minimum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Tunnels: 1 up, 0 down"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 28
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",HaGroup,Tunnel} MetricName=\"TunnelMonitorState\"', 'Minimum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Tunnel monitors: 1 up, 0 down"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 28
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"HaActive\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Pairs: 1 active, 0 passive"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 34
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"HaConfigInSync\"', 'Minimum', 60)"
                id         = "e0"
              },
            ],
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"HaPeerUp\"', 'Minimum', 60)"
                id         = "e1"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Pairs: peer up, configuration in sync"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 8
        y      = 34
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId,Link} MetricName=\"HaLinkState\"', 'Minimum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Pairs: links, 1 up, 0 down"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 16
        y      = 34
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId,Collector} MetricName=\"CollectorUp\"', 'Minimum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Collectors: 1 works, 0 failed"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 40
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"ExporterHeartbeat\"', 'SampleCount', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Exporter heartbeats a minute"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
    ]
  })
  dashboard_name = "fwmetrics-${var.ha_group}"
}
