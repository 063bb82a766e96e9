"""API.md §6: creating, finding, joining and leaving challenges, their ranking and their end."""

import datetime
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.client import expect
from support.processes import eventually

TODAY = datetime.datetime.now(datetime.UTC).date()


def day(offset: int) -> str:
    return str(TODAY + datetime.timedelta(days=offset))


def body(**fields) -> dict:
    return {"name": "No scroll", "target_apps": ["Instagram"], "start_date": day(0), "end_date": day(6)} | fields


def make(user, **fields) -> dict:
    return expect(user.api.post("/api/challenges", json=body(**fields)), 201)


def ranking(user, challenge: dict, **params) -> list[dict]:
    return expect(user.api.get(f"/api/challenges/{challenge['id']}/leaderboard", params=params), 200)


def join(user, challenge: dict, **fields):
    return user.api.post(f"/api/challenges/{challenge['id']}/join", json=fields)


# --- making ----------------------------------------------------------------------------------------------------------


def test_the_creator_takes_part(user):
    made = make(user, name="  Été sans écran ", description="Ensemble !")
    assert made["name"] == "Été sans écran" and made["description"] == "Ensemble !"
    assert made["creator_id"] == user.id == made["creator"]["id"] and made["creator"]["username"] == user.username
    assert made["challenge_type"] == "minimize_time" and made["target_minutes"] == 60 and made["max_participants"] == 50
    assert made["status"] == "active" and made["is_member"] and made["participants_count"] == 1 and made["my_rank"] == 1
    assert made["is_public"] and made["invitation_code"] is None and made["winner"] is None and made["timezone"] == "UTC"
    assert expect(user.api.get(f"/api/challenges/{made['id']}"), 200) == made
    assert [line["user_id"] for line in ranking(user, made)] == [user.id]


def test_target_apps_as_text(user):
    assert make(user, target_apps=" Instagram, com.example.video ,,INSTAGRAM")["target_apps"] == ["Instagram", "com.example.video"]


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"name": "ab"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": None}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "\u202eevil"}, "name"),
        ({"name": "\u200b" * 3}, "name"),
        ({"description": "a\u2067b"}, "description"),
        ({"target_apps": "fine, a\u2028b"}, "target_apps"),
        ({"target_apps": ["a\nb"]}, "target_apps"),
        ({"description": "x" * 2001}, "description"),
        ({"target_apps": []}, "target_apps"),
        ({"target_apps": ["a"] * 51}, "target_apps"),
        ({"target_apps": ""}, "target_apps"),
        ({"target_apps": " , ,"}, "target_apps"),
        ({"target_apps": ["x" * 256]}, "target_apps"),
        ({"target_apps": "x" * 256}, "target_apps"),
        ({"target_apps": [3]}, "target_apps"),
        ({"target_apps": {"a": 1}}, "target_apps"),
        ({"target_apps": 7}, "target_apps"),
        ({"start_date": "2026-02-30"}, "start_date"),
        ({"end_date": "tomorrow"}, "end_date"),
        ({"is_public": "maybe"}, "is_public"),
        ({"challenge_type": "sprint"}, "challenge_type"),
        ({"target_minutes": 0}, "target_minutes"),
        ({"target_minutes": 10081}, "target_minutes"),
        ({"max_participants": 1}, "max_participants"),
        ({"max_participants": 10001}, "max_participants"),
        ({"max_participants": 2.5}, "max_participants"),
    ],
)
def test_what_is_not_accepted(sqlite_server, fields, where):
    user = sqlite_server.new_account()
    problem = expect(user.api.post("/api/challenges", json=body(**fields)), 422)
    assert {error["loc"][1] for error in problem["errors"]} == {where}


@pytest.mark.parametrize(("start", "end"), [(3, 2), (-3, -1), (0, 366)])
def test_dates_that_make_no_sense(sqlite_server, start, end):
    user = sqlite_server.new_account()
    expect(user.api.post("/api/challenges", json=body(start_date=day(start), end_date=day(end))), 400, "invalid_dates")
    make(user, start_date=day(0), end_date=day(365))
    make(user, start_date=day(-5), end_date=day(0))


def test_all_faults_at_once(user):
    problem = expect(user.api.post("/api/challenges", json={"name": "", "target_apps": [], "start_date": 5}), 422)
    assert {error["loc"][1] for error in problem["errors"]} == {"name", "target_apps", "start_date", "end_date"}


