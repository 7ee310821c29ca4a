"""An independent reading of connection tracking in the caller's network namespace, as one JSON object.

Asks the kernel over raw ctnetlink, where the program under test reads /proc: entries and max_entries
of the table, and drop and early_drop summed over the CPUs. Needs CAP_NET_ADMIN.
"""

import json
import socket
import struct
import sys

NETLINK_NETFILTER = 12
SUBSYSTEM = 1  # NFNL_SUBSYS_CTNETLINK
GET_STATS_CPU, GET_STATS = 4, 5
REQUEST, DUMP = 0x1, 0x300
ERROR, DONE = 2, 3
GLOBAL_ENTRIES, GLOBAL_MAX_ENTRIES = 1, 2  # of GET_STATS
DROP, EARLY_DROP = 10, 11  # of GET_STATS_CPU


def messages(packet):
    """(type, body) of each netlink message."""
    at = 0
    while at < len(packet):
        length, kind, _, _, _ = struct.unpack_from("=IHHII", packet, at)
        yield kind, packet[at + 16 : at + length]
        at += (length + 3) & ~3


def attributes(body):
    """{type: number} after the four bytes of nfgenmsg."""
    found, at = {}, 4
    while at < len(body):
        length, kind = struct.unpack_from("=HH", body, at)
        found[kind & 0x3FFF] = int.from_bytes(body[at + 4 : at + length], "big")
        at += (length + 3) & ~3
    return found


def ask(command, dump=0):
    """The attributes of every answer. One that is no dump is a single message, never followed by DONE,
    though the kernel may mark it as one of several."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as door:
        door.settimeout(5)
        kind = SUBSYSTEM << 8 | command
        door.send(struct.pack("=IHHIIBBH", 20, kind, REQUEST | dump, 1, 0, 0, 0, 0))
        answers = []
        while True:
            for kind, body in messages(door.recv(65536)):
                if kind == DONE:
                    return answers
                if kind == ERROR:
                    sys.exit(f"ctnetlink: errno {-struct.unpack_from('=i', body)[0]}")
                answers.append(attributes(body))
                if not dump:
                    return answers


def main():
    (table,) = ask(GET_STATS)
    cpus = ask(GET_STATS_CPU, DUMP)
    drop = sum(cpu[DROP] for cpu in cpus)
    early_drop = sum(cpu[EARLY_DROP] for cpu in cpus)
    reading = {
        "entries": table[GLOBAL_ENTRIES],
        "max_entries": table[GLOBAL_MAX_ENTRIES],
        "drop": drop,
        "early_drop": early_drop,
        "alloc_failures": drop + early_drop,
    }
    print(json.dumps(reading))


main()
