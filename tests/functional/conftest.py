"""Fails a run of all functional tests when none of them called an operation of the OpenAPI document, or none got a problem
that the document names for an operation."""

import pytest
from support import contract

_SETS = ("published", "called", "declared", "occurred")


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["contract"] = {name: sorted(getattr(contract, name)) for name in _SETS}
    elif _is_whole_run(session.config) and session.exitstatus == pytest.ExitCode.OK and (contract.never_called() or contract.never_occurred()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error) -> None:
    for name, seen in getattr(node, "workeroutput", {}).get("contract", {}).items():
        getattr(contract, name).update(seen)


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    if not _is_whole_run(config):
        return
    for title, missing in (("operations that no test called", contract.never_called()), ("problems that no test met", contract.never_occurred())):
        if missing:
            terminalreporter.section(title)
            terminalreporter.write_line("\n".join(missing))


def _is_whole_run(config: pytest.Config) -> bool:
    return not config.option.keyword and not config.option.collectonly and all(str(arg).rstrip("/").endswith("functional") for arg in config.args)
