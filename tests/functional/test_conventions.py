"""API.md §1: rules of all routes."""

import concurrent.futures
import gzip
import json
import re

import httpx
import pytest
from support import contract
from support.client import expect
from support.processes import eventually

ACTIVITY = {"app_name": "Instagram", "duration_minutes": 12.5}


@pytest.fixture
def server(sqlite_server):
    return sqlite_server


# --- routing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/users/me", "/api/activities", "/api/activities/today", "/api/activities/stats/daily", "/api/health"])
def test_trailing_slash_makes_no_difference(user, path):
    plain, slashed = user.api.get(path), user.api.get(path + "/")
    assert plain.status_code == slashed.status_code == 200
    if path != "/api/health":
        assert plain.json() == slashed.json()


def test_posting_with_a_trailing_slash(user):
    expect(user.api.post("/api/activities/", json=ACTIVITY), 201)


@pytest.mark.parametrize("path", ["/api/nothing", "/api/", "/api/users/me/nothing", "/api/activities/stats", "/nothing", "/api/usersme", "/API/users/me"])
def test_unknown_route(user, path):
    expect(user.api.get(path), 404, "not_found")


def test_an_unknown_address_is_a_page_for_browsers(user):
    """Browsers get the page outside of the API; other clients get the problem."""
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    page = user.server.client(checked=False).get("/nothing", headers=browser)
    assert page.status_code == 404 and page.headers["Content-Type"].startswith("text/html")
    for path in ("/api/nothing", "/api", "/assets/nothing.js"):
        problem = user.server.client(checked=False).get(path, headers=browser)
        assert problem.status_code == 404 and problem.headers["Content-Type"] == "application/problem+json", path


@pytest.mark.parametrize("path", ["/api//users/me", "/api/users//me", "/api/users/me//", "/api/./users/me", "/api/users/x/../me"])
def test_odd_paths_are_not_guessed(user, path):
    assert user.api.build_request("GET", path)  # httpx may normalize the path; the raw form is in test_raw_http
    assert user.api.get(path).status_code in (200, 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/api/activities", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("POST", "/api/users/me", {"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"}),
        ("GET", "/api/auth/login", {"POST", "OPTIONS"}),
        ("PUT", "/api/health", {"GET", "HEAD", "OPTIONS"}),
        ("PATCH", "/api/activities/1", {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}),
    ],
)
def test_wrong_method_names_the_right_ones(user, method, path, allowed):
    answer = user.api.request(method, path)
    expect(answer, 405, "method_not_allowed")
    assert {name.strip() for name in answer.headers["allow"].split(",")} == allowed


@pytest.mark.parametrize("id_", ["12abc", "abc", "-", "1.5", "0x10", "99999999999999999999", "+1", "%31%20"])
def test_an_id_is_a_number_or_nothing(user, id_):
    expect(user.api.get(f"/api/activities/{id_}"), 404)


@pytest.mark.parametrize("path", ["/api/health", "/api/health/live", "/api/users/me", "/api/activities", "/api/openapi.json", "/"])
def test_head_answers_like_get_without_a_body(user, path):
    user.record()
    get, head = user.api.get(path), user.api.head(path)
    assert head.status_code == get.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]
    assert head.headers.get("etag") == get.headers.get("etag")


def test_head_of_a_missing_object(user):
    assert user.api.head("/api/activities/123456789").status_code == 404


# --- errors ----------------------------------------------------------------------------------------------------------


def test_errors_speak_the_language_that_is_asked_for(api):
    english = expect(api.get("/api/users/me"), 401)
    french = expect(api.get("/api/users/me", headers={"Accept-Language": "de, fr-CH;q=0.8, en;q=0.5"}), 401)
    assert english["code"] == french["code"]
    assert english["detail"] != french["detail"]
    assert expect(api.get("/api/users/me", headers={"Accept-Language": "de, *;q=0.1"}), 401)["detail"] == english["detail"]


def test_the_language_of_the_signed_in_user_wins(server):
    french, english = server.new_account(language="fr"), server.new_account(language="en")

    def detail(user, header):
        return expect(user.api.get("/api/activities/987654321", headers={"Accept-Language": header}), 404)["detail"]

    assert detail(french, "en") == detail(french, "fr") != detail(english, "fr") == detail(english, "en")


