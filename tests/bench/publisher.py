"""The peer: what one writes in an afternoon to publish a firewall's load, with boto3 and psutil.

Reads once a second, keeps each window as distinct values with their counts, sends it with as few
calls as are safe. No retry of its own, no spool, no metadata service. The series are its own.

    publisher.py PERIOD INTERFACE_PREFIX INSTANCE_ID
"""

import collections
import datetime
import sys
import time

import boto3
import psutil

PERIOD, PREFIX, INSTANCE = int(sys.argv[1]), sys.argv[2], sys.argv[3]
NAMESPACE = "Bench/publisher"
DATUMS_PER_CALL = 500  # the API takes 1000 and 1 MB: 1000 full minutes are more
UNITS = {"BitsIn": "Bits/Second", "BitsOut": "Bits/Second", "PacketsIn": "Count/Second"}


def number(path):
    with open(path) as file:
        return float(file.read())


def table_failures():
    """insert_failed and drop of all CPUs; a header, then a line of hexadecimal numbers each."""
    with open("/proc/net/stat/nf_conntrack") as file:
        names, *rows = [line.split() for line in file]
    columns = [names.index("insert_failed"), names.index("drop")]
    return sum(int(row[column], 16) for row in rows for column in columns)


def totals():
    """{(metric, interface or None): running total}"""
    found = collections.Counter({("SessionFailures", None): table_failures()})
    for name, nic in psutil.net_io_counters(pernic=True).items():
        if name.startswith(PREFIX):
            bits_in, bits_out = 8 * nic.bytes_recv, 8 * nic.bytes_sent
            values = bits_in, bits_out, nic.packets_recv, nic.dropin, nic.errin + nic.errout
            for metric, value in zip(("BitsIn", "BitsOut", "PacketsIn", "Drops", "Errors"), values):
                found[metric, name] = value
                found[metric, None] += value
    return found


def levels():
    cores = psutil.cpu_times_percent(percpu=True)
    busy = [100 - core.idle - core.iowait for core in cores]
    sessions = number("/proc/sys/net/netfilter/nf_conntrack_count")
    table = 100 * sessions / number("/proc/sys/net/netfilter/nf_conntrack_max")
    cpu = sum(busy) / len(busy)
    return {
        "Cpu": cpu,
        "CpuMaxCore": max(busy),
        "CpuSteal": max(core.steal for core in cores),
        "CpuSoftirq": max(core.softirq for core in cores),
        "Memory": psutil.virtual_memory().percent,
        "Sessions": sessions,
        "SessionTable": table,
        "Capacity": max(cpu, table),
    }


def datum(start, metric, interface, counts):
    dimensions = {"InstanceId": INSTANCE} | ({"Interface": interface} if interface else {})
    return {
        "MetricName": metric,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Timestamp": start,
        "Values": list(counts.keys()),
        "Counts": list(counts.values()),
        "Unit": UNITS.get(metric, "None"),
        "StorageResolution": 60 if PERIOD >= 60 else 1,
    }


def publish(client, start, window):
    start = datetime.datetime.fromtimestamp(start, datetime.timezone.utc)
    data = [datum(start, metric, interface, counts) for (metric, interface), counts in window.items()]
    data.append(datum(start, "Heartbeat", None, {1: 1}))
    for first in range(0, len(data), DATUMS_PER_CALL):
        client.put_metric_data(Namespace=NAMESPACE, MetricData=data[first : first + DATUMS_PER_CALL])


def main():
    client = boto3.client("cloudwatch")
    before, due, window = totals(), int(time.time()), collections.defaultdict(collections.Counter)
    psutil.cpu_times_percent(percpu=True)
    print("first reading", flush=True)
    while True:
        due += 1
        time.sleep(max(0, due - time.time()))
        if due % PERIOD == 0 and window:
            closed, window = window, collections.defaultdict(collections.Counter)
        else:
            closed = None
        now = totals()
        for key, value in now.items():
            if key in before:
                window[key][max(0, value - before[key])] += 1
        before = now
        for metric, value in levels().items():
            window[metric, None][value] += 1
        if closed:
            try:
                publish(client, due - PERIOD, closed)
            except Exception as error:
                print(error, file=sys.stderr, flush=True)


main()
