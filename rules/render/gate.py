"""vmauth's users: each cluster writes under its own name, front-door and billing run read exactly what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rules.render import document

if TYPE_CHECKING:
    from collections.abc import Mapping

# Exactly what the front-door asks a region's store for.
READ_PATHS: Final = (
    "/api/v1/query",
    "/api/v1/query_range",
    "/api/v1/series",
    "/api/v1/labels",
    "/api/v1/label/[^/]+/values",
    "/api/v1/status/tsdb",
    "/federate",
)
# And the billing run: raw samples of every tenant, and nothing else of them.
EXPORT_PATHS: Final = ("/api/v1/export",)
WRITE_PATHS: Final = ("/api/v1/write",)


def users(
    store_url: str, region: str, write_tokens: Mapping[str, str], read_token: str, billing_token: str
) -> dict[str, object]:
    """The users as plain data; `write_tokens` by cluster.

    `extra_label` in a write's URL overrules the label in the data, so that no cluster can write as another.
    """
    writers = [
        {
            "name": f"write-{cluster}",
            "bearer_token": token,
            "url_map": [
                {
                    "src_paths": list(WRITE_PATHS),
                    "url_prefix": f"{store_url}/?extra_label=cluster={cluster}&extra_label=region={region}",
                }
            ],
        }
        for cluster, token in write_tokens.items()
    ]
    readers = [
        {"name": name, "bearer_token": token, "url_map": [{"src_paths": list(paths), "url_prefix": store_url}]}
        for name, token, paths in (
            ("read-front-door", read_token, READ_PATHS),
            ("read-billing", billing_token, EXPORT_PATHS),
        )
    ]
    return {"users": [*writers, *readers]}


def render() -> str:
    """The users of a region with one cluster; names and tokens come from vmauth's environment."""
    write_tokens = {"%{CLUSTER}": "%{WRITE_TOKEN}"}
    data = users("%{STORE_URL}", "%{REGION}", write_tokens, "%{READ_TOKEN}", "%{BILLING_TOKEN}")
    return document.render(
        "Who may write to and read from a region's store (vmauth -auth.config); one writer for each cluster.", data
    )
