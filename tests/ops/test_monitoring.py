"""A real Prometheus scrapes two running servers while users send requests: its counts equal the requests, and every query of
every dashboard and rule has an answer.

FOCUS_OPS_SECONDS (15) is the duration of the requests.
"""

import contextlib
import itertools
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from support.client import Account, Client, expect
from support.processes import eventually, free_port
from support.server import Server

from .prometheus import Prometheus, Query, dashboard_queries, promtool, rule_queries, variable_queries

SECONDS = float(os.environ.get("FOCUS_OPS_SECONDS", "15"))
TOKEN = "a-token-for-prometheus"
OURS = {"/metrics", "/api/health/ready", "/api/openapi.json"}  # requested by Prometheus and the tests themselves
APPS = 70  # more than the metrics name
# Metrics that every instance has.
NAMES = """
focus_api_http_requests_total focus_api_http_request_duration_seconds focus_api_http_requests_in_progress focus_api_http_errors_total
focus_api_cache_hits_total focus_api_cache_misses_total focus_api_cache_operations_duration_seconds
focus_api_db_connections_active focus_api_db_queries_total focus_api_db_query_duration_seconds focus_api_db_errors_total
focus_api_users_registered_total focus_api_users_logged_in_total focus_api_users_total focus_api_activities_created_total
focus_api_challenges_created_total focus_api_challenges_total focus_api_apps_blocked_total focus_api_limits_reached_total
focus_api_emails_sent_total focus_api_websocket_connections focus_api_active_users focus_api_uptime_seconds focus_api_info
focus_api_queue_length focus_api_job_runs_total focus_api_outbox_length focus_api_outbox_age_seconds
process_resident_memory_bytes process_cpu_seconds_total process_open_fds process_threads
""".split()


class Site(Server):
    """A server, its address for Prometheus, and the requests of its users."""

    def __init__(self, database, mail, metrics_url: str = "", headers: dict | None = None, **settings: str) -> None:
        super().__init__(database, mail, **settings)
        self._metrics_url, self.headers = metrics_url, headers or {}
        self.done: Counter = Counter()  # (method, endpoint, status)
        self.accounts: list[Account] = []
        self._lock = threading.Lock()

    @property
    def metrics_url(self) -> str:
        return self._metrics_url or f"{self.url}/metrics"

    @property
    def instance(self) -> str:
        return httpx.URL(self.metrics_url).netloc.decode()

    def metrics(self) -> str:
        answer = httpx.get(self.metrics_url, headers=self.headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.text

    def client(self, **options) -> Client:
        return super().client(event_hooks={"response": [self._note]}, **options)

    def _note(self, response: httpx.Response) -> None:
        operation = self.contract.operation(response.request.method, response.request.url.path)
        with self._lock:
            self.done[response.request.method, operation[0] if operation else "unmatched", str(response.status_code)] += 1


def use(account: Account, number: int, until: float) -> None:
    """One user, who repeats all kinds of requests."""
    api, anyone = account.api, account.anonymous
    api.checked = anyone.checked = False
    credentials = {"email": account.email, "password": account.password}
    today, later = (time.strftime("%Y-%m-%d", time.gmtime(time.time() + seconds)) for seconds in (0, 10 * 86400))
    api.post("/api/blocked", json={"app_name": f"App {number}", "daily_limit_minutes": 5})
    api.post("/api/challenges", json={"name": f"Challenge {number}", "target_apps": ["App 1"], "start_date": today, "end_date": later})
    api.post("/api/activities/batch", json={"activities": [{"app_name": f"App {app}", "duration_minutes": 0.1} for app in range(APPS)]})
    tag = ""
    for turn in itertools.count():
        app = {"app_name": f"App {(turn * 7 + number) % APPS}", "duration_minutes": 1.5}
        api.post("/api/activities", json=app)
        api.post("/api/activities/batch", json={"activities": [app, app, {"app_name": f"App {number}", "duration_minutes": 3}]})
        api.get("/api/activities", params={"limit": 10})
        tag = api.get("/api/users/me", headers={"If-None-Match": tag} if tag else {}).headers.get("ETag", tag)
        api.get("/api/activities/stats/daily")
        api.get("/api/activities/999999999")
        api.post("/api/activities", json={"app_name": "", "duration_minutes": -1})
        anyone.get("/api/users/me")
        anyone.get("/api/nowhere")
        anyone.get("/api/health/live")
        if turn % 10 == 0:
            anyone.post("/api/auth/login", json=credentials)
            anyone.post("/api/auth/login", json=credentials | {"password": "Wrong-passw0rd"})
        if time.monotonic() > until:
            return


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Iterator[str]:
    """A certificate for the loopback that every client of this module trusts; gives its files' path without the ending."""
    path = str(tmp_path_factory.mktemp("tls") / "server")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "365", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{path}.key", "-out", f"{path}.pem"], check=True, capture_output=True)  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", f"{path}.pem")
        yield path


@pytest.fixture(scope="module")
def sites(world, certificate) -> Iterator[list[Site]]:
    """One on SQLite, over TLS and with a token; one on MariaDB, whose metrics have an address of their own."""
    address = f"127.0.0.1:{free_port()}"
    with contextlib.ExitStack() as stack:
        first = Site(world.database("sqlite"), world.mail, headers={"Authorization": f"Bearer {TOKEN}"}, METRICS_TOKEN=TOKEN,
                     TLS_CERT_FILE=f"{certificate}.pem", TLS_KEY_FILE=f"{certificate}.key")  # fmt: skip
        second = Site(world.database("mysql"), world.mail, metrics_url=f"http://{address}/metrics", METRICS_ADDRESS=address, REDIS_URL=world.redis.url)
        for site in (first, second):
            stack.enter_context(contextlib.closing(site)).start()
        yield [first, second]


