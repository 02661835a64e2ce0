"""The cluster simulator: serves one region's kubelet and kube-state-metrics pages on one loopback port."""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from compose.cluster import kubelet, state
from compose.cluster.inventory import Cluster


def serve(region: str, port: int) -> ThreadingHTTPServer:
    """A server for `region` on a loopback `port`, listening; its `serve_forever` answers scrapes of the present."""
    cluster = Cluster(region)

    class Pages(BaseHTTPRequestHandler):
        """The two pages."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            now = time.time()
            match self.path:
                case "/metrics/cadvisor":
                    self._answer(200, kubelet.render(cluster.running(now), now))
                case "/metrics":
                    self._answer(200, state.render(cluster.known(now), now))
                case "/health":
                    self._answer(200, "ok\n")
                case _:
                    self._answer(404, "not found\n")

        def _answer(self, status: int, body: str) -> None:
            data = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Scrapes are too frequent to be worth a line each."""

    return ThreadingHTTPServer(("127.0.0.1", port), Pages)


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2])).serve_forever()
