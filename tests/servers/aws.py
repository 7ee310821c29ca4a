"""An account at ministack, as the reader of a template sees it: the AWS command line deploys, boto3 reads back."""

import json
import subprocess
import sys

import harness

SERVICES = ("cloudwatch", "cloudformation", "autoscaling", "ec2", "elbv2", "iam", "sts", "sns", "sqs", "kms", "s3")
WITH_MATH = (str(harness.ROOT / "tests" / "servers" / "with_math.py"),)
# Templates over 51,200 bytes go by way of a bucket (CloudFormation quotas).
BUCKET = "templates"
# Of an alarm, all that a template or an input sets.
SET = (
    "AlarmName", "AlarmDescription", "AlarmActions", "OKActions", "InsufficientDataActions",
    "Namespace", "MetricName", "Dimensions", "Statistic", "Period", "Metrics", "EvaluationPeriods", "DatapointsToAlarm",
    "Threshold", "ComparisonOperator", "TreatMissingData", "Unit",
)


def as_set(alarm):
    """Without what is not set."""
    return {key: alarm[key] for key in SET if alarm.get(key) not in (None, [])}


class Account:
    def __init__(self, folder, endpoint):
        self.folder, self.endpoint = folder, endpoint
        self.env = harness.environment(folder, AWS_ENDPOINT_URL=endpoint, AWS_MAX_ATTEMPTS="1", **harness.dummy_keys())

    def client(self, service):
        return harness.client(service, self.endpoint)

    def aws(self, *words):
        """(exit code, what was said) of the command line."""
        command = [sys.executable, "-m", "awscli", "--output", "json", *words]
        done = subprocess.run(command, env=self.env, cwd=self.folder, capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def group(self, name):
        """An Auto Scaling group without instances."""
        self.client("ec2").create_launch_template(
            LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-0123456789abcdef0", "InstanceType": "c6in.large"})
        self.client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=2, MaxSize=6, AvailabilityZones=[f"{harness.REGION}a"],
            LaunchTemplate={"LaunchTemplateName": name})

    def topic(self, name):
        return self.client("sns").create_topic(Name=name)["TopicArn"]

    def bucket(self):
        """Made once; to make it again is no fault of the server's."""
        s3 = self.client("s3")
        if BUCKET not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
            s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": harness.REGION})

    def deploy(self, stack, file, **parameters):
        """(exit code, what was said); a stack that fails tells why by its events."""
        self.bucket()
        given = [f"{name}={value}" for name, value in parameters.items()]
        status, said = self.aws(
            "cloudformation", "deploy", "--stack-name", stack, "--template-file", str(file), "--no-fail-on-empty-changeset",
            "--capabilities", "CAPABILITY_NAMED_IAM", "--s3-bucket", BUCKET, *(["--parameter-overrides", *given] if given else []))
        return status, said + (self.failures(stack) if status else "")

    def failures(self, stack):
        _, events = self.aws("cloudformation", "describe-stack-events", "--stack-name", stack)
        try:
            events = json.loads(events)["StackEvents"]
        except ValueError:
            return events
        failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
        return "".join(f"\n{e['LogicalResourceId']}: {e.get('ResourceStatusReason', '')}" for e in failed)

    def delete(self, stack):
        self.aws("cloudformation", "delete-stack", "--stack-name", stack)
        return self.aws("cloudformation", "wait", "stack-delete-complete", "--stack-name", stack)

    def alarms(self, prefix="fwmetrics-"):
        """{name: what was set}; those that Auto Scaling makes for itself have other names."""
        pages = self.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=prefix)
        found = [alarm for page in pages for alarm in page["MetricAlarms"]]
        return {alarm["AlarmName"]: as_set(alarm) for alarm in found}

    def policies(self, group):
        """{ARN: policy}"""
        found = self.client("autoscaling").describe_policies(AutoScalingGroupName=group)["ScalingPolicies"]
        return {policy["PolicyARN"]: policy for policy in found}

    def dashboards(self):
        """{name: body}"""
        cloudwatch = self.client("cloudwatch")
        names = [entry["DashboardName"] for entry in cloudwatch.list_dashboards()["DashboardEntries"]]
        return {name: json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]) for name in names}

    def roles(self):
        return {role["RoleName"] for role in self.client("iam").list_roles()["Roles"]}
