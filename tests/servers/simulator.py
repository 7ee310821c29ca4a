"""The PAN-OS simulator (tests/sim, a cargo example) as a child process, and fwmetrics' configuration for it."""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import tomllib
import urllib.parse

import harness

DEFAULT = harness.ROOT / "target" / "debug" / "examples" / "panos-simulator"
# Made absolute at once: a test may change its folder.
PROGRAM = pathlib.Path(os.environ.get("PANOS_SIMULATOR", DEFAULT)).resolve()
# It ends by itself should a test be killed before it ends it.
LONGEST_SECS = 1800
# Its login for keygen, where it is one firewall.
USER, PASSWORD = "monitor", "correct horse"


class Simulator:
    """What its snippet says of its firewalls, and its commands by line."""

    def __init__(self, child, firewalls, log):
        self.child = child
        self.firewalls = firewalls  # the tables [[collectors.panos.firewall]]
        self.log = log

    @property
    def host(self):
        return urllib.parse.urlsplit(self.firewalls[0]["address"]).hostname

    @property
    def port(self):
        return urllib.parse.urlsplit(self.firewalls[0]["address"]).port

    @property
    def key(self):
        return pathlib.Path(self.firewalls[0]["api_key_file"]).read_text().strip()

    def tell(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()


@contextlib.contextmanager
def simulator(folder, *arguments, firewalls=1):
    """One that answers already; ended at the end, with its files in `folder`."""
    if not os.access(PROGRAM, os.X_OK):
        sys.exit(f"error: no simulator at {PROGRAM}: cargo build --example panos-simulator makes it")
    folder.mkdir(exist_ok=True)
    log = folder / "simulator.log"
    command = [str(PROGRAM), "--dir", str(folder), "--for", str(LONGEST_SECS), *arguments]
    if firewalls > 1:
        command += ["--firewalls", str(firewalls)]
    with open(log, "wb") as out:
        child = subprocess.Popen(
            command, env=harness.environment(folder), stdin=subprocess.PIPE, stdout=out, stderr=out, text=True
        )
    try:
        yield Simulator(child, started(child, folder / "fwmetrics.toml", firewalls, log), log)
    finally:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def started(child, snippet, firewalls, log):
    """The tables of its snippet, once all are there and the first of them takes connections."""
    end = time.monotonic() + 60
    while child.poll() is None and time.monotonic() < end:
        tables = read(snippet)
        if len(tables) == firewalls and listens(tables[0]["address"]):
            return tables
        time.sleep(0.05)
    sys.exit(f"error: the simulator did not start:\n{log.read_text(errors='replace')}")


def read(snippet):
    """Nothing while it is not there or half written."""
    try:
        return tomllib.loads(snippet.read_text())["collectors"]["panos"]["firewall"]
    except (FileNotFoundError, tomllib.TOMLDecodeError, KeyError):
        return []


def listens(address):
    url = urllib.parse.urlsplit(address)
    try:
        socket.create_connection((url.hostname, url.port), 1).close()
    except OSError:
        return False
    return True


def tables(firewalls):
    """TOML of these firewalls."""
    lines = []
    for firewall in firewalls:
        lines.append("[[collectors.panos.firewall]]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in firewall.items()]
    return "\n".join(lines) + "\n"
