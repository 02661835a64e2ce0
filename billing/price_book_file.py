"""A price book as people write it: a YAML document, checked as a whole before anything is rated with it."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from billing.canonical import canonical, sha256
from billing.hour import HOUR, iso, parse
from billing.meter import Meter, unit
from billing.price import ANY, Kind, Model, Origin, Price, Step
from billing.price_book import IncludedAmount, IncludedUsage, Minimum, PriceBook
from billing.price_book_yaml import load
from core.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

# A decimal is written in quotes: YAML's own numbers are floats, and 0.05 is none.
_Decimal = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,12})?$")]
_Money = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,11})\.[0-9]{2}$")]
_Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
_Where = Annotated[str, Field(pattern=r"^(\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$")]


def _whole_hour(text: str) -> str:
    try:
        second = parse(text, "time")
    except BadRequest as failure:
        raise ValueError(failure.message) from None
    if second % HOUR:
        raise ValueError(f"{text} is within an hour; prices change only on whole UTC hours")
    return text


_Hour = Annotated[str, AfterValidator(_whole_hour)]


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Step(_Written):
    up_to: Annotated[int, Field(strict=True, gt=0)] | None = None
    unit_price: _Decimal


class _Price(_Written):
    id: _Name
    kind: Kind
    meter: Meter
    unit: str
    origin: Origin
    valid_from: _Hour
    valid_to: _Hour | None = None
    plan: _Where = ANY
    region: _Where = ANY
    model: Model = Model.FLAT
    unit_price: _Decimal | None = None
    steps: list[_Step] | None = None
    package_size: Annotated[int, Field(strict=True, gt=0)] | None = None
    note: str = ""

    @model_validator(mode="after")
    def _is_whole(self) -> _Price:
        try:
            unit(self.meter, self.unit)
        except BadRequest as failure:
            raise ValueError(failure.message) from None
        stepped = self.model in {Model.GRADUATED, Model.VOLUME}
        if stepped != (self.steps is not None) or stepped == (self.unit_price is not None):
            raise ValueError(
                f"a {self.model} price has {'steps and no unit_price' if stepped else 'a unit_price and no steps'}"
            )
        if self.kind is Kind.COST and self.model is not Model.FLAT:
            # A supplier counts all of us as one: whose part of a step a workspace used, nobody can say.
            raise ValueError("a cost price is flat; what a supplier charges by steps or packages is in its bill")
        if (self.model is Model.PACKAGE) != (self.package_size is not None):
            raise ValueError("package_size belongs to a package price, and to no other")
        if self.steps is not None:
            _check_steps([step.up_to for step in self.steps])
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to is not after valid_from; a price's validity excludes its end")
        return self


class _IncludedUsage(_Written):
    plan: _Name
    meter: Meter
    unit: str
    quantity: Annotated[int, Field(strict=True, gt=0)]


class _Amount(_Written):
    plan: _Name
    amount: _Money


class _Book(_Written):
    format: Literal["starmeter-price-book/1"]
    name: _Name
    version: Annotated[int, Field(strict=True, gt=0)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    carry_forward_below: _Money = "0.00"
    prices: Annotated[list[_Price], Field(min_length=1)]
    included_usage: list[_IncludedUsage] = []
    included_amounts: list[_Amount] = []
    minimums: list[_Amount] = []


def read_price_book(text: str | bytes) -> PriceBook:
    """A price book from YAML (or JSON, which is YAML).

    Raises:
        BadRequest: no YAML, a field is wrong, ids repeat, or two prices hold for the same usage at one time; the
            message names the place.
    """
    try:
        written = _Book.model_validate(load(text))
    except ValidationError as failure:
        first = failure.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "document"
        raise BadRequest(f"price book: {place}: {first['msg'].removeprefix('Value error, ')}") from None
    prices = tuple(sorted(map(_price, written.prices), key=lambda each: each.id))
    _check_apart(prices)
    _check_included(written.included_usage, prices)
    # Both entries of a pair would count: more would be included than was used, and minimums would add up.
    _check_once("included_usage", ((each.plan, each.meter) for each in written.included_usage))
    _check_once("included_amounts", ((each.plan,) for each in written.included_amounts))
    _check_once("minimums", ((each.plan,) for each in written.minimums))
    return PriceBook(
        name=written.name,
        version=written.version,
        currency=written.currency,
        prices=prices,
        included_usage=tuple(
            IncludedUsage(each.plan, each.meter, each.unit, each.quantity) for each in written.included_usage
        ),
        included_amounts=tuple(IncludedAmount(each.plan, Decimal(each.amount)) for each in written.included_amounts),
        minimums=tuple(Minimum(each.plan, Decimal(each.amount)) for each in written.minimums),
        carry_forward_below=Decimal(written.carry_forward_below),
        digest=sha256(document(written)),
    )


def normal_form(text: str | bytes) -> bytes:
    """A valid price book's content as canonical JSON: what its digest is of, and what bundles carry."""
    read_price_book(text)
    return document(_Book.model_validate(load(text)))


