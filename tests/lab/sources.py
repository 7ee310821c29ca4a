"""Reads what the default collectors read, and prints a line per source that ends in ok or the error.

usage: sources.py INTERFACE (one whose driver has statistics, such as veth)
"""

import array
import fcntl
import os
import socket
import struct
import sys

FILES = (
    "/proc/stat",
    "/proc/net/softnet_stat",
    "/proc/net/stat/nf_conntrack",
    "/proc/sys/net/netfilter/nf_conntrack_count",
    "/proc/sys/net/netfilter/nf_conntrack_max",
    "/proc/meminfo",
    "/proc/loadavg",
    "/proc/uptime",
    "/sys/devices/system/cpu/online",
    "/sys/devices/system/cpu/isolated",
)
DMI = "/sys/devices/virtual/dmi/id"
# linux/sockios.h, linux/ethtool.h
SIOCETHTOOL = 0x8946
ETHTOOL_GDRVINFO = 0x03
ETHTOOL_GSTRINGS = 0x1B
ETHTOOL_GSTATS = 0x1D
ETH_SS_STATS = 1
# linux/rtnetlink.h, linux/netlink.h
RTM_GETLINK = 18
NLM_F_REQUEST_DUMP = 0x301
NLMSG_ERROR = 2


def main(interface):
    for path in FILES:
        attempt(path, lambda path=path: read(path))
    if os.path.isdir(DMI):  # not every machine has it
        attempt(f"{DMI}/sys_vendor", lambda: read(f"{DMI}/sys_vendor"))
    attempt("statvfs /", lambda: os.statvfs("/"))
    attempt("rtnetlink links", links)
    for name, head in (
        ("driver", (ETHTOOL_GDRVINFO,)),
        ("names", (ETHTOOL_GSTRINGS, ETH_SS_STATS)),
        ("statistics", (ETHTOOL_GSTATS,)),
    ):
        attempt(f"SIOCETHTOOL {name}", lambda head=head: ethtool(interface, head))


def attempt(name, action):
    try:
        action()
        print(name, "ok")
    except (OSError, ValueError) as error:
        print(f"{name}: {error}")


def read(path):
    with open(path) as file:
        file.read()


def links():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        body = struct.pack("=B3x", 0)
        head = struct.pack("=IHHII", 16 + len(body), RTM_GETLINK, NLM_F_REQUEST_DUMP, 1, 0)
        sock.send(head + body)
        (kind,) = struct.unpack_from("=H", sock.recv(65536), 4)
        if kind == NLMSG_ERROR:
            raise ValueError("refused")


def ethtool(interface, head):
    buffer = array.array("B", struct.pack(f"={len(head)}I", *head) + bytes(65536))
    address, _ = buffer.buffer_info()
    request = struct.pack("16sP16x", interface.encode(), address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCETHTOOL, request)


main(sys.argv[1])
