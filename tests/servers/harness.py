"""Shared by the server tests: ministack on loopback, a clean AWS environment, clients, checks.

Everything started here is ended by its context manager, also on SIGTERM and SIGINT.
Exit codes of a test: 0 all checks passed, 1 a check failed, 77 skipped (reason on a line "skip: ...").
"""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "eu-west-1"
NAMESPACE = "Firewall/fwmetrics"

# No profile, key or proxy of the caller reaches anything here.
for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull

try:
    import boto3
    import cbor2  # noqa: F401  ministack needs it and does not say so
    import ministack  # noqa: F401
    from botocore.config import Config
except ImportError as error:
    print(f"skip: {error}: run it with .venv/bin/python, which tests/run tools makes")
    sys.exit(77)


class Checks:
    """One PASS or FAIL line each; `close` gives the exit code."""

    def __init__(self):
        self.failed = 0

    def __call__(self, name, passed, detail=""):
        self.failed += not passed
        print("PASS" if passed else "FAIL", name, f"({detail})" if detail != "" else "", flush=True)
        return passed

    def equal(self, name, got, wanted):
        return self(name, got == wanted, got if got == wanted else f"{got!r} instead of {wanted!r}")

    def close(self):
        sys.exit(f"error: {self.failed} checks failed" if self.failed else 0)


def program():
    default = ROOT / "target" / "release" / "fwmetrics"
    path = pathlib.Path(os.environ.get("FWMETRICS", default)).resolve()
    if not os.access(path, os.X_OK):
        sys.exit(f"error: no program at {path}: cargo build --release makes it")
    return str(path)


def environment(home, **more):
    """All that a child sees: nothing of the caller's AWS, proxy or FWMETRICS settings, no profile."""
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    state = {"FWMETRICS_SPOOL__DIR": str(home / "state")}
    return {"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8", "TMPDIR": str(home), **state, **more}


def dummy_keys():
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@contextlib.contextmanager
def workplace():
    """A folder of our own; signals end the test through its context managers."""

    def end(number, _frame):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder)


@contextlib.contextmanager
def process(arguments, env, log):
    """A child with its output in a file, ended at the end: TERM, five seconds, KILL."""
    with open(log, "wb") as out:
        child = subprocess.Popen(arguments, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server(folder, services=("cloudwatch", "iam", "sts", "imds"), program=("-m", "ministack")):
    """ministack on loopback: CloudWatch, and an IMDS that wants version 2. Yields its endpoint."""
    log = folder / "ministack.log"
    for _ in range(3):
        port = free_port()
        env = environment(
            folder,
            BIND_HOST="127.0.0.1",
            GATEWAY_PORT=str(port),
            SERVICES=",".join(services),
            MINISTACK_REGION=REGION,
            MINISTACK_IMDS_V2_REQUIRED="1",
            SFTP_ENABLED="0",
            IOT_MTLS_ENABLED="0",
            DOCKER_HOST=f"unix://{folder}/none",  # at its start it removes other ministacks' containers
            S3_DATA_DIR=str(folder / "s3"),
            **dummy_keys(),
        )
        endpoint = f"http://127.0.0.1:{port}"
        with process([sys.executable, *program], env, log) as child:
            if serves(child, log, endpoint):
                yield endpoint
                return
    sys.exit(f"error: ministack did not start:\n{log.read_text()}")


def serves(child, log, endpoint):
    """Another may take its port in the seconds until it does: only its own log tells who answers there."""
    end = time.monotonic() + 60
    while child.poll() is None and time.monotonic() < end:
        if f"Running on {endpoint} " in log.read_text(errors="replace") and answers(endpoint):
            return True
        time.sleep(0.1)
    return False


def ask(request):
    with urllib.request.urlopen(request, timeout=5) as answer:
        return answer.read().decode()


def answers(endpoint):
    try:
        ask(f"{endpoint}/_ministack/health")
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def instance_id(endpoint):
    """What the server's IMDS says, asked apart from the program."""
    put = urllib.request.Request(
        f"{endpoint}/latest/api/token",
        method="PUT",
        headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"},
    )
    get = urllib.request.Request(
        f"{endpoint}/latest/meta-data/instance-id",
        headers={"X-aws-ec2-metadata-token": ask(put)},
    )
    return ask(get)


def cloudwatch(endpoint):
    return client("cloudwatch", endpoint)


def client(service, endpoint):
    session = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60)
    return session.client(service, endpoint_url=endpoint, config=config)
