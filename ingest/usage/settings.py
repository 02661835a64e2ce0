"""What taking evidence of usage is configured with."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from ingest.usage.pod import Floor

# Shorter ones can be guessed from one signed delivery.
_SHORTEST_SECRET = 16


class FloorSettings(BaseModel):
    """The table `floor`: what a container counts that names no request; 0 is nothing.

    Ingest (reports of agents) and the billing process (series) must say the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpu_m: int = Field(default=100, ge=0)
    memory_mib: int = Field(default=128, ge=0)

    @property
    def floor(self) -> Floor:
        """As the arithmetic takes it."""
        return Floor(self.cpu_m, (self.memory_mib << 20) * 1000)


class UsageSettings(BaseModel):
    """The table `[usage]`.

    `ledger_url` is the ledger's store with the writer's user and password. Builds are taken once there is
    `build_secret`, which signs them; while it is being replaced, `previous_build_secret` is taken, too.
    `request_bytes` bounds a report of pods, decompressed, `build_bytes` one of a build. `floor` is for containers
    without requests.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ledger_url: SecretStr
    request_bytes: int = Field(default=20 << 20, ge=1_024)
    build_bytes: int = Field(default=64 << 10, ge=1_024)
    build_secret: SecretStr | None = None
    previous_build_secret: SecretStr | None = None
    window_seconds: int = Field(default=300, ge=1, le=3_600)
    floor: FloorSettings = FloorSettings()

    @property
    def build_secrets(self) -> tuple[bytes, ...]:
        """The secrets that a build may be signed with."""
        given = (self.build_secret, self.previous_build_secret)
        return tuple(each.get_secret_value().encode() for each in given if each is not None)

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.previous_build_secret is not None and self.build_secret is None:
            raise ValueError("previous_build_secret: of no use without build_secret")
        if any(len(secret) < _SHORTEST_SECRET for secret in self.build_secrets):
            raise ValueError(f"build_secret: too short; use at least {_SHORTEST_SECRET} random characters")
        return self