def test_validation_messages_are_translated(server):
    fault = {"email": "x", "username": "ab", "password": "abc"}
    english = expect(server.client().post("/api/auth/register", json=fault), 422)
    french = expect(server.client().post("/api/auth/register", json=fault, headers={"Accept-Language": "fr"}), 422)
    assert [e["loc"] for e in english["errors"]] == [e["loc"] for e in french["errors"]]
    assert [e["type"] for e in english["errors"]] == [e["type"] for e in french["errors"]]
    assert all(e["msg"] != f["msg"] for e, f in zip(english["errors"], french["errors"]))


def faults(answer) -> set[str]:
    return {".".join(map(str, fault["loc"])) for fault in expect(answer, 422)["errors"]}


def test_all_faults_at_once(user):
    body = {"app_name": "", "duration_minutes": -1, "app_category": "x" * 51, "activity_date": "2026-02-30", "start_time": "yesterday",
            "device_type": 7}  # fmt: skip
    assert faults(user.api.post("/api/activities", json=body)) == {f"body.{name}" for name in body}


def test_missing_fields_are_all_named(user):
    answer = user.api.post("/api/activities", json={})
    assert faults(answer) == {"body.app_name", "body.duration_minutes"}
    assert {fault["type"] for fault in answer.json()["errors"]} == {"missing"}


def test_unknown_fields_are_ignored(user):
    created = expect(user.api.post("/api/activities", json=ACTIVITY | {"id": 7, "user_id": 1, "nonsense": {"a": [1]}}), 201)
    assert created["user_id"] == user.id
    assert "nonsense" not in created


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nonsense", b"[1]", b"null", b'"text"', b"12", b'{"app_name": "x", "duration_minutes": NaN}', b"{'app_name': 1}",
        b'{"app_name": "x", "duration_minutes": 1} trailing', b'{"app_name": "\xff\xfe", "duration_minutes": 1}',
        b'{"app_name": "\\ud800", "duration_minutes": 1}', b'{"app_name": "x", "duration_minutes": 1e999}', b"[" * 100_000,
        b'{"a":' * 5000, b'{"app_name": "x", "duration_minutes": 1,}', b"\xef\xbb\xbf", b'{"app_name": "a\x00b", "duration_minutes": 1}',
    ],
)  # fmt: skip
def test_bodies_that_are_not_the_json_wanted(user, body):
    expect(user.api.post("/api/activities", content=body, headers={"Content-Type": "application/json"}), 422)
    assert user.api.get("/api/activities").json() == []


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "nonsense"])
def test_a_json_body_is_read_whatever_it_is_called(user, kind):
    """As `curl -d` sends it. That is safe: no cookie signs a user in, so a page of another origin cannot use it."""
    headers = {"Content-Type": kind} if kind else {}
    created = expect(user.api.post("/api/activities", content=json.dumps(ACTIVITY), headers=headers), 201)
    assert created["app_name"] == ACTIVITY["app_name"]
    expect(user.api.post("/api/activities", content=b"app_name=x&duration_minutes=1", headers=headers), 422)
    expect(httpx.post(f"{user.server.url}/api/activities", content=json.dumps(ACTIVITY), headers=headers,
                      cookies={name: user.tokens[name] for name in ("access_token", "refresh_token")}), 401)  # fmt: skip


@pytest.mark.parametrize("value", ["12", True, [], {}, None, "abc"])
def test_numbers_are_numbers(user, value):
    assert faults(user.api.post("/api/activities", json=ACTIVITY | {"duration_minutes": value})) == {"body.duration_minutes"}


@pytest.mark.parametrize("value", [12, True, [], {}, None, 1.5])
def test_texts_are_texts(user, value):
    assert faults(user.api.post("/api/activities", json=ACTIVITY | {"app_name": value})) == {"body.app_name"}


def test_a_body_over_one_mebibyte(user):
    body = json.dumps(ACTIVITY | {"padding": "x" * (1 << 20)})
    answer = user.api.post("/api/activities", content=body, headers={"Content-Type": "application/json"})
    expect(answer, 413, "body_too_large")
    fits = json.dumps(ACTIVITY | {"padding": "x" * ((1 << 20) - 200)})
    expect(user.api.post("/api/activities", content=fits, headers={"Content-Type": "application/json"}), 201)


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=abc", "limit=", "limit=1.5", "skip=-1", "skip=x", "limit=99999999999999999999",
                                   "date=2026-13-01", "start_date=tomorrow", "sort=password_hash", "sort=-nonsense", "sort="])  # fmt: skip
def test_wrong_query_values(user, query):
    name = query.split("=")[0]
    assert faults(user.api.get(f"/api/activities?{query}")) == {f"query.{name}"}


def test_all_query_faults_at_once(user):
    assert faults(user.api.get("/api/activities?limit=0&skip=-1&sort=x")) == {"query.limit", "query.skip", "query.sort"}


