"""A name server for one name: resolver.py ADDRESS NAME ANSWER. A to the name, no data to AAAA, no such name to others."""

import socket
import struct
import sys

TTL = 0
A, NXDOMAIN = 1, 3


def asked(query):
    """Name and type of the question, and its bytes."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii", "replace"))
        at += 1 + query[at]
    (kind,) = struct.unpack_from("!H", query, at + 1)
    return ".".join(labels).lower(), kind, query[12 : at + 5]


def answer(query, name, address):
    wanted, kind, question = asked(query)
    known = wanted == name
    found = known and kind == A
    flags = 0x8580 | (0 if known else NXDOMAIN)  # an authoritative answer, recursion available
    header = query[:2] + struct.pack("!HHHHH", flags, 1, int(found), 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, TTL, 4) + socket.inet_aton(address)
    return header + question + (record if found else b"")


def main():
    listen, name, address = sys.argv[1:]
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((listen, 53))
    while True:
        query, peer = server.recvfrom(512)
        try:
            reply = answer(query, name, address)
        except (IndexError, struct.error):
            continue
        server.sendto(reply, peer)


main()
