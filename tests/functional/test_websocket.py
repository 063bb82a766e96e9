"""API.md §7: opening a notification socket, its messages, and when it is closed."""

import contextlib
import json
import time

import pytest
from support.client import expect
from support.processes import SLOWNESS, eventually
from support.raw import Raw
from support.websocket import PATH, Frames, Live, handshake, path_of
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

TYPES = ["limit_warning", "app_blocked", "challenge_update", "activity_update", "policy_update", "custom"]


def url_of(server, target: str = PATH) -> str:
    return server.url.replace("http", "ws", 1) + target


def first_message(socket) -> dict:
    return json.loads(socket.recv(timeout=15 * SLOWNESS))


# --- opening ------------------------------------------------------------------------------------------------------------


def test_the_greeting(user):
    with Live(user, token=user.tokens["access_token"]) as live:
        assert live.greeting.keys() == {"type", "message", "user_id", "heartbeat_seconds", "timestamp"}
        assert live.greeting["message"].startswith("Connected")
        assert (live.greeting["user_id"], live.greeting["heartbeat_seconds"]) == (user.id, 30)


def test_the_greeting_in_french(server):
    user = server.new_account(language="fr")
    with Live(user) as live:
        assert live.greeting["message"].startswith("Connecté")


def test_the_token_as_a_header(user):
    headers = {"Authorization": f"Bearer {user.tokens['access_token']}"}
    with connect(url_of(user.server), additional_headers=headers) as socket:
        assert socket.subprotocol is None and first_message(socket)["user_id"] == user.id


def test_the_token_as_a_subprotocol(user):
    with connect(url_of(user.server), subprotocols=["focus.v1", f"bearer.{user.tokens['access_token']}"]) as socket:
        assert socket.subprotocol == "focus.v1" and first_message(socket)["user_id"] == user.id


def test_an_address_that_is_not_verified_yet(server):
    user = server.new_account(verified=False)
    with Live(user) as live:
        assert live.greeting["user_id"] == user.id


@pytest.mark.parametrize("target", [PATH, PATH + "/", path_of("not-a-token"), path_of("a.b.c"), PATH + "?token="])
def test_no_good_token(server, target):
    with Raw(server) as raw:
        answer = handshake(raw, target)
        assert answer.status == 401 and answer.headers["www-authenticate"].startswith("Bearer")
        assert json.loads(answer.body)["code"] in ("not_authenticated", "invalid_token")
        assert raw.is_open()
    with pytest.raises(InvalidStatus) as refused:
        connect(url_of(server, target))
    assert refused.value.response.status_code == 401


def test_a_token_of_a_session_that_ended(user):
    expect(user.anonymous.post("/api/auth/logout", json={"refresh_token": user.tokens["refresh_token"]}), 204)
    with Raw(user.server) as raw:
        assert handshake(raw, path_of(user.tokens["access_token"])).status == 401


def test_a_query_that_makes_no_sense(user):
    with Raw(user.server) as raw:
        answer = handshake(raw, path_of(user.tokens["access_token"], after_id="soon"))
    assert answer.status == 422 and json.loads(answer.body)["errors"][0]["loc"] == ["query", "after_id"]


def test_without_an_upgrade(user):
    answer = user.api.get(PATH)
    assert expect(answer, 426, "upgrade_required") and answer.headers["upgrade"] == "websocket"
    assert user.api.head(PATH).status_code == 426
    assert user.api.post(PATH).status_code == 405


def test_the_document_describes_it(api):
    document = expect(api.get("/api/openapi.json"), 200)
    operation = document["paths"][PATH]["get"]
    assert {"101", "400", "401", "422", "426", "429"} <= operation["responses"].keys()
    assert {one["name"] for one in operation["parameters"]} == {"token", "after_id"}


def test_the_token_is_in_no_log(user):
    with Live(user):
        pass
    server = user.server
    eventually(lambda: any(record.get("route") == PATH for record in server.records()), "the handshake's log line")
    assert not any(user.tokens["access_token"] in line for line in server.lines)


# --- what clients say -----------------------------------------------------------------------------------------------------


@pytest.fixture
def live(user):
    with Live(user) as live:
        yield live


def test_ping(live):
    assert live.ask("pong", action="ping").keys() == {"type", "timestamp"}


@pytest.mark.parametrize("text", ["", "{", "[1]", "17", "null", '"ping"', '{"action":"ping"} {}', "{'action':'ping'}"])
def test_bad_json(live, text):
    live.send(text)
    error = live.next()
    assert (error["type"], error["code"]) == ("error", "invalid_json") and error["message"]
    assert live.ask("pong", action="ping"), "the connection stays"


@pytest.mark.parametrize("message", [{}, {"action": "dance"}, {"action": "PING"}, {"action": None}])
def test_unknown_actions(live, message):
    live.send(json.dumps(message))
    assert live.next()["code"] == "unknown_action"
    assert live.ask("pong", action="ping")