# --- headers ---------------------------------------------------------------------------------------------------------


def test_a_sane_request_id_is_kept(api):
    assert api.get("/api/health", headers={"X-Request-Id": "abc-DEF_1.2"}).headers["x-request-id"] == "abc-DEF_1.2"
    answer = api.get("/api/nothing", headers={"X-Request-Id": "my-id"})
    assert answer.json()["request_id"] == "my-id"


@pytest.mark.parametrize("given", ["x" * 300, "a b", "é".encode(), "<script>", ""])
def test_another_request_id_is_replaced(api, given):
    made = api.get("/api/health", headers={"X-Request-Id": given}).headers["x-request-id"]
    assert made.encode() != given and made != given and re.fullmatch(r"[A-Za-z0-9._-]{8,128}", made)


def test_request_ids_differ(api):
    assert len({api.get("/api/health/live").headers["x-request-id"] for _ in range(50)}) == 50


def test_every_request_is_logged_once(server, user):
    user.api.get("/api/users/me?token=very-secret-thing", headers={"X-Request-Id": "logged-once-1"})
    found = eventually(lambda: [r for r in server.records() if r.get("request_id") == "logged-once-1"], "the access log line")
    assert len(found) == 1
    record = found[0]
    assert (record["method"], record["route"], record["status"]) == ("GET", "/api/users/me", 200)
    assert record["user"] == user.id and record["bytes"] > 0 and record["ms"] >= 0
    assert "very-secret-thing" not in "\n".join(server.lines)


def test_security_headers(user):
    for path in ("/api/health", "/api/users/me", "/api/nothing", "/api/docs"):
        headers = user.api.get(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] and headers["permissions-policy"], path
        assert headers["cross-origin-opener-policy"] == "same-origin" and headers["cross-origin-resource-policy"], path
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert "server" not in headers or not re.search(r"\d", headers["server"]), path


def test_personal_data_is_not_cached_by_others(user):
    assert "no-store" in user.anonymous.post("/api/auth/login", json={"email": user.email, "password": user.password}).headers["cache-control"]
    assert re.search("no-store|private", user.api.get("/api/users/me").headers["cache-control"])
    for path in ("/api/auth/sessions", "/api/activities/stats/app/x", "/api/users/me/export", "/api/activities/987654321"):
        assert user.api.get(path).headers["cache-control"] == "no-store", path
    assert user.anonymous.get("/api/activities").headers["cache-control"] == "no-store"


# --- lists, conditional requests, compression ------------------------------------------------------------------------


def test_pages_and_their_links(user):
    for minutes in range(1, 8):
        user.record(duration_minutes=minutes)
    first = user.api.get("/api/activities?limit=3&sort=duration_minutes")
    assert [a["duration_minutes"] for a in first.json()] == [1, 2, 3]
    assert first.headers["x-total-count"] == "7"
    assert set(first.links) == {"next"}
    middle = user.api.get("/api/activities?limit=3&skip=3&sort=duration_minutes")
    assert [a["duration_minutes"] for a in middle.json()] == [4, 5, 6]
    assert set(middle.links) == {"next", "prev"}
    last = user.api.get("/api/activities?limit=3&skip=6&sort=duration_minutes")
    assert [a["duration_minutes"] for a in last.json()] == [7]
    assert set(last.links) == {"prev"}
    beyond = user.api.get("/api/activities?limit=3&skip=1000")
    assert beyond.json() == [] and "next" not in beyond.links


@pytest.mark.parametrize("sort", ["-created_at", "duration_minutes", "-app_name", "activity_date"])
def test_following_next_gives_everything_once(user, sort):
    wanted = {user.record(app_name=f"App {i % 3}", duration_minutes=i % 5)["id"] for i in range(25)}
    seen, url = [], f"/api/activities?limit=4&sort={sort}"
    while url:
        page = user.api.get(url)
        seen += [activity["id"] for activity in expect(page, 200)]
        url = page.links.get("next", {}).get("url")
        assert len(seen) <= 25
    assert len(seen) == 25 and set(seen) == wanted


