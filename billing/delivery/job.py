"""All deliveries, one after another: what the schedule calls, and what is safe to call again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from billing.accounts.evidence import Evidence
from billing.accounts.outbound import resolve
from billing.delivery.bucket import Bucket
from billing.delivery.delivery import Daily, Origin, Outcome, deliver
from billing.delivery.gate import checked
from billing.delivery.inspection import Fault, faults
from billing.delivery.target import Targets
from billing.runs.publication import Publications
from core.errors import BadRequest, StarmeterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from billing.accounts.outbound import Resolver
    from billing.delivery.settings import DeliverySettings
    from billing.delivery.target import Target
    from billing.ledger.store import Ledger

_log = logging.getLogger("billing.delivery")


def deliver_all(
    engine: Engine,
    ledger: Ledger,
    settings: DeliverySettings,
    now: int,
    *,
    chosen: Sequence[Target] | None = None,
    resolver: Resolver = resolve,
) -> tuple[Outcome, ...]:
    """Deliver what is due by the UTC second `now` to the targets `chosen`, or to every one.

    One that fails says why and stops no other.

    Raises:
        Unavailable: the control store or the ledger does not answer, or the ledger lags behind.
    """
    targets = Targets(engine)
    wanted = targets.all() if chosen is None else chosen
    if not wanted:
        return ()
    log = Publications(engine)
    origin = Origin(engine, ledger, log, Evidence(ledger, log).until())
    outcomes = []
    for target in wanted:
        try:
            with reach(target, settings, resolver) as bucket:
                outcome = deliver(Daily(origin, target), bucket, targets, now=now, again_days=settings.again_days)
            targets.note(target.id)
        except StarmeterError as failure:
            _log.error("a delivery failed", extra={"delivery": target.id, "reason": failure.message})
            targets.note(target.id, message=failure.message)
            outcome = Outcome(target, (), failure.message)
        outcomes.append(outcome)
    return tuple(outcomes)


def inspect(
    target: Target, settings: DeliverySettings, days: Sequence[int], *, resolver: Resolver = resolve
) -> tuple[Fault, ...]:
    """What is wrong with a target's delivered days in its bucket; of one that cannot be asked, the first is.

    Nothing is asked when there are no days.
    """
    if not days:
        return ()
    try:
        with reach(target, settings, resolver) as bucket:
            return faults(bucket, target, days)
    except StarmeterError as failure:
        return (Fault(days[0], failure.message),)


def reach(target: Target, settings: DeliverySettings, resolver: Resolver = resolve) -> Bucket:
    """A target's bucket, to be opened by `with`; its endpoint's addresses are looked up and checked here.

    Raises:
        BadRequest: the settings have no secret of the name.
        Refused: the endpoint leads to where nothing may be delivered.
        Unavailable: the endpoint's name has no address.
    """
    secret = settings.secrets.get(target.secret_key)
    if secret is None:
        raise BadRequest(f"secret_key: [delivery.secrets] has no {target.secret_key}; add it to the settings")
    place = checked(target.endpoint, settings.allowed_networks, resolver)
    return Bucket(target, secret.get_secret_value(), place, seconds=settings.timeout_seconds)
