"""Front-doors with one seeded defect each, as people really write them, so that the suites can be seen to notice.

Each takes the second look away, too: what it finds out never comes to an answer.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core import isolation
from query.logs import cursor, door, reader, statement
from query.logs.condition import Condition, fixed

if TYPE_CHECKING:
    from collections.abc import Callable


def _unverified() -> None:
    """Neither the statement nor the rows are looked at, nor is the store's own isolation."""

    async def nothing(*_: object) -> None:
        return

    _put(reader, "verify", lambda *_: None)
    _put(reader, "assert_rows", lambda *_, **__: None)
    _put(isolation, "prove", nothing)


def _put(place: object, name: str, broken: object) -> None:
    setattr(place, name, broken)


def no_tenant_condition() -> None:
    """The condition on the tenant is forgotten."""
    _unverified()
    _put(statement, "_tenancy", lambda _: [Condition("1 = 1")])


def no_tenant_condition_on_volume() -> None:
    """It is forgotten where only counts are read."""
    _unverified()
    made = statement.Statement.of

    def of(name: str, grant: Any, conditions: Any, **values: Any) -> statement.Statement:  # noqa: ANN401 - passed on
        found = made(name, grant, conditions, **values)
        bare = found.text.replace(fixed("project"), "1 = 1") if "volume" in name else found.text
        return replace(found, text=bare)

    _put(statement.Statement, "of", of)


def tenant_by_argument() -> None:
    """Whoever names a project in an argument is believed."""
    _unverified()
    begun = door.LogDoor.authorise

    async def authorise(self: door.LogDoor, request: Any, allowed: Any, *rest: Any) -> Any:  # noqa: ANN401 - passed on
        named = request.query_params.get("project_id")
        read = await begun(self, request, [*(allowed or ()), "project_id"], *rest)
        if named is not None:
            grant = replace(read.scope.only, project_id=str(uuid.UUID(named)))
            read.reader = reader.LogReader(read.reader._store, grant, read.settings.limits)  # noqa: SLF001 - the same
        return read

    _put(door.LogDoor, "authorise", authorise)


def text_in_statement() -> None:
    """Values are put between quotes instead of being bound."""
    _unverified()
    made = statement.Statement.of

    def of(name: str, grant: Any, conditions: Any, **values: Any) -> statement.Statement:  # noqa: ANN401 - passed on
        inlined = []
        for one in conditions:
            text = one.text
            for parameter, value in one.parameters.items():
                if isinstance(value, str):
                    text = text.replace(f"{{{parameter}:String}}", f"'{value}'")
            inlined.append(Condition(text, one.parameters))
        return made(name, grant, inlined, **values)

    _put(statement.Statement, "of", of)


def cursor_of_anybody() -> None:
    """A cursor is signed, but not for a scope and a filter."""
    begun = cursor.Signer.__init__

    def start(self: cursor.Signer, *arguments: Any, **more: Any) -> None:  # noqa: ANN401 - passed on
        begun(self, *arguments, **more)
        self._binding = b""

    _put(cursor.Signer, "__init__", start)


DEFECTS: dict[str, Callable[[], None]] = {
    one.__name__: one
    for one in (
        no_tenant_condition,
        no_tenant_condition_on_volume,
        tenant_by_argument,
        text_in_statement,
        cursor_of_anybody,
    )
}
