"""Whose pod it is: the PromQL that gives a kubelet's series the tenant labels of the pod they belong to."""

from __future__ import annotations

from typing import Final

from core.tenant import ENVIRONMENT_PATTERN, ID_PATTERN, TENANT_LABELS

# A pod name is unique in its namespace only, and a namespace in its cluster only.
POD: Final = ("cluster", "namespace", "pod")

# Starbase writes these on every pod; kube-state-metrics is told to expose exactly them, never a wildcard: a customer's
# label that folds into the same name would rename both and empty the join.
POD_LABELS: Final = {label: f"label_starform_io_{label}" for label in TENANT_LABELS}

_PATTERNS: Final = {"project_id": ID_PATTERN, "environment": ENVIRONMENT_PATTERN, "service_id": ID_PATTERN}

by_pod: Final = ", ".join(POD)
by_tenant: Final = ", ".join(TENANT_LABELS)

# Only well-formed tuples: then both customer paths can carry no value that the other could not.
WELL_LABELLED: Final = "kube_pod_labels{" + ", ".join(f'{POD_LABELS[t]}=~"{_PATTERNS[t]}"' for t in TENANT_LABELS) + "}"


def _renamed(series: str) -> str:
    """`series` with the pod's labels under the contract's names."""
    for label in TENANT_LABELS:
        series = f'label_replace({series}, "{label}", "$1", "{POD_LABELS[label]}", "(.+)")'
    return series


# The creation time, or 1 for a pod whose creation time is missing.
_CREATED: Final = f"""
    {WELL_LABELLED}
    * on ({by_pod}, uid) group_left () max by ({by_pod}, uid) (kube_pod_created)
    or {WELL_LABELLED}
  """

# One tuple per pod, whatever kube-state-metrics shows: a second uid of the same tuple (a restart, a StatefulSet's pod)
# is folded by `max`; of two tuples the younger pod's wins. Two matches for one pod would fail the whole rule, and with
# it every tenant.
_OWNER: Final = f"""\
topk by ({by_pod}) (1, max by ({by_pod}, {by_tenant}) (
  {_renamed(f"({_CREATED})")}
  )) > bool 0"""


def attributed(use: str, *, per_pod: bool = False) -> str:
    """`use`, one series per pod, summed up per tenant and carrying exactly its labels (and `pod`, when `per_pod`).

    A pod without well-formed labels is nobody's, and is left out.
    """
    labels = f"{by_tenant}, pod" if per_pod else by_tenant
    return f"""\
sum by ({labels}) (
  {use}
  * on ({by_pod}) group_left ({by_tenant}) ({_OWNER})
)
"""
