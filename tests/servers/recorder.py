"""A reverse proxy on loopback that passes every byte on unchanged and remembers what went through.

It decodes PutMetricData with its own CBOR decoder, so that a test knows what was really sent.
"""

import contextlib
import gzip
import http.client
import http.server
import threading
import urllib.parse

import cbor2

CONNECTION_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Recorder:
    def __init__(self):
        self.endpoint = ""
        self.requests = []  # (method, path, headers with lower-case names, status)
        self.puts = []  # the PutMetricData inputs that were answered 200
        self.lock = threading.Lock()

    def remember(self, method, path, headers, body, status):
        with self.lock:
            self.requests.append((method, path, headers, status))
            if path.endswith("/operation/PutMetricData") and status == 200:
                gzipped = headers.get("content-encoding") == "gzip"
                self.puts.append(cbor2.loads(gzip.decompress(body) if gzipped else body))

    def datums(self):
        """(namespace, datum) of all puts so far."""
        with self.lock:
            return [(put["Namespace"], datum) for put in self.puts for datum in put["MetricData"]]


@contextlib.contextmanager
def recording(upstream):
    """A recorder in front of the endpoint `upstream`."""
    recorder = Recorder()
    host = urllib.parse.urlsplit(upstream).netloc

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            passed = {name: value for name, value in headers.items() if name not in CONNECTION_HEADERS}
            connection = http.client.HTTPConnection(host, timeout=20)
            try:
                connection.request(self.command, self.path, body, passed)
                answer = connection.getresponse()
                answer_body = answer.read()
            finally:
                connection.close()
            # Before the client hears of it: whoever saw the answer finds the record.
            recorder.remember(self.command, self.path, headers, body, answer.status)
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in CONNECTION_HEADERS:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(answer_body)))
            self.end_headers()
            self.wfile.write(answer_body)

        do_GET = do_PUT = do_POST = forward

        def log_message(self, *_):
            pass

    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    recorder.endpoint = f"http://127.0.0.1:{proxy.server_port}"
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield recorder
    finally:
        proxy.shutdown()
        proxy.server_close()
