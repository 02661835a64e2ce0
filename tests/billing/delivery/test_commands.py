"""Deliveries in a terminal: the bucket's secret stays in its file, and no address is taken that must not be."""

from __future__ import annotations

import hashlib
import io
import json
import time
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

import pytest
from typer.testing import CliRunner

from billing.commands import app
from billing.delivery.bucket import Bucket
from billing.hour import DAY, date, day_of, iso
from tests.billing.accounts.world import NEIGHBOUR
from tests.billing.books import WORKSPACE

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

    from tests.billing.delivery.parcel import Delivery

SECRET: Final = "hush-hush-hush"
_HERE: Final = '\n[delivery]\nallowed_networks = ["127.0.0.0/8"]\ntimeout_seconds = 20\n'


@dataclass(frozen=True, slots=True)
class Clerk:
    """The command line on a configuration; nothing that it prints is the secret."""

    config: Path
    parcel: Delivery

    def run(self, *words: str, exits: int = 0, config: Path | None = None) -> Result:
        """Run a command and look at its exit code."""
        outcome = CliRunner().invoke(app, ["delivery", *words, "--config", str(config or self.config)])
        assert outcome.exit_code == exits, (outcome.output, outcome.exception)
        assert SECRET not in outcome.output
        return outcome

    def json(self, *words: str, exits: int = 0) -> Any:  # noqa: ANN401 - what a command prints
        """What a command prints for programs."""
        return json.loads(self.run(*words, "--json", exits=exits).stdout)

    def add(self, since: int, *words: str, exits: int = 0, config: Path | None = None) -> Result:
        """Add the parcel's target from a day on."""
        target = self.parcel.target
        given = {
            "--workspace": "Acme",
            "--name": target.name,
            "--endpoint": target.endpoint,
            "--bucket": target.bucket,
            "--prefix": target.prefix,
            "--access-key-id": target.access_key_id,
            "--secret": "acme",
            "--since": iso(since),
        }
        given |= dict(zip(words[::2], words[1::2], strict=True))
        return self.run("add", *(word for pair in given.items() for word in pair), exits=exits, config=config)


@pytest.fixture
def clerk(parcel: Delivery, tmp_path: Path) -> Clerk:
    """The scene's stores as a configuration names them."""
    (tmp_path / "acme").write_text(f"{SECRET}\n")
    (tmp_path / "ledger").write_text(parcel.stage.server.writer_url)
    config, strict = tmp_path / "billing.toml", tmp_path / "strict.toml"
    stores = (
        f'control_store = "{parcel.stage.control_store}"\nledger_url_file = "ledger"\n'
        '[[regions]]\nname = "eu"\nmetrics_url = "http://127.0.0.1:1"\n'
    )
    secrets = '[delivery.secrets]\nacme_file = "acme"\n'
    config.write_text(stores + _HERE + secrets)
    strict.write_text(stores + secrets)
    return Clerk(config, parcel)