def test_made_once_with_an_idempotency_key(user):
    headers = {"Idempotency-Key": "one"}
    first = user.api.post("/api/challenges", json=body(), headers=headers)
    again = user.api.post("/api/challenges", json=body(), headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true" and expect(again, 201) == expect(first, 201)
    assert len(expect(user.api.get("/api/challenges/my-challenges"), 200)) == 1


def test_needs_a_verified_account(server):
    unverified = server.new_account(verified=False)
    expect(unverified.api.get("/api/challenges"), 403, "email_not_verified")
    expect(unverified.anonymous.get("/api/challenges"), 401)


# --- scores ----------------------------------------------------------------------------------------------------------


def test_scores_follow_at_once(user, other):
    challenge = make(user)
    expect(join(other, challenge), 200)
    user.record("instagram", 20)
    activity = other.record("Instagram", 45.5)
    lines = ranking(user, challenge)
    assert [(line["rank"], line["user_id"], line["score"], line["total_time_minutes"]) for line in lines] == [
        (1, user.id, 40, 20),
        (2, other.id, 14.5, 45.5),
    ]
    assert lines[0]["is_me"] and not lines[1]["is_me"] and lines[0]["goal_achieved"] and lines[1]["daily_average"] == 45.5
    expect(other.api.put(f"/api/activities/{activity['id']}", json={"duration_minutes": 5}), 200)
    assert [line["user_id"] for line in ranking(user, challenge)] == [other.id, user.id]
    expect(other.api.delete(f"/api/activities/{activity['id']}"), 200)
    assert ranking(user, challenge)[1]["score"] == 0, "a day without data is worth nothing"
    batch = [{"app_name": "Instagram", "duration_minutes": 30, "client_id": f"c{n}"} for n in range(3)]
    expect(other.api.post("/api/activities/batch", json={"activities": batch}), 200)
    expect(other.api.post("/api/activities/batch", json={"activities": batch}), 200)
    assert ranking(user, challenge)[1]["total_time_minutes"] == 90
    assert expect(other.api.get(f"/api/challenges/{challenge['id']}"), 200)["my_rank"] == 2


def test_days_before_joining_count(user, other):
    challenge = make(user, start_date=day(-1), challenge_type="daily_goal")
    other.record("Maps", 5, activity_date=day(-1))
    other.record("Instagram", 10)
    participant = expect(join(other, challenge), 200)["participant"]
    assert participant["score"] == 2 and participant["total_time_minutes"] == 10 and participant["rank"] == 1
    assert participant["challenge_id"] == challenge["id"] and participant["user_id"] == other.id


def test_the_ranking_in_pages(server, user):
    challenge = make(user)
    people = [server.new_account() for _ in range(4)]
    for minutes, person in enumerate(people):
        expect(join(person, challenge), 200)
        person.record("Instagram", minutes // 2 * 10)
    everybody = ranking(user, challenge)
    assert [line["rank"] for line in everybody] == [1, 1, 3, 3, 5]
    page = user.api.get(f"/api/challenges/{challenge['id']}/leaderboard", params={"skip": 1, "limit": 2})
    assert expect(page, 200) == everybody[1:3] and page.headers["X-Total-Count"] == "5" and 'rel="next"' in page.headers["Link"]
    around = people[2].api.get(f"/api/challenges/{challenge['id']}/leaderboard", params={"around": "me", "limit": 3})
    assert [line["is_me"] for line in expect(around, 200)] == [False, True, False] and around.headers["X-Total-Count"] == "5"
    assert ranking(people[0], challenge, around="me", limit=3)[0]["is_me"]
    assert ranking(user, challenge, around="me", limit=3)[2]["is_me"]
    expect(user.api.get(f"/api/challenges/{challenge['id']}/leaderboard", params={"around": "you"}), 422)
    outsider = server.new_account()
    expect(outsider.api.get(f"/api/challenges/{challenge['id']}/leaderboard", params={"around": "me"}), 400, "not_a_member")
    etag = user.api.get(f"/api/challenges/{challenge['id']}/leaderboard").headers["ETag"]
    assert user.api.get(f"/api/challenges/{challenge['id']}/leaderboard", headers={"If-None-Match": etag}).status_code == 304


# --- joining and leaving ---------------------------------------------------------------------------------------------


def test_private_ones_by_code(server, user, other):
    challenge = make(user, is_public=False)
    code = challenge["invitation_code"]
    assert re.fullmatch("[2-9A-HJKMNP-Z]{9,}", code)
    path = f"/api/challenges/{challenge['id']}"
    expect(other.api.get(path), 403, "not_a_participant")
    expect(other.api.get(f"{path}/leaderboard"), 403, "not_a_participant")
    assert challenge["id"] not in [one["id"] for one in expect(other.api.get("/api/challenges", params={"limit": 100}), 200)]
    expect(join(other, challenge), 403, "invalid_invitation_code")
    expect(other.api.post(f"{path}/join"), 403, "invalid_invitation_code")  # without a body
    expect(join(other, challenge, invitation_code="WRONGCODE2"), 403, "invalid_invitation_code")
    expect(other.api.post("/api/challenges/join", json={"invitation_code": "WRONGCODE2"}), 403, "invalid_invitation_code")
    expect(other.api.post("/api/challenges/join", json={}), 422)
    joined = expect(other.api.post("/api/challenges/join", json={"invitation_code": f" {code[:5].lower()}-{code[5:]}"}), 200)
    assert joined["participant"]["challenge_id"] == challenge["id"] and joined["message"].startswith("Joined")
    assert expect(other.api.get(path), 200)["invitation_code"] == code
    expect(other.api.post(f"{path}/leave"), 200)
    expect(other.api.get(path), 403)
    expect(user.api.post(f"{path}/leave"), 200)
    assert expect(user.api.get(path), 200)["invitation_code"] == code, "its creator still sees it"
    third = server.new_account()
    expect(join(third, challenge, invitation_code=code), 200)
    expect(join(third, challenge), 400, "already_member")
    expect(join(third, challenge, invitation_code="WRONGWRONG"), 400, "already_member")


def test_leaving_and_coming_back(user, other):
    challenge = make(user)
    path = f"/api/challenges/{challenge['id']}"
    expect(other.api.post(f"{path}/leave"), 400, "not_a_member")
    other.record("Instagram", 10)
    expect(join(other, challenge), 200)
    problem = expect(join(other, challenge), 400, "already_member")
    assert "already" in problem["detail"]
    expect(other.api.post(f"{path}/leave"), 200)
    expect(other.api.post(f"{path}/leave"), 400, "not_a_member")
    seen = expect(other.api.get(path), 200)
    assert not seen["is_member"] and seen["my_rank"] is None and seen["participants_count"] == 1
    other.record("Instagram", 10)
    assert expect(join(other, challenge), 200)["participant"]["total_time_minutes"] == 20
    assert [line["user_id"] for line in ranking(user, challenge)] == [other.id, user.id]


def test_never_too_many_at_once(server, user):
    challenge = make(user, max_participants=3)
    people = [server.new_account() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda person: join(person, challenge), people))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 400, 400, 400, 400]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 400} == {"challenge_full"}
    assert len(ranking(user, challenge)) == 3


