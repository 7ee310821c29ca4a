# A fleet of Linux firewalls behind a Gateway Load Balancer, watched and scaled by fwmetrics.
# Made by `fwmetrics generate fleet --format terraform`; deploy/README.md tells of each value.
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
  default     = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
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
  default     = "c6in.large"
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
  description = "Of the fleet: group, load balancer, role and topics have it."
  type        = string
  default     = "fwmetrics-fleet"
  validation {
    condition     = can(regex("^[A-Za-z]([A-Za-z0-9-]{0,22}[A-Za-z0-9])?$", var.name))
    error_message = "At most 24 letters, digits and hyphens, no hyphen last."
  }
}

variable "vpc_id" {
  description = "Where the firewalls stand."
  type        = string
}

variable "vpc_cidr" {
  description = "Its addresses; the load balancer sends and asks from there."
  type        = string
  validation {
    condition     = can(regex("^[0-9.]+/[0-9]+$", var.vpc_cidr))
    error_message = "It has to match ^[0-9.]+/[0-9]+$."
  }
}

variable "subnet_ids" {
  description = "One subnet in each Availability Zone, two or more, with a way to the AWS APIs and to package_url."
  type        = list(string)
}

variable "min_size" {
  description = "At least one for each Availability Zone."
  type        = number
  default     = 2
  validation {
    condition     = var.min_size >= 2
    error_message = "A fleet has two firewalls or more."
  }
}

variable "max_size" {
  description = "More than min_size."
  type        = number
  default     = 6
}

variable "script_url" {
  description = "A bash script that makes a firewall of the instance, run as root; empty where the AMI is one."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^((https|s3)://[!-&(-~]+)?$", var.script_url))
    error_message = "It has to match ^((https|s3)://[!-&(-~]+)?$."
  }
}

variable "script_sha256" {
  description = "Its checksum. Another script is not run."
  type        = string
  default     = ""
  validation {
    condition     = can(regex("^([0-9a-f]{64})?$", var.script_sha256))
    error_message = "It has to match ^([0-9a-f]{64})?$."
  }
}

variable "health_check_port" {
  description = "TCP port that the firewall opens once its rules are in force."
  type        = number
  default     = 80
}

variable "deregistration_delay" {
  description = "Seconds that flows of a leaving firewall stay with it; not below the idle time of TCP flows, 350."
  type        = number
  default     = 350
  validation {
    condition     = var.deregistration_delay >= 350 && var.deregistration_delay <= 3600
    error_message = "350 to 3600 seconds."
  }
}

variable "cross_zone" {
  description = "Also send to firewalls in other zones; without it a zone whose firewalls are all gone loses its traffic."
  type        = bool
  default     = true
}

variable "acceptance_required" {
  description = "Endpoints of the service wait until somebody accepts them."
  type        = bool
  default     = true
}

locals {
  region = data.aws_region.current.id
  group  = "arn:${data.aws_partition.current.partition}:autoscaling:${local.region}:${data.aws_caller_identity.current.account_id}:autoScalingGroup:*:autoScalingGroupName/${var.name}"
  in_s3  = [for url in compact([var.package_url, var.script_url]) : "arn:${data.aws_partition.current.partition}:s3:::${trimprefix(url, "s3://")}" if startswith(url, "s3://")]
}

# --- who a firewall is ---

resource "aws_iam_role" "firewall" {
  name_prefix = "${var.name}-"
  description = "What fwmetrics and the boot of a firewall may do."
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy" "firewall" {
  name = "fwmetrics"
  role = aws_iam_role.firewall.id
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
      {
        Sid      = "BootAndDrain"
        Effect   = "Allow"
        Action   = ["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"]
        Resource = [local.group]
      },
    ], [for arn in local.in_s3 : { Effect = "Allow", Action = ["s3:GetObject"], Resource = [arn] }])
  })
}

resource "aws_iam_instance_profile" "firewall" {
  name_prefix = "${var.name}-"
  role        = aws_iam_role.firewall.name
}

