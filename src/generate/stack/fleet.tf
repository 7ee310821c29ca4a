# A fleet of Linux firewalls behind a Gateway Load Balancer, watched and scaled by fwmetrics.
# Made by `fwmetrics generate fleet --format terraform`; deploy/README.md tells of each value.
@@common@@

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
    @@script@@
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

@@topics@@

# --- what fwmetrics made of its configuration ---

@@resources@@

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
