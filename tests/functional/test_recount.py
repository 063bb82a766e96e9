"""focus recount: every wrong sum is found and corrected, also while a server runs."""

import pytest
from support.client import expect

from .test_backup import Writers

# Statements that make sums wrong, and the tables that the report then names. `{ada}` is the id of an account.
SPOILT = {
    "UPDATE usage_days SET total_ms = total_ms + 7 WHERE user_id = {ada}": {"usage_days"},
    "DELETE FROM usage_days WHERE user_id = {ada}": {"usage_days"},
    "UPDATE usage_apps SET sessions = sessions + 1, total_ms = 3 WHERE user_id = {ada}": {"usage_apps"},
    "DELETE FROM usage_totals WHERE user_id = {ada}": {"usage_totals"},
    "INSERT INTO usage_totals (user_id, app_key, app_package, app_category, device_type, app_name, total_ms, sessions) "
    "VALUES ({ada}, 'ghost', '', 'other', '', 'Ghost', 5, 1)": {"usage_totals"},
    "UPDATE usage_hours SET total_ms = 1": {"usage_hours"},
    "DELETE FROM service_days": {"service_days"},
    "UPDATE service_days SET users = users + 3": {"service_days"},
    "UPDATE service_apps SET activities = 0, total_ms = -4": {"service_apps"},
    "DELETE FROM user_totals": {"user_totals"},
    "DELETE FROM last_uses": {"last_uses", "last_use_days"},
    "UPDATE last_use_days SET users = 9": {"last_use_days"},
    "DELETE FROM counters": {"counters"},
    "UPDATE counters SET value = value + 1 WHERE name = 'users.joined'": {"counters"},
    "UPDATE counters SET value = 0 WHERE name = 'users.active'": {"counters"},
    "DELETE FROM audit_days": {"audit_days"},
    "DELETE FROM audit_users": {"audit_users", "audit_last_days"},
    "UPDATE audit_last_days SET users = 77": {"audit_last_days"},
    "UPDATE challenge_scores SET used_ms = 1, sessions = 0": {"challenge_scores"},
    "DELETE FROM challenge_scores": {"challenge_scores"},
    "UPDATE challenge_members SET score_ms = -1": {"challenge_members"},
    "UPDATE challenges SET participants_count = 5": {"challenges"},
}
TABLES = ["usage_apps", "usage_totals", "usage_days", "usage_hours", "service_days", "service_apps", "user_totals", "last_uses", "last_use_days",
          "counters", "audit_days", "audit_users", "audit_last_days", "challenges", "challenge_members", "challenge_scores"]  # fmt: skip


def differing(report: str) -> dict[str, int]:
    """Keys that differ, by table."""
    lines = [line.split() for line in report.splitlines() if not line.startswith(" ")]
    return {words[0]: int(words[1]) for words in lines if len(words) == 2 and words[1].isdigit() and words[1] != "0"}


QUERIES = {
    "counters": "SELECT name, SUM(value) FROM counters GROUP BY name HAVING SUM(value) <> 0",
    "challenges": "SELECT id, participants_count FROM challenges",
    "last_uses": "SELECT * FROM last_uses WHERE app_key <> 'once'",  # its activity is deleted, so its day cannot be computed
    "last_use_days": "SELECT * FROM last_use_days WHERE users <> 0 AND app_key <> 'once'",
    "audit_last_days": "SELECT * FROM audit_last_days WHERE users <> 0",
} | {table: f"SELECT * FROM {table} WHERE activities <> 0" for table in ("service_days", "service_apps", "user_totals")}


def contents(database) -> dict[str, list]:
    """All sums, without empty rows."""
    return {table: sorted(database.query(QUERIES.get(table, f"SELECT * FROM {table}"))) for table in TABLES}


