"""`python -m compose.clickhouse`: serve one store on a loopback port until SIGTERM."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import uvicorn

from compose.clickhouse import policy
from compose.clickhouse.account import Accounts
from compose.clickhouse.application import create
from compose.clickhouse.engine import Engine
from compose.clickhouse.failure import ClickHouseFailure
from core import log


def main() -> None:
    """Open the engine and serve it."""
    parser = argparse.ArgumentParser(prog="python -m compose.clickhouse", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="the folder of the data; one process a folder")
    parser.add_argument("--port", type=int, required=True, help="the port on 127.0.0.1")
    parser.add_argument("--reader-password-file", type=Path, required=True, help="of the account `reader`")
    parser.add_argument("--writer-password-file", type=Path, required=True, help="of the account `writer`")
    parser.add_argument("--memory", type=int, default=1 << 30, help="how many bytes the engine may take")
    chosen = parser.parse_args()
    accounts = Accounts(
        reader=chosen.reader_password_file.read_text().strip(),
        writer=chosen.writer_password_file.read_text().strip(),
    )
    log.configure()
    folder = chosen.path.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    config = policy.write(folder, memory=chosen.memory)
    # The engine takes a `config.xml` of the working directory for its own.
    data = folder / "data"
    data.mkdir(exist_ok=True)
    os.chdir(data)
    try:
        engine = Engine(data, config)
    except ClickHouseFailure as failure:
        sys.exit(f"{folder}: cannot be opened; is it open in another process? {failure.text}")
    uvicorn.run(
        create(engine, accounts),
        host="127.0.0.1",
        port=chosen.port,
        http="httptools",
        loop="uvloop",
        access_log=False,
        # A body that ends early on purpose is an error to uvicorn, which we have logged ourselves.
        log_level="critical",
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
