"""Family 3.2: several selectors where one is expected, in several places, and text that breaks out of a rewrite."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus

from tests.query.hostile.base import EVERYTHING
from tests.query.hostile.case import Alone, Case, Refused, Same
from tests.query.hostile.request import FORM, Request
from tests.query.platform import PROJECT_A, PROJECT_B, SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.query.hostile.base import Base

_LISTING: Final = ("series", "labels", "values of mark", "values of project_id", "federate", "tsdb")
_FOREIGN: Final = (
    EVERYTHING,
    '{__name__=~".+"}',
    f'{{project_id="{PROJECT_B}"}}',
    f'{{project_id!="{PROJECT_A}"}}',
    '{project_id=""}',
    f'{{mark="{SECRET}"}}',
    f"{SECRET}_gauge",
    '{__graphite__="*"}',
    f'up{{project_id=~"(?i){PROJECT_A}"}}',
    f'up{{project_id=~"{PROJECT_A}.*|x.*"}}',
)
_NAMES: Final = (b"match[]", b"match", b"match%5B%5D", b"%6Datch", b"MATCH[]", b"match[0]")
_THOROUGH: Final = 3
# Technique 21: text that would end a selector into which a door writes its own matcher.
_BREAKING: Final = (
    'up"} or {__name__!="',
    'up} or {__name__!=""',
    'up"} or {project_id!="',
    'up{a="x" or project_id!=""}',
    'up{a="b"} or {__name__!=""}',
    'up,{__name__!=""}',
    '{__name__!=""}#',
    '{__name__!=""}\n#',
    '{__name__!="",}',
    'up{project_id="x" or project_id!=""}',
    '{"up"}',
    f'{{"project_id"="{PROJECT_B}"}}',
    f'{{U__project_5f_id="{PROJECT_B}"}}',
    f"{{project_id='{PROJECT_B}'}}",
    f"{{project_id=`{PROJECT_B}`}}",
    f'{{project\\_id="{PROJECT_B}"}}',
    f'{{p\\u0072oject_id="{PROJECT_B}"}}',
    f'{{project_id="{PROJECT_B[:4]}\\x62{PROJECT_B[5:]}"}}',
)


def cases(bases: tuple[Base, ...]) -> Iterator[Case]:
    """Duplicates, moves and unions of `query` and `match[]`, on every endpoint that takes them."""
    for base in bases:
        if base.name in _LISTING:
            yield from _unions(base)
        elif base.name != "service":
            yield from _duplicates(base)
    yield from _broken(next(base for base in bases if base.name == "series"))


def _duplicates(base: Base) -> Iterator[Case]:
    for other in ("up", EVERYTHING, f'up{{project_id="{PROJECT_B}"}}', ""):
        again = b"query=" + quote_plus(other).encode()
        for name, request in (
            ("after, URL", replace(base.get(), query=base.form + b"&" + again)),
            ("before, URL", replace(base.get(), query=again + b"&" + base.form)),
            ("body, honest URL", Request(base.path, base.form, again, b"POST", (FORM,), scope=base.scope)),
            ("URL, honest body", Request(base.path, again, base.form, b"POST", (FORM,), scope=base.scope)),
        ):
            technique = "17" if "honest" in name else "16"
            yield Case(technique, f"{base.name}: query={other} {name}", request, Same(base.name))
    for name, value in base.arguments[1:]:
        again = f"{name}={quote_plus(value)}".encode()
        doubled = replace(base.get(), query=base.form + b"&" + again)
        yield Case("16", f"{base.name}: {name} twice", doubled, Same(base.name))


def _unions(base: Base) -> Iterator[Case]:
    """Selectors are OR-ed; the union with anything is still A's own."""
    for index, selector in enumerate(_FOREIGN):
        for name in _NAMES if index < _THOROUGH else _NAMES[:2]:
            argument = name + b"=" + quote_plus(selector).encode()
            said = f"{base.name}: {name.decode()}={selector}"
            yield Case("18", f"{said}, URL", replace(base.get(), query=base.form + b"&" + argument), Alone())
            if not base.takes_post or name not in _NAMES[:2]:
                continue
            beside = Request(base.path, base.form, argument, b"POST", (FORM,))
            yield Case("19", f"{said}, body beside an honest URL", beside, Alone())
            under = Request(base.path, argument, base.form, b"POST", (FORM,))
            yield Case("19", f"{said}, URL above an honest body", under, Alone())
        if base.name == "series":
            continue
        # Technique 20: the selector alone decides.
        times = b"&".join(part for part in base.form.split(b"&") if not part.startswith(b"match"))
        argument = b"match[]=" + quote_plus(selector).encode()
        lone = replace(base.get(), query=(times + b"&" if times else b"") + argument)
        yield Case("20", f"{base.name}: only match[]={selector}", lone, Alone())


def _broken(base: Base) -> Iterator[Case]:
    times = b"&".join(part for part in base.form.split(b"&") if not part.startswith(b"match"))
    for text in _BREAKING:
        value = quote_plus(text).encode()
        as_match = replace(base.get(), query=b"match[]=" + value + b"&" + times)
        yield Case("21", f"match[]={text}", as_match, Alone())
        as_label = Request(b"/api/v1/label/mark/values", b"match[]=" + value + b"&" + times)
        yield Case("21", f"label values, match[]={text}", as_label, Alone())
        as_federate = Request(b"/federate", b"match[]=" + value)
        yield Case("21", f"federate, match[]={text}", as_federate, Alone())
    for none in (b"", b"match[]=", b"match[]=&match[]=", b"match=+"):
        without = replace(base.get(), query=none + b"&" + times)
        yield Case("20", f"series with {none.decode() or 'no selector'}", without, Refused())
