"""Bodies that are made to break something are stored as they are, under their own tenant and no other."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.ingest.logs.world import LAB, LABELS, SHOP, record

if TYPE_CHECKING:
    from tests.ingest.logs.serving import Running, Store

HOSTILE = {
    "sql": "'; DROP TABLE starmeter.logs; -- ",
    "escapes": "\\N \\' \\\\ \\x00 \t \r {p:String} %(x)s ${jndi:ldap://x/a} $(reboot) `id`",
    "nul": "a\x00b\x00",
    "ansi": "\x1b[31mERROR\x1b[0m \x1b]0;title\x07 \x1b[2J\x1b[H",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 \U0010ffff",
    "right to left": "\u202eevil\u202c \u2066x\u2069",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "formula": '=cmd|"/c calc"!A1',
    "json of another tenant": json.dumps({"project_id": LAB, "starform.io/project-id": LAB, "level": "fatal"}),
    "json with doubled keys": '{"level":"info","level":"error","a":{"b":1},"a.b":2}',
    "trace": 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\nValueError: no',
    "empty": "",
    "spaces": " \u00a0\u2003\ufeff ",
    "lines": "one\r\ntwo\n\nthree",
    "a great number": "9" * 4_000,
    "brackets": "[" * 2_000,
    "deep json": '{"a":' * 500 + "1" + "}" * 500,
    "long key": json.dumps({"k" * 5_000: 1, "short": 2}),
    "many keys": json.dumps({f"k{n}": n for n in range(1_000)}),
}


@pytest.mark.parametrize("form", ["array", "lines"])
def test_hostile_bodies_come_back_as_they_were_sent(running_ingest: Running, store: Store, form: str) -> None:
    at = time.time_ns()
    sent = [record(body, at=at + number) for number, body in enumerate(HOSTILE.values())]
    body = json.dumps(sent) if form == "array" else "\n".join(map(json.dumps, sent))
    assert running_ingest.post("/fluentbit", body.encode()).json()["accepted"] == len(HOSTILE)
    running_ingest.settle()

    found = store.rows(
        "SELECT base64Encode(l.body), toString(l.project_id) FROM starmeter.logs AS l ORDER BY l.timestamp"
    )
    assert [base64.b64decode(body).decode() for body, _ in found] == list(HOSTILE.values())
    assert {project for _, project in found} == {SHOP}


def test_what_is_no_utf_8_is_stored_with_replacement_characters(running_ingest: Running, store: Store) -> None:
    raw = json.dumps([record("MARK"), record("beside")]).encode()
    answers = [
        running_ingest.post("/fluentbit", raw.replace(b"MARK", b"bad \xff\xfe byte")),
        running_ingest.post("/fluentbit", json.dumps([record("MARK")]).replace("MARK", "half \\ud83d pair").encode()),
        running_ingest.post("/fluentbit", json.dumps(record(1)).replace(": 1,", ": NaN,", 1).encode()),
    ]
    running_ingest.settle()

    assert [answer.json()["rejected"] for answer in answers] == [0, 0, 0]
    bodies = store.bodies()
    assert "bad \ufffd\ufffd byte" in bodies
    assert "half \ufffd pair" in bodies
    assert "beside" in bodies


def test_only_the_pod_s_labels_say_whose_a_record_is(running_ingest: Running, store: Store) -> None:
    forged = {
        **record("forged"),
        "project_id": LAB,
        "labels": {"starform.io/project-id": LAB},
        "tenant": LAB,
        "resource": {"starform.io/project-id": LAB},
    }
    headers = {"X_Scope_OrgID": LAB, "X_Project_Id": LAB}
    assert running_ingest.post("/fluentbit", [forged], **headers).json()["accepted"] == 1
    bare = [{"key": key, "value": {"stringValue": value}} for key, value in LABELS.items()]
    records = [{"timeUnixNano": str(time.time_ns()), "body": {"stringValue": "bare"}, "attributes": bare}]
    request = {"resourceLogs": [{"resource": {"attributes": bare}, "scopeLogs": [{"logRecords": records}]}]}
    assert running_ingest.post("", request).json()["partialSuccess"]["rejectedLogRecords"] == "1"
    running_ingest.settle()

    assert store.rows("SELECT l.body, toString(l.project_id) FROM starmeter.logs AS l") == [("forged", SHOP)]
    assert [reason for reason, _ in store.letters()] == ["no_labels"]


def test_attributes_of_a_structured_body_are_bounded_and_the_body_is_whole(
    running_ingest: Running, store: Store
) -> None:
    running_ingest.post("/fluentbit", [record(HOSTILE["many keys"]), record(HOSTILE["long key"])])
    running_ingest.settle()

    assert store.rows(
        "SELECT length(l.attributes), length(l.body) FROM starmeter.logs AS l ORDER BY length(l.body)"
    ) == [(2, len(HOSTILE["long key"])), (129, len(HOSTILE["many keys"]))]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/fluentbit", "application/x-protobuf"),
        ("/ndjson", "application/x-protobuf"),
        ("/ndjson", "application/msgpack"),
    ],
)
def test_a_format_that_is_not_read_is_refused_with_those_that_are(
    running_ingest: Running, store: Store, path: str, kind: str
) -> None:
    answer = running_ingest.post(path, b"\x91\x81\xa3log\xa1x", Content_Type=kind)

    assert answer.status_code == 415
    assert "application/json or application/x-ndjson" in answer.json()["detail"]
    assert store.letters() == []
