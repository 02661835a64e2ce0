"""The front-door's OpenAPI document: the framework's routes, and the Prometheus surface from its endpoint table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi

from query.endpoint import ENDPOINTS, LABEL_VALUES

if TYPE_CHECKING:
    from fastapi import FastAPI

    from query.endpoint import Endpoint

_PREFIXES: Final = {
    "project": "/v1/projects/{project}",
    "environment": "/v1/projects/{project}/environments/{environment}",
    "service": "/v1/projects/{project}/environments/{environment}/services/{service}",
}
_ARGUMENTS: Final = {
    "query": ("query", "time", "step", "timeout", "round_digits"),
    "query_range": ("query", "start", "end", "step", "timeout"),
    "series": ("match[]", "start", "end", "limit"),
    "labels": ("match[]", "start", "end", "limit"),
    "label_values": ("match[]", "start", "end", "limit"),
    "federate": ("match[]",),
    "status_tsdb": ("topN", "date", "focusLabel", "match[]"),
    "metadata": ("metric", "limit"),
}
_REQUIRED: Final = {("query", "query"), ("query_range", "query"), ("query_range", "start"), ("query_range", "end"),
                    ("query_range", "step"), ("series", "match[]")}  # fmt: skip
_ANSWERS: Final = {
    "200": "The Prometheus envelope; warnings when something was left out.",
    "400": "An argument is wrong; the message names it.",
    "401": "No valid credential.",
    "403": "The role or the token does not allow it.",
    "404": "Unknown or foreign project, environment, service, or unknown endpoint.",
    "405": "The endpoint has other methods; Allow names them.",
    "408": "The form did not arrive within 10 s.",
    "413": "The form is larger than 64 KiB.",
    "414": "The arguments in the URL are longer than 16 KiB; send them by POST.",
    "422": "The query cannot be executed, or its answer is too large.",
    "429": "Too many reads of this project at once.",
    "502": "The region's store failed.",
    "503": "The region cannot be read now.",
    "504": "The query took too long.",
}


def document(app: FastAPI) -> dict[str, Any]:
    """Build the document; the Prometheus surface is one path per level and endpoint."""
    spec = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    components = spec.setdefault("components", {})
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    for level, prefix in _PREFIXES.items():
        for path, endpoint in {**ENDPOINTS, "/api/v1/label/{name}/values": LABEL_VALUES}.items():
            spec["paths"][f"{prefix}/prometheus{path}"] = {
                method.lower(): _operation(level, prefix, path, endpoint, method) for method in endpoint.methods
            }
    return spec


def _operation(level: str, prefix: str, path: str, endpoint: Endpoint, method: str) -> dict[str, Any]:
    names = [part[1:-1] for part in f"{prefix}{path}".split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    arguments = _ARGUMENTS.get(endpoint.name, ())
    operation: dict[str, Any] = {
        "operationId": f"{level}_{endpoint.name}_{method.lower()}",
        "summary": endpoint.summary,
        "tags": ["metrics"],
        "security": [{"token": []}],
        "responses": {code: {"description": text} for code, text in _ANSWERS.items()},
    }
    if method == "GET":
        parameters += [
            {"name": name, "in": "query", "required": (endpoint.name, name) in _REQUIRED, "schema": _schema(name)}
            for name in arguments
        ]
    elif arguments:
        required = [name for name in arguments if (endpoint.name, name) in _REQUIRED]
        form = {"type": "object", "properties": {name: _schema(name) for name in arguments}, "required": required}
        operation["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": form}}}
    return {**operation, "parameters": parameters}


def _schema(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}} if name.endswith("[]") else {"type": "string"}