resource "aws_security_group" "firewall" {
  name_prefix = "${var.name}-"
  description = "Firewalls behind the Gateway Load Balancer"
  vpc_id      = var.vpc_id

  ingress {
    description = "GENEVE from the load balancer"
    protocol    = "udp"
    from_port   = 6081
    to_port     = 6081
    cidr_blocks = [var.vpc_cidr]
  }

  ingress {
    description = "Its health checks"
    protocol    = "tcp"
    from_port   = var.health_check_port
    to_port     = var.health_check_port
    cidr_blocks = [var.vpc_cidr]
  }

  # A firewall that sends traffic on by itself, and not back to the load balancer, needs more.
  egress {
    description = "GENEVE back to the load balancer"
    protocol    = "udp"
    from_port   = 6081
    to_port     = 6081
    cidr_blocks = [var.vpc_cidr]
  }

  egress {
    description = "AWS APIs and the packages"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_launch_template" "firewall" {
  name_prefix            = "${var.name}-"
  image_id               = var.image_id
  instance_type          = var.instance_type
  vpc_security_group_ids = [aws_security_group.firewall.id]

  iam_instance_profile {
    arn = aws_iam_instance_profile.firewall.arn
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
    script_url='${var.script_url}'
    script_sha256='${var.script_sha256}'
    health_port='${var.health_check_port}'
    group='${var.name}'
    stack=''
    region='${local.region}'
    set -euo pipefail
    export AWS_DEFAULT_REGION=$region

    imds() { curl -sSf --retry 5 --noproxy '*' "$@"; }
    token=$(imds -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' http://169.254.169.254/latest/api/token)
    metadata() { imds -H "X-aws-ec2-metadata-token: $token" "http://169.254.169.254/latest/meta-data/$1"; }
    id=$(metadata instance-id)
    address=$(metadata local-ipv4)

    # Not in /tmp: hardened images mount it noexec.
    work=/usr/local/fwmetrics-boot

    # However this ends, the launch hook and the stack are told: a firewall that is not ready takes no traffic.
    finish() {
      local code=$? result=ABANDON status=FAILURE
      [ "$code" != 0 ] || result=CONTINUE status=SUCCESS
      aws autoscaling complete-lifecycle-action --lifecycle-hook-name fwmetrics-launch \
        --auto-scaling-group-name "$group" --instance-id "$id" --lifecycle-action-result "$result" || true
      [ -z "$stack" ] || aws cloudformation signal-resource --stack-name "$stack" \
        --logical-resource-id Firewalls --unique-id "$id" --status "$status" || true
      rm -rf "$work"
    }
    trap finish EXIT

    # fetch URL SHA256 FILE: nothing of it is used before its checksum is right.
    fetch() {
      case $1 in
        s3://*) aws s3 cp --only-show-errors "$1" "$3" ;;
        *) curl -sSfL --retry 5 -o "$3" "$1" ;;
      esac
      echo "$2  $3" | sha256sum -c --quiet -
    }

    mkdir -p "$work/fwmetrics"
    chmod 700 "$work"
    fetch "$package_url" "$package_sha256" "$work/package"
    if [ -n "$script_url" ]; then
      fetch "$script_url" "$script_sha256" "$work/firewall"
      bash "$work/firewall"
    fi

    mkdir -p /etc/fwmetrics
    cat >/etc/fwmetrics/fwmetrics.toml <<'TOML'
    # A firewall of the fleet: every local source that is there.
    [drain]
    hook_name = "fwmetrics-drain"
    TOML
    tar -xzf "$work/package" -C "$work/fwmetrics" --strip-components 1 --no-same-owner
    "$work/fwmetrics/install.sh" --start

    # Ready is a firewall that answers what the load balancer will ask it.
    answers() {
      for _ in $(seq 100); do
        if (exec 3<>"/dev/tcp/$address/$health_port") 2>/dev/null; then return; fi
        sleep 3
      done
      echo "nothing answers on port $health_port after 300 s" >&2
      return 1
    }
    answers
  SCRIPT
  )
}

# --- how many there are ---

resource "aws_autoscaling_group" "firewalls" {
  name                      = var.name
  vpc_zone_identifier       = var.subnet_ids
  min_size                  = var.min_size
  max_size                  = var.max_size
  target_group_arns         = [aws_lb_target_group.firewalls.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 180
  default_instance_warmup   = 180
  wait_for_capacity_timeout = "20m"
  metrics_granularity       = "1Minute"
  enabled_metrics = [
    "GroupMinSize", "GroupMaxSize", "GroupDesiredCapacity", "GroupInServiceInstances",
    "GroupPendingInstances", "GroupStandbyInstances", "GroupTerminatingInstances", "GroupTotalInstances",
  ]

  launch_template {
    id      = aws_launch_template.firewall.id
    version = aws_launch_template.firewall.latest_version
  }

  # A firewall is replaced by one that is there before it goes; a change of the launch template replaces all.
  instance_maintenance_policy {
    min_healthy_percentage = 100
    max_healthy_percentage = 150
  }

  instance_refresh {
    strategy = "Rolling"
    preferences {
      min_healthy_percentage = 100
      max_healthy_percentage = 150
    }
  }

  initial_lifecycle_hook {
    name                 = "fwmetrics-launch"
    lifecycle_transition = "autoscaling:EC2_INSTANCE_LAUNCHING"
    heartbeat_timeout    = 900
    default_result       = "ABANDON"
  }

  # fwmetrics completes it when the sessions are gone, and sends heartbeats until then.
  initial_lifecycle_hook {
    name                 = "fwmetrics-drain"
    lifecycle_transition = "autoscaling:EC2_INSTANCE_TERMINATING"
    heartbeat_timeout    = 900
    default_result       = "CONTINUE"
  }

  tag {
    key                 = "Name"
    value               = var.name
    propagate_at_launch = true
  }

  # Draining takes its time.
  timeouts {
    delete = "60m"
  }

  depends_on = [aws_iam_role_policy.firewall]

  # A change of the hooks makes the provider replace the group; its name is fixed, so the fleet would go first.
  lifecycle {
    ignore_changes = [initial_lifecycle_hook]

    precondition {
      condition     = var.max_size > var.min_size
      error_message = "max_size has to be more than min_size."
    }

    precondition {
      condition     = var.script_url == "" || var.script_sha256 != ""
      error_message = "script_url needs script_sha256."
    }
  }
}

# --- how traffic comes to them ---

resource "aws_lb" "firewalls" {
  name                             = var.name
  load_balancer_type               = "gateway"
  subnets                          = var.subnet_ids
  enable_cross_zone_load_balancing = var.cross_zone
}

# Flows stick by 5-tuple, the default. The provider has no argument for TCP resets: see the output tcp_reset.
resource "aws_lb_target_group" "firewalls" {
  name                 = var.name
  vpc_id               = var.vpc_id
  protocol             = "GENEVE"
  port                 = 6081
  deregistration_delay = var.deregistration_delay

  health_check {
    protocol            = "TCP"
    port                = var.health_check_port
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  target_failover {
    on_deregistration = "no_rebalance"
    on_unhealthy      = "no_rebalance"
  }
}

resource "aws_lb_listener" "firewalls" {
  load_balancer_arn = aws_lb.firewalls.arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.firewalls.arn
  }
}

resource "aws_vpc_endpoint_service" "firewalls" {
  acceptance_required        = var.acceptance_required
  gateway_load_balancer_arns = [aws_lb.firewalls.arn]
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


resource "aws_cloudwatch_metric_alarm" "a1_reporting_gap_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A1-reporting-gap"
  alarm_description   = "More than 0 firewalls that Auto Scaling has in service did not report for five minutes: fwmetrics is stopped there, the instance hangs, or its way to CloudWatch is cut. The group's averages leave them out, and scaling acts on the rest alone. Compare the instances in service with those that have ExporterHeartbeat by InstanceId; on the missing one systemctl status fwmetrics and its log name the reason. Without data while firewalls run: enable the group's metrics (GroupInServiceInstances)."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 5
  evaluation_periods  = 7
  threshold           = 0
  treat_missing_data  = "missing"

  metric_query {
    id          = "n"
    return_data = false

    metric {
      dimensions = {
        AutoScalingGroupName = aws_autoscaling_group.firewalls.name
      }
      metric_name = "GroupInServiceInstances"
      namespace   = "AWS/AutoScaling"
      period      = 60
      stat        = "Minimum"
    }
  }

  metric_query {
    id          = "beats"
    return_data = false

    metric {
      dimensions = {
        AutoScalingGroupName = aws_autoscaling_group.firewalls.name
      }
      metric_name = "ExporterHeartbeat"
      namespace   = "Firewall/fwmetrics"
      period      = 60
      stat        = "SampleCount"
    }
  }

  metric_query {
    id          = "result"
    expression  = "IF(n > 0, (n - FILL(beats, 0)), 0)"
    return_data = true
  }
  alarm_actions = local.fwmetrics_page_topics
  ok_actions    = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a2_hot_firewall_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A2-hot-firewall"
  alarm_description   = "In each of five minutes a firewall of the group had its dataplane at 90 % or more, for one reading at the least; when it is full it drops packets, whatever the group's average says. Load balancers keep flows where they are, so new firewalls take new flows only. Find the firewall on the dashboard (DataplaneCpuUtilization by InstanceId): one hot core (DataplaneCpuMaxCore) is one elephant flow, all cores are too many clients on one target, short peaks are bursts or other work on its cores. If the whole group is hot, raise its size."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  datapoints_to_alarm = 5
  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.firewalls.name
  }
  evaluation_periods = 5
  metric_name        = "DataplaneCpuUtilization"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Maximum"
  threshold          = 90
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a3_session_table_high_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A3-session-table-high"
  alarm_description   = "A firewall's session table is 80 % full or more. When it is full, new flows fail. Look for a scan or a flood (NewSessionsPerSecond, top talkers), then for time-outs that are too long; raise nf_conntrack_max or choose a larger model; more firewalls help new flows only."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.firewalls.name
  }
  evaluation_periods = 5
  metric_name        = "SessionTableUtilization"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Maximum"
  threshold          = 80
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_topics
  ok_actions         = local.fwmetrics_topics
}

