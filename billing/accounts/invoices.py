"""Invoices in the control store: drafted, reviewed, made final under a number, declared void; a final one stays."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

from billing import lifecycle
from billing.accounts import credits as credit
from billing.accounts import invoice_rows, journal
from billing.accounts.drafting import Order, draw
from billing.accounts.history import History
from billing.accounts.moment import moment, now
from billing.accounts.numbers import next_number
from billing.accounts.posting import invoice_legs
from billing.accounts.register import ABSENT, Register
from billing.accounts.workspaces import places_of, require_workspace
from billing.errors import Immutable
from billing.hour import iso
from billing.invoice import ItemKind, State
from billing.rounding import money
from core import field
from core.control import reading, writing
from core.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from billing.accounts.evidence import Evidence, PublicationLog
    from billing.assembly import Entry
    from billing.hour import Period
    from billing.invoice import Invoice


class Invoices(Register):
    """Every step of an invoice's life is one transaction: it is taken wholly or not at all.

    All raise `Unavailable` when a store does not answer, and `NotFound` for an unknown invoice.
    """

    def __init__(self, engine: Engine, *, clock: Callable[[], int] = now) -> None:
        super().__init__(engine)
        self._clock = clock

    def draft(
        self,
        workspace_id: str,
        period: Period,
        evidence: Evidence,
        *,
        taxes: tuple[Entry, ...] | None = None,
        rerate: bool = False,
    ) -> Invoice:
        """Draw up a workspace's invoice for a period, or its draft anew: the same inputs give the same content.

        Raises:
            BadRequest: the draft has taxes, and none are given for the new one.
            Immutable: the period has an invoice in review or a final one, or a void one that is to be reissued.
            MissingPrice: usage has no price.
        """
        there = [each for each in self.of_workspace(workspace_id) if each.period == period]
        live = next((each for each in there if each.state is not State.VOID), None)
        if live is None and there:
            raise Immutable(f"invoice {there[0].number}: was voided; reissue it instead")
        if live is not None and live.state is not State.DRAFT:
            raise Immutable(f"invoice {live.number or live.id}: is {live.state}; only a draft can be made anew")
        order = Order(
            invoice_id=str(uuid4()) if live is None else live.id,
            workspace_id=workspace_id,
            period=period,
            taxes=_taxes(taxes, None if live is None else self.find(live.id)),
            replaces="" if live is None else live.replaces,
            rerate=rerate,
        )
        return self._draw(order, evidence, is_new=live is None)

    def reissue(
        self, invoice_id: str, evidence: Evidence, *, taxes: tuple[Entry, ...] | None = None, rerate: bool = False
    ) -> Invoice:
        """Draw up the invoice that takes a void one's place.

        Raises:
            BadRequest: the void one has taxes, and none are given for the new one.
            Immutable: it is not void, or has been replaced.
            MissingPrice: usage has no price.
        """
        voided = self.find(invoice_id)
        old = voided.content
        new = Order(
            invoice_id=str(uuid4()),
            workspace_id=old.workspace_id,
            period=old.period,
            taxes=_taxes(taxes, voided),
            replaces=old.invoice_id,
            rerate=rerate,
        )
        if any(each.replaces == old.invoice_id for each in self.of_workspace(old.workspace_id)):
            raise Immutable(f"invoice {old.number}: has been reissued already; see the one that replaces it")
        lifecycle.reissue(voided, replace(old, invoice_id=new.invoice_id))
        return self._draw(new, evidence, is_new=True)

    def submit(self, invoice_id: str, by: str) -> Invoice:
        """Put a draft up for review.

        Raises:
            BadRequest: its period has not ended.
            Immutable: it is no draft.
        """
        with writing(self._engine) as connection:
            invoice = self._locked(connection, invoice_id)
            if invoice.content.period.end > self._clock():
                raise BadRequest(f"period: ends at {iso(invoice.content.period.end)}; submit the invoice after it")
            submitted = lifecycle.submit(invoice, field.subject(by))
            values = {"state": submitted.state.value, "submitted_by": submitted.submitted_by}
            invoice_rows.change(connection, invoice.content.invoice_id, State.DRAFT, values)
        return submitted

    def withdraw(self, invoice_id: str) -> Invoice:
        """Take an invoice back from review, so that it can be made anew."""
        with writing(self._engine) as connection:
            invoice = self._locked(connection, invoice_id)
            withdrawn = lifecycle.withdraw(invoice)
            values = {"state": withdrawn.state.value, "submitted_by": ""}
            invoice_rows.change(connection, invoice.content.invoice_id, State.IN_REVIEW, values)
        return withdrawn

    def approve(self, invoice_id: str, by: str, publications: PublicationLog) -> Invoice:
        """Make an invoice final: number, hash, journal and credits in one transaction.

        Raises:
            BadRequest: whoever submitted it approves it, its evidence is incomplete and not waived, or the workspace's
                other invoices or credits have changed since it was drafted.
            Immutable: it is not in review.
        """
        row = self.row(invoice_id)
        content = invoice_rows.read_content(row.content)
        with reading(self._engine) as connection:
            places = places_of(connection, content.workspace_id, content.period)
        publications.completeness(content.period, clusters=places, until=row.publication).require()
        with writing(self._engine) as connection:
            require_workspace(connection, content.workspace_id, locked=True)
            invoice = self._locked(connection, row.id)
            history = History(connection, content.workspace_id)
            at = self._clock()
            # Refused before a number is asked for, so that the message is the one that helps.
            lifecycle.finalise(invoice, "?", at, field.subject(by))
            if history.digest != row.history_sha256:
                raise BadRequest(
                    "invoice: the workspace's other invoices have changed since it was drafted; withdraw it and draft "
                    "it anew"
                )
            final = lifecycle.finalise(invoice, next_number(connection, at), at, field.subject(by))
            prepaid = credit.take(connection, final.content)
            legs = invoice_legs(final.content, history.starts(), prepaid)
            journal.post(connection, journal.FINALISED, row.id, legs, final.content.currency, at)
            invoice_rows.change(connection, row.id, State.IN_REVIEW, invoice_rows.final_values(final))
        return final

    def void(self, invoice_id: str, by: str, reason: str) -> Invoice:
        """Declare a final invoice void: what it booked is reversed, credits are given back, what it says stays.

        Raises:
            Immutable: it is not final, or a later final invoice builds on it.
            BadRequest: no reason is given.
        """
        row = self.row(invoice_id)
        with writing(self._engine) as connection:
            require_workspace(connection, row.workspace_id, locked=True)
            invoice = self._locked(connection, row.id)
            at = self._clock()
            voided = lifecycle.void(invoice, at, field.subject(by), reason)
            if later := History(connection, row.workspace_id).built_on(row.id):
                raise Immutable(f"invoice {row.number}: {later} corrects it or took up its amount; void that one first")
            journal.reverse(connection, (journal.FINALISED, row.id), journal.VOIDED, row.id, at)
            credit.give_back(connection, row.id)
            values = {
                "state": voided.state.value,
                "voided_by": voided.voided_by,
                "voided_at": moment(at),
                "void_reason": voided.void_reason,
            }
            invoice_rows.change(connection, row.id, State.FINAL, values)
        return voided

    def _draw(self, order: Order, evidence: Evidence, *, is_new: bool) -> Invoice:
        drawn = draw(self._engine, order, evidence)
        with writing(self._engine) as connection:
            write = invoice_rows.add if is_new else invoice_rows.replace_draft
            write(connection, drawn, self._clock())
        return self.find(order.invoice_id)

    def _locked(self, connection: Connection, invoice_id: str) -> Invoice:
        found = invoice_rows.locked(connection, invoice_id)
        if found is None:
            raise NotFound(ABSENT)
        return invoice_rows.read_invoice(found)


def _taxes(given: tuple[Entry, ...] | None, before: Invoice | None) -> tuple[Entry, ...]:
    """A tax is of an amount, which may be another one now: it is neither kept nor dropped without a word."""
    had = [] if before is None else [item for item in before.content.items if item.kind is ItemKind.TAX]
    if given is None and before is not None and had:
        named = before.content.number or before.content.invoice_id
        listed = ", ".join(f"{item.title} {money(item.amount)}" for item in had)
        raise BadRequest(f"taxes: invoice {named} has {listed}; say which taxes the new one has, or that it has none")
    return given or ()