@pytest.fixture
def stopped(make_server, db):
    """A stopped server with rows of every kind, whose sums are folded; and Ada's id."""
    server = make_server(db).start()
    ada, bob = server.new_account(), server.new_account()
    for person in (ada, bob):
        person.record("Chess", 12.5, start_time="2026-03-01T10:00:00Z", end_time="2026-03-01T11:30:00Z", app_category="games")
        person.record("Maps", 3, app_package="org.maps", device_type="phone", activity_date="2026-03-02")
        person.record("Maps", 4, app_package="org.maps", activity_date="2026-03-03")
    expect(ada.api.post("/api/blocked", json={"app_name": "Chess", "daily_limit_minutes": 5}), 201)
    today = ada.daily()["date"]
    challenge = expect(ada.api.post("/api/challenges", json={"name": "Less chess", "target_apps": "Chess", "start_date": today, "end_date": today}), 201)
    expect(bob.api.post(f"/api/challenges/{challenge['id']}/join", json={}), 200)
    ada.record("Chess", 2)
    doomed = ada.record("Once", 1, activity_date="2026-03-04")
    expect(ada.api.delete(f"/api/activities/{doomed['id']}"), 200)  # its day stays the last one, which is no error
    expect(server.new_account().api.delete("/api/users/me"), 200)
    server.terminate()
    # Entries are counted only from a certain age.
    server.database.query("UPDATE audit_counted SET seen_id = (SELECT MAX(id) FROM audit_log), seen_at_ms = 0")
    for job in ("usage_sums", "audit_summary"):
        assert server.command("job", "run", job).returncode == 0
    server.ada = ada.id
    return server


def test_nothing_differs_by_itself(stopped):
    answer = stopped.command("recount")
    assert (answer.returncode, differing(answer.stdout)) == (0, {}), answer.stdout
    assert answer.stdout.endswith("nothing differed\n")
    assert {line.split()[0] for line in answer.stdout.splitlines()[1:-1]} == set(TABLES)


def test_each_sum(stopped):
    right = contents(stopped.database)
    for sql, tables in SPOILT.items():
        stopped.database.query(sql.format(ada=stopped.ada))
        spoilt = contents(stopped.database)
        dry = stopped.command("recount", "--dry-run")
        assert (dry.returncode, tables <= set(differing(dry.stdout))) == (1, True), f"{sql}\n{dry.stdout}{dry.stderr}"
        assert contents(stopped.database) == spoilt, sql
        done = stopped.command("recount")
        assert (done.returncode, tables <= set(differing(done.stdout))) == (1, True), f"{sql}\n{done.stdout}{done.stderr}"
        assert contents(stopped.database) == right, sql
        again = stopped.command("recount")
        assert again.returncode == 0, f"{sql}\n{again.stdout}"


def test_examples_say_what_was_stored(stopped):
    stopped.database.query(f"UPDATE usage_days SET total_ms = total_ms + 7 WHERE user_id = {stopped.ada} AND day = '2026-03-01'")
    report = stopped.command("recount", "--dry-run").stdout
    assert f"  user {stopped.ada}, 2026-03-01: 750007 ms in 1 stored, 750000 ms in 1 counted\n" in report
    assert "sums differ; nothing was written" in report


def test_while_clients_write(make_server, db):
    """Concurrent writes are neither reported as differences nor repaired twice."""
    server = make_server(db).start()
    accounts = [server.new_account() for _ in range(4)]
    for account in accounts:
        account.record("App 0", 1.5, activity_date="2026-03-01")
    writers = Writers(server, accounts)
    try:
        for _ in range(3):
            writers.wait_for(10)
            clean = server.command("recount")
            assert clean.returncode == 0, clean.stdout
        for account in accounts:
            server.database.query(f"UPDATE usage_totals SET total_ms = total_ms + 1000 WHERE user_id = {account.id} AND app_key = 'app 0'")
        writers.wait_for(10)
        repaired = server.command("recount")
        assert (repaired.returncode, differing(repaired.stdout)) == (1, {"usage_totals": 4}), repaired.stdout
        writers.wait_for(10)
    finally:
        writers.stop()
    assert server.command("recount").returncode == 0
    ((total, count),) = server.database.query("SELECT SUM(total_ms), SUM(sessions) FROM usage_totals")
    assert int(count) == len(writers.acknowledged) + len(accounts)
    assert int(total) == int(count) * 90_000


def test_what_cannot_be_counted(make_server, tmp_path):
    server = make_server()
    answer = server.command("recount")
    assert (answer.returncode, answer.stderr) == (2, f"focus: there is no database {server.database.path}\n")
    server.database.query("CREATE TABLE anything (id INTEGER)")
    answer = server.command("recount")
    assert (answer.returncode, answer.stderr) == (1, "focus: the database's schema is not up to date: run `focus migrate` first\n")
