"""/openapi.json is the truth: it is valid, complete, and every path and argument in it is really there."""

from __future__ import annotations

import copy
import itertools
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from query.endpoint import ENDPOINTS, LABEL_VALUES
from tests.query.openapi_structure import flaws, operations
from tests.query.platform import PROJECT_A, SERVICE_A1

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from query.endpoint import Endpoint
    from tests.query.conftest import Door

PREFIXES = (
    "/v1/projects/{project}",
    "/v1/projects/{project}/environments/{environment}",
    "/v1/projects/{project}/environments/{environment}/services/{service}",
)
PATH_VALUES = {"project": PROJECT_A, "environment": "production", "service": SERVICE_A1, "name": "environment"}
ARGUMENTS = {"query": "up", "step": "60", "match[]": "up", "topN": "3", "focusLabel": "environment"}
# What no argument can mean; without an entry, text that is neither a number nor a time.
NONSENSE = {"query": " ", "match[]": " ", "focusLabel": "1-label", "metric": "1-metric"}


@pytest.fixture(scope="module")
def anybody(door: Door) -> Iterator[httpx.Client]:
    """A client without a credential, kept open: a new one for every call costs more than the call."""
    with httpx.Client(base_url=door.url, timeout=20) as session:
        yield session


@pytest.fixture(scope="module")
def viewer(door: Door) -> Iterator[httpx.Client]:
    """A client with project A's viewer token."""
    with httpx.Client(base_url=door.url, timeout=20, headers={"Authorization": f"Bearer {door.tokens.viewer}"}) as one:
        yield one


@pytest.fixture(scope="module")
def document(anybody: httpx.Client) -> dict[str, Any]:
    """The document as the running front-door serves it."""
    answer = anybody.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    parsed: dict[str, Any] = answer.json()
    return parsed


@pytest.fixture
def call(viewer: httpx.Client, now: float) -> Callable[..., httpx.Response]:
    """Call a documented operation with legal arguments, all of them or those that `change` leaves."""
    legal = ARGUMENTS | {"start": f"{now - 300}", "end": f"{now}", "time": f"{now}"}

    def send(path: str, method: str, **change: str | None) -> httpx.Response:
        arguments = {name: value for name, value in (legal | change).items() if value is not None}
        filled = path.format(**PATH_VALUES)
        if method == "get":
            return viewer.get(filled, params=arguments)
        return viewer.request(method.upper(), filled, data=arguments)

    return send


def documented_arguments(operation: dict[str, Any]) -> dict[str, bool]:
    """The names of an operation's arguments, wherever they go, and whether each is required."""
    form = operation.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded", {})
    schema = form.get("schema", {})
    in_form = {name: name in schema.get("required", []) for name in schema.get("properties", {})}
    return in_form | {one["name"]: one["required"] for one in operation["parameters"] if one["in"] == "query"}


def metrics_operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """The operations of the Prometheus surface, on the level of a project: the levels differ in their prefix alone."""
    surface = f"{PREFIXES[0]}/prometheus/"
    return [one for one in operations(document) if one[0].startswith(surface)]


def test_the_document_is_a_valid_openapi_3_1_document(document: dict[str, Any]) -> None:
    assert flaws(document) == []


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        pytest.param(lambda d: d.update(openapi="3.0.3"), "openapi: 3.0.3 is no version 3.1", id="version"),
        pytest.param(lambda d: d["info"].pop("version"), "info: no version", id="info"),
        pytest.param(
            lambda d: d["paths"]["/readyz"]["get"].update(operationId=d["paths"]["/livez"]["get"]["operationId"]),
            "operationId livez_livez_get: 2 times",
            id="operation id",
        ),
        pytest.param(lambda d: d["paths"]["/livez"]["get"].pop("responses"), "get /livez: no response", id="response"),
        pytest.param(
            lambda d: d["paths"][f"{PREFIXES[0]}/prometheus/federate"]["get"]["parameters"].pop(0),
            "get /v1/projects/{project}/prometheus/federate: declares the path parameters []",
            id="path parameter",
        ),
        pytest.param(
            lambda d: d["paths"]["/livez"]["get"].update(security=[{"nope": []}]),
            "get /livez: security: nope is no security scheme",
            id="security",
        ),
        pytest.param(
            lambda d: d["paths"]["/livez"]["get"].update(requestBody={"$ref": "#/components/requestBodies/Nope"}),
            "#/paths//livez/get/requestBody: refers to #/components/requestBodies/Nope",
            id="reference",
        ),
    ],
)
def test_the_validation_finds_what_is_invalid(
    document: dict[str, Any], damage: Callable[[dict[str, Any]], object], expected: str
) -> None:
    damaged = copy.deepcopy(document)
    damage(damaged)

    assert expected in flaws(damaged)