resource "aws_cloudwatch_metric_alarm" "a3_session_table_full_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A3-session-table-full"
  alarm_description   = "A firewall's session table is 95 % full or more: new flows fail now or in minutes. Add firewalls, clear sessions of the flooding source, shorten time-outs; on Linux nf_conntrack_max can be raised at once."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.firewalls.name
  }
  evaluation_periods = 5
  metric_name        = "SessionTableUtilization"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Maximum"
  threshold          = 95
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a5_bandwidth_in_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A5-bandwidth-in"
  alarm_description   = "EC2 queued or dropped inbound packets because a firewall was over its instance's bandwidth in three of five minutes (more than 0 packets a minute in the whole group). On small sizes the burst credits are used up. Move to a size with more network, or add firewalls."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.firewalls.name
  }
  evaluation_periods = 5
  metric_name        = "BwInAllowanceExceeded"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Sum"
  threshold          = 0
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_topics
  ok_actions         = local.fwmetrics_topics
}

resource "aws_cloudwatch_metric_alarm" "a5_bandwidth_out_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A5-bandwidth-out"
  alarm_description   = "EC2 queued or dropped outbound packets because a firewall was over its instance's bandwidth in three of five minutes (more than 0 packets a minute in the whole group). On small sizes the burst credits are used up. Move to a size with more network, or add firewalls."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.firewalls.name
  }
  evaluation_periods = 5
  metric_name        = "BwOutAllowanceExceeded"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Sum"
  threshold          = 0
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_topics
  ok_actions         = local.fwmetrics_topics
}