@pytest.fixture(scope="module")
def prometheus(sites, certificate) -> Iterator[Prometheus]:
    """Prometheus, after all requests of the users."""
    first, second = sites
    targets = [{"job_name": "focus", "scheme": "https", "tls_config": {"ca_file": f"{certificate}.pem"}, "authorization": {"credentials": TOKEN},
                "static_configs": [{"targets": [first.instance]}]},
               {"job_name": "focus-2", "relabel_configs": [{"target_label": "job", "replacement": "focus"}],
                "static_configs": [{"targets": [second.instance]}]}]  # fmt: skip
    with contextlib.closing(Prometheus(targets)) as running:
        eventually(lambda: running.value('sum(up{job="focus"})') == 2, "both servers to be scraped")
        for site in sites:
            site.accounts = [site.new_account() for _ in range(4)]
        until = time.monotonic() + SECONDS
        people = [threading.Thread(target=use, args=(account, number, until)) for site in sites for number, account in enumerate(site.accounts)]
        for person in people:
            person.start()
        for person in people:
            person.join()
        yield running


def test_what_prometheus_counted_is_what_people_did(sites, prometheus):
    for site in sites:

        def counted(site=site) -> dict:
            found = prometheus.query(f'focus_api_http_requests_total{{instance="{site.instance}"}} > 0')
            return {key: value for labels, value in found if (key := (labels["method"], labels["endpoint"], labels["status"]))[1] not in OURS}

        with contextlib.suppress(AssertionError):  # the comparison below shows the difference
            eventually(lambda site=site, counted=counted: counted() == site.done, "the last scrape", 10)
        assert counted() == site.done
        assert len(site.done) > 10 and sum(site.done.values()) > 100


def test_what_happened_is_counted(sites, prometheus):
    for site in sites:
        of = f'{{instance="{site.instance}"}}'
        seen = {
            "registered": prometheus.value(f"focus_api_users_registered_total{of}"),
            "signed in": prometheus.value(f"focus_api_users_logged_in_total{of}"),
            "challenges": prometheus.value(f"focus_api_challenges_created_total{of}"),
            "activities": prometheus.value(f"sum(focus_api_activities_created_total{of})"),
            "limits": prometheus.value(f"sum(focus_api_limits_reached_total{of})"),
            "blocked": prometheus.value(f"sum(focus_api_apps_blocked_total{of})"),
        }
        people = len(site.accounts)
        batches = site.done["POST", "/api/activities/batch", "200"]
        assert seen == {
            "registered": people,
            "signed in": site.done["POST", "/api/auth/login", "200"],
            "challenges": people,
            "activities": site.done["POST", "/api/activities", "201"] + APPS * people + 3 * (batches - people),
            "limits": people,
            "blocked": people,
        }
    addresses = {account.email for site in sites for account in site.accounts}
    mails = sites[0].mail.mails
    eventually(lambda: prometheus.value('sum(focus_api_emails_sent_total{status="sent"})') == sum(mail.recipients[0] in addresses for mail in mails), "the mails to be counted")


def test_names_that_people_choose_do_not_blow_up_the_metrics(sites, prometheus):
    for site in sites:
        assert prometheus.value(f'count(focus_api_activities_created_total{{instance="{site.instance}"}})') == 51
        assert prometheus.value(f'focus_api_activities_created_total{{instance="{site.instance}",app_name="other"}}') > 0


def test_nothing_is_in_progress_afterwards(prometheus):
    eventually(lambda: prometheus.value('sum(focus_api_http_requests_in_progress{endpoint!="/metrics"})') == 0, "the requests to be over")


def test_every_agreed_metric_is_there(sites):
    for site in sites:
        text = site.metrics()
        assert [name for name in NAMES if f"# TYPE {name} " not in text] == []


def test_promtool_has_no_complaint(sites):
    for site in sites:
        checked = promtool("check", "metrics", stdin=site.metrics())
        assert checked.returncode == 0 and not checked.stdout + checked.stderr, checked.stdout + checked.stderr


def unanswered(prometheus: Prometheus, queries: list[Query]) -> str:
    return "\n".join(f"{query.where}: {query.expr}" for query in queries if not prometheus.query(query.expr))


def test_every_query_of_every_dashboard_has_an_answer(prometheus):
    assert len(dashboard_queries()) > 80
    assert unanswered(prometheus, dashboard_queries()) == ""


def test_every_variable_of_every_dashboard_has_values(prometheus):
    assert [name for name, series, label in variable_queries() if not prometheus.label_values(series, label)] == []


def test_every_rule_has_an_answer(prometheus):
    assert unanswered(prometheus, rule_queries()) == ""
    assert [rule for rule in prometheus.rules() if rule["health"] != "ok"] == []


def test_nothing_is_wrong_with_two_healthy_servers(prometheus):
    assert prometheus.query('ALERTS{alertstate="firing"}') == []


def test_metrics_are_for_whom_they_are_meant(sites):
    first, second = sites
    expect(httpx.get(first.metrics_url), 401, "not_authenticated")
    expect(httpx.get(first.metrics_url, headers={"Authorization": "Bearer something-else"}), 401, "not_authenticated")
    expect(httpx.get(f"{second.url}/metrics"), 404)
    expect(httpx.get(second.metrics_url.replace("/metrics", "/api/health")), 404)
