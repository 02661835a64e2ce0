"""What may be written into the control store; refusals name the field."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core import field
from core.errors import BadRequest
from core.policy import ProjectRole


@pytest.mark.parametrize(
    "text",
    ["", " ", " a", "a ", "a\n", "a\x00b", "a\u202eb", "\ud800", "x" * 101],
    ids=["empty", "a space", "space before", "space after", "line end", "NUL", "bidi", "surrogate", "too long"],
)
def test_a_name_for_people_is_refused_when_it_is(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^name: use 1 to 100 printable characters"):
        field.name(text)


@pytest.mark.parametrize("text", ["a", "Größe 7", "x" * 100])
def test_a_name_for_people_is_kept_as_it_is(text: str) -> None:
    assert field.name(text) == text


def test_a_subject_may_be_longer_than_a_name() -> None:
    assert field.subject("s" * 200) == "s" * 200
    with pytest.raises(BadRequest, match=r"^subject: use 1 to 200 "):
        field.subject("s" * 201)


@pytest.mark.parametrize("text", ["", "-a", "a-", "A", "a_b", "a.b", "ä", "x" * 64, "a\n"])
def test_a_label_is_refused(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^region: not a label"):
        field.label(text, "region")


@pytest.mark.parametrize("text", ["a", "fra1", "eu-west-1", "0", "x" * 63])
def test_a_label_is_accepted(text: str) -> None:
    assert field.label(text, "region") == text


def test_an_unknown_choice_is_refused_with_the_known_ones() -> None:
    with pytest.raises(BadRequest, match=r"^role: 'owner' is unknown; choose one of admin, developer, viewer$"):
        field.choice(ProjectRole, "owner", "role")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(BadRequest, match=r"^at: has no time zone"):
        field.instant(datetime(2026, 1, 1), "at")  # noqa: DTZ001 - what is refused


def test_a_time_of_any_zone_becomes_utc() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))

    assert field.instant(noon, "at").isoformat() == datetime(2026, 1, 1, 10, tzinfo=UTC).isoformat()
