"""What a run makes of a slice's evidence: rows, whether they may be published, and what a person should look at."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from billing.canonical import canonical, sha256

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from billing.conservation import Violation
    from billing.coverage import Coverage
    from billing.policy import MeteringPolicy

# Changes whenever the same evidence may give other rows: then hours that are run again are published again.
RULES: Final = "2"
_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class Remarks:
    """What is billed as it is, and yet should be looked at.

    `quarantined` and `quarantined_builds`: subject and reason; a pod is told of once per reason. `mismatched`: pods of
    which a later registration names somebody else. `unattributed`: pods that nobody pays for.
    """

    quarantined: tuple[tuple[str, str], ...] = ()
    quarantined_builds: tuple[tuple[str, str], ...] = ()
    mismatched: tuple[str, ...] = ()
    unattributed: tuple[str, ...] = ()

    @property
    def titled(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The same as subjects under what is said of them; without those of which there is nothing to say."""
        parts = (
            ("evidence put aside", tuple(f"{subject} ({reason})" for subject, reason in self.quarantined)),
            ("builds put aside", tuple(f"{subject} ({reason})" for subject, reason in self.quarantined_builds)),
            ("labels name another tenant", self.mismatched),
            ("nobody's", self.unattributed),
        )
        return tuple((title, subjects) for title, subjects in parts if subjects)

    def __str__(self) -> str:
        """As a sentence; empty when there is nothing to say."""
        return "; ".join(f"{title}: {_some(subjects)}" for title, subjects in self.titled)

    @property
    def reasons(self) -> Counter[str]:
        """How many pods and builds are put aside for which reason."""
        return Counter(reason for _, reason in (*self.quarantined, *self.quarantined_builds))


def _some(subjects: Iterable[str]) -> str:
    every = sorted(subjects)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return ", ".join(every[:_NAMED]) + more


@dataclass(frozen=True)
class Metered:
    """`usage`: rows in order, with the columns of `billing.ledger.row_table.SCHEMA`.

    `inputs_sha256`: the hash of all that they follow from.
    """

    usage: pl.DataFrame
    coverage: Coverage
    inputs_sha256: str
    violations: tuple[Violation, ...] = ()
    remarks: Remarks = field(default_factory=Remarks)

    @cached_property
    def rows_sha256(self) -> str:
        """The hash of the rows, as `hash_of` takes it."""
        return hash_of(self.usage)


def hash_of(*tables: pl.DataFrame) -> str:
    """SHA-256 of tables' columns and rows, in their order, written as CSV."""
    digest = hashlib.sha256()
    for table in tables:
        digest.update(table.write_csv().encode())
    return digest.hexdigest()


def policy_hash(policy: MeteringPolicy) -> str:
    """SHA-256 of a policy."""
    return sha256(canonical(policy))


def inputs_hash(policy: MeteringPolicy, coverage: Coverage, *evidence: pl.DataFrame) -> str:
    """SHA-256 of rules, policy, coverage and evidence: runs with the same one have the same rows."""
    told = sha256(canonical({"rules": RULES, "policy": policy, "coverage": coverage}))
    return sha256(f"{told}{hash_of(*evidence)}".encode())
