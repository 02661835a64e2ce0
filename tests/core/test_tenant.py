"""The tenant key: which ids and environment names are legal, and the route name they are folded into."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadRequest
from core.tenant import (
    ENVIRONMENT_PATTERN,
    ID_PATTERN,
    TENANT_LABELS,
    Tenant,
    canonical_id,
    hyphenated,
    is_canonical_id,
    is_environment,
)

if TYPE_CHECKING:
    from uuid import UUID

PROJECT = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
SERVICE = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
LABELS = st.from_regex(re.compile(ENVIRONMENT_PATTERN, re.ASCII), fullmatch=True)


def is_rfc_1123_label(text: str) -> bool:
    """The rule in words instead of a pattern."""
    inner = string.ascii_lowercase + string.digits
    return 1 <= len(text) <= 30 and set(text) <= set(inner + "-") and text[0] in inner and text[-1] in inner


@pytest.mark.parametrize("name", ["a", "0", "prod-eu-1", "a--b", "x" * 30, "deadbeef" * 3, "0-0", "a" + "-" * 28 + "b"])
def test_an_environment_may_be_called(name: str) -> None:
    assert is_environment(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "x" * 31,
        "Prod",
        "a_b",
        "-a",
        "a-",
        "-",
        "prod\n",
        "prod ",
        "a.b",
        "ä",
        "\N{FULLWIDTH LATIN SMALL LETTER A}",
        "1\u0661",
    ],
)
def test_an_environment_may_not_be_called(name: str) -> None:
    assert not is_environment(name)
    with pytest.raises(BadRequest, match=r"^environment: not a legal name; use 1 to 30"):
        Tenant(PROJECT, name, SERVICE)


@pytest.mark.property
@given(st.text(string.ascii_letters + string.digits + "-_.\n", max_size=32) | LABELS | st.text())
def test_environment_names_are_rfc_1123_labels_of_at_most_30_characters(text: str) -> None:
    assert is_environment(text) == is_rfc_1123_label(text)


@pytest.mark.property
@given(st.uuids(version=None))
def test_any_spelling_of_a_uuid_becomes_its_one_canonical_form(uuid: UUID) -> None:
    for spelling in (str(uuid), str(uuid).upper(), uuid.hex, uuid.hex.upper()):
        assert canonical_id(spelling) == str(uuid)
    assert is_canonical_id(str(uuid))
    assert hyphenated(uuid.hex) == str(uuid)
    assert re.fullmatch(ID_PATTERN, str(uuid))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        PROJECT[:-1],
        PROJECT + "0",
        PROJECT[:3] + "-" * 4 + PROJECT.replace("-", "")[3:],
        PROJECT + "\n",
        f"{{{PROJECT}}}",
        f"urn:uuid:{PROJECT}",
        PROJECT.replace("6", "g"),
        PROJECT.replace("6", "\N{FULLWIDTH DIGIT SIX}"),
        PROJECT.replace("-", ""),
        PROJECT.upper(),
    ],
)
def test_only_the_canonical_form_is_canonical(text: str) -> None:
    assert not is_canonical_id(text)
    for wrong in ((text, "production", SERVICE), (PROJECT, "production", text)):
        with pytest.raises(BadRequest, match=r"^(project_id|service_id): not a canonical id"):
            Tenant(*wrong)


@pytest.mark.parametrize(
    "text", ["", "x", PROJECT[:-1], PROJECT + "0", f"{{{PROJECT}}}", PROJECT.replace("6", "g"), "-" * 36, "0" * 33]
)
def test_what_is_no_uuid_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^workspace_id: not a UUID; write it as 8-4-4-4-12"):
        canonical_id(text, "workspace_id")


def test_the_route_name_is_both_ids_without_hyphens_and_the_environment() -> None:
    tenant = Tenant(PROJECT, "prod-eu-1", SERVICE)

    assert tenant.route_name == "6f9619ff8b864d01b42d00cf4fc964ff0a1b2c3d4e5f4a6b8c7d9e0f1a2b3c4d-prod-eu-1"
    assert tuple(Tenant.__dataclass_fields__) == TENANT_LABELS


@pytest.mark.property
@given(st.uuids(), st.uuids(), LABELS)
def test_a_route_name_has_one_reading_by_position(project: UUID, service: UUID, environment: str) -> None:
    name = Tenant(str(project), environment, str(service)).route_name

    assert len(name) <= 95
    assert (name[:32], name[32:64], name[64], name[65:]) == (project.hex, service.hex, "-", environment)
