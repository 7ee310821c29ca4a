"""A little traffic, so that no two seconds are alike: each second a few frames into every link.

Frames of random number (1 to 8) and size, from the far end of each veth pair, broadcast. They carry
an IPv4 type and no address, so the near end counts and then discards them.

    traffic.py LINKS
"""

import contextlib
import random
import socket
import sys
import time

IPV4 = b"\x08\x00"
HEADER = b"\xff" * 6 + b"\x02\x00\x00\x00\x00\x01" + IPV4

random.seed(1)
links = [f"b{number}" for number in range(1, int(sys.argv[1]) + 1)]
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
    due = time.time()
    while True:
        for link in links:
            frame = HEADER + bytes(random.randint(46, 1400))
            for _ in range(random.randint(1, 8)):
                with contextlib.suppress(OSError):  # ENOBUFS: no room for this one just now
                    out.sendto(frame, (link, 0))
        due += 1
        time.sleep(max(0, due - time.time()))
