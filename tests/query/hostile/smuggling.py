"""Family 3.1: giving the store arguments of its own enforcement, under every spelling, in every place."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus

from tests.query.hostile.base import EVERYTHING
from tests.query.hostile.case import Case, Same
from tests.query.platform import PROJECT_A, PROJECT_B

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.hostile.base import Base

_EVERYONE: Final = quote_plus(EVERYTHING).encode()
_RIVAL: Final = quote_plus(f'{{project_id="{PROJECT_B}"}}').encode()
_NOBODY_OR_RIVAL: Final = quote_plus(f'{{project_id=~"|{PROJECT_B}"}}').encode()

# Technique, argument as it is written on the wire. Go compares names exactly after decoding them once.
SMUGGLED: Final[tuple[tuple[str, bytes], ...]] = (
    ("1", b"extra_filters[]=" + _EVERYONE),
    ("1", b"extra_filters[]=" + _RIVAL),
    ("1", b"extra_filters[]=" + _NOBODY_OR_RIVAL),
    ("2", b"extra_filters=" + _EVERYONE),
    ("2", b"extra_filters=" + _RIVAL),
    ("5", b"extra_filters%5B%5D=" + _EVERYONE),
    ("5", b"extra_filters%5b]=" + _EVERYONE),
    ("5", b"extra%5Ffilters=" + _EVERYONE),
    ("5", b"%65xtra_filters=" + _RIVAL),
    ("5", b"%65%78%74%72%61%5f%66%69%6c%74%65%72%73%5b%5d=" + _EVERYONE),
    ("5", b"extra_filters%255B%255D=" + _EVERYONE),
    ("10", b"EXTRA_FILTERS[]=" + _EVERYONE),
    ("10", b"Extra_Filters=" + _EVERYONE),
    ("10", b"extra_filters[0]=" + _EVERYONE),
    ("10", b"extra_filters[][]=" + _EVERYONE),
    ("10", b"extra_filters[]+=" + _EVERYONE),
    ("10", b"%20extra_filters[]=" + _EVERYONE),
    ("10", b"extra_filters[]%09=" + _EVERYONE),
    ("10", b"extra_filters[]%0D%0A=" + _EVERYONE),
    ("10", b"extra_filters%00[]=" + _EVERYONE),
    ("10", b"extra_filters[]=%00" + _EVERYONE),
    ("10", b"extra_filters%EF%BC%BB%EF%BC%BD=" + _EVERYONE),  # full-width brackets
    ("10", b"%C5%BFextra_filters=" + _EVERYONE),  # a letter that folds to `s`
    ("10", b"extra_filters%C0%80=" + _EVERYONE),  # overlong UTF-8
    ("10", "extra_filters\u2060=".encode() + _EVERYONE),  # raw UTF-8, an invisible character
    ("11", b"extra_label=project_id=" + PROJECT_B.encode()),
    ("11", b"extra_label=project_id%3D" + PROJECT_B.encode()),
    ("11", b"extra%5Flabel=project_id=" + PROJECT_B.encode()),
    ("11", b"extra_label[]=project_id=" + PROJECT_B.encode()),
    ("11", b"extra_label=project_id=" + PROJECT_A.encode()),
    ("25", b"extra_label=project_id="),
    ("12", b"extra_label=__name__=up"),
    ("12", b"extra_label==up"),
    ("15", b"extra_filters[]=&extra_filters=&extra_label="),
    ("15", b"extra_filters[]&extra_filters&extra_label"),
)
# The spellings that Go takes for its own names are tried everywhere, the others where a difference would show best.
_LIVE: Final = frozenset({"1", "2", "5", "11"})
_TELLING: Final = frozenset({"count", "series", "labels", "federate"})


def cases(bases: tuple[Base, ...]) -> Iterator[Case]:
    """Every smuggled argument in every place of every endpoint where it could count."""
    for base in bases:
        for index, (technique, argument) in enumerate(SMUGGLED):
            if technique in _LIVE or base.name in _TELLING:
                name = f"{argument.decode(errors='replace')[:48]} ({index})"
                yield from _placed(base, technique, name, argument)


def _placed(base: Base, technique: str, name: str, argument: bytes) -> Iterator[Case]:
    same, get, post = Same(base.name), base.get(), base.post()
    yield Case(technique, f"{base.name}: {name}, URL", replace(get, query=base.form + b"&" + argument), same)
    if technique in {"1", "2"}:
        yield Case(technique, f"{base.name}: {name}, URL first", replace(get, query=argument + b"&" + base.form), same)
    if not base.takes_post:
        return
    yield Case("3", f"{base.name}: {name}, body", replace(post, body=base.form + b"&" + argument), same)
    if technique in {"1", "2", "11"}:
        yield Case(technique, f"{base.name}: {name}, URL of a form", replace(post, query=argument), same)
        in_both = replace(post, query=argument, body=argument + b"&" + base.form)
        yield Case("4", f"{base.name}: {name}, URL and body", in_both, same)
        in_url = replace(post, query=base.form, body=argument)
        yield Case("3", f"{base.name}: {name}, alone in the body", in_url, same)
