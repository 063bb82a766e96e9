"""What `deploy/` and docker-compose.yml set are settings that there are."""

import re
import subprocess

import pytest
import yaml
from support.engines import TOP
from support.server import BINARY, base_environment

# What compose and the other services read.
NOT_OURS = re.compile(r"COMPOSE_PROFILES|(MYSQL|REDIS|PROMETHEUS|GRAFANA|BALANCER|API|MAIL_UI)_(PORT|CPUS|MEMORY|BUFFER_POOL|MAX_CONNECTIONS)|FOCUS_IMAGE")


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
