"""What a process costs, from /proc: memory, CPU time, context switches. All its threads, also ended ones.

CPU time comes from /proc/PID/task/*/schedstat in nanoseconds, and where the kernel has none from ticks.
"""

import os
import pathlib
import statistics


class Watch:
    """Looks at one process; `look` again before a thread ends, or its last part is lost."""

    def __init__(self, pid):
        self.proc = pathlib.Path("/proc", str(pid))
        self.tasks = {}  # of each thread seen: (CPU seconds, voluntary, involuntary switches)
        self.memory = []  # (resident, anonymous, peak) in bytes
        self.in_ticks = False
        self.look()

    def look(self):
        for task in (self.proc / "task").iterdir():
            try:
                status = fields(task / "status")
                switches = [int(status[f"{kind}_ctxt_switches"]) for kind in ("voluntary", "nonvoluntary")]
                self.tasks[task.name] = (self.cpu_seconds(task), *switches)
            except (FileNotFoundError, ProcessLookupError):
                continue  # a thread that has ended since
        status = fields(self.proc / "status")
        sizes = [1024 * int(status[name].split()[0]) for name in ("VmRSS", "RssAnon", "VmHWM")]
        self.memory.append(sizes)
        return self.totals()

    def cpu_seconds(self, task):
        try:
            return int((task / "schedstat").read_text().split()[0]) / 1e9
        except FileNotFoundError:
            self.in_ticks = True
            after_name = (task / "stat").read_text().rpartition(")")[2].split()
            return (int(after_name[11]) + int(after_name[12])) / os.sysconf("SC_CLK_TCK")

    def totals(self):
        return [sum(column) for column in zip(*self.tasks.values())]

    def begin(self):
        """The measured time starts now."""
        self.memory = []
        self.before = self.look()

    def end(self, seconds):
        """Figures per second since `begin`; memory is the median of all looks."""
        cpu, voluntary, involuntary = [now - then for now, then in zip(self.look(), self.before)]
        resident, anonymous, peak = [statistics.median(column) for column in zip(*self.memory)]
        return {
            "resident": resident,
            "anonymous": anonymous,
            "peak": peak,
            "cpu_ms": 1000 * cpu / seconds,
            "voluntary": voluntary / seconds,
            "involuntary": involuntary / seconds,
        }


def fields(path):
    lines = path.read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