resource "aws_cloudwatch_metric_alarm" "a5_packet_rate_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A5-packet-rate"
  alarm_description   = "EC2 queued or dropped packets because a firewall was over its instance's packets per second in three of five minutes (more than 0 packets a minute in the whole group): many small packets, often DNS, VoIP or a flood. Move to a larger size, or add firewalls."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.firewalls.name
  }
  evaluation_periods = 5
  metric_name        = "PpsAllowanceExceeded"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Sum"
  threshold          = 0
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_topics
  ok_actions         = local.fwmetrics_topics
}

resource "aws_cloudwatch_metric_alarm" "a6_ec2_conntrack_drops_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A6-ec2-conntrack-drops"
  alarm_description   = "EC2's own connection tracking for a firewall's instance is full and dropped packets (more than 0 in a minute in the whole group): each is a connection that could not be made, and the firewall sees nothing of it. Make the security group untracked (allow all traffic both ways) on the data interfaces, shorten the interface's idle time-outs, or take a larger size."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 1
  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.firewalls.name
  }
  evaluation_periods = 1
  metric_name        = "ConntrackAllowanceExceeded"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Sum"
  threshold          = 0
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a7_ec2_conntrack_headroom_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A7-ec2-conntrack-headroom"
  alarm_description   = "EC2's own connection tracking for a firewall's instance is 80 % used or more; at 100 % new connections are dropped. Make the security group untracked on the data interfaces, shorten idle time-outs, or take a larger size before that."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.firewalls.name
  }
  evaluation_periods = 3
  metric_name        = "ConntrackAllowanceUtilization"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Maximum"
  threshold          = 80
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_topics
  ok_actions         = local.fwmetrics_topics
}

resource "aws_cloudwatch_metric_alarm" "a8_link_local_drops_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A8-link-local-drops"
  alarm_description   = "EC2 dropped packets of a firewall to the VPC's DNS, the metadata or the time service (1024 a second and interface), more than 0 in five minutes in the whole group. Rules that use names may go stale. Cache DNS on the firewall, and look for what asks so often."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 2
  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.firewalls.name
  }
  evaluation_periods = 3
  metric_name        = "LinkLocalAllowanceExceeded"
  namespace          = "Firewall/fwmetrics"
  period             = 300
  statistic          = "Sum"
  threshold          = 0
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_topics
  ok_actions         = local.fwmetrics_topics
}

