"""The versions of price books that were ever stored, and which one is in force; a stored one never changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from billing.accounts.carry import open_amounts, settling
from billing.accounts.moment import moment, now, seconds
from billing.errors import CurrencyOpen, Immutable, MissingPrice
from billing.price_book_file import normal_form, read_price_book
from billing.schema import price_book_activations, price_books
from core import field
from core.control import reading, writing
from core.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import Row

    from billing.price_book import PriceBook


@dataclass(frozen=True, slots=True)
class StoredBook:
    """A stored version: by whom, and when it was last put in force (UTC seconds); `active`: it is in force now."""

    name: str
    version: int
    sha256: str
    stored_at: int
    stored_by: str
    activated_at: int | None
    activated_by: str
    active: bool


class PriceBooks:
    """Price books of the control store. All of them raise `Unavailable` when it does not answer."""

    def __init__(self, engine: Engine, *, clock: Callable[[], int] = now) -> None:
        self._engine = engine
        self._clock = clock

    def store(self, text: str | bytes, by: str) -> PriceBook:
        """Keep a version of a book, once it is checked as a whole; the same content again changes nothing.

        Raises:
            BadRequest: it is no sound price book.
            Immutable: the version is stored with another content.
        """
        book, who = read_price_book(text), field.subject(by)
        with writing(self._engine) as connection:
            same = (price_books.c.name == book.name) & (price_books.c.version == book.version)
            known = connection.execute(select(price_books.c.sha256).where(same)).scalar_one_or_none()
            if known == book.digest:
                return book
            if known is not None:
                raise Immutable(
                    f"version: {book.name} version {book.version} is stored with other prices; raise the version"
                )
            values = {
                "name": book.name,
                "version": book.version,
                "sha256": book.digest,
                "document": normal_form(text).decode(),
                "stored_at": moment(self._clock()),
                "stored_by": who,
            }
            connection.execute(insert(price_books).values(values))
        return book

    def activate(self, name: str, version: int, by: str) -> PriceBook:
        """Put a stored version in force for every invoice that is made from now on.

        Raises:
            CurrencyOpen: it has another currency than the one in force, in which invoices have carried amounts over.
            NotFound: it is not stored.
        """
        book, who = self.get(name, version), field.subject(by)
        values = {"name": name, "version": version, "activated_at": moment(self._clock()), "activated_by": who}
        with writing(self._engine) as connection:
            _require_settled(connection, book)
            connection.execute(insert(price_book_activations).values(values))
        return book

    def active(self) -> PriceBook:
        """The book in force.

        Raises:
            MissingPrice: none was ever activated.
        """
        with reading(self._engine) as connection:
            return active_book(connection)

    def get(self, name: str, version: int) -> PriceBook:
        """A stored version.

        Raises:
            NotFound: it is not stored.
        """
        return read_price_book(self.document(name, version))

    def document(self, name: str, version: int) -> bytes:
        """A stored version's normal form, as bundles carry it.

        Raises:
            NotFound: it is not stored.
        """
        with reading(self._engine) as connection:
            return book_document(connection, name, version)

    def versions(self) -> tuple[StoredBook, ...]:
        """All stored versions, by name and version."""
        latest = select(price_book_activations).order_by(price_book_activations.c.sequence)
        with reading(self._engine) as connection:
            stored = connection.execute(select(price_books).order_by(price_books.c.name, price_books.c.version)).all()
            activations = connection.execute(latest).all()
        last = {(each.name, each.version): each for each in activations}
        in_force = activations[-1] if activations else None
        return tuple(
            StoredBook(
                name=book.name,
                version=book.version,
                sha256=book.sha256,
                stored_at=seconds(book.stored_at),
                stored_by=book.stored_by,
                activated_at=None if activation is None else seconds(activation.activated_at),
                activated_by="" if activation is None else activation.activated_by,
                active=activation is not None and activation is in_force,
            )
            for book in stored
            for activation in [last.get((book.name, book.version))]
        )


def _require_settled(connection: Connection, book: PriceBook) -> None:
    """Refuse to leave a currency in which something is still to be charged, unless it is to settle another's."""
    latest = _latest_activation(connection)
    if latest is None or (currency := stored_book(connection, latest.name, latest.version).currency) == book.currency:
        return
    left = open_amounts(connection)
    behind = [each for each in left if each.currency == currency]
    if behind and not any(each.currency == book.currency for each in left):
        first, more = behind[0], f" and {len(behind) - 1} more" if len(behind) > 1 else ""
        raise CurrencyOpen(
            f"currency: {first.number}{more} carried over amounts such as {first.amount} {currency}, which no invoice "
            f"in {book.currency} can take up; {settling(currency, first.number)}"
        )


def _latest_activation(connection: Connection) -> Row[Any] | None:
    latest = select(price_book_activations).order_by(price_book_activations.c.sequence.desc()).limit(1)
    return connection.execute(latest).one_or_none()


def active_book(connection: Connection) -> PriceBook:
    """The book in force, within a transaction.

    Raises:
        MissingPrice: none was ever activated.
    """
    found = _latest_activation(connection)
    if found is None:
        raise MissingPrice("price book: none is in force; activate one with `starmeter billing price-book activate`")
    return stored_book(connection, found.name, found.version)


def stored_book(connection: Connection, name: str, version: int) -> PriceBook:
    """A stored version, within a transaction.

    Raises:
        NotFound: it is not stored.
    """
    return read_price_book(book_document(connection, name, version))


def book_document(connection: Connection, name: str, version: int) -> bytes:
    """A stored version's normal form, within a transaction.

    Raises:
        NotFound: it is not stored.
    """
    statement = select(price_books.c.document).where(price_books.c.name == name, price_books.c.version == version)
    found: str | None = connection.execute(statement).scalar_one_or_none()
    if found is None:
        raise NotFound(f"price book: {name} version {version} is not stored; see `starmeter billing price-book list`")
    return found.encode()
