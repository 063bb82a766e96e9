"""Child processes that never outlive the test run, and waiting with a deadline instead of sleeping."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Sanitized and instrumented binaries are slow; this factor extends all deadlines.
SLOWNESS = float(os.environ.get("FOCUS_TEST_SLOWNESS", "1"))

_libc = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def spawn(command: list[str], **options) -> subprocess.Popen:
    """Starts a process that the kernel kills at any end of this one."""
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_die_with_parent, **options)


def stop(process: subprocess.Popen, patience: float = 15) -> int:
    """Sends SIGTERM, then SIGKILL if the process does not end; returns the exit status."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience * SLOWNESS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(check: Callable[[], T], what: str, seconds: float = 20) -> T:
    """Calls `check` until it returns a true value; fails with `what` in the message at the deadline."""
    deadline = time.monotonic() + seconds * SLOWNESS
    pause = 0.005
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds * SLOWNESS:.0f} s in vain for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