@pytest.mark.parametrize("path", ["/api/users/me", "/api/activities", "/api/activities/stats/daily"])
def test_an_unchanged_answer_is_304(user, path):
    user.record()
    first = user.api.get(path)
    etag = first.headers["etag"]
    assert re.fullmatch(r'"[\x21\x23-\x7e]+"', etag), "a strong entity tag"
    for condition in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = user.api.get(path, headers={"If-None-Match": condition})
        assert again.status_code == 304 and again.headers["etag"] == etag, condition
    expect(user.api.get(path, headers={"If-None-Match": '"other"'}), 200)
    user.record(app_name="Another")
    expect(user.api.patch("/api/users/me", json={"bio": "changed"}), 200)
    changed = user.api.get(path, headers={"If-None-Match": etag})
    assert changed.status_code == 200 and changed.headers["etag"] != etag


def test_large_json_is_compressed_when_accepted(server, user):
    for i in range(40):
        user.record(app_name=f"App {i}")
    with server.client(token=user.tokens["access_token"], headers={"Accept-Encoding": "identity"}) as plain_client:
        plain = plain_client.get("/api/activities")
    assert "content-encoding" not in plain.headers
    with user.api.stream("GET", "/api/activities", headers={"Accept-Encoding": "gzip"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert int(answer.headers["content-length"]) == len(raw) < len(plain.content)
    assert json.loads(gzip.decompress(raw)) == plain.json()
    assert answer.headers["etag"] != plain.headers["etag"], "a strong tag belongs to one representation"
    again = user.api.get("/api/activities", headers={"Accept-Encoding": "gzip", "If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br", "*;q=0, identity"])
def test_gzip_is_not_forced_on_anybody(user, accepted):
    for i in range(20):
        user.record(app_name=f"App {i}")
    answer = user.api.get("/api/activities", headers={"Accept-Encoding": accepted})
    assert "content-encoding" not in answer.headers and len(answer.json()) == 20


# --- idempotency -----------------------------------------------------------------------------------------------------


def test_the_same_key_replays_the_first_answer(user):
    headers = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
    first = user.api.post("/api/activities", json=ACTIVITY, headers=headers)
    again = user.api.post("/api/activities", json=ACTIVITY, headers=headers)
    assert expect(first, 201) == expect(again, 201)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert len(user.api.get("/api/activities").json()) == 1


def test_the_same_key_with_another_body(user):
    headers = {"Idempotency-Key": "k1"}
    expect(user.api.post("/api/activities", json=ACTIVITY, headers=headers), 201)
    expect(user.api.post("/api/activities", json=ACTIVITY | {"duration_minutes": 1}, headers=headers), 422, "idempotency_key_reused")
    assert len(user.api.get("/api/activities").json()) == 1


def test_keys_are_per_user(user, other):
    headers = {"Idempotency-Key": "shared"}
    mine = expect(user.api.post("/api/activities", json=ACTIVITY, headers=headers), 201)
    theirs = user.api.post("/api/activities", json=ACTIVITY, headers=headers)
    foreign = other.api.post("/api/activities", json=ACTIVITY, headers=headers)
    assert theirs.json()["id"] == mine["id"]
    assert expect(foreign, 201)["id"] != mine["id"] and "idempotency-replayed" not in foreign.headers


def test_a_refused_request_does_not_spend_its_key(user):
    headers = {"Idempotency-Key": "retry-me"}
    expect(user.api.post("/api/activities", json={"app_name": "x"}, headers=headers), 422)
    expect(user.api.post("/api/activities", json=ACTIVITY, headers=headers), 201)


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "é".encode(), "tab\there"])
def test_a_malformed_key(user, key):
    expect(user.api.post("/api/activities", json=ACTIVITY, headers={"Idempotency-Key": key}), 422)
    assert user.api.get("/api/activities").json() == []


def test_keys_are_kept_for_a_day(user, server):
    headers = {"Idempotency-Key": "x" * 255}
    first = expect(user.api.post("/api/activities", json=ACTIVITY, headers=headers), 201)
    try:
        server.set_clock("2040-01-01T12:00:00Z")
        user.login()
        second = user.api.post("/api/activities", json=ACTIVITY, headers=headers)
        assert expect(second, 201)["id"] != first["id"]
    finally:
        server.reset_clock()


def test_one_key_sent_many_times_at_once(server, db, world):
    server = world.server(db)
    account = server.new_account()
    headers = {"Idempotency-Key": "at-once"}

    def post(_):
        with server.client(token=account.tokens["access_token"]) as client:
            return client.post("/api/activities", json=ACTIVITY, headers=headers)

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(post, range(48)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 201}) == 1
    assert len(account.api.get("/api/activities").json()) == 1


# --- CORS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cors(world):
    from support.server import Server

    server = Server(world.database("sqlite"), world.mail, BACKEND_CORS_ORIGINS="https://app.example/,http://localhost:3000").start()
    with server.client() as client:
        yield client
    server.close()


