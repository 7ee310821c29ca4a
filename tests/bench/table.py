"""The figures as a Markdown table, with the budgets beside them."""

import datetime
import os
import platform
import re

import peers

BEGIN, END = "<!-- generated: tests/bench/run -->\n", "<!-- end -->"
MB = 1e6
MIB = 1 << 20

# figure, its name and unit, factor, digits, the budget (and goal) of fwmetrics at 60 series
ROWS = [
    ("resident", "resident memory, MB", 1 / MB, 1, f"{12 * MIB / MB:.1f} (goal {7 * MIB / MB:.1f})"),
    ("anonymous", "of it anonymous, MB", 1 / MB, 1, ""),
    ("cpu_ms", "CPU, ms per s", 1, 2, "1.5 (goal 0.4)"),
    ("voluntary", "wake-ups per s (voluntary switches)", 1, 1, "3 (goal 1)"),
    ("involuntary", "involuntary switches per s", 1, 1, ""),
    ("installed", "on disk, MB", 1 / MB, 1, f"{8 * MIB / MB:.1f} (goal {5 * MIB / MB:.1f})"),
    ("calls", "calls per window", 1, 1, "the fewest"),
    ("bytes", "bytes on the wire per window", 1, 0, "6144 (goal 3072)"),
    ("datums", "datums per window", 1, 1, ""),
    ("samples", "samples in a series and window", 1, 0, "all"),
    ("first_reading_ms", "start to first reading, ms", 1, 0, "100 (goal 20)"),
]


def markdown(results, wanted):
    disk = peers.installed()
    sizes = {"fwmetrics": disk["fwmetrics"], "publisher": disk["interpreter"] + disk["packages"]}
    head, rule = ["", "budget at 60"], ["---", "---"]
    for series in results:
        head += [f"fwmetrics, {series} series", "boto3 + psutil", "ratio"]
        rule += ["---:", "---:", "---:"]
    lines = [conditions(results, wanted, disk), "", line(head), line(rule)]
    for key, name, factor, digits, budget in ROWS:
        cells = [name, budget]
        for columns in results.values():
            ours, theirs = [sizes[peer] if key == "installed" else columns[peer][key] for peer in sizes]
            ratio = f"{theirs / ours:.3g}" if ours > 0 else ""
            cells += [f"{ours * factor:.{digits}f}", f"{theirs * factor:.{digits}f}", ratio]
        lines.append(line(cells))
    return "\n".join(lines) + "\n"


def line(cells):
    return "| " + " | ".join(cells) + " |"


def conditions(results, wanted, disk):
    first = next(iter(results.values()))
    wires = " and ".join(sorted({columns[peer]["protocol"] for columns in results.values() for peer in columns}))
    clock = "ticks" if first["fwmetrics"]["in_ticks"] else "/proc/PID/task/*/schedstat"
    scheme = "HTTPS" if wanted.tls else "plain HTTP"
    return " ".join(
        f"""
Measured on {datetime.date.today()} by `tests/bench/run`: {peers.versions()}; Linux {platform.release()},
{os.cpu_count()} cores, {platform.machine()}. Both at the same time in one network namespace, a reading each second
(fwmetrics: cpu, conntrack and interfaces), windows of {wanted.period} s, {scheme} on loopback ({wires});
steady state over {wanted.windows} windows, median of {wanted.rounds} rounds. Every interface is a veth
with a few frames a second, so that its rates differ from second to second.
CPU from {clock}. Ratio: the publisher's figure over ours. On disk: the stripped binary;
the interpreter with its library ({disk["interpreter"] / MB:.0f} MB) and the packages ({disk["packages"] / MB:.0f} MB).
The first reading of fwmetrics is the whole life of `once` less the time between its two passes.
""".split()
    )


def write(readme, text):
    old = readme.read_text()
    pattern = re.escape(BEGIN) + ".*?" + re.escape(END)
    if not re.search(pattern, old, re.DOTALL):
        raise SystemExit(f"error: {readme} has no {BEGIN.strip()} … {END}")
    readme.write_text(re.sub(pattern, lambda _: BEGIN + text + END, old, count=1, flags=re.DOTALL))
