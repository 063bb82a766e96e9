"""Notifications of one instance reach the sockets of all instances."""

import threading
from types import SimpleNamespace

import httpx
from support.client import Account, expect
from support.cluster import Cluster
from support.processes import eventually
from support.websocket import Live
from websockets.exceptions import ConnectionClosed, WebSocketException


def _socket_on(server, account: Account, **query) -> Live:
    return Live(SimpleNamespace(server=server, tokens=account.tokens), **query)


def _provoke(api: httpx.Client, app: str) -> None:
    """Two notifications: the limit of a new entry is near, and reached."""
    expect(api.post("/api/blocked", json={"app_name": app, "daily_limit_minutes": 10}), 201)
    expect(api.post("/api/activities", json={"app_name": app, "duration_minutes": 10}), 201)


def test_a_notification_reaches_the_sockets_of_every_instance(cluster: Cluster, person: Account) -> None:
    sockets = [_socket_on(server, person) for server in cluster.instances]
    try:
        for cause in range(3):
            _provoke(cluster.on(cause, person), f"App {cause}")
            for socket in sockets:
                assert [one["notification_type"] for one in socket.stored(2)] == ["limit_warning", "app_blocked"]
        listed = [one["id"] for one in expect(person.api.get("/api/notifications"), 200)]
        for socket in sockets:
            assert [one["id"] for one in socket.messages if one["type"] == "notification" and one["id"]] == sorted(listed)
    finally:
        for socket in sockets:
            socket.close()


def test_people_are_counted_over_all_instances(cluster: Cluster, person: Account) -> None:
    with _socket_on(cluster.instances[0], person), _socket_on(cluster.instances[1], person), _socket_on(cluster.instances[2], person) as live:
        eventually(lambda: live.ask("stats", action="get_stats")["my_connections"] == 3, "the sockets to be known everywhere")


def test_an_ended_session_closes_sockets_elsewhere(cluster: Cluster, person: Account) -> None:
    with _socket_on(cluster.instances[1], person) as live:
        expect(cluster.on(0, person).post("/api/auth/logout", json={"refresh_token": person.tokens["refresh_token"]}), 204)
        assert live.closed(5) == 4401


def test_an_ended_session_closes_sockets_elsewhere_also_without_redis(cluster: Cluster, person: Account) -> None:
    stays = cluster.new_account()
    with _socket_on(cluster.instances[1], person) as live, _socket_on(cluster.instances[1], stays) as other:
        cluster.redis.kill()
        try:
            expect(cluster.on(0, person).post("/api/auth/logout", json={"refresh_token": person.tokens["refresh_token"]}), 204)
            assert live.closed(3) == 4401
            assert other.ask("pong", action="ping")
        finally:
            cluster.redis.start()
    for server in cluster.instances:
        eventually(lambda server=server: cluster.cache_of(server) == "ok", "Redis to be back")


def test_also_instances_that_never_had_redis(make_server) -> None:
    first = make_server("mysql").start()
    second = make_server(database=first.database).start()
    person, stays = first.new_account(), first.new_account()
    with _socket_on(second, person) as live, _socket_on(second, stays) as other:
        expect(person.anonymous.post("/api/auth/logout", json={"refresh_token": person.tokens["refresh_token"]}), 204)
        assert live.closed(3) == 4401
        expect(stays.api.delete("/api/users/me"), 200)
        assert other.closed(3) == 4401


def test_also_when_only_the_instance_that_ends_it_has_lost_redis(cluster: Cluster, make_server) -> None:
    cut_off = make_server(database=cluster.database, REDIS_URL="redis://127.0.0.1:1", SECRET_KEY=cluster.instances[0].settings["SECRET_KEY"]).start()
    person = cluster.new_account()
    with _socket_on(cluster.instances[1], person) as live:
        answer = cut_off.client().post("/api/auth/logout", json={"refresh_token": person.tokens["refresh_token"]})
        assert answer.status_code == 204
        assert live.closed(3) == 4401


def test_what_was_missed_without_redis_is_shown_afterwards(cluster: Cluster, person: Account) -> None:
    leaver = cluster.new_account()
    with _socket_on(cluster.instances[1], person) as live, _socket_on(cluster.instances[1], leaver) as left:
        cluster.redis.kill()
        try:
            _provoke(cluster.on(0, person), "Mail")
            expect(cluster.on(0, leaver).post("/api/auth/logout", json={"refresh_token": leaver.tokens["refresh_token"]}), 204)
            assert left.closed(10) == 4401
            assert not [one for one in live.nothing_more() if one["type"] == "notification"], "no message has reached this instance"
        finally:
            cluster.redis.start()
        assert [one["notification_type"] for one in live.stored(2)] == ["limit_warning", "app_blocked"]
    for server in cluster.instances:
        eventually(lambda server=server: cluster.cache_of(server) == "ok", "Redis to be back")


class Follower:
    """An app with a socket through the balancer: when it closes, the app reconnects and gets what it has missed."""

    def __init__(self, cluster: Cluster, account: Account) -> None:
        self._server, self._account = cluster, account
        self.ids: list[int] = []
        self.connections = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        eventually(lambda: self.connections, "the follower to be connected")

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with _socket_on(self._server, self._account, after_id=self.ids[-1] if self.ids else 0) as live:
                    self.connections += 1
                    self._follow(live)
            except (ConnectionClosed, WebSocketException, OSError, TimeoutError):
                continue

    def _follow(self, live: Live) -> None:
        while not self._stop.is_set():
            try:
                message = live.next("notification", 0.2)
            except TimeoutError:
                continue
            if message["id"] is not None:
                self.ids.append(message["id"])

    def end(self) -> None:
        self._stop.set()
        self._thread.join()


def test_a_rolling_restart_loses_no_notification(cluster: Cluster, person: Account) -> None:
    expect(person.api.patch("/api/users/me", json={"daily_limit_minutes": None}), 200)  # its limit would warn, too
    followers = [Follower(cluster, person) for _ in range(4)]
    made = 0
    try:
        for number, server in enumerate(cluster.instances, 1):
            stopping = threading.Thread(target=server.terminate, args=(60,))
            stopping.start()
            while stopping.is_alive():
                if made == 150 * number:  # an account has at most 500 limits
                    stopping.join(0.05)
                    continue
                _provoke(person.api, f"App {made}")
                made += 1
            server.start()
            eventually(lambda server=server: cluster.cache_of(server) == "ok", "the instance to be whole again")
        eventually(lambda: all(len(follower.ids) >= 2 * made for follower in followers), "everything to arrive")
    finally:
        for follower in followers:
            follower.end()
    stored = sorted(int(row[0]) for row in cluster.database.query(f"SELECT id FROM notifications WHERE user_id = {person.id}"))
    assert len(stored) == 2 * made
    for follower in followers:
        assert follower.ids == stored
        assert follower.connections > 1