def test_the_code_alone_says_the_same(server, user, other):
    def join_by_code(person, challenge: dict):
        return person.api.post("/api/challenges/join", json={"invitation_code": challenge["invitation_code"]})

    challenge = make(user, is_public=False, max_participants=2)
    expect(join_by_code(user, challenge), 400, "already_member")
    expect(join_by_code(other, challenge), 200)
    expect(join_by_code(server.new_account(), challenge), 400, "challenge_full")
    over = make(user, is_public=False)
    expect(user.api.post(f"/api/challenges/{over['id']}/cancel"), 200)
    expect(join_by_code(other, over), 400, "challenge_ended")


def test_a_hundred_challenges_at_a_time(user, other):
    for number in range(100):
        make(user, name=f"Number {number}")
    public, private = make(other), make(other, is_public=False)
    expect(user.api.post("/api/challenges", json=body()), 400, "too_many_challenges")
    expect(join(user, public), 400, "too_many_challenges")
    expect(user.api.post("/api/challenges/join", json={"invitation_code": private["invitation_code"]}), 400, "too_many_challenges")


# --- changing --------------------------------------------------------------------------------------------------------


def test_changing(user, other):
    challenge = make(user, start_date=day(3), end_date=day(5), description="Old")
    path = f"/api/challenges/{challenge['id']}"
    assert challenge["status"] == "upcoming"
    changed = expect(user.api.put(path, json={"name": "Renamed", "end_date": day(9), "creator_id": 1, "status": "completed"}), 200)
    assert changed == challenge | {"name": "Renamed", "end_date": day(9), "updated_at": changed["updated_at"], "results_at": changed["results_at"]}
    expect(user.api.put(path, json={"start_date": day(11)}), 400, "invalid_dates")
    assert expect(user.api.put(path, json={"description": None, "start_date": day(0)}), 200)["description"] is None
    expect(user.api.put(path, json={"end_date": day(7)}), 400, "already_started")
    expect(user.api.put(path, json={"name": "Again", "end_date": day(9)}), 200)  # as it is
    expect(user.api.put(path, json={"name": None}), 422)
    expect(user.api.put(path, json={"name": "ab"}), 422)
    expect(other.api.put(path, json={"name": "Mine"}), 403, "not_the_creator")
    expect(other.api.delete(path), 403, "not_the_creator")
    expect(other.api.post(f"{path}/cancel"), 403, "not_the_creator")
    expect(user.api.put("/api/challenges/999999999", json={"name": "Nothing"}), 404)
    assert user.api.get("/api/challenges/12abc").status_code == 404


