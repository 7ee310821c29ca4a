"""fwmetrics and the boto3 + psutil publisher: how each is started, what it takes on disk, how fast it reads."""

import contextlib
import importlib.metadata
import os
import pathlib
import subprocess
import sys
import sysconfig
import time

import harness
import network

FOLDER = pathlib.Path(__file__).resolve().parent
INSTANCE = "i-0123456789abcdef0"
NAMESPACES = {"fwmetrics": harness.NAMESPACE, "publisher": "Bench/publisher"}
STARTS = 5

CONFIG = """
[cloudwatch]
namespace = "{namespace}"
period_secs = {period}
phase_secs = {phase}
series_max = 10000
[spool]
dir = "{state}"
[identity]
instance_id = "{instance}"
[metrics]
enable = [
  "ThroughputBitsPerSecond:Interface", "PacketsPerSecond:Interface", "RxDrops:Interface",
  "InterfaceErrors:Interface", "InterfaceState",
]
[collectors]
auto = false  # only those named here: their series are counted
[collectors.cpu]
[collectors.conntrack]
[collectors.interfaces]
include = ["{prefix}*"]
"""


def commands(folder, period):
    config = folder / "fwmetrics.toml"
    config.write_text(
        CONFIG.format(
            namespace=harness.NAMESPACE,
            period=period,
            phase=min(5, max(1, period // 10)),
            state=folder / "state",
            instance=INSTANCE,
            prefix=network.PREFIX,
        )
    )
    publisher = [sys.executable, "-B", str(FOLDER / "publisher.py"), str(period), network.PREFIX, INSTANCE]
    return {
        "fwmetrics": [harness.program(), "run", "--config", str(config)],
        "publisher": publisher,
    }


@contextlib.contextmanager
def both(folder, period, environment):
    """Started together inside the namespace, ended together."""
    env = harness.environment(folder, **harness.dummy_keys(), **environment)
    with contextlib.ExitStack() as stack:
        yield {
            name: stack.enter_context(
                harness.process(network.inside(network.NEAR, *command), env, folder / f"{name}.log")
            )
            for name, command in commands(folder, period).items()
        }


def first_readings(folder):
    """Milliseconds from the start of the process to its first reading: the median of a few starts."""
    env = harness.environment(folder, **harness.dummy_keys())
    every = commands(folder, 60)
    config = every["fwmetrics"][-1]
    # Two passes 100 ms apart: the rest of its whole life is start, both passes, output and end.
    once = [harness.program(), "once", "--over", "100ms", "--format", "json", "--config", config]
    return {
        "fwmetrics": median([whole_life(network.inside(network.NEAR, *once), env) - 100 for _ in range(STARTS)]),
        "publisher": median(
            [first_line(network.inside(network.NEAR, *every["publisher"]), env) for _ in range(STARTS)]
        ),
    }


def whole_life(command, env):
    start = time.monotonic()
    subprocess.run(command, env=env, capture_output=True, timeout=60, check=True)
    return 1000 * (time.monotonic() - start)


def first_line(command, env):
    start = time.monotonic()
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        child.stdout.readline()
        took = 1000 * (time.monotonic() - start)
        child.kill()
    return took


def median(values):
    values = sorted(values)
    return values[len(values) // 2]


def installed():
    """Bytes on disk: the program; the interpreter with its standard library, and the packages."""
    library = pathlib.Path(sysconfig.get_path("stdlib"))
    interpreter = os.path.getsize(os.path.realpath(sys.executable))
    # Without the interpreter's own shared library and without what only its developers need.
    unneeded = {"site-packages", "dist-packages", "test", "tests", "ensurepip", "idlelib", "__pycache__"}
    for folder, folders, files in os.walk(library):
        folders[:] = [name for name in folders if name not in unneeded and not name.startswith("config-")]
        interpreter += sum(os.path.getsize(pathlib.Path(folder, name)) for name in files)
    return {
        "fwmetrics": os.path.getsize(harness.program()),
        "interpreter": interpreter,
        "packages": sum(package_bytes(name) for name in needed(["boto3", "psutil"])),
    }


def needed(names):
    """These packages and all that they require without extras."""
    found, left = set(), list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            required = importlib.metadata.requires(name) or []
            plain = [line for line in required if "extra ==" not in line]
            left += ["".join(c if c.isalnum() or c in "-_." else " " for c in line).split()[0] for line in plain]
    return found


def package_bytes(name):
    files = importlib.metadata.files(name) or []
    paths = [pathlib.Path(file.locate()) for file in files]
    return sum(path.stat().st_size for path in paths if path.exists() and path.suffix != ".pyc")


def versions():
    first = subprocess.run([harness.program(), "--version"], capture_output=True, text=True, timeout=10, check=True)
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("boto3", "psutil"))
    python = ".".join(str(part) for part in sys.version_info[:3])
    return f"{first.stdout.strip()}; Python {python}, {packages}"
