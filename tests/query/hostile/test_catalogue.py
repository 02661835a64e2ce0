"""The real front-door against the whole bypass catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.query.hostile.case import Refused
from tests.query.hostile.runner import run

if TYPE_CHECKING:
    from tests.query.hostile.base import Base
    from tests.query.hostile.case import Case
    from tests.query.hostile.target import Target

# Of the catalogue's 55 techniques, 28 is about values that work, and 48 to 53 and 55 are about two tenants at once
# (test_isolation_alternation).
_NUMBERED = {str(number) for number in range(1, 56)} - {"28", "48", "49", "50", "51", "52", "53", "55"}


@pytest.mark.stack
def test_no_hostile_request_gets_more_than_its_own(
    cases: tuple[Case, ...], honest: tuple[Base, ...], target: Target
) -> None:
    seen = len(target.recorder.requests)
    findings = run(cases, honest, target)

    assert findings == [], "\n".join(str(finding) for finding in findings[:50])
    # Refusing everything would be no proof: a good part of the catalogue has to get as far as the store.
    assert len(target.recorder.requests) - seen > 1_000


def test_the_catalogue_covers_every_technique_that_a_request_can_try(cases: tuple[Case, ...]) -> None:
    assert {case.technique for case in cases} >= {*_NUMBERED, "3.3", "trace", "deny", "foreign", "platform"}
    assert sum(not isinstance(case.expected, Refused) for case in cases) > 1_500
    assert len({case.request for case in cases}) > 3_000
