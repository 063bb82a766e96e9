"""Users who write during a fault of the database, and the count of acknowledged writes."""

import threading
import time
import uuid

import httpx

from .client import Account
from .processes import SLOWNESS


class Load:
    """Users who record one minute repeatedly; each record is sent again until it is acknowledged."""

    def __init__(self, users: list[Account]) -> None:
        self.acknowledged = {user.id: 0 for user in users}
        self.last = time.monotonic()  # time of the last acknowledgement
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=(user,)) for user in users]
        for thread in self._threads:
            thread.start()

    def _work(self, user: Account) -> None:
        while not self._stop.is_set():
            key = uuid.uuid4().hex
            for _ in range(int(600 * SLOWNESS)):
                try:
                    answer = user.api.post("/api/activities", json={"app_name": "Mail", "duration_minutes": 1}, headers={"Idempotency-Key": key})
                except httpx.TransportError:
                    continue
                if answer.status_code == 201:
                    self.acknowledged[user.id] += 1
                    self.last = time.monotonic()
                    break
                assert answer.status_code == 503, answer.text
                time.sleep(0.05)

    @property
    def total(self) -> int:
        return sum(self.acknowledged.values())

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def check(load: Load, query) -> None:
    """Rows and sums contain exactly the acknowledged records."""
    for user, count in load.acknowledged.items():
        assert [int(row[0]) for row in query(f"SELECT COUNT(*) FROM activities WHERE user_id = {user}")] == [count]
        for table in ("usage_days", "usage_totals"):
            assert [int(float(row[0])) for row in query(f"SELECT SUM(total_ms) FROM {table} WHERE user_id = {user}")] == [60_000 * count], table
