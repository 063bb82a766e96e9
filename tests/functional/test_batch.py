"""API.md §4: batches. Each item has its own result; an item that was sent before is not counted again."""

import concurrent.futures
import gzip
import json

import httpx
import pytest
from support.client import expect

from .test_activities import assert_totals_are_the_sum_of_the_rows, everything

BATCH = "/api/activities/batch"
MIB = 1 << 20


def item(number: int = 0, **fields) -> dict:
    return {"app_name": f"App {number % 5}", "duration_minutes": number % 50 / 8, "activity_date": f"2026-03-{1 + number % 9:02}"} | fields


def send(user, *items, **options) -> dict:
    return expect(user.api.post(BATCH, json={"activities": list(items)}, **options), 200)


def test_a_good_batch(user):
    answer = send(user, *(item(i, client_id=f"c{i}") for i in range(50)))
    assert (answer["created"], answer["duplicates"], answer["failed"]) == (50, 0, 0)
    assert [result["index"] for result in answer["results"]] == list(range(50))
    assert {result["status"] for result in answer["results"]} == {"created"}
    rows = {row["id"]: row for row in everything(user)}
    for i, result in enumerate(answer["results"]):
        assert rows[result["id"]]["app_name"] == f"App {i % 5}" and rows[result["id"]]["duration_minutes"] == i % 50 / 8
        assert result["client_id"] == f"c{i}" and result["error"] is None
    assert_totals_are_the_sum_of_the_rows(user)


def test_a_half_broken_batch(user):
    answer = send(user, item(1), {"app_name": ""}, item(2, activity_date="2099-01-01"), 17, None, item(3, client_id="x" * 101), item(4),
                  item(5, start_time="2026-03-01T10:00:00Z", end_time="2026-03-01T09:00:00Z"))  # fmt: skip
    assert [result["status"] for result in answer["results"]] == ["created"] + ["error"] * 5 + ["created", "error"]
    assert (answer["created"], answer["failed"]) == (2, 6)
    first = answer["results"][1]["error"]
    assert first["code"] == "validation_error" and first["detail"]
    assert {tuple(fault["loc"]) for fault in first["errors"]} == {("body", "activities", 1, "app_name"), ("body", "activities", 1, "duration_minutes")}
    assert answer["results"][2]["error"]["code"] == "date_in_future"
    assert answer["results"][7]["error"]["errors"][0]["loc"] == ["body", "activities", 7, "end_time"]
    assert len(everything(user)) == 2
    assert_totals_are_the_sum_of_the_rows(user)


@pytest.mark.parametrize(
    "poison",
    [rb'{"app_name":"cut \ud83d","duration_minutes":1}', b'{"app_name":"A","duration_minutes":1e400}', b"[" * 5000 + b"]" * 5000,
     b'{"app_name":"A","extra":' + b"[" * 40 + b"]" * 40 + b"}", b'{"app_name":"\xff"}', b'{"app_name":"line\nbreak"}', b"nonsense", b"{'a':1}",
     b"{a:1}", b"01", b"NaN"],
)  # fmt: skip
def test_one_item_that_is_no_json(user, poison):
    good = json.dumps(item(1, client_id="first")).encode(), json.dumps(item(2, client_id="last")).encode()
    answer = expect(user.api.post(BATCH, content=b'{"activities": [' + good[0] + b", " + poison + b" ," + good[1] + b"]}"), 200)
    assert [result["status"] for result in answer["results"]] == ["created", "error", "created"]
    assert [result["client_id"] for result in answer["results"]] == ["first", None, "last"]
    error = answer["results"][1]["error"]
    assert error["code"] == "validation_error" and error["errors"][0]["type"] == "json_invalid"
    assert error["errors"][0]["loc"] == ["body", "activities", 1]
    assert len(everything(user)) == 2


