"""CloudWatch's place for both peers: takes any PutMetricData and writes down what came.

A process of its own, so that its cost is in neither peer's figures. Speaks the SDKs' CBOR and JSON.
One line of JSON for each call: when, whose (namespace), bytes with head and body as they came,
and [metric, dimensions, window, samples] of each datum.

    endpoint.py PORT LOG [CERTIFICATE KEY]
"""

import gzip
import http.server
import json
import ssl
import sys
import threading
import time

import cbor2


class Counting:
    """A stream that counts what was read from it."""

    def __init__(self, stream):
        self.stream, self.bytes = stream, 0

    def readline(self, *size):
        return self.count(self.stream.readline(*size))

    def read(self, *size):
        return self.count(self.stream.read(*size))

    def count(self, part):
        self.bytes += len(part)
        return part

    def close(self):
        self.stream.close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 600
    lock = threading.Lock()
    log = None

    def setup(self):
        super().setup()
        self.rfile = Counting(self.rfile)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        received, self.rfile.bytes = self.rfile.bytes, 0
        packed = self.headers.get("content-encoding") == "gzip"
        plain = gzip.decompress(body) if packed else body
        kind = self.headers.get("content-type", "")
        if kind == "application/cbor":
            put, answer = cbor2.loads(plain), b"\xbf\xff"
        elif kind == "application/x-amz-json-1.0":
            put, answer = json.loads(plain), b"{}"
        else:
            return self.send_error(415, f"neither CBOR nor JSON but {kind}")
        line = {
            "at": time.time(),
            "namespace": put["Namespace"],
            "bytes": received,
            "body_bytes": len(plain),
            "gzip": packed,
            "protocol": kind,
            "datums": [summary(datum) for datum in put["MetricData"]],
        }
        with self.lock:
            self.log.write(json.dumps(line) + "\n")
            self.log.flush()
        self.send_response(200)
        self.send_header("content-type", kind)
        if kind == "application/cbor":
            self.send_header("smithy-protocol", "rpc-v2-cbor")
        self.send_header("x-amzn-requestid", "00000000-0000-0000-0000-000000000000")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def summary(datum):
    dimensions = sorted(f"{d['Name']}={d['Value']}" for d in datum.get("Dimensions", []))
    at = datum["Timestamp"]
    window = at.timestamp() if hasattr(at, "timestamp") else at
    if "Counts" in datum:
        samples = sum(datum["Counts"])
    else:
        samples = len(datum.get("Values", [0]))
    return [datum["MetricName"], ",".join(dimensions), window, samples]


def main():
    port, log, *certificate = sys.argv[1:]
    Handler.log = open(log, "a")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("listening", flush=True)
    server.serve_forever()


main()
