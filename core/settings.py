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
            return dict(_with_secret(str(key), item, path) for key, item in value.items())
        case list():
            return [_with_secrets(item, path) for item in value]
        case _:
            return value


def _with_secret(key: str, value: object, path: Path) -> tuple[str, object]:
    if not key.endswith("_file") or not isinstance(value, str):
        return key, _with_secrets(value, path)
    try:
        return key.removesuffix("_file"), (path.parent / value).read_text().strip()
    except OSError as failure:
        raise ConfigurationError(f"{path}: {key}: {value} cannot be read: {failure.strerror}") from failure
