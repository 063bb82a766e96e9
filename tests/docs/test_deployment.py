"""`deploy/` and docker-compose.yml use only settings that exist."""

import re
import shutil
import subprocess

import pytest
import yaml
from support.engines import TOP
from support.server import BINARY, base_environment

# Variables of compose and of the other services.
NOT_OURS = re.compile(r"COMPOSE_PROFILES|(MYSQL|REDIS|PROMETHEUS|GRAFANA|BALANCER|API|MAIL_UI)_(PORT|ADDRESS|CPUS|MEMORY|BUFFER_POOL|MAX_CONNECTIONS)|FOCUS_IMAGE")


@pytest.fixture(scope="module")
def settings() -> set[str]:
    printed = subprocess.run([str(BINARY), "config", "print"], capture_output=True, text=True, check=True, env=base_environment()).stdout
    return {line.split(" = ")[0] for line in printed.splitlines()}


def unknown(names, settings: set[str]) -> list[str]:
    return sorted(name for name in names if name not in settings and name.removesuffix("_FILE") not in settings)


def test_the_compose_file(settings):
    services = yaml.safe_load((TOP / "docker-compose.yml").read_text())["services"]
    instances = [service for name, service in services.items() if name.startswith("api")]
    assert len(instances) == 3
    for service in instances:
        assert unknown(service["environment"], settings) == []
        assert {f"/run/secrets/{name}" for name in service["secrets"]} == {path for name, path in service["environment"].items() if name.endswith("_FILE")}
        assert service["read_only"] and service["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("file", ["deploy/compose/dev.env", "deploy/compose/scale.env", "deploy/systemd/focus.env"])
def test_files_of_settings(settings, file):
    names = re.findall(r"^(\w+)=", (TOP / file).read_text(), re.MULTILINE)
    assert names and unknown((name for name in names if not NOT_OURS.fullmatch(name)), settings) == []


def test_what_the_image_sets(settings):
    (line,) = re.findall(r"^ENV (.*)$", (TOP / "Dockerfile").read_text(), re.MULTILINE)
    assert unknown((word.split("=")[0] for word in line.split()), settings) == []


def test_an_upgrade_renews_one_instance_after_the_other(tmp_path):
    """`docker` is a script that records its calls."""
    (tmp_path / "deploy/compose").mkdir(parents=True)
    shutil.copy(TOP / "deploy/compose/upgrade", tmp_path / "deploy/compose/upgrade")
    (tmp_path / ".env").write_text("MAIL_SERVER=mail.example.org\nFOCUS_IMAGE=focus:1\n")
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text('#!/bin/sh\necho "$FOCUS_IMAGE $*" >>"$CALLS"\ncase "$*" in *" ps "*) printf "%s\\n" api api2 balancer mysql;; *" api2") exit "$LAST";; esac\n')
    docker.chmod(0o755)

    def upgrade(image: str, last: str) -> tuple[int, list[str]]:
        calls = tmp_path / f"calls-{last}"
        done = subprocess.run([tmp_path / "deploy/compose/upgrade", image], capture_output=True, text=True,
                              env=base_environment() | {"PATH": f"{docker.parent}:/usr/bin:/bin", "CALLS": str(calls), "LAST": last})  # fmt: skip
        return done.returncode, calls.read_text().splitlines()

    status, calls = upgrade("focus:2", "0")
    assert status == 0
    assert [(call.split()[0], call.split()[-1]) for call in calls if " up " in call] == [("focus:2", name) for name in ("balancer", "mysql", "api", "api2")]
    assert all("--wait" in call.split() for call in calls if " up " in call)
    assert (tmp_path / ".env").read_text() == "MAIL_SERVER=mail.example.org\nFOCUS_IMAGE=focus:2\n"
    assert upgrade("focus:3", "1")[0] == 1  # an instance that does not become healthy fails the upgrade


def test_deployment_waits_for_the_tests():
    jobs = yaml.safe_load((TOP / ".github/workflows/cd.yml").read_text())["jobs"]

    def needed(name: str) -> set[str]:
        direct = jobs[name].get("needs", [])
        direct = {direct} if isinstance(direct, str) else set(direct)
        return direct | {further for one in direct for further in needed(one)}

    assert jobs["ci"]["uses"] == "./.github/workflows/ci.yml"
    for name in ("image", "package", "deploy", "release"):
        assert "ci" in needed(name), name


def test_only_the_balancer_is_a_trusted_proxy():
    stack = yaml.safe_load((TOP / "docker-compose.yml").read_text())
    scale = dict(re.findall(r"^(\w+)=(.*)$", (TOP / "deploy/compose/scale.env").read_text(), re.MULTILINE))
    address = stack["services"]["balancer"]["networks"]["edge"]["ipv4_address"]
    assert address == f"${{BALANCER_ADDRESS:-{scale['TRUSTED_PROXIES']}}}"
    assert scale["API_ADDRESS"] == "127.0.0.1" and stack["services"]["api"]["ports"] == ["${API_ADDRESS:-0.0.0.0}:${API_PORT:-8000}:8000"]


def test_the_image_installs_packages_by_the_files_that_it_copies(tmp_path):
    """The layer of packages has only those files of ./dev that it names, so that a change of the others keeps it."""
    copied = re.findall(r"^COPY (.+) (\S+)$", (TOP / "Dockerfile").read_text().partition("RUN ./dev install")[0], re.MULTILINE)
    for sources, folder in copied:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for source in sources.split():
            shutil.copy(TOP / source, tmp_path / folder)
    assert (tmp_path / "scripts/install-packages.sh").exists()
    run = subprocess.run([tmp_path / "dev", "install", "no-such-section"], capture_output=True, text=True, env=base_environment() | {"FOCUS_CACHE": str(tmp_path / "cache")})
    assert (run.returncode, run.stderr) == (1, "./dev: deploy/packages.txt has no section [no-such-section]\n")
