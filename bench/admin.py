"""What the numbers over all users cost: a database with many users and activities, each statistics route cold and warm.

Wanted: with 10^6 users and 10^7 activities at most 500 ms cold and 50 ms after the first call.
    ./dev bench admin --users 1000000 --activities 10000000 --databases sqlite,mysql
Rows are written past the server, roll-ups from them by the same statements that the migration uses. Cold is the first call of
a server that has just started (MariaDB too); times are the server's own (X-Process-Time).
"""

import argparse
import contextlib
import datetime
import json
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.engines import TOP, MariaDb, SqliteDatabase  # noqa: E402
from support.mail import MailSink  # noqa: E402
from support.processes import eventually  # noqa: E402
from support.server import Server  # noqa: E402

DAYS, APPS = 90, 500
MEMORY = "6G"  # of MariaDB
ROUTES = ["/stats/overview", "/stats/users-growth?days=30", "/stats/app-usage?days=7&limit=20", "/stats/app-usage?days=90&limit=100",
          "/logs/stats?days=7", "/logs/stats?days=90", "/logs?limit=50", "/logs?level=warning", "/users?limit=50"]  # fmt: skip


def numbers(sql: dict, count: int) -> str:
    """A table expression with n from 0 to count - 1."""
    return sql["numbers"].format(count=count)


SQLITE = {
    "numbers": "(WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {count}) SELECT n FROM s) AS s",
    "day": "date(({ms}) / 1000, 'unixepoch')",
    "mod": "%",
    "div": "/",
    "cat": "'{a}' || {b}",
}
MYSQL = {
    "numbers": "(SELECT seq AS n FROM seq_0_to_{count}) AS s",
    "day": "DATE_FORMAT(DATE_ADD('1970-01-01', INTERVAL FLOOR(({ms}) / 86400000) DAY), '%Y-%m-%d')",
    "mod": "%",
    "div": "DIV",
    "cat": "CONCAT('{a}', {b})",
}


def fill_statements(sql: dict, users: int, activities: int, now_ms: int) -> list[str]:
    """Users spread over two years, activities over the last 90 days, an audit entry for each, a limit for every third user."""
    day_ms = 86_400_000
    user = f"10 + (s.n * 7919) {sql['mod']} {users}"
    back = f"(s.n {sql['mod']} {DAYS})"
    at = f"{now_ms} - {back} * {day_ms} - 1000"
    app = f"((s.n * 31 + s.n {sql['div']} 7) {sql['mod']} {APPS})"
    name = sql["cat"].format(a="app ", b=app)
    joined = f"{now_ms} - (s.n {sql['mod']} 730) * {day_ms}"
    number = lambda text: sql["cat"].format(a=text, b="s.n")  # noqa: E731
    users_table = numbers(sql, users if sql is SQLITE else users - 1)
    activity_table = numbers(sql, activities if sql is SQLITE else activities - 1)
    day = sql["day"].format(ms=at)
    return [
        "INSERT INTO users (id, email, email_key, username, username_key, is_active, is_verified, created_at_ms, updated_at_ms, last_login_ms) "
        f"SELECT 10 + s.n, {number('u')}, {number('u')}, {number('u')}, {number('u')}, s.n {sql['mod']} 20 > 0, s.n {sql['mod']} 10 > 0, {joined}, {joined}, {joined} FROM {users_table}",
        "INSERT INTO activities (user_id, app_name, app_key, app_category, duration_ms, activity_date, timezone, created_at_ms, updated_at_ms) "
        f"SELECT {user}, {name}, {name}, 'social', 60000 * (1 + s.n {sql['mod']} 60), {day}, 'UTC', {at}, {at} FROM {activity_table}",
        "INSERT INTO usage_apps SELECT user_id, activity_date, app_key, '', app_category, '', MAX(app_name), SUM(duration_ms), COUNT(*) FROM activities "
        "GROUP BY user_id, activity_date, app_key, app_category",
        "INSERT INTO usage_days SELECT user_id, day, SUM(total_ms), SUM(sessions) FROM usage_apps GROUP BY user_id, day",
        "INSERT INTO blocked_apps (user_id, app_name, app_key, identity, limit_ms, is_active, notify_at, schedules, created_at_ms, updated_at_ms) "
        f"SELECT id, 'app 1', 'app 1', 'n:app 1', 600000, 1, 80, '[]', created_at_ms, created_at_ms FROM users WHERE id >= 10 AND id {sql['mod']} 3 = 0",
        "INSERT INTO limit_states (user_id, version, timezone) SELECT user_id, 1, 'UTC' FROM blocked_apps",
        "INSERT INTO limit_events SELECT b.user_id, b.id, d.day, 0, 'limit', " f"{now_ms} FROM blocked_apps b JOIN usage_days d ON d.user_id = b.user_id AND d.day = {sql['day'].format(ms=now_ms)}",
        "INSERT INTO audit_log (level, action, message, details, user_id, endpoint, resource_type, resource_id, created_at_ms) SELECT "
        f"CASE WHEN s.n {sql['mod']} 1000 = 0 THEN 'warning' ELSE 'info' END, CASE WHEN s.n {sql['mod']} 50 = 0 THEN 'login' ELSE 'activity_created' END, 'Activity recorded', '{{}}', {user}, "
        f"'POST /api/activities', 'activity', s.n, {at} FROM {activity_table}",
    ]