def document(written: _Book) -> bytes:
    """The canonical content: order of prices, comments and notations do not count."""
    content = written.model_dump(mode="json", exclude_none=True)
    content["prices"].sort(key=lambda price: price["id"])
    return canonical(content)


def _price(written: _Price) -> Price:
    steps = written.steps or [_Step(unit_price=written.unit_price or "0")]
    return Price(
        id=written.id,
        kind=written.kind,
        meter=written.meter,
        unit=written.unit,
        model=written.model,
        steps=tuple(Step(step.up_to, Decimal(step.unit_price)) for step in steps),
        valid_from=parse(written.valid_from, "valid_from"),
        valid_to=None if written.valid_to is None else parse(written.valid_to, "valid_to"),
        origin=written.origin,
        plan=written.plan,
        region=written.region,
        package_size=written.package_size or 1,
        note=written.note,
    )


def _check_steps(ends: list[int | None]) -> None:
    if not ends or ends[-1] is not None or None in ends[:-1]:
        raise ValueError("every step but the last has up_to, and the last has none")
    rising = [end for end in ends if end is not None]
    if rising != sorted(set(rising)):
        raise ValueError("up_to rises from step to step")


def _check_apart(prices: Iterable[Price]) -> None:
    seen: dict[str, Price] = {}
    places: dict[tuple[object, ...], list[Price]] = {}
    for price in prices:
        if price.id in seen:
            raise BadRequest(f"price book: prices: two have the id {price.id!r}; give each its own")
        seen[price.id] = price
        places.setdefault((price.kind, price.meter, price.plan, price.region), []).append(price)
    for alike in places.values():
        for earlier, later in pairwise(sorted(alike, key=lambda each: each.valid_from)):
            if earlier.valid_to is None or earlier.valid_to > later.valid_from:
                raise BadRequest(
                    f"price book: prices: {earlier.id!r} and {later.id!r} both hold at {iso(later.valid_from)}; "
                    "end the first with valid_to"
                )


def _check_once(field: str, places: Iterable[tuple[str, ...]]) -> None:
    for place, times in Counter(places).items():
        if times > 1:
            raise BadRequest(f"price book: {field}: {times} entries for {' of plan '.join(place[::-1])}; keep one")


def _check_included(included: Iterable[_IncludedUsage], prices: Iterable[Price]) -> None:
    for each in included:
        for price in prices:
            serves = (price.kind, price.meter) == (Kind.SELL, each.meter) and price.plan in {each.plan, ANY}
            if serves and (price.model is not Model.FLAT or price.unit != each.unit):
                raise BadRequest(
                    f"price book: included_usage: {each.meter} of plan {each.plan!r} must be priced flat and in "
                    f"{each.unit}, as {price.id!r} is not; include an amount of money instead"
                )
