"""Law: whatever labels say besides whose a pod is, and whatever they say later, its bill is the same to the unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from billing.hour import HOUR
from billing.ledger.evidence import pod_evidence
from billing.ledger.slice import Slice
from billing.ledger.store import Ledger
from billing.policy import MeteringPolicy
from billing.runs.metering import meter_pods
from core.attribution import Cluster
from ingest.owner import Owners
from ingest.usage.intake import Intake
from ingest.usage.registrar import Registrar
from ingest.usage.store import Evidence
from tests.ingest.logs.world import LAB, LAB_WEB, SHOP, WEB, of
from tests.ingest.usage.manifests import AT, pod, report

if TYPE_CHECKING:
    from core.attribution import Attribution
    from tests.ingest.usage.ledger import Ledger as Store

pytestmark = [pytest.mark.stack, pytest.mark.property]

Labels = dict[str, str]
_TIMES: Final = (0, 600, 1_800, HOUR + 60)
_TENANTS: Final = (of(SHOP, WEB), of(LAB, LAB_WEB))
_PAYERS: Final = {SHOP: "acme", LAB: "evil"}
_VALUES: Final = (
    st.sampled_from(["", "pro", "free", "0", "platform", "build", SHOP, LAB, "__unattributed__"]) | st.text()
)
_OTHERS: Final = st.dictionaries(
    st.sampled_from(["tier", "starform.io/workspace-id", "starform.io/source", "app.kubernetes.io/name", "uid"]),
    _VALUES,
)
_LATER: Final = st.sampled_from(_TENANTS) | st.dictionaries(st.sampled_from(sorted(_TENANTS[0])), _VALUES)


@st.composite
def _pods(draw: st.DrawFn) -> list[tuple[dict[str, Any], Labels, list[Labels]]]:
    """Pods with what they run as, and the labels that they have at each report: as they were, and as anybody says."""
    found = []
    for number in range(draw(st.integers(1, 3))):
        shown = pod(f"uid-{number}", labels={})
        shown["spec"]["containers"][0]["resources"]["requests"]["cpu"] = draw(st.sampled_from(["100m", "2", "750m"]))
        own = draw(st.sampled_from(_TENANTS))
        said = [own | draw(_OTHERS), *(draw(_LATER) | draw(_OTHERS) for _ in _TIMES[1:])]
        found.append((shown, own, said))
    return found


class _World:
    """The way from an agent's reports to the rows of an hour."""

    def __init__(self, store: Store, attribution: Attribution) -> None:
        self._evidence = Evidence(SecretStr(store.url))
        self._ledger = Ledger.at(store.url)
        owners = Owners(attribution, "fra1", {}, default_days=1, seconds=60)
        self._intake = Intake(self._evidence, {"fra1": Registrar("fra1", owners, self._evidence)}, attribution)

    def bill(self, told: list[tuple[int, list[tuple[dict[str, Any], Labels]]]]) -> list[tuple[object, ...]]:
        """What an hour of a new cluster comes to, after reports of pods with labels."""
        name = f"c-{uuid4().hex}"
        for second, pods in told:
            for shown, labels in pods:
                shown["metadata"]["labels"] = labels
            body = orjson.dumps(report(*(shown for shown, _ in pods), at=AT + second))
            assert not self._intake.take_pods(Cluster(name, "fra1"), body).refusals
        one, policy = Slice(AT, "fra1", name), MeteringPolicy()
        metered = meter_pods(one, pod_evidence(self._ledger, one, policy, 2**31), _PAYERS, policy)
        assert metered.violations == ()
        return metered.usage.drop("cluster").rows()

    def close(self) -> None:
        self._intake.close()
        self._ledger.close()


@pytest.mark.timeout(300)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pods=_pods())
def test_changing_any_label_s_value_leaves_every_bill_unchanged(
    store: Store, attribution: Attribution, pods: list[tuple[dict[str, Any], Labels, list[Labels]]]
) -> None:
    world = _World(store, attribution)
    plain = world.bill([(second, [(shown, own) for shown, own, _ in pods]) for second in _TIMES])
    changed = world.bill(
        [(second, [(shown, said[number]) for shown, _, said in pods]) for number, second in enumerate(_TIMES)]
    )
    world.close()

    assert changed == plain
    assert len(plain) == 2 * len(pods)
    assert {row[0] for row in plain} <= {"acme", "evil"}
