"""A prediction against the catalogue's budgets: what is within, what is near, what must not be rolled out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

from core.errors import BadRequest
from rules.budget import BUDGET
from rules.catalogue import MOST_BUCKETS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.budget import Budget
    from rules.predict import Prediction


class Verdict(StrEnum):
    """Shapes (bounds, a route, a gateway) may reach their budget; amounts leave room for what nobody planned."""

    WITHIN = "within"
    NEAR = "near"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Line:
    """One budget: `value` of at most `budget`."""

    name: str
    value: int
    budget: int
    verdict: Verdict

    @property
    def share(self) -> float:
        """`value` as a share of `budget`."""
        return self.value / self.budget


def verdicts(
    prediction: Prediction, bounds: int, plan: str, limits: Mapping[str, int], budget: Budget = BUDGET
) -> list[Line]:
    """Every budget in turn; `bounds` are the latency histogram's, `plan` is the project's, `limits` vmagent's.

    Raises:
        BadRequest: there is no such plan.
    """
    if plan not in budget.per_project:
        raise BadRequest(f"plan: {plan!r} is none of {', '.join(budget.per_project)}")
    return [
        _shape("latency bounds", bounds, MOST_BUCKETS),
        _shape("series of a route", prediction.route, budget.per_route),
        _shape("series of a gateway itself", prediction.gateway_itself, budget.gateway_itself),
        _shape("series of an Envoy pod", prediction.gateway, budget.per_gateway),
        _amount("series of the region", prediction.region, budget.per_region, budget),
        _amount("new series a day", prediction.churn, budget.per_region * budget.per_day, budget),
        _amount(f"series of a project ({plan})", prediction.project, budget.per_project[plan], budget),
        # At its limit a scrape is torn or refused, so the headroom must lie below it. All that an Envoy pod exposes
        # counts here, though relabelling drops some of it first.
        *(
            _shape(f"{name}, x {budget.limiter_headroom:g}", ceil(prediction.gateway * budget.limiter_headroom), limit)
            for name, limit in limits.items()
        ),
    ]


def worst(lines: list[Line]) -> Verdict:
    """The verdict over all."""
    found = {line.verdict for line in lines}
    return next((one for one in (Verdict.OVER, Verdict.NEAR) if one in found), Verdict.WITHIN)


def _shape(name: str, value: int, most: int) -> Line:
    return Line(name, value, most, Verdict.OVER if value > most else Verdict.WITHIN)


def _amount(name: str, value: int, most: int, budget: Budget) -> Line:
    share = value / most
    verdict = Verdict.OVER if share > budget.refuse_at else Verdict.NEAR if share > budget.alert_at else Verdict.WITHIN
    return Line(name, value, most, verdict)
