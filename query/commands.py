"""`starmeter serve query`: the front-door from a terminal."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import ConfigurationError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from query.mount import Mount
    from query.settings import QuerySettings

    # The settings that the front-door is then read with, and the surfaces.
    Surfaces = Callable[[], tuple[type[QuerySettings], Sequence[Mount]]]

serve = typer.Typer(no_args_is_help=True, help="Run one of Starmeter's servers.")


@serve.callback()
def _root() -> None:
    """Run one of Starmeter's servers."""


def serve_query(surfaces: Surfaces) -> Callable[[Path], None]:
    """The command `serve query` of a front-door with further surfaces, which are loaded when it runs."""

    def run(
        config: Annotated[Path, typer.Option(envvar="STARMETER_QUERY_CONFIG", help="The front-door's TOML file.")],
    ) -> None:
        """Serve the front-door until SIGTERM; then finish what is running."""
        from query import serving  # noqa: PLC0415 - loads all of a server, for which no other command must wait

        try:
            serving.run(config, *surfaces())
        except ConfigurationError as failure:
            typer.echo(f"starmeter: {failure.message}", err=True)
            raise typer.Exit(2) from failure
        except Unavailable as failure:
            typer.echo(f"starmeter: {failure.message}", err=True)
            raise typer.Exit(3) from failure

    return run