def roll_up_statements(kind: str) -> list[str]:
    """What the migrations put into the sums for rows that were there before them."""
    text = (TOP / f"migrations/{kind}/0013_service_statistics.sql").read_text()
    text = "\n".join(line.split("--")[0] for line in text.splitlines())
    made = [statement.strip() for statement in text.split(";")]
    names = ("counters", "service_days", "service_apps", "user_totals", "last_uses", "last_use_days")
    fills = [statement for statement in made if statement.startswith(tuple(f"INSERT INTO {name}" for name in names))]
    return [f"DELETE FROM {name}" for name in names] + fills


def fill_sqlite(path: Path, statements: list[str]) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -500000")
        for statement in statements:
            begun = time.monotonic()
            connection.execute(statement)
            connection.commit()
            print(f"  {time.monotonic() - begun:6.1f} s  {statement[:80]}", flush=True)
        connection.execute("ANALYZE")
        connection.commit()


def fill_mysql(database, statements: list[str]) -> None:
    for statement in statements:
        begun = time.monotonic()
        database.query("SET SESSION unique_checks = 0, foreign_key_checks = 0, transaction_isolation = 'READ-COMMITTED'; " + statement)
        print(f"  {time.monotonic() - begun:6.1f} s  {statement[:80]}", flush=True)


def count_the_trail(database) -> None:
    """The job counts entries once they have been there for 30 s."""
    [[last]] = database.query("SELECT MAX(id) FROM audit_log")
    eventually(lambda: int(database.query("SELECT counted_id FROM audit_counted")[0][0]) >= int(last), "the count of the audit trail", 1800)


def measure(kind: str, server: Server, restart, admin, calls: int) -> list[dict]:
    rows = []
    for route in ROUTES:
        restart()
        client = server.client(token=admin.login()["access_token"], checked=False)
        times = []
        for _ in range(calls + 1):
            answer = client.get("/api/admin" + route)
            assert answer.status_code == 200, answer.text
            times.append(float(answer.headers["x-process-time"]) * 1000)
        rows.append({"database": kind, "route": route, "cold_ms": times[0], "warm_ms": statistics.median(times[1:]), "worst_warm_ms": max(times[1:])})
        print(f"  {route:36} cold {times[0]:8.1f} ms   then {rows[-1]['warm_ms']:8.2f} ms (worst {rows[-1]['worst_warm_ms']:.2f})", flush=True)
    return rows


def run(kind: str, stack: contextlib.ExitStack, options) -> list[dict]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="focus-bench-", dir=options.folder)))
    mail = stack.enter_context(contextlib.closing(MailSink()))
    engine = None
    if kind == "mysql":
        engine = stack.enter_context(contextlib.closing(MariaDb(memory=MEMORY)))
        database = engine.database()
    else:
        database = SqliteDatabase(folder)
    server = stack.enter_context(contextlib.closing(Server(database, mail, LOG_LEVEL="warning", ACCESS_TOKEN_EXPIRE_MINUTES="600")))
    server.start()
    admin = server.new_admin()
    server.terminate()
    print(f"{kind}: {options.users:,} users, {options.activities:,} activities", flush=True)
    now_ms = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
    statements = fill_statements(SQLITE if kind == "sqlite" else MYSQL, options.users, options.activities, now_ms) + roll_up_statements(kind)
    if kind == "sqlite":
        fill_sqlite(database.path, statements)
    else:
        fill_mysql(database, statements)
    server.start()
    admin.anonymous = server.client(checked=False)
    count_the_trail(database)

    def restart() -> None:
        server.terminate()
        if engine:
            engine.stop()
            engine.start(engine.port)
        server.start()
        admin.anonymous = server.client(checked=False)

    return measure(kind, server, restart, admin, options.calls)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--users", type=int, default=1_000_000)
    parser.add_argument("--activities", type=int, default=10_000_000)
    parser.add_argument("--databases", default="sqlite,mysql")
    parser.add_argument("--calls", type=int, default=20)
    parser.add_argument("--folder", help="where the databases are made")
    options = parser.parse_args()
    rows = []
    for kind in options.databases.split(","):
        with contextlib.ExitStack() as stack:
            rows += run(kind, stack, options)
    result = TOP / "build/bench/admin.json"
    result.parent.mkdir(parents=True, exist_ok=True)
    result.write_text(json.dumps({"options": vars(options), "results": rows}, indent=1) + "\n")
    print(f"written to {result.relative_to(TOP)}")


if __name__ == "__main__":
    main()
