"""The front-door as a process: its configuration, its tokens over time, its end."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest

from core.control import connect
from core.registry import Registry
from tests.query.conftest import front_door
from tests.query.platform import PROJECT_A, populate

if TYPE_CHECKING:
    from pathlib import Path

_WHOLE = """
listen = "127.0.0.1:0"
control_store = "sqlite:///{folder}/control.db"
[[regions]]
name = "near"
metrics_url = "http://127.0.0.1:1"
"""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(("listen", "lisen"), "lisen: unknown key", id="misspelt key"),
        pytest.param(("127.0.0.1:0", "127.0.0.1"), "listen: write it as host:port", id="no port"),
        pytest.param(
            ("http://127.0.0.1:1", "127.0.0.1:1"), "regions.0.metrics_url: Value error, not a base URL", id="no URL"
        ),
        pytest.param(("http://127.0.0.1:1", "http://8.8.8.8:1"), "8.8.8.8 is a public address", id="public store"),
        pytest.param(("[[regions]]", "[limits]\npoints = 0\n[[regions]]"), "limits.points: ", id="cap of nothing"),
        pytest.param(
            ("[[regions]]", "[project_limits.x]\n[[regions]]"), "project_limits: x is not", id="no project id"
        ),
        pytest.param(("[[regions]]", "[[region]]"), "region: unknown key", id="no region"),
        pytest.param(
            ("name", "metrics_token_file = 'none'\nname"), "metrics_token_file: none cannot be read", id="no secret"
        ),
        pytest.param(("listen =", "listen"), "not valid TOML", id="no TOML"),
        pytest.param(("sqlite:///{folder}", "nosuch:///{folder}"), "control_store", id="unknown store"),
    ],
)
def test_a_wrong_configuration_refuses_to_start_and_names_the_key(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    config = tmp_path / "query.toml"
    config.write_text(_WHOLE.replace(*change).replace("{folder}", str(tmp_path)))
    command = [sys.executable, "-m", "starmeter", "serve", "query", "--config", str(config)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    assert ended.returncode == 2, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_revoked_token_stops_working_within_five_seconds(
    tmp_path_factory: pytest.TempPathFactory, store: str
) -> None:
    folder = tmp_path_factory.mktemp("revoking")
    control_store = f"sqlite:///{folder / 'control.db'}"
    tokens = populate(control_store)
    engine = connect(control_store)
    registry = Registry(engine)
    with front_door(folder, {"near": store}, control_store=control_store) as url:
        ask = f"{url}/v1/projects/{PROJECT_A}/prometheus/api/v1/query?query=up"
        headers = {"Authorization": f"Bearer {tokens.viewer}"}
        assert httpx.get(ask, headers=headers).status_code == 200
        (token,) = [one for one in registry.tokens("viewer") if tokens.viewer.startswith(one.prefix)]
        registry.revoke_token(token.id, datetime.now(UTC))
        deadline = time.monotonic() + 5
        while httpx.get(ask, headers=headers).status_code != 401:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    # The door wrote down, on its way out, when the token was last used.
    (after,) = [one for one in registry.tokens("viewer") if one.id == token.id]
    assert after.last_used_at is not None
    engine.dispose()
