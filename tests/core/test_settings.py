"""Settings files: read once and strictly; one bad file per rule in `settings/`, whose first line says what is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from core.errors import ConfigurationError
from core.region import Region  # noqa: TC001 - pydantic reads the annotation
from core.settings import load

FILES = Path(__file__).parent / "settings"
BAD = sorted(FILES.glob("bad_*.toml"))


class Example(BaseModel):
    """What a process of ours may be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    listen: str
    workers: int = Field(default=1, gt=0)
    api_key: SecretStr | None = None
    regions: list[Region] = Field(min_length=1)


def test_a_good_file_is_read_with_its_secrets_from_files() -> None:
    settings = load(Example, FILES / "good.toml")

    assert settings.listen == "127.0.0.1:0"
    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "top secret"
    assert [region.name for region in settings.regions] == ["fra1", "nyc3"]
    assert [region.metrics_token.get_secret_value() for region in settings.regions if region.metrics_token] == [
        "top secret"
    ]
    assert "top secret" not in repr(settings)


def test_secret_files_are_found_beside_the_settings_and_not_beside_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret.txt").write_text("another")

    assert load(Example, FILES / "good.toml").api_key == SecretStr("top secret")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem.removeprefix("bad_"))
def test_a_bad_file_is_refused_by_its_key_and_with_the_fix(path: Path) -> None:
    told = path.read_text().splitlines()[0].removeprefix("# told: ")
    with pytest.raises(ConfigurationError) as refusal:
        load(Example, path)

    assert refusal.value.message.startswith(f"{path}: ")
    assert told in refusal.value.message
    assert "hunter2" not in refusal.value.message


def test_every_rule_has_its_bad_file() -> None:
    assert len(BAD) == 16


def test_every_finding_is_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as refusal:
        load(Example, FILES / "bad_several.toml")

    for told in ("listen: Field required", "wrokers: unknown key", "regions.0.metrics_url: "):
        assert told in refusal.value.message


def test_a_missing_file_a_folder_and_bytes_are_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes("listen = 'Gr\xf6\xdfe'".encode("latin-1"))
    for name, told in (
        ("none.toml", "cannot be read: No such file or directory"),
        (".", "cannot be read: Is a directory"),
        ("latin.toml", "not valid TOML: "),
    ):
        with pytest.raises(ConfigurationError) as refusal:
            load(Example, tmp_path / name)
        assert told in refusal.value.message