@pytest.mark.parametrize(
    "body",
    [b'{"activities":[{"app_name":"A","duration_minutes":1}', b'{"activities":[nonsense]', b'{"activities":[{"a":"open}]}', b'{"activities":[1,]}',
     b'{"activities":[nonsense],"x":nonsense}', b'{"activities":[' + b"nonsense," * 1000 + b"1]}", b"nonsense", b""],
)  # fmt: skip
def test_where_items_cannot_be_told_apart_nothing_is_stored(user, body):
    expect(user.api.post(BATCH, content=body), 422, "validation_error")
    assert everything(user) == []


def test_other_routes_stay_strict(user):
    for body in (rb'{"app_name":"cut \ud83d","duration_minutes":1}', b'{"app_name":"A","duration_minutes":1e400}'):
        problem = expect(user.api.post("/api/activities", content=body), 422, "validation_error")
        assert problem["errors"][0]["type"] == "json_invalid"


def test_faults_are_in_the_users_language(user):
    expect(user.api.patch("/api/users/me", json={"language": "fr"}), 200)
    error = send(user, {"app_name": "x"})["results"][0]["error"]
    assert error["errors"][0]["msg"] == "Ce champ est obligatoire."


@pytest.mark.parametrize("body", [{}, {"activities": []}, {"activities": {}}, {"activities": [item()] * 1001}, [], 7, {"activities": None}])
def test_no_batch(user, body):
    expect(user.api.post(BATCH, json=body), 422)
    assert everything(user) == []


def test_a_thousand_items(user):
    assert send(user, *(item(i, client_id=f"c{i}") for i in range(1000)))["created"] == 1000
    assert_totals_are_the_sum_of_the_rows(user)


def test_sent_again_it_adds_nothing(user):
    first = send(user, item(1, client_id="a"), item(2, client_id="b"), item(3, client_id="a"))
    assert [result["status"] for result in first["results"]] == ["created", "created", "duplicate"]
    again = send(user, item(3, client_id="b"), item(9, client_id="c"), item(1, client_id="a"))
    assert [result["status"] for result in again["results"]] == ["duplicate", "created", "duplicate"]
    assert again["results"][2]["id"] == first["results"][0]["id"]
    assert len(everything(user)) == 3


def test_client_ids_are_case_sensitive_texts(user):
    assert send(user, item(client_id="a"), item(client_id="A"), item(client_id="á"), item(client_id="a "))["created"] == 3


def test_a_client_id_outlives_its_activity(user):
    made = send(user, item(client_id="a"))["results"][0]["id"]
    expect(user.api.delete(f"/api/activities/{made}"), 200)
    assert send(user, item(client_id="a"))["results"][0] == {"index": 0, "client_id": "a", "status": "duplicate", "id": made, "error": None}
    assert everything(user) == []


def test_client_ids_are_per_user(user, other):
    assert send(user, item(client_id="a"))["created"] == send(other, item(client_id="a"))["created"] == 1


def test_the_same_batch_sent_by_many_at_once(server, user):
    """A device on a bad network repeats all requests."""
    items = [item(i, client_id=f"c{i}") for i in range(200)]

    def phone(number):
        with server.client(token=user.tokens["access_token"]) as api:
            return expect(api.post(BATCH, json={"activities": items[number * 10 : number * 10 + 100]}), 200)

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(phone, range(10)))
    assert sum(answer["created"] for answer in answers) == 190
    assert len(everything(user)) == 190
    assert_totals_are_the_sum_of_the_rows(user)


def test_a_batch_with_an_idempotency_key(server, user):
    body = {"activities": [item(1), item(2)]}
    first = user.api.post(BATCH, json=body, headers={"Idempotency-Key": "k"})
    again = user.api.post(BATCH, json=body, headers={"Idempotency-Key": "k"})
    assert expect(first, 200) == expect(again, 200) and again.headers["idempotency-replayed"] == "true"
    expect(user.api.post(BATCH, json={"activities": [item(3)]}, headers={"Idempotency-Key": "k"}), 422, "idempotency_key_reused")
    assert len(everything(user)) == 2

    def post(_):
        with server.client(token=user.tokens["access_token"]) as api:
            return api.post(BATCH, json=body, headers={"Idempotency-Key": "at-once"})

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(24)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.text for answer in answers if answer.status_code == 200}) == 1
    assert len(everything(user)) == 4


