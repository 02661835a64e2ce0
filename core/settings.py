"""Settings: one TOML file per process, read once, unknown keys refused, secrets by file."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from core.errors import ConfigurationError

if TYPE_CHECKING:
    from pathlib import Path

Model = TypeVar("Model", bound=BaseModel)


def load(model: type[Model], path: Path) -> Model:
    """Read `path` into a settings model.

    A key `NAME_file` anywhere is replaced by `NAME` with the stripped content of that file (relative to `path`), so
    that secrets stay out of the configuration.

    Raises:
        ConfigurationError: the file is missing, no TOML, has an unknown key or a wrong value; every finding is named.
    """
    try:
        raw = tomllib.loads(path.read_text())
    except OSError as failure:
        raise ConfigurationError(f"{path}: cannot be read: {failure.strerror}") from failure
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise ConfigurationError(f"{path}: not valid TOML: {failure}") from failure
    try:
        return model.model_validate(_with_secrets(raw, path))
    except ValidationError as failure:
        findings = "; ".join(
            f"{'.'.join(str(part) for part in error['loc']) or '(top level)'}: {_sentence(error['type'], error['msg'])}"
            for error in failure.errors(include_url=False, include_input=False)
        )
        raise ConfigurationError(f"{path}: {findings}") from failure


def _sentence(kind: str, message: str) -> str:
    return "unknown key; remove it or correct its name" if kind == "extra_forbidden" else message


def _with_secrets(value: object, path: Path) -> object:
    match value:
        case dict():
            return _table_with_secrets(value, path)
        case list():
            return [_with_secrets(item, path) for item in value]
        case _:
            return value


def _table_with_secrets(table: dict[str, object], path: Path) -> dict[str, object]:
    read: dict[str, object] = {}
    for key, value in table.items():
        if not key.endswith("_file") or not isinstance(value, str):
            read[key] = _with_secrets(value, path)
            continue
        name = key.removesuffix("_file")
        if name in table:
            raise ConfigurationError(f"{path}: {name}: given both as {name} and as {key}; keep one of them")
        try:
            read[name] = (path.parent / value).read_text().strip()
        except OSError as failure:
            raise ConfigurationError(f"{path}: {key}: {value} cannot be read: {failure.strerror}") from failure
        except UnicodeDecodeError as failure:
            raise ConfigurationError(f"{path}: {key}: {value} is not UTF-8 text") from failure
    return read