def test_a_delivery_is_added_run_looked_after_and_removed(clerk: Clerk) -> None:
    """Of days without any evidence those are delivered that nobody waits for any longer."""
    since = day_of(int(time.time())) - 5 * DAY
    made = clerk.add(since).stdout.strip()
    listed = clerk.json("list", "--workspace", "Acme")
    due = clerk.json("status")[0]["due_days"]
    told = clerk.run("run", "--workspace", WORKSPACE)
    put = [since, since + DAY]
    folders = {f"starmeter/usage/day={date(day)}" for day in put}
    found = clerk.parcel.objects()

    assert [(each["id"], each["name"], each["secret_key"]) for each in listed] == [(made, "finops", "acme")]
    assert due >= 4
    assert [line.split()[-1] for line in told.stdout.splitlines()][:2] == [date(day) for day in put]
    assert {f"{folder}/{name}" for folder in folders for name in ("manifest.json", "usage.parquet")} <= set(found)
    for folder in folders:
        manifest = json.loads(found[f"{folder}/manifest.json"][0])
        content = found[f"{folder}/{manifest['file']}"][0]
        assert (manifest["bytes"], manifest["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert (manifest["workspace_id"], manifest["completeness"]) == (WORKSPACE, "0.00")
    assert clerk.json("status")[0]["delivered_until"] >= since + 2 * DAY
    assert "finops" in clerk.run("status", "--check", "2").stdout
    assert SECRET not in clerk.run("list").output
    clerk.run("remove", "--workspace", "Acme", "--name", "finops")
    assert (clerk.json("list"), clerk.json("run"), clerk.json("status")) == ([], [], [])
    clerk.run("remove", "--workspace", "Acme", "--name", "finops", exits=2)
    assert found.items() <= clerk.parcel.objects().items()


def test_a_day_that_was_damaged_is_named_by_status_once_it_looks(clerk: Clerk) -> None:
    since = day_of(int(time.time())) - 5 * DAY
    clerk.add(since)
    clerk.run("run")
    until = clerk.json("status")[0]["delivered_until"]
    last = date(until - DAY)
    clerk.parcel.bucket.Object(f"starmeter/usage/day={last}/usage.parquet").put(Body=b"")
    told = clerk.run("status", "--check", "2", exits=1).stderr
    (found,) = clerk.json("status", "--check", "2", exits=1)

    assert f"Acme finops {last}: usage.parquet is not what its manifest says" in told
    assert [fault["day"] for fault in found["faults"]] == [until - DAY]
    clerk.run("status")


def test_a_delivery_that_fails_exits_1_and_says_why_until_it_succeeds(clerk: Clerk) -> None:
    since = day_of(int(time.time())) - 5 * DAY
    clerk.add(since, "--bucket", "no-such-bucket", "--name", "lost")
    clerk.add(since)
    told = clerk.run("run", "--name", "lost", exits=1)
    (lost,) = clerk.json("run", "--name", "lost", exits=1)
    status = {each["name"]: each for each in clerk.json("status", exits=1)}

    assert "Acme lost: bucket: no-such-bucket at 127.0.0.1 refuses or does not answer" in told.stderr
    assert (lost["days"], "no-such-bucket" in lost["message"]) == ([], True)
    assert (status["lost"]["delivered_until"], status["finops"]["message"]) == (since, "")
    assert clerk.parcel.objects() == {}
    clerk.run("remove", "--workspace", "Acme", "--name", "lost")
    clerk.run("status")


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        pytest.param("https://127.0.0.1", "not public", id="this machine"),
        pytest.param("https://localhost:9000", "not public", id="this machine by its name"),
        pytest.param("https://[::1]", "not public", id="this machine by IPv6"),
        pytest.param("https://169.254.169.254", "not public", id="the cloud's metadata"),
        pytest.param("https://10.0.0.1", "not public", id="a private network"),
        pytest.param("https://[::ffff:10.0.0.1]", "not public", id="a private network in disguise"),
        pytest.param("http://93.184.216.34", "not https", id="no TLS"),
        pytest.param("https://key:word@93.184.216.34", "credential", id="a credential"),
        pytest.param("https://93.184.216.34/path", "path", id="a path"),
    ],
)
def test_an_endpoint_that_must_not_be_is_refused_when_it_is_given(clerk: Clerk, endpoint: str, said: str) -> None:
    strict = clerk.config.with_name("strict.toml")
    told = clerk.add(0, "--endpoint", endpoint, exits=2, config=strict).stderr

    assert said in told
    assert clerk.json("list") == []


def test_a_target_that_came_to_be_forbidden_is_refused_when_it_is_due(clerk: Clerk) -> None:
    """The settings, or a name's address, may change after it was added."""
    clerk.add(day_of(int(time.time())) - 5 * DAY)
    told = clerk.run("run", exits=1, config=clerk.config.with_name("strict.toml")).stderr

    assert "url: is not https" in told
    assert clerk.parcel.objects() == {}


def test_what_is_wrong_with_a_delivery_is_named_by_its_field(clerk: Clerk) -> None:
    assert "secret_key: [delivery.secrets] has no other" in clerk.add(0, "--secret", "other", exits=2).stderr
    assert "workspace: none is called" in clerk.add(0, "--workspace", "Nobody", exits=2).stderr
    assert "bucket: 'A B' is none" in clerk.add(0, "--bucket", "A B", exits=2).stderr
    assert "since: " in clerk.add(0, "--since", "yesterday", exits=2).stderr
    assert "since: 1970-01-01T01:00:00Z is within a day" in clerk.add(3600, exits=2).stderr
    clerk.add(0)
    assert "name: the workspace has a delivery 'finops'" in clerk.add(0, exits=2).stderr


def test_a_name_is_a_workspaces_own(clerk: Clerk) -> None:
    clerk.add(0)
    clerk.add(0, "--workspace", "Globex")
    every = [each["workspace_id"] for each in clerk.json("list")]
    own = [each["workspace_id"] for each in clerk.json("list", "--workspace", "Globex")]
    clerk.run("remove", "--workspace", "Acme", "--name", "finops")

    assert (every, own) == (sorted([WORKSPACE, NEIGHBOUR]), [NEIGHBOUR])
    assert [each["workspace_id"] for each in clerk.json("list")] == [NEIGHBOUR]


def test_a_day_that_did_not_arrive_as_it_was_sent_is_named_by_the_run(
    clerk: Clerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store between here and the bucket loses each file's last byte, and says that all is well."""
    since = day_of(int(time.time())) - 5 * DAY
    real = Bucket.put

    def lossy(self: Bucket, name: str, content: IO[bytes]) -> None:
        whole = content.read()
        real(self, name, io.BytesIO(whole if name.endswith(".json") else whole[:-1]))

    monkeypatch.setattr(Bucket, "put", lossy)
    clerk.add(since)
    told = clerk.run("run", exits=1).stderr

    assert f"Acme finops {date(since)}: usage.parquet is not what its manifest says" in told