resource "aws_cloudwatch_metric_alarm" "a9_session_failures_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A9-session-failures"
  alarm_description   = "A firewall could not make sessions, or evicted others early to make them (more than 0 in a minute in the whole group): clients see connections fail. Its table is full or was for a moment: compare SessionTableUtilization, find the source that opens so many, raise nf_conntrack_max."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 2
  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.firewalls.name
  }
  evaluation_periods = 3
  metric_name        = "SessionAllocFailures"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Sum"
  threshold          = 0
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a10b_tunnels_down_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A10b-tunnels-down"
  alarm_description   = "A firewall of the group has more than 0 of its tunnels down for three minutes. TunnelState by instance and tunnel says which; then the peer, its IKE or handshake log, and whether UDP 500, 4500 or the tunnel's port pass. An instance that leaves should have moved its tunnels first."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.firewalls.name
  }
  evaluation_periods = 3
  metric_name        = "TunnelsDown"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Maximum"
  threshold          = 0
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "a15_packet_drops_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-A15-packet-drops"
  alarm_description   = "The group's firewalls dropped more than 1000 received packets a minute at their rings or core backlogs: packets come faster than the cores take them. Look at DataplaneCpuMaxCore and SoftnetSqueezes; spread interrupts and queues over the cores, raise ring sizes and netdev_max_backlog or budget, or take more or larger firewalls."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 3
  evaluation_periods  = 5
  threshold           = 1000
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "rings"
    return_data = false

    metric {
      dimensions = {
        AutoScalingGroupName = aws_autoscaling_group.firewalls.name
      }
      metric_name = "RxDrops"
      namespace   = "Firewall/fwmetrics"
      period      = 60
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "backlogs"
    return_data = false

    metric {
      dimensions = {
        AutoScalingGroupName = aws_autoscaling_group.firewalls.name
      }
      metric_name = "SoftnetDrops"
      namespace   = "Firewall/fwmetrics"
      period      = 60
      stat        = "Sum"
    }
  }

  metric_query {
    id          = "result"
    expression  = "(rings + backlogs)"
    return_data = true
  }
  alarm_actions = local.fwmetrics_topics
  ok_actions    = local.fwmetrics_topics
}

resource "aws_cloudwatch_metric_alarm" "g1_unhealthy_firewalls_balancer" {
  alarm_name          = "fwmetrics-${aws_lb.firewalls.arn_suffix}-G1-unhealthy-firewalls"
  alarm_description   = "More than 0 firewalls fail the load balancer's health check in three of five minutes. Flows that they have stay with them, dead or not (unless target failover is rebalance); new ones go to healthy firewalls, and when all are unhealthy to any. Check the answer on the health-check port and that the dataplane forwards; if the firewall is beyond help, terminate it. Right after a launch it may take some minutes by itself."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    LoadBalancer = aws_lb.firewalls.arn_suffix
    TargetGroup  = aws_lb_target_group.firewalls.arn_suffix
  }
  evaluation_periods = 5
  metric_name        = "UnHealthyHostCount"
  namespace          = "AWS/GatewayELB"
  period             = 60
  statistic          = "Maximum"
  threshold          = 0
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_cloudwatch_metric_alarm" "g3_rejected_flows_balancer" {
  alarm_name          = "fwmetrics-${aws_lb.firewalls.arn_suffix}-G3-rejected-flows"
  alarm_description   = "The load balancer rejected more than 0 flows a minute in three of five minutes: it has no target that takes them, or its own limits are reached. Check that each enabled zone has healthy targets, and the quota of flows; then ask AWS support with the load balancer's name."
  comparison_operator = "GreaterThanThreshold"
  datapoints_to_alarm = 3
  dimensions = {
    LoadBalancer = aws_lb.firewalls.arn_suffix
  }
  evaluation_periods = 5
  metric_name        = "RejectedFlowCount"
  namespace          = "AWS/GatewayELB"
  period             = 60
  statistic          = "Sum"
  threshold          = 0
  treat_missing_data = "notBreaching"
  alarm_actions      = local.fwmetrics_page_topics
  ok_actions         = local.fwmetrics_page_topics
}

resource "aws_autoscaling_policy" "p1_capacity_target_group" {
  autoscaling_group_name    = aws_autoscaling_group.firewalls.name
  estimated_instance_warmup = 180
  name                      = "fwmetrics-P1-capacity-target"
  policy_type               = "TargetTrackingScaling"

  target_tracking_configuration {
    disable_scale_in = true
    target_value     = 60

    customized_metric_specification {
      metric_name = "CapacityUtilization"
      namespace   = "Firewall/fwmetrics"
      statistic   = "Average"

      metric_dimension {
        name  = "AutoScalingGroupName"
        value = aws_autoscaling_group.firewalls.name
      }
    }
  }
}

