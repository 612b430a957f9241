"""Databases: what each tool gets, how they are kept, and what is not there where a document does not ask for it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from infra.components.network_policy import network_policy
from infra.components.sources import name_of
from infra.components.stores import database_password
from infra.model.tools import tools_of
from infra.platform.database_operator import database_operator
from infra.platform.databases import databases
from infra.render import TEMPLATES
from tests.support.environments import CATALOG, PROD, RELEASE, changed

if TYPE_CHECKING:
    from pathlib import Path

    from infra.components.component import Component
    from infra.model.environment import Environment

DEV, _ = CATALOG.load("dev")
# Plays psql: the first time nobody is let in.
PSQL = """#!/bin/sh
for last; do :; done
echo "$PGPASSWORD $last" >>"$PLAYED"
[ "$(wc -l <"$PLAYED")" -gt 1 ]
"""
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def of_kind(component: Component, kind: str) -> list[dict[str, Any]]:
    return [each for each in (*component.before, *component.after) if each["kind"] == kind]


def cluster(environment: Environment) -> dict[str, Any]:
    (found,) = of_kind(databases(environment, RELEASE), "Cluster")
    return dict(found["spec"])


def test_every_tool_of_both_layers_has_a_database_and_a_role_with_the_password_that_it_reads() -> None:
    component = databases(DEV, RELEASE)
    secrets = {each.name: each for each in component.secrets}
    roles = {each["spec"]["name"]: each["spec"] for each in of_kind(component, "DatabaseRole")}
    owners = {each["spec"]["name"]: each["spec"]["owner"] for each in of_kind(component, "Database")}
    tools = [tool for tool in tools_of(DEV).values() if tool.database]
    assert {tool.layer for tool in tools} == {"platform", "toolchain"}
    assert set(roles) == set(owners) == {tool.database for tool in tools}
    for tool in tools:
        secret = secrets[roles[tool.database]["passwordSecret"]["name"]]
        source = f"made:{name_of(database_password(tool))}"
        assert owners[tool.database] == tool.database
        assert secret.fill({source: "a password"}) == {"username": tool.database, "password": "a password"}
        assert (secret.type, secret.labels) == ("kubernetes.io/basic-auth", {"cnpg.io/reload": "true"})


def test_what_a_tool_keeps_stays_when_the_tool_goes() -> None:
    component = databases(DEV, RELEASE)
    assert {each["spec"]["databaseReclaimPolicy"] for each in of_kind(component, "Database")} == {"retain"}
    assert {each["spec"]["databaseRoleReclaimPolicy"] for each in of_kind(component, "DatabaseRole")} == {"retain"}


def test_what_comes_after_waits_until_every_database_lets_its_role_in() -> None:
    (job,) = of_kind(databases(DEV, RELEASE), "Job")
    pod = job["spec"]["template"]["spec"]
    names = {tool.database for tool in tools_of(DEV).values() if tool.database}
    assert {each["secret"]["secretName"] for each in pod["volumes"]} == {f"database-{name}" for name in names}
    assert {each["mountPath"] for each in pod["containers"][0]["volumeMounts"]} == {
        f"/etc/databases/{name}" for name in names
    }
    fewer = changed(DEV, {"toolchain.experiments": None})
    (other,) = of_kind(databases(fewer, RELEASE), "Job")
    assert other["metadata"]["name"] != job["metadata"]["name"]


def test_a_database_that_lets_nobody_in_yet_is_asked_again(tmp_path: Path) -> None:
    for name, text in (("psql", PSQL), ("sleep", "#!/bin/sh\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    for name in ("gitea", "harbor"):
        (tmp_path / "databases" / name).mkdir(parents=True)
        (tmp_path / "databases" / name / "password").write_text(f"of {name}")
    places = {"FOLDER": str(tmp_path / "databases"), "HOST": "postgres-rw", "PORT": "5432"}
    variables = {**places, "PATH": f"{tmp_path}:/usr/bin:/bin", "PLAYED": str(tmp_path / "asked")}
    script = (TEMPLATES / "platform/setup/databases.sh").read_text(encoding="utf-8")
    subprocess.run(["/bin/sh", "-euc", script], env=variables, timeout=60, check=True)
    way = "host=postgres-rw port=5432 dbname={0} user={0} sslmode=require connect_timeout=5"
    assert (tmp_path / "asked").read_text().splitlines() == [
        f"of {name} {way.format(name)}" for name in ("gitea", "gitea", "harbor")
    ]


def test_nobody_is_let_in_unencrypted() -> None:
    assert cluster(DEV)["postgresql"]["pg_hba"] == ["hostnossl all all all reject"]
    assert cluster(DEV)["enableSuperuserAccess"] is False


@pytest.mark.parametrize(("environment", "several"), [(DEV, False), (PROD, True)])
def test_only_several_servers_are_kept_from_being_drained_together(environment: Environment, *, several: bool) -> None:
    asked = environment.platform.databases
    assert asked is not None
    spec = cluster(environment)
    operator = database_operator(environment, RELEASE)
    assert (spec["instances"], spec["storage"]["size"]) == (asked.instances, f"{asked.storage_gib}Gi")
    assert (spec["enablePDB"], "synchronous" in spec["postgresql"]) == (several, several)
    assert spec["primaryUpdateMethod"] == ("switchover" if several else "restart")
    assert operator.values["replicaCount"] == (2 if several else 1)
    assert len(of_kind(operator, "PodDisruptionBudget")) == (1 if several else 0)


def test_copies_go_to_the_place_outside_as_whom_the_document_says() -> None:
    component = databases(DEV, RELEASE)
    backup = cluster(DEV)["backup"]
    store = backup["barmanObjectStore"]
    secrets = {each.name: each for each in component.secrets}
    keys = secrets["backups"].fill({"slipway:backupSecretKey": "the secret"})
    assert (store["destinationPath"], store["endpointURL"]) == (
        "s3://slipway-dev-backups/databases",
        "https://s3.example.internal",
    )
    found = {name: keys[each["key"]] for name, each in store["s3Credentials"].items() if each["name"] == "backups"}
    assert found == {"accessKeyId": "slipway-dev", "secretAccessKey": "the secret", "region": "us-east-1"}
    assert (backup["retentionPolicy"], "endpointCA" in store) == ("7d", False)
    assert len(of_kind(component, "ScheduledBackup")) == 1


def test_the_authority_of_the_place_outside_is_trusted() -> None:
    trusting = changed(DEV, {"platform.backups.authority": CERTIFICATE})
    (secret,) = of_kind(databases(trusting, RELEASE), "Secret")
    asked = cluster(trusting)["backup"]["barmanObjectStore"]["endpointCA"]
    assert asked["name"] == secret["metadata"]["name"]
    assert secret["stringData"][asked["key"]] == CERTIFICATE


def test_without_a_place_outside_nothing_is_copied() -> None:
    without = changed(DEV, {"platform.backups": None})
    component = databases(without, RELEASE)
    assert "backup" not in cluster(without)
    assert of_kind(component, "ScheduledBackup") == []
    assert "slipway:backupSecretKey" not in {source for each in component.secrets for source in each.sources}


def test_without_monitoring_nothing_asks_for_its_kinds() -> None:
    without = changed(DEV, {"platform.monitoring": None})
    component, operator = databases(without, RELEASE), database_operator(without, RELEASE)
    assert of_kind(databases(DEV, RELEASE), "PodMonitor") != []
    assert of_kind(component, "PodMonitor") == []
    assert component.needs == ("cloudnative-pg",)
    assert (operator.needs, operator.values["monitoring"]["podMonitorEnabled"]) == ((), False)


def outer_ports(environment: Environment, namespace: str) -> list[str]:
    rules = network_policy(environment, namespace)["spec"]["egress"]
    return [
        port["port"] for each in rules if each.get("toEntities") == ["world"] for port in each["toPorts"][0]["ports"]
    ]


@pytest.mark.parametrize("namespace", ["postgres", "seaweedfs"])
def test_the_way_out_is_the_one_to_the_copies_alone(namespace: str) -> None:
    elsewhere = changed(DEV, {"platform.backups.endpoint": "https://s3.example.internal:9000"})
    assert outer_ports(DEV, namespace) == ["443"]
    assert outer_ports(elsewhere, namespace) == ["9000"]
    assert outer_ports(changed(DEV, {"platform.backups": None}), namespace) == []
