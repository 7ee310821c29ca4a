"""The closed loop of tests/lab/alarms, run inside the firewall's namespace: closed_loop.py CLIENT_NAMESPACE SERVER

Two alarms of the many are driven. The session table's (A3) by flows, its threshold lowered by the environment since the
table is one size for the whole machine; the allocation failures' (A9) by a port that the firewall translates to four
ports only. Each is judged twice: by ministack at each put, which takes the statistic over all its periods at once and
counts no M of N, so it recovers only when the last of its periods is good; and here from the points that are read back
under the alarm's own dimensions, as CloudWatch's user guide has it ("Evaluating an alarm", M out of N).
"""

import contextlib
import datetime
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

LAB = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(LAB.parent / "servers"))

import aws  # noqa: E402
import harness  # noqa: E402
import walkthrough  # noqa: E402

GROUP, INSTANCE = "edge", "i-0123456789abcdef0"
THRESHOLD = 5  # percent of the session table
SESSIONS, FAILURES = "SessionTableUtilization", "SessionAllocFailures"
TRANSLATED_PORT, TRANSLATED_FLOWS = "5003", "40"
EACH_SECS = 4
LONGEST_RISE, LONGEST_FALL = 420, 480
LINTERS = harness.ROOT / ".venv-lint" / "bin"
MAX = pathlib.Path("/proc/sys/net/netfilter/nf_conntrack_max")


def main(client, server):
    check = harness.Checks()
    with harness.workplace() as folder, harness.server(folder, aws.SERVICES, aws.WITH_MATH) as endpoint:
        account = Account(folder, endpoint)
        account.group(GROUP)
        inbox = account.inbox()
        walk(check, folder, endpoint)
        alarms = account.of_group()
        if check(f"alarms on {SESSIONS} and {FAILURES} of the group", {SESSIONS, FAILURES} <= set(alarms), sorted(alarms)):
            with exporter(folder, endpoint) as daemon:
                loop(check, account, alarms, daemon, client, server)
                check.equal("fwmetrics still runs", daemon.poll(), None)
            if check.failed:
                print((folder / "fwmetrics.log").read_text(errors="replace"))
            told(check, inbox, alarms)
    check.close()


class Account(aws.Account):
    """What stands in the account before the reader begins, and what is read back."""

    def inbox(self):
        """A queue that will be subscribed to the walk-through's topic; creating a topic twice gives the same one."""
        sns, sqs = self.client("sns"), self.client("sqs")
        queue = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        topic = sns.create_topic(Name="firewall-alarms")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        return sqs, queue

    def of_group(self):
        """The group's alarms by metric; where a metric has two, the one with the lower threshold."""
        group = [{"Name": "AutoScalingGroupName", "Value": GROUP}]
        found = [alarm for alarm in self.alarms().values() if alarm.get("Dimensions") == group]
        found.sort(key=lambda alarm: -alarm["Threshold"])
        return {alarm["MetricName"]: alarm for alarm in found}

    def state(self, alarm):
        return self.client("cloudwatch").describe_alarms(AlarmNames=[alarm["AlarmName"]])["MetricAlarms"][0]["StateValue"]

    def points(self, alarm):
        """{minute: value} of the last quarter of an hour, under all that the alarm says of its series."""
        now = datetime.datetime.now(datetime.timezone.utc)
        answer = self.client("cloudwatch").get_metric_statistics(
            StartTime=now - datetime.timedelta(minutes=15), EndTime=now,
            Statistics=[alarm["Statistic"]], **{key: alarm[key] for key in ("Namespace", "MetricName", "Dimensions", "Period")})
        return {int(p["Timestamp"].timestamp()): p[alarm["Statistic"]] for p in answer["Datapoints"]}


def walk(check, folder, endpoint):
    """The README's commands, in an empty directory."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "fwmetrics").symlink_to(harness.program())
    (folder / "empty").mkdir()
    lowered = {"FWMETRICS_ALARMS__SESSION_TABLE_WARN_PERCENT": str(THRESHOLD)}
    env = harness.environment(folder, AWS_ENDPOINT_URL=endpoint, **lowered, **harness.dummy_keys())
    env["PATH"] = os.pathsep.join([str(tools), env["PATH"], str(LINTERS)])
    status, output = walkthrough.run(walkthrough.commands(), folder / "empty", env)
    print(output)
    check.equal("the README's commands end well", status, 0)


@contextlib.contextmanager
def exporter(folder, endpoint):
    """`run` with the walk-through's configuration; who it is comes from the environment, as there is no EC2."""
    env = harness.environment(
        folder,
        AWS_ENDPOINT_URL_CLOUDWATCH=endpoint,
        FWMETRICS_IDENTITY__INSTANCE_ID=INSTANCE,
        FWMETRICS_IDENTITY__AUTO_SCALING_GROUP=GROUP,
        FWMETRICS_IDENTITY__IN_SERVICE="true",
        **harness.dummy_keys(),
    )
    config = next((folder / "empty").rglob("fwmetrics.toml"))
    command = [harness.program(), "run", "--config", str(config)]
    with harness.process(command, env, folder / "fwmetrics.log") as daemon:
        yield daemon