resource "aws_autoscaling_policy" "p2_scale_out_fast_group" {
  adjustment_type           = "ChangeInCapacity"
  autoscaling_group_name    = aws_autoscaling_group.firewalls.name
  estimated_instance_warmup = 180
  metric_aggregation_type   = "Average"
  name                      = "fwmetrics-P2-scale-out-fast"
  policy_type               = "StepScaling"

  step_adjustment {
    metric_interval_lower_bound = 0
    metric_interval_upper_bound = 10
    scaling_adjustment          = 1
  }

  step_adjustment {
    metric_interval_lower_bound = 10
    scaling_adjustment          = 2
  }
}

resource "aws_cloudwatch_metric_alarm" "p2_scale_out_fast_alarm_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-P2-scale-out-fast"
  alarm_description   = "Adds firewalls at once while the group's average capacity in use is 80 % or more for two minutes: one, and two from 90 % on. A scaling policy acts on it; nobody has to. When it stays in alarm, new firewalls do not come up or take no flows: look at the group's activity and its maximum size."
  comparison_operator = "GreaterThanOrEqualToThreshold"
  datapoints_to_alarm = 2
  dimensions = {
    AutoScalingGroupName = aws_autoscaling_group.firewalls.name
  }
  evaluation_periods = 2
  metric_name        = "CapacityUtilization"
  namespace          = "Firewall/fwmetrics"
  period             = 60
  statistic          = "Average"
  threshold          = 80
  treat_missing_data = "notBreaching"
  alarm_actions      = aws_autoscaling_policy.p2_scale_out_fast_group[*].arn
}

resource "aws_autoscaling_policy" "p4_scale_in_group" {
  adjustment_type        = "ChangeInCapacity"
  autoscaling_group_name = aws_autoscaling_group.firewalls.name
  cooldown               = 300
  name                   = "fwmetrics-P4-scale-in"
  policy_type            = "SimpleScaling"
  scaling_adjustment     = -1
}

resource "aws_cloudwatch_metric_alarm" "p4_scale_in_alarm_group" {
  alarm_name          = "fwmetrics-${aws_autoscaling_group.firewalls.name}-P4-scale-in"
  alarm_description   = "Takes one firewall away when the others would stay below 45 % of their capacity without it, for half an hour, and more than three quarters of the members' readings are there; the next one five minutes later at the earliest. A scaling policy acts on it; in alarm while the group has its minimum size is as it should be. Where a quarter or more is missing none is taken away; a smaller part that is silent is taken for as loaded as the others."
  comparison_operator = "LessThanThreshold"
  datapoints_to_alarm = 6
  evaluation_periods  = 6
  threshold           = 45
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "cap"
    return_data = false

    metric {
      dimensions = {
        AutoScalingGroupName = aws_autoscaling_group.firewalls.name
      }
      metric_name = "CapacityUtilization"
      namespace   = "Firewall/fwmetrics"
      period      = 300
      stat        = "Average"
    }
  }

  metric_query {
    id          = "seen"
    return_data = false

    metric {
      dimensions = {
        AutoScalingGroupName = aws_autoscaling_group.firewalls.name
      }
      metric_name = "CapacityUtilization"
      namespace   = "Firewall/fwmetrics"
      period      = 300
      stat        = "SampleCount"
    }
  }

  metric_query {
    id          = "n"
    return_data = false

    metric {
      dimensions = {
        AutoScalingGroupName = aws_autoscaling_group.firewalls.name
      }
      metric_name = "GroupInServiceInstances"
      namespace   = "AWS/AutoScaling"
      period      = 300
      stat        = "Minimum"
    }
  }

  metric_query {
    id          = "result"
    expression  = "IF(((seen - (225 * n)) * (n - 1)) > 0, ((cap * n) / (n - 1)), 100)"
    return_data = true
  }
  alarm_actions = aws_autoscaling_policy.p4_scale_in_group[*].arn
}

