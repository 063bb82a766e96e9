"""Fixtures of every kind of test against the real binary (see support/fixtures.py)."""

pytest_plugins = ["support.fixtures"]
