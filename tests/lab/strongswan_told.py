"""What fwmetrics said of strongSwan, in words.

    strongswan_told.py once FILE           `once --format json`: each sample as METRIC[/TUNNEL]=VALUE, short, and the status
    strongswan_told.py error FILE          the collector's error and notes
    strongswan_told.py batches FILE NAME   `run --dry-run`: minimum of TunnelState, sums of TunnelBytesIn and -Out, as JSON
    strongswan_told.py until URL LINE SECS waits until /metrics has this line, and prints the time
"""
import json, sys, time, urllib.request

SHORT = {"TunnelsConfigured": "configured", "TunnelsUp": "up", "TunnelsDown": "down", "IkeHalfOpen": "half-open",
         "RemoteAccessTunnels": "road-warriors", "RemoteAccessUtilization": "road-warriors%"}


def own(dimensions):
    return dimensions.get("Tunnel")


def once(file):
    answer = json.load(open(file))
    words = []
    for sample in answer["samples"]:
        name = own(sample["dimensions"])
        value = f"{sample['value']:g}"
        if sample["metric"] == "TunnelState":
            words.append(f"{name}={value}")
        elif sample["metric"] in SHORT:
            words.append(f"{SHORT[sample['metric']]}={value}")
    status = [c for c in answer["collectors"] if c["name"] == "strongswan"][0]["status"]
    print(*sorted(words), status)


def error(file):
    for collector in json.load(open(file))["collectors"]:
        if collector["name"] == "strongswan":
            print(collector["error"] or "", *collector["notes"])


def datums(file, name):
    for line in open(file):
        if not line.startswith("{"):
            continue
        for datum in json.loads(line)["MetricData"]:
            dimensions = {d["Name"]: d["Value"] for d in datum.get("Dimensions", [])}
            if own(dimensions) == name:
                values = datum.get("Values") or [datum["Value"]]
                counts = datum.get("Counts") or [1] * len(values)
                yield datum["MetricName"], datum["Timestamp"], values, counts


def batches(file, name):
    low, samples, sums = None, 0, {}
    for metric, _, values, counts in datums(file, name):
        if metric == "TunnelState":
            low = min([*values] if low is None else [low, *values])
            samples += sum(counts)
        else:
            sums[metric] = sums.get(metric, 0) + sum(v * c for v, c in zip(values, counts))
    print(json.dumps({"minimum": low, "samples": samples, **{k: round(v) for k, v in sums.items()}}))


def until(url, line, secs):
    end = time.time() + float(secs)
    while time.time() < end:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:  # a busy machine's loop answers 503, or not in time
            lines = []
        if line in lines:
            print(f"{time.time():.3f}")
            return
        time.sleep(0.05)
    sys.exit(f"no line {line} after {secs} s")


verb, *rest = sys.argv[1:]
{"once": once, "error": error, "batches": batches, "until": until}[verb](*rest)
