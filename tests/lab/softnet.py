"""An independent reading of the packet path, as one JSON object.

From /proc/net/softnet_stat, summed over the CPUs: drops and squeezes (no wrap is expected within a
test). From /proc/stat, of CPU 0: busy, softirq and total ticks.
"""

import json


def main():
    with open("/proc/net/softnet_stat") as file:
        cores = [[int(word, 16) for word in line.split()] for line in file]
    with open("/proc/stat") as file:
        (ticks,) = [line.split()[1:9] for line in file if line.startswith("cpu0 ")]
    user, nice, system, idle, iowait, irq, softirq, steal = map(int, ticks)
    busy = user + nice + system + irq + softirq + steal
    reading = {
        "drops": sum(core[1] for core in cores),
        "squeezes": sum(core[2] for core in cores),
        "busy": busy,
        "softirq": softirq,
        "total": busy + idle + iowait,
    }
    print(json.dumps(reading))


main()