@pytest.mark.parametrize("message", [{"action": 1}, {"action": "subscribe", "events": "custom"}, {"action": "subscribe", "events": [1]},
                                     {"action": "ack", "id": "x"}, {"action": "ack"}, {"action": "auth", "token": 5}])  # fmt: skip
def test_fields_of_a_wrong_type(live, message):
    live.send(json.dumps(message))
    assert live.next()["code"] == "invalid_message"
    assert live.ask("pong", action="ping")


def test_errors_are_in_the_users_language(server):
    with Live(server.new_account(language="fr")) as live:
        assert live.ask("error", action="danse")["message"] == "Cette action est inconnue."


def test_fields_that_nobody_knows_are_ignored(live):
    assert live.ask("pong", action="ping", mood="good")


def test_subscriptions(user, live):
    user.record("Maps")
    assert live.notification("activity_update")["data"]["total_time_today"] == 10
    assert live.ask("subscribed", action="subscribe", events=["custom", "app_blocked"])["events"] == ["custom", "app_blocked"]
    user.record("Maps")
    assert live.nothing_more() == [], "the first one narrows"
    live.ask("subscribed", action="subscribe", events=["activity_update"])
    user.record("Maps")
    assert live.notification()["data"]["total_time_today"] == 30
    assert live.ask("unsubscribed", action="unsubscribe", events=["activity_update"])["events"] == ["activity_update"]
    user.record("Maps")
    assert live.nothing_more() == []
    assert live.ask("subscribed", action="subscribe", events=["*"])["events"] == ["*"]
    user.record("Maps")
    assert live.notification()["data"]["total_time_today"] == 50
    live.ask("unsubscribed", action="unsubscribe", events=["*"])
    user.record("Maps")
    assert live.nothing_more() == []


def test_unsubscribing_first_leaves_the_rest(user, live):
    live.ask("unsubscribed", action="unsubscribe", events=[name for name in TYPES if name != "activity_update"])
    user.record("Maps")
    assert live.notification("activity_update")


def test_events_that_do_not_exist(user, live):
    assert live.ask("error", action="subscribe", events=["custom", "weather"])["code"] == "unknown_event"
    user.record("Maps")
    assert live.notification("activity_update"), "nothing has changed"


def test_every_event_can_be_named(live):
    assert live.ask("subscribed", action="subscribe", events=TYPES)["events"] == TYPES


def test_statistics(make_server):
    server = make_server(ADMIN_EMAIL="root@example.org", ADMIN_PASSWORD="Adm1n-password", ADMIN_USERNAME="root-user").start()
    ann, ben = server.new_account(), server.new_account()
    root = expect(server.client().post("/api/auth/login", json={"email": "root@example.org", "password": "Adm1n-password"}), 200)
    admin = server.client(token=root["access_token"])
    with Live(ann), Live(ann) as second, Live(ben) as bens:
        stats = second.ask("stats", action="get_stats")
        assert (stats["active_users"], stats["connections"], stats["my_connections"]) == (2, 3, 2)
        assert bens.ask("stats", action="get_stats")["my_connections"] == 1
        assert expect(admin.get("/api/ws/stats"), 200) == {"active_users": 2, "connections": 3}
        metrics = server.client(checked=False).get("/metrics").text
        assert "\nfocus_api_websocket_connections 3" in metrics and "\nfocus_api_active_users 2" in metrics
    eventually(lambda: admin.get("/api/ws/stats").json() == {"active_users": 0, "connections": 0}, "the end of all connections")
    expect(ann.api.get("/api/ws/stats"), 403, "forbidden")
    expect(ann.anonymous.get("/api/ws/stats"), 401)


def test_acknowledging(user, live):
    expect(user.api.post("/api/blocked", json={"app_name": "Maps", "daily_limit_minutes": 5}), 201)
    user.record("Maps", 5)
    shown = live.notification("app_blocked")
    assert live.ask("acked", action="ack", id=shown["id"])["id"] == shown["id"]
    listed = {one["id"]: one["is_read"] for one in expect(user.api.get("/api/notifications"), 200)}
    assert listed.pop(shown["id"]) is True and not any(listed.values())
    assert live.ask("acked", action="ack", id=shown["id"]), "twice is no error"
    assert live.ask("error", action="ack", id=shown["id"] + 1000)["code"] == "not_found"


def test_nobody_acknowledges_for_others(user, other, live):
    expect(other.api.post("/api/blocked", json={"app_name": "Maps", "daily_limit_minutes": 0}), 201)
    other.record("Maps", 5)
    theirs = expect(other.api.get("/api/notifications"), 200)[0]
    assert live.ask("error", action="ack", id=theirs["id"])["code"] == "not_found"
    assert expect(other.api.get("/api/notifications"), 200)[0]["is_read"] is False


def test_too_many_messages(user, live):
    with contextlib.suppress(ConnectionClosed):  # it may be closed before the last one
        for _ in range(25):
            live.send('{"action":"ping"}')
    assert live.closed() == 4429
    assert sum(message["type"] == "pong" for message in live.messages) <= 20


