"""Starmeter's one command line: every package's commands, mounted under one name."""

from __future__ import annotations

import typer

from billing.commands import app as billing
from billing.runs.commands import serve_billing
from billing.surface.commands import usage
from billing.surface.mounting import surfaces
from compose.commands import down, up
from compose.history_commands import history
from core.commands import migrate, tokens
from ingest.commands import parse
from ingest.log_commands import ingest, serve_ingest
from query.cardinality_commands import cardinality
from query.commands import serve, serve_query
from query.logs.commands import logs
from rules.commands import app as rules
from rules.live_commands import live
from rules.predict_commands import predict

app = typer.Typer(
    name="starmeter",
    help="Tenant-scoped metrics and logs, telemetry rules, and usage billing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Tenant-scoped metrics and logs, telemetry rules, and usage billing."""


app.add_typer(serve, name="serve")
serve.command("query")(serve_query(surfaces))
serve.command("ingest")(serve_ingest)
serve.command("billing")(serve_billing)
app.add_typer(tokens, name="tokens")
app.add_typer(ingest, name="ingest")
app.add_typer(rules, name="rules")
app.add_typer(billing, name="billing")
rules.command("predict")(predict)
rules.command("live")(live)
app.add_typer(cardinality, name="cardinality")
app.command("logs")(logs)
app.command("usage")(usage)
app.command("migrate")(migrate)
app.command("up")(up)
app.command("down")(down)
app.command("history")(history)
app.command("parse")(parse)


def main() -> None:
    """Entry point of the `starmeter` program."""
    app()


if __name__ == "__main__":
    main()
