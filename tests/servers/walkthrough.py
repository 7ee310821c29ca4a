"""What the README tells a reader to type, taken out of it and run word by word."""

import os
import pathlib
import re
import subprocess

import harness

SECTION = "From an empty directory to an alarm"


def commands(section=SECTION):
    """The section's shell blocks, one after the other; a block that is no `sh` is not for typing."""
    readme = pathlib.Path(os.environ.get("README", harness.ROOT / "README.md")).read_text()
    found = re.search(rf"^(#+) {re.escape(section)}\n(.*?)(?=^#+ |\Z)", outside(readme), re.MULTILINE | re.DOTALL)
    if not found:
        raise SystemExit(f"error: the README has no section {section!r}")
    return re.findall(r"^```sh\n(.*?)^```", found[2].replace("\0", "#"), re.MULTILINE | re.DOTALL)


def outside(text):
    """With another sign for the # that begins a line of a block: only headings begin with one."""
    return re.sub(r"^```.*?^```", lambda block: re.sub("^#", "\0", block[0], flags=re.MULTILINE), text,
                  flags=re.MULTILINE | re.DOTALL)


def run(blocks, folder, env):
    """(exit code, output) of all blocks in one shell in the folder; it stops at the first command that fails."""
    shell = ["bash", "-euo", "pipefail", "-x", "-c", "\n".join(blocks)]
    done = subprocess.run(shell, cwd=folder, env=env, stdin=subprocess.DEVNULL, text=True, timeout=600,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout
