"""What the cardinality pages answer: who has how many series, who grows, and who added new label values."""

from __future__ import annotations

from pydantic import BaseModel, Field, computed_field


class _Afforded(BaseModel):
    """Series beside the budget that they come out of; null where the catalogue has none for them."""

    series: int | None
    budget: int | None = None

    @computed_field  # type: ignore[prop-decorator]  # as pydantic's documentation has it
    @property
    def share(self) -> float | None:
        """Series as a share of the budget."""
        return None if self.series is None or self.budget is None else round(self.series / self.budget, 4)


class Amount(_Afforded):
    """Series of something: of a project or service beside its project's budget, else beside the region's."""

    name: str
    series: int


class LabelAmount(_Afforded):
    """A label: how many values it has, and how many series have it (null outside the longest list)."""

    name: str
    values: int


class ValueAmount(_Afforded):
    """One value of one label."""

    label: str
    value: str
    series: int


class TopRegion(BaseModel):
    """The largest of one region. `today` counts the UTC day's series, restarts included; `active` what is scraped now.

    Metrics, labels, values, projects and services count the day's series too.
    """

    region: str
    today: Amount
    active: Amount | None = Field(description="null when the answer is narrowed to a project or metric")
    metrics: list[Amount]
    labels: list[LabelAmount]
    values: list[ValueAmount]
    projects: list[Amount]
    services: list[Amount]


class Top(BaseModel):
    """The largest of every region; `warnings` say what is missing and why."""

    regions: list[TopRegion]
    warnings: list[str]


class Change(_Afforded):
    """Series now and `hours` ago, and their difference per hour."""

    name: str
    series: int
    before: int
    per_hour: float


class ServiceChange(Change):
    """The change of one tenant; `name` is its service."""

    project_id: str
    environment: str


class GrowthRegion(BaseModel):
    """What grew in one region, fastest first; `today` and `yesterday` count those UTC days' series."""

    region: str
    today: int
    yesterday: int
    projects: list[Change]
    services: list[ServiceChange]
    metrics: list[Change]


class Growth(BaseModel):
    """What grew, in every region, over the last `hours`."""

    hours: int
    regions: list[GrowthRegion]
    warnings: list[str]


class Culprit(_Afforded):
    """A service that brought new values of a label: how many, with how many series, and some of them.

    `by_hour` counts the new values of each hour, the oldest first. A value is new in an hour when the service had it at
    no moment of the `compared_hours` before that hour.
    """

    label: str
    project_id: str
    environment: str
    service_id: str
    new_values: int
    values_per_hour: float
    by_hour: list[int]
    compared_hours: int
    series: int
    examples: list[str]


class WhoRegion(BaseModel):
    """Who added label values in one region, most first."""

    region: str
    services: list[Culprit]


class Who(BaseModel):
    """Who added label values over the last `hours`, in every region."""

    hours: int
    regions: list[WhoRegion]
    warnings: list[str]
