"""Delivery to notification sockets: every message once, in order, on every connection of its user, also after faults."""

import datetime
import json
import socket as sockets
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.client import expect
from support.processes import SLOWNESS, eventually, free_port
from support.websocket import CLOSE, TEXT, Frames, Live

ADMIN = {"ADMIN_EMAIL": "root@example.org", "ADMIN_PASSWORD": "Adm1n-password", "ADMIN_USERNAME": "root-user"}


def limit(user, app="Instagram", minutes=60, **fields) -> dict:
    return expect(user.api.post("/api/blocked", json={"app_name": app, "daily_limit_minutes": minutes} | fields), 201)


def listed(user) -> list[dict]:
    return sorted(expect(user.api.get("/api/notifications", params={"limit": 100}), 200), key=lambda one: one["id"])


def admin_of(server):
    tokens = expect(server.client().post("/api/auth/login", json={"email": "root@example.org", "password": "Adm1n-password"}), 200)
    return server.client(token=tokens["access_token"])


def announce(admin, user_ids: list[int] | None, title="News", message="Hello.") -> None:
    body = {"title": title, "message": message} | ({"user_ids": user_ids} if user_ids is not None else {})
    expect(admin.post("/api/admin/notifications", json=body), 200)


def test_the_greeting_comes_first_however_much_is_going_on(user):
    ends = threading.Event()

    def be_busy() -> None:
        while not ends.is_set():
            user.record("Instagram", 1)

    with ThreadPoolExecutor(2) as pool:
        busy = [pool.submit(be_busy) for _ in range(2)]
        try:
            for _ in range(20):
                with Live(user) as live:  # Live checks it
                    live.notification("activity_update")
        finally:
            ends.set()
        for one in busy:
            one.result()


# --- each kind ------------------------------------------------------------------------------------------------------------


def test_a_limit_warns_and_blocks_on_every_connection(user, other):
    entry = limit(user, minutes=10)
    with Live(user) as phone, Live(user) as laptop, Live(other) as elsewhere:
        user.record("instagram", 8)
        for live in (phone, laptop):
            warning = live.notification("limit_warning")
            assert warning.keys() == {"type", "id", "notification_type", "title", "message", "data", "timestamp"}
            assert "Instagram" in warning["title"] and warning["message"]
            assert warning["data"]["blocked_app_id"] == entry["id"]
        user.record("Instagram", 2)
        for live in (phone, laptop):
            assert live.notification("app_blocked")["data"]["reason"] == "limit"
        assert elsewhere.nothing_more() == [], "other users get no message"
        ids = [one["id"] for one in listed(user)]
        assert [one["id"] for one in phone.messages if one.get("id")] == ids


def test_live_counters_come_with_every_activity(user):
    entry = limit(user, minutes=60)
    with Live(user) as live:
        activity = user.record("Instagram", 12.5)
        update = live.notification("activity_update")
        assert update["id"] is None, "it is not stored: there is nothing to come back to"
        assert update["data"]["activity_ids"] == [activity["id"]] and update["data"]["total_time_today"] == 12.5
        counter = update["data"]["limits"][0]
        assert (counter["blocked_app_id"], counter["time_used_today"], counter["remaining_minutes"], counter["is_blocked"]) == (entry["id"], 12.5, 47.5, False)


def test_texts_are_in_the_users_language(server):
    user = server.new_account(language="fr")
    limit(user, minutes=10)
    with Live(user) as live:
        user.record("Instagram", 10)
        assert "limite" in live.notification("limit_warning")["title"]


def test_a_policy_change_carries_the_version_only(user):
    with Live(user) as live:
        limit(user)
        update = live.notification("policy_update")
        version = expect(user.api.get("/api/blocked/policy"), 200)["version"]
        assert update["data"] == {"version": version}


def test_a_challenge_tells_its_members(user, other):
    today = datetime.datetime.now(datetime.UTC).date()
    challenge = expect(user.api.post("/api/challenges", json={"name": "Less of it", "target_apps": ["Instagram"], "start_date": str(today),
                                                              "end_date": str(today + datetime.timedelta(days=7))}), 201)  # fmt: skip
    expect(other.api.post(f"/api/challenges/{challenge['id']}/join", json={}), 200)
    with Live(other) as live:
        expect(user.api.delete(f"/api/challenges/{challenge['id']}"), 200)
        assert "Less of it" in (told := live.notification("challenge_update"))["message"] + told["title"]


