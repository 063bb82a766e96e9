"""A real Prometheus with the configuration of deploy/, and the queries of dashboards and rules."""

import json
import math
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml
from support.engines import TOP
from support.processes import eventually, free_port, spawn, stop

DEPLOY = TOP / "deploy"
RULES = sorted((DEPLOY / "prometheus/rules").glob("*.yml"))
DASHBOARDS = sorted((DEPLOY / "grafana/dashboards").rglob("*.json"))
# Values for the variables of Grafana itself.
VARIABLES = {"__rate_interval": "1m", "__interval": "15s", "__range": "10m"}


@dataclass(frozen=True)
class Query:
    where: str
    expr: str


def panels(dashboard: dict) -> list[dict]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def dashboard_queries() -> list[Query]:
    """Every query of every panel and annotation, with "All" chosen for each variable."""
    queries = []
    for path in DASHBOARDS:
        dashboard = json.loads(path.read_text())
        values = VARIABLES | {variable["name"]: ".*" for variable in dashboard["templating"]["list"]}
        asked = [(panel["title"], target["expr"]) for panel in panels(dashboard) for target in panel.get("targets", [])]
        queries += [Query(f"{dashboard['title']} / {title}", re.sub(r"\$(\w+)", lambda name: values[name[1]], expr)) for title, expr in asked]
    return queries


def variable_queries() -> list[tuple[str, str, str]]:
    """(dashboard and name, series, label) of every template variable."""
    found = []
    for path in DASHBOARDS:
        dashboard = json.loads(path.read_text())
        for variable in dashboard["templating"]["list"]:
            series, label = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"]).groups()
            found.append((f"{dashboard['title']} / {variable['name']}", series.replace("$instance", ".*"), label))
    return found


def rule_queries() -> list[Query]:
    """Every rule. The comparisons of an alert return bool, so that there is an answer while nothing is wrong."""
    queries = []
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                expr = re.sub(r" (==|!=|>=|<=|>|<) ", r" \1 bool ", rule["expr"]) if "alert" in rule else rule["expr"]
                queries.append(Query(rule.get("alert") or rule["record"], expr))
    return queries


class Prometheus:
    """Scrapes each second; `targets` are jobs for scrape_configs in place of the sample's."""

    def __init__(self, targets: list[dict]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="focus-prometheus-"))
        config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
        config["rule_files"] = [str(path) for path in RULES]
        config["scrape_configs"] = [config["scrape_configs"][0] | target for target in targets]
        del config["alerting"]
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.url = f"http://127.0.0.1:{free_port()}"
        self._log = open(self.folder / "log", "wb")
        self.process = spawn(["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
                              f"--web.listen-address={self.url.removeprefix('http://')}"], stdout=self._log, stderr=self._log)  # fmt: skip
        eventually(self._is_ready, f"Prometheus (see {self.folder}/log)", 60)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def _get(self, path: str, **params):
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=params, timeout=30).json()
        if answer["status"] != "success":
            raise ValueError(f"{params}: {answer['error']}")
        return answer["data"]

    def query(self, expr: str) -> list[tuple[dict, float]]:
        """The labels and value of each series, without those that are no number."""
        found = [(one["metric"], float(one["value"][1])) for one in self._get("query", query=expr)["result"]]
        return [(labels, value) for labels, value in found if not math.isnan(value)]

    def value(self, expr: str) -> float:
        """The only value; 0 when there is none."""
        found = self.query(expr)
        assert len(found) <= 1, (expr, found)
        return found[0][1] if found else 0

    def label_values(self, series: str, label: str) -> list[str]:
        return self._get(f"label/{label}/values", **{"match[]": series})

    def rules(self) -> list[dict]:
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def close(self) -> None:
        stop(self.process)
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def promtool(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess:
    return subprocess.run(["promtool", *arguments], cwd=DEPLOY / "prometheus", input=stdin, capture_output=True, text=True, timeout=120)
