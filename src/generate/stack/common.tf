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
  default     = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-@architecture@"
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
  default     = "@instance_type@"
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
