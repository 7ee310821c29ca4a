"""The endpoint as a child process, and what its log says of each peer."""

import contextlib
import json
import statistics
import subprocess
import sys
import time

import harness
import network
from peers import FOLDER, NAMESPACES

PORT = 8080  # the namespace is ours alone


@contextlib.contextmanager
def endpoint(folder, tls):
    """Yields the log of calls, and the environment that leads both peers here."""
    log, output = folder / "calls.jsonl", folder / "endpoint.log"
    log.unlink(missing_ok=True)
    certificate = certificates(folder) if tls else []
    command = [sys.executable, "-B", str(FOLDER / "endpoint.py"), str(PORT), str(log), *certificate]
    with harness.process(network.inside(network.NEAR, *command), harness.environment(folder), output) as child:
        end = time.monotonic() + 30
        while "listening" not in output.read_text():
            if child.poll() is not None or time.monotonic() > end:
                sys.exit(f"error: the endpoint did not start:\n{output.read_text()}")
            time.sleep(0.05)
        environment = {"AWS_ENDPOINT_URL_CLOUDWATCH": f"http{'s' * tls}://127.0.0.1:{PORT}"}
        if tls:
            environment["AWS_CA_BUNDLE"] = str(folder / "ca.pem")
        yield log, environment


def certificates(folder):
    """An authority of our own and a certificate for 127.0.0.1 by it."""
    ca, key, request, leaf = [str(folder / name) for name in ("ca.pem", "ca.key", "leaf.csr", "leaf.pem")]
    leaf_key, extensions = str(folder / "leaf.key"), folder / "extensions"
    extensions.write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n")
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl("req", "-x509", *new, "-keyout", key, "-out", ca, "-days", "2", "-subj", "/CN=bench authority")
    openssl("req", *new, "-keyout", leaf_key, "-out", request, "-subj", "/CN=127.0.0.1")
    signer = ["-CA", ca, "-CAkey", key, "-CAcreateserial", "-extfile", str(extensions)]
    openssl("x509", "-req", "-in", request, "-out", leaf, "-days", "2", *signer)
    return [leaf, leaf_key]


def openssl(*arguments):
    try:
        subprocess.run(["openssl", *arguments], capture_output=True, timeout=60, check=True)
    except FileNotFoundError:
        network.skip("--tls needs openssl")


def calls(log, peer, since=0, until=float("inf")):
    """The calls of one peer that were answered between two times."""
    every = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return [call for call in every if call["namespace"] == NAMESPACES[peer] and since <= call["at"] < until]


def figures(made, windows):
    """Per window, from the calls made in the measured time."""
    datums = [datum for call in made for datum in call["datums"]]
    if not datums:
        return None
    return {
        "bytes": sum(call["bytes"] for call in made) / windows,
        "plain_bytes": sum(call["body_bytes"] for call in made) / windows,
        "calls": len(made) / windows,
        "series": len({(metric, dimensions) for metric, dimensions, *_ in datums}),
        "datums": len(datums) / windows,
        "samples": statistics.median(samples for *_, samples in datums),
        "protocol": made[0]["protocol"].rpartition("/")[2],
    }