# --- tokens and sessions ----------------------------------------------------------------------------------------------------


def later(server, minutes: float) -> None:
    server.set_clock(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + minutes * 60)))


def test_a_token_that_expires(user, live, clock):
    later(user.server, 29)
    assert live.ask("pong", action="ping")
    later(user.server, 31)
    assert live.closed(5) == 4401


def test_a_token_that_is_renewed(user, live, clock):
    later(user.server, 20)
    tokens = expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": user.tokens["refresh_token"]}), 200)
    answer = live.ask("authenticated", action="auth", token=tokens["access_token"])
    assert answer["expires_at"] > answer["timestamp"]
    later(user.server, 45)
    with pytest.raises(TimeoutError):
        live.next("error", seconds=2.5)  # longer than the check of expired tokens takes: it is still open
    assert live.ask("pong", action="ping")
    later(user.server, 51)
    assert live.closed(5) == 4401


def test_renewals_that_fail(user, other, live):
    for token in ("", "nonsense", user.tokens["access_token"] + "x"):
        assert live.ask("error", action="auth", token=token)["code"] == "invalid_token"
    assert live.ask("error", action="auth")["code"] in ("invalid_token", "invalid_message")
    assert live.ask("error", action="auth", token=other.tokens["access_token"])["code"] == "other_user"
    assert live.ask("authenticated", action="auth", token=user.tokens["access_token"])


def test_signing_out_ends_the_sessions_sockets_only(user):
    first = dict(user.tokens)
    user.login()
    with Live(user, token=first["access_token"]) as old, Live(user) as new:
        begun = time.monotonic()
        expect(user.anonymous.post("/api/auth/logout", json={"refresh_token": first["refresh_token"]}), 204)
        assert old.closed() == 4401 and time.monotonic() - begun < 3 * SLOWNESS  # one second, plus the delay of a busy machine
        assert new.ask("pong", action="ping")


def test_a_changed_password_ends_the_other_sessions(user):
    first = dict(user.tokens)
    user.login()
    with Live(user, token=first["access_token"]) as old, Live(user) as mine:
        expect(user.api.put("/api/users/me/password", json={"current_password": user.password, "new_password": "Another-passw0rd"}), 200)
        assert old.closed(5) == 4401
        assert mine.ask("pong", action="ping")


def test_a_deleted_account(user, live):
    expect(user.api.delete("/api/users/me"), 200)
    assert live.closed(5) == 4401


def test_a_reused_refresh_token(user, live, clock):
    spent = user.tokens["refresh_token"]
    renewed = expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": spent}), 200)
    expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": renewed["refresh_token"]}), 200)
    user.outlive_grace()
    expect(user.anonymous.post("/api/auth/refresh", json={"refresh_token": spent}), 401, "token_reused")
    assert live.closed(5) == 4401


# --- signs of life --------------------------------------------------------------------------------------------------------------


def test_heartbeats_and_silence(make_server):
    server = make_server(WEBSOCKET_HEARTBEAT_INTERVAL="1").start()
    user = server.new_account()
    with Frames(server, user.tokens["access_token"]) as silent, Frames(server, user.tokens["access_token"]) as ponging:
        assert silent.message("connection")["heartbeat_seconds"] == 1
        for _ in range(5):
            assert ponging.message("heartbeat")["timestamp"]
            ponging.put(10)  # an unsolicited pong is a heartbeat
        assert silent.close_code() == 4408
        ponging.ask(action="ping")
        assert ponging.message("pong")


def test_shutdown(make_server):
    server = make_server().start()
    users = [server.new_account() for _ in range(3)]
    lives = [Live(user) for user in users for _ in range(2)]
    begun = time.monotonic()
    assert server.terminate() == 0
    assert time.monotonic() - begun < 8 * SLOWNESS
    assert {live.closed() for live in lives} == {1001}


def test_a_shutdown_does_not_wait_for_ever(make_server):
    server = make_server().start()
    user = server.new_account()
    with Frames(server, user.tokens["access_token"]) as frames:
        frames.message("connection")
        assert server.terminate(patience=12) == 0, "the client never answers the close"


def test_a_hundred_connections_of_one_user_and_no_more(make_server):
    server = make_server(RATE_LIMIT_ENABLED="true", RATE_LIMIT_WS="1000/60", RATE_LIMIT_AUTH="1000/60").start()
    user = server.new_account()
    sockets = [Frames(server, user.tokens["access_token"]) for _ in range(100)]
    for socket in sockets:
        socket.message("connection")
    with Raw(server) as raw:
        answer = handshake(raw, path_of(user.tokens["access_token"]))
        assert answer.status == 429 and json.loads(answer.body)["code"] == "too_many_connections" and answer.headers["retry-after"]
    sockets.pop().socket.close()
    eventually(lambda: _is_welcome(server, user), "the place that was freed")
    for socket in sockets:
        socket.socket.close()


def _is_welcome(server, user) -> bool:
    with Raw(server) as raw:
        return handshake(raw, path_of(user.tokens["access_token"])).status == 101