resource "aws_cloudwatch_dashboard" "fleet_dashboard" {
  dashboard_body = jsonencode({
    start = "-PT6H"
    widgets = [
      {
        type   = "alarm"
        x      = 0
        y      = 0
        width  = 24
        height = 4
        properties = {
          alarms = flatten([
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A1-reporting-gap",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A2-hot-firewall",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A3-session-table-high",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A3-session-table-full",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A5-bandwidth-in",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A5-bandwidth-out",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A5-packet-rate",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A6-ec2-conntrack-drops",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A7-ec2-conntrack-headroom",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A8-link-local-drops",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A9-session-failures",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A10b-tunnels-down",
            "arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_autoscaling_group.firewalls.name}-A15-packet-drops",
            aws_lb.firewalls.arn_suffix != "" && aws_lb_target_group.firewalls.arn_suffix != "" ? ["arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_lb.firewalls.arn_suffix}-G1-unhealthy-firewalls"] : [],
            aws_lb.firewalls.arn_suffix != "" ? ["arn:${data.aws_partition.current.partition}:cloudwatch:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}:alarm:fwmetrics-${aws_lb.firewalls.arn_suffix}-G3-rejected-flows"] : [],
          ])
          sortBy = "stateUpdatedTimestamp"
          title  = "Alarms"
        }
      },
      {
        type   = "text"
        x      = 0
        y      = 4
        width  = 24
        height = 1
        properties = {
          markdown = "## Fleet ${aws_autoscaling_group.firewalls.name}"
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 5
        width  = 8
        height = 6
        properties = {
          annotations = {
            horizontal = [
              {
                label = "P1 capacity-target"
                value = 60
              },
              {
                label = "P2 scale-out-fast"
                value = 80
              },
              {
                label = "P4 scale-in"
                value = 45
              },
            ]
          }
          metrics = [
            [
              "Firewall/fwmetrics",
              "CapacityUtilization",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "average"
                stat  = "Average"
              },
            ],
            [
              "Firewall/fwmetrics",
              "CapacityUtilization",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "fullest firewall"
                stat  = "Maximum"
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
        y      = 5
        width  = 8
        height = 6
        properties = {
          annotations = {
            horizontal = [
              {
                label = "A2 hot-firewall"
                value = 90
              },
            ]
          }
          metrics = [
            [
              "Firewall/fwmetrics",
              "DataplaneCpuUtilization",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "dataplane"
                stat  = "Maximum"
              },
            ],
            [
              "Firewall/fwmetrics",
              "DataplaneCpuMaxCore",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "hottest core"
                stat  = "Maximum"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Hottest firewall"
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
        y      = 5
        width  = 8
        height = 6
        properties = {
          annotations = {
            horizontal = [
              {
                label = "A3 session-table-high"
                value = 80
              },
              {
                label = "A3 session-table-full"
                value = 95
              },
            ]
          }
          metrics = [
            [
              "Firewall/fwmetrics",
              "SessionTableUtilization",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "in use"
                stat  = "Maximum"
              },
            ],
            [
              "Firewall/fwmetrics",
              "ActiveSessions",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "sessions (right)"
                stat  = "Maximum"
                yAxis = "right"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Session table, fullest firewall"
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
        y      = 11
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              "Firewall/fwmetrics",
              "RxDrops",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "dropped at the interface"
                stat  = "Sum"
              },
            ],
            [
              "Firewall/fwmetrics",
              "SoftnetDrops",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "dropped in the backlog"
                stat  = "Sum"
              },
            ],
            [
              "Firewall/fwmetrics",
              "SessionAllocFailures",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "sessions refused"
                stat  = "Sum"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Packets and sessions lost"
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
        y      = 11
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              "Firewall/fwmetrics",
              "BwInAllowanceExceeded",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "bandwidth in"
                stat  = "Sum"
              },
            ],
            [
              "Firewall/fwmetrics",
              "BwOutAllowanceExceeded",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "bandwidth out"
                stat  = "Sum"
              },
            ],
            [
              "Firewall/fwmetrics",
              "PpsAllowanceExceeded",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "packets"
                stat  = "Sum"
              },
            ],
            [
              "Firewall/fwmetrics",
              "ConntrackAllowanceExceeded",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "connections"
                stat  = "Sum"
              },
            ],
            [
              "Firewall/fwmetrics",
              "LinkLocalAllowanceExceeded",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "link-local"
                stat  = "Sum"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "EC2 allowances exceeded"
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
        y      = 11
        width  = 8
        height = 6
        properties = {
          annotations = {
            horizontal = [
              {
                label = "A7 ec2-conntrack-headroom"
                value = 80
              },
            ]
          }
          metrics = [
            [
              "Firewall/fwmetrics",
              "ConntrackAllowanceUtilization",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "in use"
                stat  = "Maximum"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Connections that EC2 tracks, fullest firewall"
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
        y      = 17
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              "Firewall/fwmetrics",
              "TunnelsDown",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "down"
                stat  = "Maximum"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Tunnels down, worst firewall"
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
        y      = 17
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              "Firewall/fwmetrics",
              "ActiveSessions",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "sessions"
                stat  = "Average"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Sessions, average firewall"
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
        y      = 17
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              "Firewall/fwmetrics",
              "ExporterHeartbeat",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "heartbeats a minute"
                stat  = "SampleCount"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Firewalls that report"
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
        y      = 23
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              "AWS/AutoScaling",
              "GroupDesiredCapacity",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "desired"
                stat  = "Maximum"
              },
            ],
            [
              "AWS/AutoScaling",
              "GroupInServiceInstances",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "in service"
                stat  = "Minimum"
              },
            ],
            [
              "AWS/AutoScaling",
              "GroupPendingInstances",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "pending"
                stat  = "Maximum"
              },
            ],
            [
              "AWS/AutoScaling",
              "GroupTerminatingInstances",
              "AutoScalingGroupName",
              aws_autoscaling_group.firewalls.name,
              {
                label = "terminating"
                stat  = "Maximum"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Scaling"
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
        y      = 23
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"AWS/GatewayELB\",LoadBalancer,TargetGroup} MetricName=\"HealthyHostCount\"', 'Minimum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Load balancer: healthy firewalls"
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
        y      = 23
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"AWS/GatewayELB\",LoadBalancer,TargetGroup} MetricName=\"UnHealthyHostCount\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Load balancer: unhealthy firewalls"
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
        y      = 29
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"AWS/GatewayELB\",LoadBalancer} MetricName=\"NewFlowCount\"', 'Sum', 60)"
                id         = "e0"
              },
            ],
            [
              {
                expression = "SEARCH('{\"AWS/GatewayELB\",LoadBalancer} MetricName=\"RejectedFlowCount\"', 'Sum', 60)"
                id         = "e1"
              },
            ],
          ]
          period = 60
          region = data.aws_region.current.id
          title  = "Load balancer: flows"
          yAxis = {
            left = {
              min = 0
            }
          }
        }
      },
      {
        type   = "text"
        x      = 0
        y      = 35
        width  = 24
        height = 1
        properties = {
          markdown = "## Each firewall"
        }
      },
      {
        type   = "metric"
        x      = 0
        y      = 36
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
        y      = 36
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
        y      = 36
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
        y      = 42
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
        y      = 42
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
        y      = 42
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
        y      = 48
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
        y      = 48
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
        y      = 48
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"CpuSteal\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"ManagementCpuUtilization\"', 'Maximum', 60)"
                id         = "e1"
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
        x      = 0
        y      = 54
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"InterfaceErrors\"', 'Sum', 60)"
                id         = "e0"
              },
            ],
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"RxDrops\"', 'Sum', 60)"
                id         = "e1"
              },
            ],
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"SoftnetDrops\"', 'Sum', 60)"
                id         = "e2"
              },
            ],
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"XfrmErrors\"', 'Sum', 60)"
                id         = "e3"
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
        x      = 8
        y      = 54
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"BfdSessionsDown\"', 'Maximum', 60)"
                id         = "e0"
              },
            ],
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"BgpPeersDown\"', 'Maximum', 60)"
                id         = "e1"
              },
            ],
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"TunnelsDown\"', 'Maximum', 60)"
                id         = "e2"
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
        x      = 16
        y      = 54
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId,Tunnel} MetricName=\"TunnelState\"', 'Minimum', 60)"
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
        x      = 0
        y      = 60
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
        x      = 8
        y      = 60
        width  = 8
        height = 6
        properties = {
          metrics = [
            [
              {
                expression = "SEARCH('{\"Firewall/fwmetrics\",InstanceId} MetricName=\"HaPeerUp\"', 'Minimum', 60)"
                id         = "e0"
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
        x      = 16
        y      = 60
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
        y      = 66
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
  dashboard_name = replace("fwmetrics-${aws_autoscaling_group.firewalls.name}", "/[^A-Za-z0-9_-]/", "-")
}

output "endpoint_service_name" {
  description = "For Gateway Load Balancer endpoints where the traffic is."
  value       = aws_vpc_endpoint_service.firewalls.service_name
}

# These and those of the topics are what generate alarms, scaling and dashboard ask for.
output "auto_scaling_group_name" {
  value = aws_autoscaling_group.firewalls.name
}

output "load_balancer_full_name" {
  value = aws_lb.firewalls.arn_suffix
}

output "target_group_full_name" {
  value = aws_lb_target_group.firewalls.arn_suffix
}

output "tcp_reset" {
  description = "To be run once, where the Region has it: resets TCP flows whose firewall is gone, so that clients connect anew."
  value       = "aws elbv2 modify-target-group-attributes --region ${local.region} --target-group-arn ${aws_lb_target_group.firewalls.arn} --attributes Key=send_tcp_reset.on_deregistration.enabled,Value=true Key=send_tcp_reset.on_unhealthy.enabled,Value=true"
}