def test_cancelled_and_deleted(user, other):
    challenge = make(user)
    path = f"/api/challenges/{challenge['id']}"
    expect(join(other, challenge), 200)
    assert expect(user.api.post(f"{path}/cancel"), 200)["status"] == "cancelled"
    expect(user.api.post(f"{path}/cancel"), 400, "challenge_ended")
    third = {"event": "cancelled", "challenge_id": challenge["id"], "challenge_name": "No scroll", "username": None}
    notified = lambda: [n["data"] for n in expect(other.api.get("/api/notifications"), 200) if n["notification_type"] == "challenge_update"]  # noqa: E731
    eventually(lambda: third in notified(), "the news that it was cancelled")
    expect(user.api.delete(path), 200)
    expect(other.api.get(path), 404)
    eventually(lambda: third | {"event": "deleted"} in notified(), "the news that it was deleted")
    assert sorted(data["event"] for data in notified()) == ["cancelled", "deleted"]


def test_lists(server, user, other):
    mark = f"{user.username[-12:]}"
    made = [make(user, name=f"{name} {mark}", start_date=day(start), end_date=day(9)) for name, start in (("Aa", 2), ("Bb", 0), ("Cc", 1))]
    a, b, c = (one["id"] for one in made)
    expect(join(other, made[0]), 200)

    def listed(**params) -> list[int]:
        return [one["id"] for one in expect(other.api.get("/api/challenges", params={"q": mark.upper()} | params), 200)]

    assert listed() == [c, b, a] and listed(sort="created_at") == [a, b, c]
    assert listed(sort="start_date") == [b, c, a] and listed(sort="-start_date") == [a, c, b]
    assert listed(sort="-participants_count")[0] == a and len(listed(sort="-end_date")) == 3
    assert listed(status="active") == [b] and listed(status="upcoming") == [c, a] and listed(status="completed") == []
    page = other.api.get("/api/challenges", params={"q": mark, "skip": 1, "limit": 1})
    assert [one["id"] for one in expect(page, 200)] == [b] and page.headers["X-Total-Count"] == "3"
    for wrong in ({"sort": "name"}, {"status": "running"}, {"limit": 101}, {"skip": -1}, {"q": ""}):
        expect(other.api.get("/api/challenges", params=wrong), 422)
    expect(user.api.post(f"/api/challenges/{c}/cancel"), 200)
    assert [one["id"] for one in expect(user.api.get("/api/challenges/my-challenges"), 200)] == [b, a, c]
    assert [one["id"] for one in expect(user.api.get("/api/challenges/my-challenges", params={"status": "cancelled"}), 200)] == [c]
    assert [one["id"] for one in expect(other.api.get("/api/challenges/my-challenges"), 200)] == [a]


# --- the end ---------------------------------------------------------------------------------------------------------


def test_the_end(server, user, other, clock):
    people = [user, other, server.new_account(language="fr")]
    challenge = make(user, end_date=day(0))
    for person in people[1:]:
        expect(join(person, challenge), 200)
    people[1].record("Instagram", 10)
    people[2].record("Instagram", 20)
    clock(f"{day(1)}T11:59:00Z")
    for person in people:
        person.login()
    seen = expect(user.api.get(f"/api/challenges/{challenge['id']}"), 200)
    assert seen["status"] == "active" and seen["winner"] is None
    expect(join(server.new_account(), challenge), 400, "challenge_ended")
    people[2].record("Instagram", 0, activity_date=day(0))
    user.record("Instagram", 9, activity_date=day(0))
    clock(f"{day(1)}T12:00:00Z")
    path = f"/api/challenges/{challenge['id']}"
    eventually(lambda: expect(user.api.get(path), 200)["status"] == "completed", "the results to stand")
    assert expect(other.api.get(path), 200)["winner"]["id"] == user.id
    user.record("Instagram", 500, activity_date=day(0))
    assert [line["score"] for line in ranking(user, challenge)] == [51, 50, 40]
    for person, subject in zip(people, ("you have won", "the results", "les résultats"), strict=True):
        mail = server.mail.wait_for(person.email, f"/challenges/{challenge['id']}")
        assert subject in mail.subject.lower() and mail.message["List-Unsubscribe"] is None
    notified = expect(people[2].api.get("/api/notifications"), 200)
    assert [n["title"] for n in notified if n["data"].get("event") == "ended"] == ["No scroll est terminé"]
    expect(other.api.post(f"{path}/leave"), 200)
    assert len(ranking(user, challenge)) == 3
