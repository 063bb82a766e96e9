"""The files of deploy/ for Prometheus, Alertmanager and Grafana, without running any of them."""

import json
import re
import subprocess
import sys

import pytest
import yaml

from .prometheus import DASHBOARDS, DEPLOY, RULES, panels, promtool

TESTS = sorted((DEPLOY / "prometheus/tests").glob("*.yml"))
# The required alerts.
ALERTS = {"FocusDown", "FocusErrorRatio", "FocusLatency", "FocusDatabaseDown", "FocusRedisDown", "FocusDatabaseErrors", "FocusCacheHitRatio", "FocusOutboxOld",
          "FocusJobOverdue", "FocusDiskFull", "FocusCertificateExpires", "FocusLoginFailures"}  # fmt: skip
TITLES = {"Overview", "HTTP traffic", "Database", "Cache performance", "Business metrics", "Errors & alerts"}
UNITS = {"short", "reqps", "ops", "s", "bytes", "percentunit", "d"}


def alerts() -> list[dict]:
    rules = [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
    return [rule for rule in rules if "alert" in rule]


def dashboards() -> list[dict]:
    return [json.loads(path.read_text()) for path in DASHBOARDS]


def test_prometheus_takes_its_configuration():
    checked = promtool("check", "config", "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_rules_do_what_their_tests_say():
    tested = promtool("test", "rules", *map(str, TESTS))
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_has_a_test_in_which_it_fires():
    fires = set(re.findall(r"labels: 'ALERTS\{alertname=\"(\w+)\"", "".join(path.read_text() for path in TESTS)))
    assert fires == {rule["alert"] for rule in alerts()} and fires >= ALERTS


def test_every_alert_says_what_to_do():
    for rule in alerts():
        assert rule["labels"]["severity"] in ("warning", "critical"), rule
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}, rule
        assert len(rule["annotations"]["runbook"]) > 60, rule


def test_alertmanager_takes_its_configuration():
    checked = subprocess.run(["amtool", "check-config", DEPLOY / "alertmanager/alertmanager.yml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_dashboards_are_what_their_source_makes():
    checked = subprocess.run([sys.executable, DEPLOY / "grafana/dashboards.py", "--check"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_six_dashboards_with_names_of_their_own():
    assert {one["title"].removeprefix("Focus: ") for one in dashboards()} == TITLES
    assert len({one["uid"] for one in dashboards()}) == len(TITLES)


def test_grafana_finds_every_dashboard_in_a_folder():
    providers = yaml.safe_load((DEPLOY / "grafana/provisioning/dashboards/focus.yml").read_text())["providers"]
    provided = {provider["options"]["path"].removeprefix("/var/lib/grafana/dashboards/") for provider in providers}
    assert provided == {path.parent.name for path in DASHBOARDS} and all(provider["folder"] for provider in providers)


@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda one: one["uid"])
def test_a_dashboard_is_whole(dashboard):
    source = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"][0]
    names = {variable["name"] for variable in dashboard["templating"]["list"]}
    assert "instance" in names
    taken = set()
    for panel in panels(dashboard):
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
        if panel["type"] == "alertlist":
            continue
        assert panel["targets"] and panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": source["uid"]}
            used = set(re.findall(r"\$(\w+)", target["expr"]))
            assert used <= names | {"__rate_interval", "__range"}, (panel["title"], used)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
