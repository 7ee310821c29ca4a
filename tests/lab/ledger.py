"""What became of each datum: the strict endpoint's record beside the daemon's account.

    ledger.py RECORD LOG KEY [FILE]

account: the newest account in LOG
sealed sent waiting dropped too_new lost missed_ticks: of the newest account in LOG, 0 where there is none
arrived distinct duplicates: datums in RECORD; distinct by series and timestamp
windows: seconds that some datum is of
gaps: seconds without any datum between the first window and the last
newest: timestamp of the newest window, 0 where there is none
missing FILE: timestamps of batches named in FILE, as in the spool, that nothing in RECORD has
late latest: datums that first came more than 3 s after their window's end, and the longest such wait in seconds
"""

import json
import re
import sys

WINDOW = 1
LATE = 3
MINUTELY = "ExporterHeartbeat"  # its timestamp is the minute's


def account(log):
    lines = [line for line in open(log, errors="replace") if "account: " in line]
    numbers = dict.fromkeys(("sealed", "sent", "waiting", "dropped", "too_new", "lost", "missed ticks"), 0)
    for key in numbers:
        found = re.search(f"{key} (\\d+)", lines[-1]) if lines else None
        numbers[key] = int(found[1]) if found else 0
    numbers["account"] = lines[-1].split("account: ")[1].strip() if lines else "none"
    numbers["missed_ticks"] = numbers.pop("missed ticks")
    return numbers


def record(path):
    first, arrived = {}, 0
    for line in open(path):
        if not line.endswith("\n"):
            break  # it is being written
        datum = json.loads(line)
        series = datum["name"], json.dumps(datum["dimensions"], sort_keys=True)
        arrived += 1
        first.setdefault((series, datum["timestamp"]), datum["received"])
    windows = {stamp for (name, _), stamp in first if name != MINUTELY}
    waits = [received - stamp - WINDOW for ((name, _), stamp), received in first.items() if name != MINUTELY]
    late = [wait for wait in waits if wait > LATE]
    span = int(max(windows) - min(windows)) // WINDOW + 1 if windows else 0
    return {
        "arrived": arrived,
        "distinct": len(first),
        "duplicates": arrived - len(first),
        "stamps": {stamp for _, stamp in first},
        "windows": len(windows),
        "gaps": span - len(windows),
        "newest": int(max(windows, default=0)),
        "late": len(late),
        "latest": round(max(late, default=0), 1),
    }


def main():
    path, log, key, *files = sys.argv[1:]
    known = {**account(log), **record(path)}
    if key == "missing":
        sealed = {int(name.split("-")[0]) for file in files for name in open(file)}
        print(*sorted(sealed - known["stamps"]))
    else:
        print(known[key])


main()
