from __future__ import annotations

from compose.demo import PROJECTS, REGIONS, WORKSPACES, deployments, stable_id
from core.tenant import is_canonical_id
from ingest import cluster_name


def test_ids_never_change() -> None:
    assert stable_id("acme", "shop") == "5c157a47-9bbf-580c-aea3-029498ab4857"
    assert all(is_canonical_id(project.id) for project in PROJECTS)


def test_every_region_has_projects_of_every_workspace() -> None:
    pairs = {(project.region, project.workspace) for project in PROJECTS}

    assert pairs == {(region, workspace) for region in REGIONS for workspace in WORKSPACES}


def test_tenants_and_domains_are_unique() -> None:
    everything = list(deployments())

    assert len({one.tenant for one in everything}) == len(everything)
    assert len({one.domain for one in everything}) == len(everything)


def test_cluster_names_are_what_the_parser_reads() -> None:
    for deployment in deployments():
        assert cluster_name.parse(deployment.cluster_name).tenant == deployment.tenant


def test_one_environment_is_a_preview_and_another_only_looks_like_one() -> None:
    flags = {environment.name: environment.is_ephemeral for p in PROJECTS for environment in p.environments}

    assert flags == {"production": False, "staging": False, "pr-12": True, "pr-7": False}
