"""Fails a run of all functional tests when an operation of the OpenAPI document was never called by any of them."""

import pytest
from support import contract


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["operations"] = (sorted(contract.published), sorted(contract.called))
    elif _is_whole_run(session.config) and session.exitstatus == pytest.ExitCode.OK and _never_called():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error) -> None:
    published, called = getattr(node, "workeroutput", {}).get("operations", ((), ()))
    contract.published.update(published)
    contract.called.update(called)


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    if _is_whole_run(config) and _never_called():
        terminalreporter.section("operations that no test called")
        terminalreporter.write_line(", ".join(_never_called()))


def _is_whole_run(config: pytest.Config) -> bool:
    return not config.option.keyword and not config.option.collectonly and all(str(arg).rstrip("/").endswith("functional") for arg in config.args)


def _never_called() -> list[str]:
    return sorted(contract.published - contract.called)