class Load:
    """Flows from the client, again and again until they are to stop."""

    def __init__(self, client, server):
        flows = int(MAX.read_text()) * THRESHOLD // 100 * 5 // 4
        storm = ["ip", "netns", "exec", client, sys.executable, str(LAB / "flows.py"), "storm", server]
        self.commands = [[*storm, str(flows)], [*storm, TRANSLATED_FLOWS, TRANSLATED_PORT]]
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.go_on)

    def go_on(self):
        while not self.over.is_set():
            for command in self.commands:
                try:
                    subprocess.run(command, check=True, timeout=60)
                except subprocess.SubprocessError as error:  # the next may go well
                    print(error, flush=True)
            self.over.wait(EACH_SECS)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def loop(check, account, alarms, daemon, client, server):
    watch = Watch(account, alarms[SESSIONS], alarms[FAILURES])
    quiet = watch.until(180, lambda: watch.server == ["OK", "OK"] or daemon.poll() is not None)
    if not check("before: both alarms are OK", quiet and daemon.poll() is None, watch):
        return
    with Load(client, server):
        risen = watch.until(LONGEST_RISE, lambda: watch.server == watch.rules == ["ALARM", "ALARM"])
    check("the load rises: both go off", risen, watch)
    fallen = watch.until(LONGEST_FALL, lambda: watch.server[1] == "OK" and watch.rules == ["OK", "OK"])
    check("the load falls: both come back", fallen, watch)
    minutes = sorted(watch.points[0])
    gaps = [minute for minute in range(minutes[0], minutes[-1], 60) if minute not in minutes]
    check.equal("minutes without a point", gaps, [])


class Watch:
    """Both alarms, by ministack and by the rules; a line for each change."""

    def __init__(self, account, *alarms):
        self.account, self.alarms, self.shown = account, alarms, ""
        self.points, self.server, self.rules = [{}, {}], [], []

    def until(self, seconds, condition):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            if condition():
                return True
            time.sleep(1)
        return False

    def look(self):
        self.points = [self.account.points(alarm) for alarm in self.alarms]
        self.server = [self.account.state(alarm) for alarm in self.alarms]
        self.rules = [judged(alarm, points) for alarm, points in zip(self.alarms, self.points)]
        if str(self) != self.shown:
            self.shown = str(self)
            print(f"{time.strftime('%H:%M:%S')}  {self}", flush=True)

    def __str__(self):
        newest = [points[max(points)] if points else None for points in self.points]
        return "; ".join(
            f"{alarm['MetricName']} {'none' if value is None else format(value, '.4g')}: ministack {server}, by M of N {rules}"
            for alarm, value, server, rules in zip(self.alarms, newest, self.server, self.rules))


def judged(alarm, points):
    """As documented, for what is asked here: from the newest point back, none missing but before the first."""
    if not points:
        return "INSUFFICIENT_DATA"
    newest = max(points)
    seen = [points.get(newest - 60 * back) for back in range(alarm["EvaluationPeriods"])]
    bad = {"GreaterThanOrEqualToThreshold": lambda v: v >= alarm["Threshold"],
           "GreaterThanThreshold": lambda v: v > alarm["Threshold"]}[alarm["ComparisonOperator"]]
    breaching = sum(value is not None and bad(value) for value in seen)
    return "ALARM" if breaching >= alarm["DatapointsToAlarm"] else "OK"


def told(check, inbox, alarms):
    """What arrived at the topic's subscriber."""
    sqs, queue = inbox
    heard = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            words = json.loads(json.loads(message["Body"])["Message"])
            heard.append((words["AlarmName"], words["NewStateValue"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    name = alarms[FAILURES]["AlarmName"]
    states = [state for alarm, state in heard if alarm == name and state != "INSUFFICIENT_DATA"]
    check("the topic heard it go off and come back", states[-2:] == ["ALARM", "OK"], f"{name}: {states}")
    check("the topic heard of the session table", (alarms[SESSIONS]["AlarmName"], "ALARM") in heard, len(heard))


main(*sys.argv[1:])
