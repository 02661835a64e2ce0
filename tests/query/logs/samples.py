"""Records for tests: random ones over a small hostile vocabulary, and how they get into a store."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tests.query import platform
from tests.query.logs.reference import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clickhouse_connect.driver.client import Client

# The newest sample's time, in nanoseconds: a moment ago, so that no default range misses it.
SECOND: Final = 1_000_000_000
WORDS: Final = (
    "timeout", "Timeout", "TIME", "time", "error", "connection", "reset", "10.0.0.1", "foo-bar", "foo", "bar", "%", "_",
    "100%", "\\", "'", '"', "`", "--", "/*", ";", "{p:String}", "$$", "é", "É", "日本語", "🙂", "\t", "\n", "a_b", "a1",
    "DROP", "\x01", "l.project_id", "\\N", "\\n", "null",
)  # fmt: skip
KEYS: Final = ("status", "http.status", "n", "user id", "l", "'", "日本")
VALUES: Final = (
    "500",
    "503",
    "2",
    "1",
    "2.5",
    "-3",
    "1e2",
    "1_000",
    " 5",
    "",
    "abc",
    "nan",
    "inf",
    "0x10",
    "5\n",
    "é'\\",
)
TRACES: Final = ("0" * 32, "0123456789abcdef" * 2, "f" * 32)
COLUMNS: Final = (
    "project_id", "environment", "service_id", "retention_days", "timestamp", "id", "source", "severity", "region",
    "pod", "container", "trace_id", "span_id", "body", "attributes",
)  # fmt: skip


def now() -> int:
    """The present in nanoseconds."""
    return int(datetime.now(UTC).timestamp()) * SECOND


def random_samples(
    project_id: str, services: Sequence[str], count: int, *, end: int, seed: int, mark: str = ""
) -> list[Sample]:
    """`count` records within the minute before `end`; many share a timestamp. `mark` is in every text of theirs."""
    dice = random.Random(seed)
    return [
        Sample(
            project_id=project_id,
            environment=dice.choice(("production", "pr-7")),
            service_id=dice.choice(services),
            timestamp=end - dice.randrange(1, 60) * SECOND,
            id=dice.getrandbits(64),
            severity=dice.choice((0, 1, 5, 9, 12, 13, 17, 20, 21, 24, 255)),
            source=dice.choice(("app", "build", "http", "platform")),
            pod=dice.choice(("web-1", "web-2")) + mark,
            container=dice.choice(("main", "sidecar")) + mark,
            trace_id=dice.choice(TRACES),
            span_id=dice.choice(("0" * 16, "0123456789abcdef")),
            body=mark + dice.choice(("", " ", "x")).join(dice.choices(WORDS, k=dice.randrange(0, 6))),
            attributes={dice.choice(KEYS) + mark: dice.choice(VALUES) + mark for _ in range(dice.randrange(0, 4))},
        )
        for _ in range(count)
    ]


def row(one: Sample, *, encode: bool = False) -> tuple[object, ...]:
    """The columns of a record; with `encode`, its texts as bytes: a surrogate stands for a byte that is no UTF-8."""

    def text(value: str) -> str | bytes:
        return value.encode("utf-8", "surrogateescape") if encode else value

    return (
        one.project_id,
        one.environment,
        one.service_id,
        30,
        one.timestamp,
        one.id,
        one.source,
        one.severity,
        "near",
        one.pod,
        one.container,
        bytes.fromhex(one.trace_id),
        bytes.fromhex(one.span_id),
        text(one.body),
        {text(key): text(value) for key, value in one.attributes.items()},
    )


def insert(client: Client, samples: Iterable[Sample]) -> None:
    """Put records into a store as its writer."""
    client.insert("starmeter.logs", [row(one) for one in samples], column_names=COLUMNS)


def insert_for(client: Client, *, count: int, end: int, seed: int) -> tuple[list[Sample], list[Sample]]:
    """Insert random records of A and of its rival; returns both."""
    ours = random_samples(platform.PROJECT_A, (platform.SERVICE_A1, platform.SERVICE_A2), count, end=end, seed=seed)
    theirs = random_samples(
        platform.PROJECT_B,
        (platform.SERVICE_B1, platform.SERVICE_A1),
        count,
        end=end,
        seed=seed + 1,
        mark=platform.SECRET,
    )
    insert(client, [*ours, *theirs])
    return ours, theirs