def test_an_announcement_reaches_whom_it_names(make_server):
    server = make_server(**ADMIN).start()
    ann, ben, cas = (server.new_account() for _ in range(3))
    admin = admin_of(server)
    with Live(ann) as anns, Live(ben) as bens, Live(cas) as cass:
        announce(admin, [ann.id, ben.id], "Maintenance", "Tonight.")
        for live in (anns, bens):
            told = live.notification("custom")
            assert (told["title"], told["message"]) == ("Maintenance", "Tonight.")
        assert cass.nothing_more() == []
        announce(admin, None, "All", "Everybody.")
        assert {live.notification("custom")["title"] for live in (anns, bens, cass)} == {"All"}


def test_who_wants_no_notifications_gets_none_on_sockets(user):
    limit(user, minutes=10)
    expect(user.api.patch("/api/users/me", json={"notifications_enabled": False}), 200)
    with Live(user) as live:
        user.record("Instagram", 8)
        assert live.nothing_more() == []
        assert len(listed(user)) == 1, "it is in the list all the same"
        expect(user.api.patch("/api/users/me", json={"notifications_enabled": True}), 200)
        user.record("Instagram", 2)
        assert live.notification("app_blocked")


def test_a_schedule_begins_and_ends(make_server, db):
    server = make_server(db).start()
    user = server.new_account(timezone="Europe/Paris")
    with Live(user) as live:
        server.set_clock("2027-03-27T19:59:59Z")  # the night in which Paris changes to summer time
        user.login()  # the first token has expired by then
    limit(user, "Games", 600, schedules=[{"days": ["sat"], "start_time": "21:00", "end_time": "06:00"}])
    with Live(user) as live:
        blocked = live.notification("app_blocked", seconds=10)
        assert (blocked["data"]["reason"], blocked["data"]["blocked_until"]) == ("schedule", "2027-03-28T04:00:00.000Z")
        server.set_clock("2027-03-28T03:59:58Z")
        user.login()
    with Live(user) as live:
        released = live.notification(seconds=10)
        assert released["data"].get("is_blocked") is False or "again" in released["message"], released


# --- once, in order ---------------------------------------------------------------------------------------------------------


def test_fifty_posts_that_cross_both_thresholds(user):
    entry = limit(user, "Maps", 40)
    with Live(user) as first, Live(user) as second:
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: user.api.post("/api/activities", json={"app_name": "maps", "duration_minutes": 1}), range(50)))
        assert {answer.status_code for answer in answers} == {201}
        stored = listed(user)
        assert [one["notification_type"] for one in stored if one["data"].get("blocked_app_id") == entry["id"]] == ["limit_warning", "app_blocked"]
        for live in (first, second):
            eventually(lambda live=live: _shown(live) >= [one["id"] for one in stored], "everything to be shown")
            assert _shown(live) == [one["id"] for one in stored]
            totals = [one["data"]["total_time_today"] for one in live.messages if one.get("notification_type") == "activity_update"]
            assert len(totals) == 50 and max(totals) == 50
    eventually(lambda: _mails(user), "the mail")
    assert len(_mails(user)) == 1


def _mails(user) -> list:
    return [mail for mail in user.server.mail.to(user.email) if "Maps" in mail.subject]


def _shown(live) -> list[int]:
    live.nothing_more()
    return [one["id"] for one in live.messages if one["type"] == "notification" and one["id"] is not None]


def test_many_at_once_arrive_in_order_and_once(make_server, db):
    server = make_server(db, **ADMIN).start()
    user = server.new_account()
    admin = admin_of(server)
    with Live(user) as first, Live(user) as second:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: announce(admin, [user.id], f"No. {n}"), range(80)))
        ids = [one["id"] for one in listed(user)]
        assert len(ids) == 80
        for live in (first, second):
            assert [one["id"] for one in live.stored(80)] == ids
            assert live.nothing_more() == []


# --- replay -------------------------------------------------------------------------------------------------------------------


def test_what_was_missed_is_told_first(make_server, db):
    server = make_server(db, **ADMIN).start()
    user = server.new_account()
    admin = admin_of(server)
    for n in range(130):  # more than a page
        announce(admin, [user.id], f"No. {n}")
    with Live(user, after_id=0) as live:
        told = live.stored(130)
        assert [one["title"] for one in told] == [f"No. {n}" for n in range(130)]
        assert live.nothing_more() == []
    with Live(user, after_id=told[119]["id"]) as live:
        announce(admin, [user.id], "No. 130")
        assert [one["title"] for one in live.stored(11)] == [f"No. {n}" for n in range(120, 131)]
    with Live(user, after_id=10**15) as live:
        announce(admin, [user.id], "No. 131")
        assert live.stored(1)[0]["title"] == "No. 131", "an id of the future hides nothing"
    with Live(user) as live:
        assert live.nothing_more() == [], "without after_id nothing is repeated"


