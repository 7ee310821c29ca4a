"""Datagrams through a tunnel, counted at both ends.

    echo.py serve ADDRESS                         sends each back
    echo.py send FROM TO SECONDS PER_SECOND SIZE  prints JSON: datagrams sent and received, of SIZE bytes with their headers
"""
import json, select, socket, sys, time

PORT, HEADERS = 4000, 28  # IPv4 and UDP

verb, *rest = sys.argv[1:]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
# Some seconds of datagrams, so that none is lost here while this process waits for a processor: 33 is Linux's
# SO_RCVBUFFORCE, which heeds no limit.
udp.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)
if verb == "serve":
    udp.bind((rest[0], PORT))
    while True:
        data, peer = udp.recvfrom(65536)
        udp.sendto(data, peer)
source, to, seconds, rate, size = rest[0], rest[1], float(rest[2]), float(rest[3]), int(rest[4])
udp.bind((source, 0))
payload = bytes(size - HEADERS)
sent = received = 0
start = time.monotonic()
# Two seconds more for what is under way.
while (now := time.monotonic() - start) < seconds + 2:
    # One at a time: after a pause the rest does not come in one burst.
    if sent < min(now, seconds) * rate:
        udp.sendto(payload, (to, PORT))
        sent += 1
    if select.select([udp], [], [], 0.5 / rate)[0]:
        udp.recv(65536)
        received += 1
print(json.dumps({"sent": sent, "received": received}))
