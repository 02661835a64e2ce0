"""What of a pod's document is kept: all that its request follows from, and nothing that is the customer's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SPEC: Final = ("overhead", "resources", "nodeName", "runtimeClassName")
_CONTAINER: Final = ("name", "resources", "restartPolicy", "resizePolicy")
_STATUS: Final = ("name", "resources", "allocatedResources")


def of_request(each: Mapping[str, Any]) -> dict[str, object]:
    """The parts of a pod's document that decide on its request; environment variables and commands are none."""
    spec, status, metadata = each["spec"], each["status"], each["metadata"]
    return {
        "metadata": _picked(metadata, ("namespace", "name", "uid", "creationTimestamp")),
        "spec": {
            **_picked(spec, _SPEC),
            **{
                kind: [_picked(one, _CONTAINER) for one in spec[kind]]
                for kind in ("initContainers", "containers")
                if spec.get(kind)
            },
        },
        "status": {
            **{
                kind: [_picked(one, _STATUS) for one in status[kind]]
                for kind in ("initContainerStatuses", "containerStatuses")
                if status.get(kind)
            },
            "conditions": [
                _picked(one, ("type", "status", "reason"))
                for one in status.get("conditions") or ()
                if str(one.get("type", "")).startswith("PodResize")
            ],
        },
    }


def _picked(of: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    return {key: of[key] for key in keys if key in of}
