"""A network namespace with any number of veth interfaces, and another that holds their far ends.

Nothing links the two to the host's own namespace: no packet leaves.
"""

import contextlib
import fcntl
import importlib.util
import os
import subprocess
import sys

NEAR, FAR = "fwm-bench", "fwm-bench-far"
PREFIX = "b"
LOCK = "/run/fwm-bench.lock"


def ip(*arguments, lines=()):
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(["ip", *arguments], input=text, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def inside(namespace, *command):
    """The command in a namespace; `ip` gives its place to it, so the process id is the command's own."""
    return ["ip", "netns", "exec", namespace, *command]


def delete():
    there = [line.split()[0] for line in ip("netns", "list").splitlines() if line]
    for namespace in {NEAR, FAR} & set(there):
        ip("netns", "delete", namespace)


def check():
    """Ends with 77 and the reason where a part is missing."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    if not importlib.util.find_spec("psutil"):
        skip("no psutil: run it with .venv/bin/python, which tests/run tools makes")
    if os.geteuid() != 0:
        skip("network namespaces need root")
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)  # held until this process ends
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit("error: another bench runs on this host, in namespaces of the same names")
    try:
        delete()
        ip("netns", "add", NEAR)
        delete()
    except (OSError, subprocess.SubprocessError) as error:
        skip(f"no network namespace: {error}")


def skip(reason):
    print(f"skip: {reason}")
    sys.exit(77)


@contextlib.contextmanager
def links(count):
    """`count` veth interfaces b1, b2 … that are up in NEAR, their far ends of the same names in FAR."""
    names = [f"{PREFIX}{number}" for number in range(1, count + 1)]
    try:
        delete()
        for namespace in NEAR, FAR:
            ip("netns", "add", namespace)
            # No neighbour discovery: only the bench's own frames are on the links.
            settings = [f"net.ipv6.conf.{which}.disable_ipv6=1" for which in ("all", "default")]
            subprocess.run(inside(namespace, "sysctl", "-qw", *settings), check=False, capture_output=True)
            ip("-n", namespace, "link", "set", "lo", "up")
        pairs = [f"link add {name} netns {NEAR} type veth peer name {name} netns {FAR}" for name in names]
        ip("-batch", "-", lines=pairs)
        for namespace in NEAR, FAR:
            ip("-n", namespace, "-batch", "-", lines=[f"link set {name} up" for name in names])
        yield
    finally:
        delete()