def test_a_narrowed_client_reads_on_too(user):
    limit(user, minutes=10)
    user.record("Instagram", 10)
    with Live(user, after_id=0) as live:
        assert [one["notification_type"] for one in live.stored(2)] == ["limit_warning", "app_blocked"]
        live.ask("subscribed", action="subscribe", events=["app_blocked"])
        limit(user, "Maps", 10)
        user.record("Maps", 10)
        assert [one["notification_type"] for one in live.stored(1)] == ["app_blocked"]
        assert live.nothing_more() == []


def test_nothing_is_lost_nor_repeated_while_connecting(make_server, db):
    """Sockets reconnect and resume where they stopped, while notifications are created."""
    server = make_server(db, **ADMIN).start()
    user = server.new_account()
    admin = admin_of(server)
    done = threading.Event()

    def send() -> None:
        try:
            for n in range(150):
                announce(admin, [user.id], f"No. {n}")
        finally:
            done.set()

    sender = threading.Thread(target=send)
    sender.start()
    last, seen = 0, []
    while not done.is_set() or len(seen) < 150:
        with Live(user, after_id=last) as live:
            for message in live.stored(min(7, 150 - len(seen))):
                seen.append(message["title"])
                last = message["id"]
    sender.join()
    assert seen == [f"No. {n}" for n in range(150)]


@pytest.mark.parametrize("how", ["restart", "crash"])
def test_a_restart_loses_nothing(make_server, db, how):
    server = make_server(db, PORT=str(free_port()), **ADMIN).start()
    user = server.new_account()
    announce(admin_of(server), [user.id], "Before")
    live = Live(user, after_id=0)
    last = live.stored(1)[0]["id"]
    announce(admin_of(server), [user.id], "Meanwhile")  # perhaps received, perhaps not: the client has not read it
    if how == "crash":
        server.kill()
        server.start()
    else:
        server.restart()
        assert live.closed() == 1001
    user.login()
    announce(admin_of(server), [user.id], "After")
    with Live(user, after_id=last) as live:
        assert [one["title"] for one in live.stored(2)] == ["Meanwhile", "After"]
        assert live.nothing_more() == []


# --- clients that do not read ---------------------------------------------------------------------------------------------------


def test_slow_readers_are_dropped_and_slow_nobody(make_server):
    server = make_server(**ADMIN).start()
    slow, quick = server.new_account(), server.new_account()
    admin = admin_of(server)
    stuck = []
    for _ in range(50):
        frames = Frames(server, slow.tokens["access_token"])
        frames.message("connection")
        frames.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        stuck.append(frames)
    before = server.resident_bytes()
    took = []
    with Live(quick) as live:
        for n in range(260):  # 8 KB each: more than the queue and the buffers of the kernel hold
            begun = time.monotonic()
            announce(admin, [slow.id, quick.id], f"No. {n}", "\U0001f40c" * 2000)
            assert live.notification("custom")["title"] == f"No. {n}"
            took.append(time.monotonic() - begun)
        eventually(lambda: live.ask("stats", action="get_stats")["connections"] == 1, "the slow ones to be dropped")
        assert sorted(took)[len(took) * 9 // 10] < 0.5 * SLOWNESS
    assert server.resident_bytes() - before < 120 << 20
    for frames in stuck:
        frames.socket.close()


def test_a_slow_reader_that_reads_again_learns_why(make_server):
    server = make_server(**ADMIN).start()
    user = server.new_account()
    admin = admin_of(server)
    with Frames(server, user.tokens["access_token"]) as frames:
        frames.message("connection")
        frames.socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        for n in range(190):  # 8 KB each: more than the queue and more than the buffers of the kernel hold
            announce(admin, [user.id], f"No. {n}", "\U0001f40c" * 2000)
        shown = []
        frame = frames.next(TEXT, CLOSE)
        while frame.opcode == TEXT:
            shown.append(json.loads(frame.payload)["title"])
            frame = frames.next(TEXT, CLOSE)
        assert frame.code == 1013
        assert shown == [f"No. {n}" for n in range(len(shown))] and len(shown) < 190
    with Live(user, after_id=0) as live:
        assert [one["title"] for one in live.stored(190)] == [f"No. {n}" for n in range(190)], "what was dropped is read again"
