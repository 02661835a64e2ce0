"""The structure that OpenAPI 3.1 asks of a document: its fields, operations, parameters, schemas and references."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")

_TEMPLATED: Final = re.compile(r"\{([^{}]+)\}")
_STATUS: Final = re.compile(r"[1-5](?:[0-9]{2}|XX)|default")
_COMPONENT: Final = re.compile(r"[A-Za-z0-9._-]+")
_TYPES: Final = frozenset({"null", "boolean", "object", "array", "number", "string", "integer"})

_ROOT: Final = frozenset(
    {"openapi", "info", "jsonSchemaDialect", "servers", "paths", "webhooks", "components", "security", "tags"}
)
_INFO: Final = frozenset({"title", "summary", "description", "termsOfService", "contact", "license", "version"})
_OPERATION: Final = frozenset(
    {
        "tags",
        "summary",
        "description",
        "operationId",
        "parameters",
        "requestBody",
        "responses",
        "deprecated",
        "security",
    }
)
_PARAMETER: Final = frozenset(
    {"name", "in", "description", "required", "deprecated", "allowEmptyValue", "style", "explode", "schema", "content"}
)


def flaws(document: dict[str, Any]) -> list[str]:
    """Everything in `document` that is against the specification, each with its place; empty for a valid one."""
    found = [*_root(document)]
    for path, item in document.get("paths", {}).items():
        if not path.startswith("/"):
            found.append(f"{path}: does not begin with /")
        for method, operation in item.items():
            place = f"{method} {path}"
            found += [f"{place}: {flaw}" for flaw in _operation(document, path, method, operation)]
    found += _repeated("operationId", [one.get("operationId") for _, _, one in operations(document)])
    shapes = [_TEMPLATED.sub("{}", path) for path in document.get("paths", {})]
    found += _repeated("path that differs in its parameters' names only", shapes)
    found += [f"{place}: refers to {target}" for place, target in _dangling(document)]
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every path, method and operation."""
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            yield path, method, operation


def _root(document: dict[str, Any]) -> Iterator[str]:
    if not re.fullmatch(r"3\.1\.[0-9]+", str(document.get("openapi"))):
        yield f"openapi: {document.get('openapi')} is no version 3.1"
    yield from _unknown("document", document, _ROOT)
    info = document.get("info", {})
    yield from _unknown("info", info, _INFO)
    yield from (f"info: no {name}" for name in ("title", "version") if not isinstance(info.get(name), str))
    if not any(document.get(part) for part in ("paths", "components", "webhooks")):
        yield "document: neither paths nor components nor webhooks"
    for kind, entries in document.get("components", {}).items():
        yield from (f"components/{kind}/{name}: not a legal key" for name in entries if not _COMPONENT.fullmatch(name))


def _operation(document: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    if method not in METHODS:
        yield "no method"
        return
    yield from _unknown("operation", operation, _OPERATION)
    yield from _responses(operation.get("responses", {}))
    parameters = operation.get("parameters", [])
    for parameter in parameters:
        yield from _parameter(parameter)
    yield from _repeated("parameter", [f"{one.get('in')} {one.get('name')}" for one in parameters])
    declared = {one.get("name") for one in parameters if one.get("in") == "path"}
    if declared != set(_TEMPLATED.findall(path)):
        yield f"declares the path parameters {sorted(declared)}"
    schemes = document.get("components", {}).get("securitySchemes", {})
    for requirement in operation.get("security", []):
        yield from (f"security: {name} is no security scheme" for name in requirement if name not in schemes)
    if "requestBody" in operation:
        if method in {"get", "head", "delete"}:
            yield "requestBody: has no meaning for this method"
        yield from _content("requestBody", operation["requestBody"].get("content"))


def _responses(responses: dict[str, Any]) -> Iterator[str]:
    if not responses:
        yield "no response"
    for status, response in responses.items():
        if not _STATUS.fullmatch(status):
            yield f"{status}: no status"
        if not isinstance(response.get("description"), str):
            yield f"{status}: no description"
        if "content" in response:
            yield from _content(status, response["content"])


def _parameter(parameter: dict[str, Any]) -> Iterator[str]:
    name = parameter.get("name")
    yield from _unknown(f"parameter {name}", parameter, _PARAMETER)
    if not isinstance(name, str) or parameter.get("in") not in {"path", "query", "header", "cookie"}:
        yield f"parameter {name}: without a name or a place"
    if parameter.get("in") == "path" and parameter.get("required") is not True:
        yield f"parameter {name}: in the path, yet not required"
    if ("schema" in parameter) == ("content" in parameter):
        yield f"parameter {name}: needs either a schema or a content"
    yield from _schema(f"parameter {name}", parameter.get("schema", {}))


def _content(place: str, content: object) -> Iterator[str]:
    if not isinstance(content, dict) or not content:
        yield f"{place}: no content"
        return
    for media_type, media in content.items():
        if media_type.count("/") != 1:
            yield f"{place}: {media_type} is no media type"
        yield from _schema(place, media.get("schema", {}))


def _schema(place: str, schema: dict[str, Any]) -> Iterator[str]:
    kind = schema.get("type", "object")
    kinds = kind if isinstance(kind, list) else [kind]
    yield from (f"{place}: {one} is no type" for one in kinds if one not in _TYPES)
    if kind == "array":
        yield from _schema(f"{place}[]", schema.get("items", {}))
    for name, part in schema.get("properties", {}).items():
        yield from _schema(f"{place}.{name}", part)


def _unknown(place: str, part: dict[str, Any], known: frozenset[str]) -> Iterator[str]:
    yield from (f"{place}: {name} is no field" for name in part if name not in known and not name.startswith("x-"))


def _repeated(what: str, names: list[Any]) -> list[str]:
    return [f"{what} {name}: {names.count(name)} times" for name in dict.fromkeys(names) if names.count(name) > 1]


def _dangling(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every reference that leads nowhere in the document."""
    waiting: list[tuple[str, Any]] = [("#", document)]
    while waiting:
        place, part = waiting.pop()
        if isinstance(part, list):
            waiting += [(f"{place}/{index}", one) for index, one in enumerate(part)]
        elif isinstance(part, dict):
            waiting += [(f"{place}/{name}", one) for name, one in part.items()]
            target = part.get("$ref")
            if isinstance(target, str) and not _leads_somewhere(document, target):
                yield place, target


def _leads_somewhere(document: dict[str, Any], target: str) -> bool:
    part: Any = document
    for name in target.removeprefix("#/").split("/"):
        key = name.replace("~1", "/").replace("~0", "~")
        if not isinstance(part, dict) or key not in part:
            return False
        part = part[key]
    return True
