"""A pod as the Kubernetes API shows it (a manifest with its status), checked and read into `ingest.usage.pod`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from core.errors import BadRequest
from ingest.usage.pod import NOTHING, Container, Pod, Requests
from ingest.usage.quantity import thousandths

if TYPE_CHECKING:
    from collections.abc import Mapping


def _text(value: object) -> object:
    # YAML and JSON may write a quantity as a number; a float would already have lost digits.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_Amounts = dict[str, Annotated[str, BeforeValidator(_text)]]


class Shown(BaseModel):
    """A part of the API's document: what is not asked for is passed over, and null is as good as nothing."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, shown: object) -> object:
        return {key: value for key, value in shown.items() if value is not None} if isinstance(shown, dict) else shown


class _Resources(Shown):
    requests: _Amounts | None = None


class _Container(Shown):
    name: str
    resources: _Resources | None = None
    restart_policy: str | None = None


class _Status(Shown):
    name: str
    resources: _Resources | None = None
    allocated_resources: _Amounts | None = None


class _Spec(Shown):
    containers: list[_Container] = Field(min_length=1)
    init_containers: list[_Container] = []
    overhead: _Amounts | None = None
    resources: _Resources | None = None


class _Condition(Shown):
    type: str
    status: str
    reason: str | None = None


class _PodStatus(Shown):
    container_statuses: list[_Status] = []
    init_container_statuses: list[_Status] = []
    conditions: list[_Condition] = []


class _Document(Shown):
    spec: _Spec
    status: _PodStatus = _PodStatus()


def read_pod(document: Mapping[str, Any]) -> Pod:
    """The requests of a pod from its document; labels and everything else of it play no part.

    Raises:
        BadRequest: a part has the wrong shape or a quantity is none; the message names its place.
    """
    try:
        shown = _Document.model_validate(document)
    except ValidationError as failure:
        raise BadRequest(first_fault(failure)) from None
    status = shown.status
    return Pod(
        containers=_containers(shown.spec.containers, status.container_statuses, "containers"),
        init_containers=_containers(shown.spec.init_containers, status.init_container_statuses, "initContainers"),
        overhead=_requests(shown.spec.overhead, "spec.overhead"),
        pod_level=_requests(_of(shown.spec.resources), "spec.resources.requests"),
        resize_infeasible=any(
            each.type == "PodResizePending" and each.status == "True" and each.reason == "Infeasible"
            for each in status.conditions
        ),
    )


def first_fault(failure: ValidationError) -> str:
    """The place of a document's first fault, and what is wrong there."""
    first = failure.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _containers(specs: list[_Container], statuses: list[_Status], place: str) -> tuple[Container, ...]:
    by_name = {status.name: status for status in statuses}
    if len({spec.name for spec in specs}) < len(specs):
        raise BadRequest(f"spec.{place}: two have one name; give each its own")
    return tuple(_container(spec, by_name.get(spec.name), f"{place}.{spec.name}") for spec in specs)


def _container(spec: _Container, status: _Status | None, place: str) -> Container:
    return Container(
        name=spec.name,
        requests=_requests(_of(spec.resources), f"{place}.resources.requests"),
        allocated=_requests(None if status is None else status.allocated_resources, f"{place}.allocatedResources"),
        actuated=_requests(_of(None if status is None else status.resources), f"{place}.status.resources.requests"),
        is_sidecar=spec.restart_policy == "Always" and place.startswith("init"),
    )


def _of(resources: _Resources | None) -> _Amounts | None:
    return None if resources is None else resources.requests


def _requests(amounts: _Amounts | None, place: str) -> Requests:
    if not amounts:
        return NOTHING
    cpu, memory = amounts.get("cpu"), amounts.get("memory")
    return Requests(
        cpu=None if cpu is None else thousandths(cpu, f"{place}.cpu"),
        memory=None if memory is None else thousandths(memory, f"{place}.memory"),
    )