def test_a_configured_origin(cors):
    for origin in ("https://app.example", "http://localhost:3000"):
        answer = cors.get("/api/health", headers={"Origin": origin})
        assert answer.headers["access-control-allow-origin"] == origin
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "origin" in answer.headers["vary"].lower()
        shown = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
        assert {"x-request-id", "x-total-count", "link", "etag", "retry-after", "idempotency-replayed"} <= shown


@pytest.mark.parametrize("origin", ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null", "https://app.example:444"])
def test_any_other_origin(cors, origin):
    answer = cors.get("/api/health", headers={"Origin": origin})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert "access-control-allow-credentials" not in answer.headers


def test_errors_carry_cors_headers_too(cors):
    for path, status in (("/api/nothing", 404), ("/api/users/me", 401)):
        answer = cors.get(path, headers={"Origin": "https://app.example"})
        assert answer.status_code == status and answer.headers["access-control-allow-origin"] == "https://app.example"


def test_preflight(cors):
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "PUT",
             "Access-Control-Request-Headers": "authorization, content-type, idempotency-key"}  # fmt: skip
    answer = cors.options("/api/activities/1", headers=asked)
    assert answer.status_code in (200, 204) and answer.content == b""
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert {"GET", "PUT", "DELETE"} <= {m.strip() for m in answer.headers["access-control-allow-methods"].split(",")}
    allowed = {name.strip().lower() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert {"authorization", "content-type", "idempotency-key"} <= allowed
    assert int(answer.headers["access-control-max-age"]) > 0


def test_preflight_of_another_origin(cors):
    answer = cors.options("/api/activities", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
    assert "access-control-allow-origin" not in answer.headers


# --- description of the service --------------------------------------------------------------------------------------


def test_root(api):
    body = expect(api.get("/", headers={"Accept": "application/json"}), 200)
    assert body["name"] and re.fullmatch(r"\d+\.\d+\.\d+.*", body["version"])


def test_health(api):
    body = expect(api.get("/api/health"), 200)
    assert body["status"] == "healthy" and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["timestamp"])
    assert {"database", "cache", "version"} <= body.keys()
    expect(api.get("/api/health/live"), 200)
    expect(api.get("/api/health/ready"), 200)


def test_openapi_document(server):
    document = server.contract.document
    assert document["openapi"].startswith("3.1")
    ids = [op["operationId"] for path in document["paths"].values() for name, op in path.items() if name != "parameters"]
    assert len(ids) == len(set(ids)) > 20
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], f"{method} {path}"
            if "/auth/" not in path and path.startswith("/api/users"):
                assert "401" in operation["responses"], f"{method} {path}"


def test_a_problem_that_the_document_does_not_name_is_noticed(server, monkeypatch):
    monkeypatch.setattr(contract, "occurred", set())  # these answers are not real

    def answer(status: int, code: str) -> httpx.Response:
        headers = {"Content-Type": "application/problem+json", "X-Request-Id": "r", "X-Process-Time": "0.001", "Server-Timing": "total;dur=1"}
        body = {"type": "about:blank", "title": "T", "status": status, "detail": "D", "code": code, "request_id": "r"}
        return httpx.Response(status, json=body, headers=headers)

    request = httpx.Request("PATCH", f"{server.url}/api/users/me")
    server.contract.check(request, answer(400, "username_taken"))
    server.contract.check(request, answer(500, "internal_error"))  # every operation may answer this
    for status, code in ((400, "email_taken"), (403, "username_taken")):
        with pytest.raises(AssertionError, match=f"does not name {status} {code} for updateMe"):
            server.contract.check(request, answer(status, code))


@pytest.mark.parametrize("path", ["/api/docs", "/api/redoc"])
def test_documentation_pages_come_from_this_server_only(server, path):
    with server.client(checked=False) as client:
        page = client.get(path, follow_redirects=True)
        assert page.status_code == 200 and page.headers["content-type"].startswith("text/html")
        assert not re.search(r"""(src|href)=["'](https?:)?//""", page.text)
        parts = re.findall(r"""(?:src|href)=["']([^"'#]+\.(?:js|css))""", page.text)
        assert parts
        for part in parts:
            file = client.get(str(page.url.join(part)))
            assert file.status_code == 200 and len(file.content) > 100, part


def test_metrics(server):
    text = server.client(checked=False).get("/metrics")
    assert text.status_code == 200 and text.headers["content-type"].startswith("text/plain")
    assert "# HELP" in text.text and "# TYPE" in text.text
    assert "very-secret" not in text.text
