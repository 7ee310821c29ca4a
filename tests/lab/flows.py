"""Real TCP and UDP flows for the lab, each bounded in number and time.

serve SECONDS          TCP and UDP echo
ping HOST              one TCP connection, one byte there and back
hold HOST N SECONDS    N TCP connections, held open
storm HOST N [PORT]    N UDP flows of one datagram each
stream HOST N BYTES    N datagrams of one UDP flow within about a second
flood HOST SECONDS     datagrams to the discard port, as fast as they go
"""

import selectors
import socket
import sys
import time

TCP_PORT, UDP_PORT, DISCARD_PORT = 5001, 5002, 9


def serve(seconds):
    selector = selectors.DefaultSelector()
    listener = socket.create_server(("", TCP_PORT), backlog=1024)
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("", UDP_PORT))

    def accept():
        connection, _ = listener.accept()
        selector.register(connection, selectors.EVENT_READ, lambda: echo(connection))

    def echo(connection):
        try:
            data = connection.recv(65536)
            connection.sendall(data)
        except OSError:
            data = b""
        if not data:
            selector.unregister(connection)
            connection.close()

    def answer():
        try:
            data, peer = datagrams.recvfrom(65536)
            datagrams.sendto(data, peer)
        except OSError:
            pass  # an ICMP error of an earlier answer

    selector.register(listener, selectors.EVENT_READ, accept)
    selector.register(datagrams, selectors.EVENT_READ, answer)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key, _ in selector.select(1):
            key.data()


def connect(host):
    connection = socket.create_connection((host, TCP_PORT), 2)
    connection.sendall(b"x")
    assert connection.recv(1) == b"x"
    return connection


def hold(host, count, seconds):
    connections = [connect(host) for _ in range(count)]
    print(f"open={len(connections)}", flush=True)
    time.sleep(seconds)


def storm(host, count, port=UDP_PORT):
    for i in range(count):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
            flow.bind(("", 20000 + i % 40000))
            flow.sendto(b"x", (host, port))


def stream(host, count, size):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
        flow.connect((host, UDP_PORT))
        for i in range(count):
            flow.send(bytes(size))
            if i % 20 == 19:
                time.sleep(20 / count)


def flood(host, seconds):
    end = time.monotonic() + seconds
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
        flow.connect((host, DISCARD_PORT))
        while time.monotonic() < end:
            for _ in range(200):
                flow.send(bytes(20))


def main(command, *arguments):
    match command, arguments:
        case "serve", [seconds]:
            serve(float(seconds))
        case "ping", [host]:
            connect(host).close()
        case "hold", [host, count, seconds]:
            hold(host, int(count), float(seconds))
        case "storm", [host, count, *port]:
            storm(host, int(count), *map(int, port))
        case "stream", [host, count, size]:
            stream(host, int(count), int(size))
        case "flood", [host, seconds]:
            flood(host, float(seconds))
        case _:
            sys.exit(__doc__)


main(*sys.argv[1:] or [""])