# --- sizes and encodings ---------------------------------------------------------------------------------------------


def raw(user, content: bytes, **headers: str) -> httpx.Response:
    return user.api.post(BATCH, content=content, headers={"Content-Type": "application/json"} | headers)


def padded(size: int) -> bytes:
    body = json.dumps({"activities": [item()]}).encode()
    return body + b" " * (size - len(body))


def test_eight_mebibytes_and_one_more(user):
    expect(raw(user, padded(8 * MIB)), 200)
    assert raw(user, padded(8 * MIB + 1)).status_code == 413
    assert len(everything(user)) == 1


def test_gzip(user):
    body = json.dumps({"activities": [item(i) for i in range(500)]}).encode()
    assert expect(raw(user, gzip.compress(body), **{"Content-Encoding": "gzip"}), 200)["created"] == 500


@pytest.mark.parametrize("size", [8 * MIB + 1, 300 * MIB])
def test_a_zip_bomb(user, size):
    answer = raw(user, gzip.compress(b" " * size), **{"Content-Encoding": "gzip"})
    assert answer.status_code == 413
    assert everything(user) == []


@pytest.mark.parametrize("content", [b"not gzip", gzip.compress(b"{}")[:-4], gzip.compress(b'{"activities":[]}') + b"tail"], ids=["no gzip", "cut", "tail"])
def test_broken_gzip(user, content):
    assert raw(user, content, **{"Content-Encoding": "gzip"}).status_code in (400, 422)
    assert everything(user) == []


def test_a_batch_needs_a_token(api):
    expect(api.post(BATCH, json={"activities": [item()]}), 401)


# --- cursors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "activity_date", "-activity_date", "duration_minutes", "-duration_minutes", "app_name", "-app_name"])
def test_cursors_in_every_order(user, sort):
    send(user, *(item(i) for i in range(130)))
    pages, url = [], f"/api/activities?limit=20&sort={sort}"
    while url:
        page = user.api.get(url)
        assert page.headers["x-total-count"] == "130"
        pages.append(expect(page, 200))
        url = page.links.get("next", {}).get("url")
        assert url is None or ("cursor=" in url and "skip=" not in url)
    rows = [row for page in pages for row in page]
    assert [len(page) for page in pages] == [20] * 6 + [10]
    assert len({row["id"] for row in rows}) == 130
    field = sort.lstrip("-")
    values = [row[field].lower() if field == "app_name" else row[field] for row in rows]
    assert values == sorted(values, reverse=sort.startswith("-"))
    back = [pages[-1]]
    while (url := page.links.get("prev", {}).get("url")) is not None:
        page = user.api.get(url)
        back.insert(0, expect(page, 200))
    assert back == pages


def test_a_page_stays_where_it_is_while_new_ones_come(user):
    send(user, *(item(i) for i in range(60)))
    page = user.api.get("/api/activities?limit=50")
    send(user, *(item(i) for i in range(10)))
    following = user.api.get(page.links["next"]["url"])
    assert len(following.json()) == 10 and following.headers["x-total-count"] == "70"
    assert not {row["id"] for row in following.json()} & {row["id"] for row in page.json()}


@pytest.mark.parametrize("cursor", ["", "x", "AAAAAAAA", "%00", "é", "a" * 700])
def test_a_wrong_cursor(user, cursor):
    problem = expect(user.api.get("/api/activities", params={"cursor": cursor}), 422)
    assert problem["errors"][0]["loc"] == ["query", "cursor"]


def test_a_cursor_belongs_to_its_list(user, other):
    send(user, *(item(i) for i in range(5)))
    url = user.api.get("/api/activities?limit=2").links["next"]["url"]
    expect(user.api.get(url + "&sort=app_name"), 422)
    expect(user.api.get(url + "&category=other"), 422)
    assert expect(other.api.get(url), 200) == []
