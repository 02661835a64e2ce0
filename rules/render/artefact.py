"""Every rendered file by name, and how the committed ones differ from the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from rules.render import alloy, envoy_proxy, fluent_bit, gate, preview, rule_files, scrape, state_metrics, vector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER: Final = Path(__file__).resolve().parent.parent.parent / "compose" / "rendered"

ARTEFACTS: Final[dict[str, Callable[[], str]]] = {
    "alerts.yml": rule_files.render_alerts,
    "envoy-bootstrap.yaml": envoy_proxy.render_bootstrap,
    "envoy-proxy.yaml": envoy_proxy.render,
    "fluent-bit.yaml": fluent_bit.render,
    "k8s-monitoring-values.yaml": alloy.render_monitoring,
    "kube-state-metrics.yaml": state_metrics.render,
    "objectives.yml": rule_files.render_objectives,
    "platform.alloy": alloy.render,
    "preview-gateway.yaml": envoy_proxy.render_preview_gateway,
    "preview-patch.yaml": preview.render,
    "recording.yml": rule_files.render_recording,
    "tenant.vrl": vector.render_program,
    "vector.yaml": vector.render,
    "vmagent.yml": scrape.render,
    "vmauth.yml": gate.render,
}


def write(folder: Path) -> list[str]:
    """Write every artefact into `folder`; returns the names of those that changed.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    changed = [name for name, _ in differences(folder)]
    for name in changed:
        if name in ARTEFACTS:
            (folder / name).write_text(ARTEFACTS[name](), encoding="utf-8")
    return [name for name in changed if name in ARTEFACTS]


def differences(folder: Path) -> Iterator[tuple[str, str]]:
    """The names of files that are not as the catalogue says, and why: missing, differs, or not rendered any more."""
    for name, render in sorted(ARTEFACTS.items()):
        path = folder / name
        if not path.is_file():
            yield name, "is missing"
        elif path.read_bytes() != render().encode():
            yield name, "differs from the catalogue"
    known = ARTEFACTS.keys()
    strangers = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    yield from ((name, "is not rendered from the catalogue") for name in strangers if name not in known)