def test_every_endpoint_is_documented_on_every_level_with_exactly_its_methods(document: dict[str, Any]) -> None:
    table: dict[str, Endpoint] = {**ENDPOINTS, "/api/v1/label/{name}/values": LABEL_VALUES}
    expected = {
        f"{prefix}/prometheus{path}": {method.lower() for method in endpoint.methods}
        for prefix, (path, endpoint) in itertools.product(PREFIXES, table.items())
    }

    documented = {path: set(item) for path, item in document["paths"].items() if "/prometheus/" in path}
    assert documented == expected


def test_every_documented_operation_answers(document: dict[str, Any], call: Callable[..., httpx.Response]) -> None:
    answers = {f"{method} {path}": call(path, method).status_code for path, method, _ in operations(document)}

    # The platform's own pages are not a tenant's.
    refused = {place for place in answers if place.startswith("get /v1/cardinality")}
    assert {place: status for place, status in answers.items() if status != 200} == dict.fromkeys(refused, 403)
    assert len(answers) > 50


def test_other_methods_are_refused_and_the_allowed_ones_named(document: dict[str, Any], viewer: httpx.Client) -> None:
    for path, item in document["paths"].items():
        for method in {"get", "post", "put", "delete", "patch"} - set(item):
            answer = viewer.request(method.upper(), path.format(**PATH_VALUES))
            assert answer.status_code == 405, (method, path)
            assert {one.strip().lower() for one in answer.headers["allow"].split(",")} == set(item)


def test_every_metrics_operation_needs_the_documented_credential(
    document: dict[str, Any], anybody: httpx.Client
) -> None:
    for path, method, operation in metrics_operations(document):
        assert operation["security"] == [{"token": []}]
        answer = anybody.request(method.upper(), path.format(**PATH_VALUES))
        assert answer.status_code == 401, (method, path)


def test_every_documented_argument_is_read(document: dict[str, Any], call: Callable[..., httpx.Response]) -> None:
    ignored = []
    for path, method, operation in metrics_operations(document):
        for name in documented_arguments(operation):
            answer = call(path, method, **{name: NONSENSE.get(name, "nonsense")})
            if answer.status_code != 400 or not answer.json()["error"].startswith(f"{name}: "):
                ignored.append((method, path, name, answer.status_code))

    assert ignored == []


def test_what_is_documented_as_required_is(document: dict[str, Any], call: Callable[..., httpx.Response]) -> None:
    checked = []
    for path, method, operation in metrics_operations(document):
        for name, required in documented_arguments(operation).items():
            if required:
                answer = call(path, method, **{name: None})
                assert answer.status_code == 400, (method, path, name)
                assert answer.json()["error"].startswith(f"{name}: missing; ")
                checked.append(name)

    assert set(checked) == {"query", "start", "end", "step", "match[]"}


def test_a_form_requires_what_the_url_requires(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        if {"get", "post"} <= set(item):
            assert documented_arguments(item["post"]) == documented_arguments(item["get"]), path


def test_the_refusals_of_a_malformed_request_are_documented(
    document: dict[str, Any], call: Callable[..., httpx.Response], viewer: httpx.Client
) -> None:
    path = f"{PREFIXES[0]}/prometheus/api/v1/query"
    answers = [
        viewer.put(path.format(**PATH_VALUES)),
        call(path, "post", query="up" * 40_000),
        call(path, "get", query="up" * 10_000),
    ]
    assert [answer.status_code for answer in answers] == [405, 413, 414]

    for answer in answers:
        assert str(answer.status_code) in document["paths"][path]["post"]["responses"]


def test_every_status_that_was_seen_is_documented(
    document: dict[str, Any], call: Callable[..., httpx.Response]
) -> None:
    for path, method, operation in metrics_operations(document):
        for change in ({}, {"query": "up{"}, {"match[]": "{"}, {"start": "nonsense"}):
            assert str(call(path, method, **change).status_code) in operation["responses"], (method, path, change)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        pytest.param("GET", "/nope", 404, "not_found", id="unknown"),
        pytest.param("GET", "/v1/projects", 404, "not_found", id="unknown under v1"),
        pytest.param("GET", f"/v1/projects/{PROJECT_A}/nope", 404, "not_found", id="unknown surface of a project"),
        pytest.param("GET", "/docs", 404, "not_found", id="no page of a framework"),
        pytest.param("POST", "/livez", 405, "method_not_allowed", id="wrong method"),
        pytest.param("DELETE", "/openapi.json", 405, "method_not_allowed", id="wrong method on the document"),
    ],
)
def test_outside_the_prometheus_surface_an_error_is_a_problem_document(
    anybody: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    answer = anybody.request(method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert {type(problem[name]) for name in ("type", "title", "detail")} == {str}


def test_inside_the_prometheus_surface_an_error_keeps_its_envelope(viewer: httpx.Client) -> None:
    answer = viewer.get(f"/v1/projects/{PROJECT_A}/prometheus/api/v1/nope")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"status": "error", "errorType": "not_found", "error": "no such endpoint"}
