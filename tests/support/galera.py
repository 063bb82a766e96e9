"""Two nodes of a Galera cluster on the loopback.

The second node starts on a copy of the first one's data, so that no state transfer is needed; a restarted node
gets what it has missed from the other node's cache.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from .engines import TOP, MariaDb
from .processes import SLOWNESS, eventually, free_port
from .server import base_environment

PROVIDER = Path("/usr/lib/galera/libgalera_smm.so")
# Galera ends the process when it cannot set the scheduling of its threads, which containers often forbid.
_SHIM = "int pthread_setschedparam(unsigned long thread, int policy, const void *param) { return 0; }\n"


def _shim() -> Path:
    library = TOP / "build" / "test-cache" / "no-scheduling.so"
    if not library.exists():
        with tempfile.TemporaryDirectory(dir=library.parent) as folder:
            source = Path(folder) / "shim.c"
            source.write_text(_SHIM)
            subprocess.run(["gcc", "-shared", "-fPIC", "-fno-builtin", "-o", f"{folder}/shim.so", source], check=True, capture_output=True)
            Path(folder, "shim.so").rename(library)
    return library


class GaleraNode(MariaDb):
    """One node. It is a server without a cluster until bootstrap() or join()."""

    def __init__(self) -> None:
        self.group, self._transfer = free_port(), free_port()
        super().__init__()

    def environment(self) -> dict[str, str]:
        if not self.options:
            return super().environment()
        scripts = Path(__file__).parent / "bin"  # the state transfer
        return base_environment() | {"LD_PRELOAD": str(_shim()), "PATH": f"{scripts}:{os.environ['PATH']}"}

    def _set_up(self, members: str) -> None:
        options = {"gmcast.listen_addr": f"tcp://127.0.0.1:{self.group}", "ist.recv_addr": f"127.0.0.1:{self._transfer}",
                   "evs.keepalive_period": "PT1S", "evs.suspect_timeout": f"PT{int(10 * SLOWNESS)}S",
                   "evs.inactive_timeout": f"PT{int(30 * SLOWNESS)}S", "evs.inactive_check_period": "PT1S", "gcache.size": "64M",
                   "pc.announce_timeout": "PT1S"}  # fmt: skip
        self.options = ["--wsrep-on=ON", f"--wsrep-provider={PROVIDER}", f"--wsrep-cluster-address=gcomm://{members}",
                         f"--wsrep-node-address=127.0.0.1:{self.group}", "--wsrep-sst-method=ist", "--wsrep-sst-receive-address=127.0.0.1", "--binlog-format=ROW",
                         "--innodb-autoinc-lock-mode=2", "--wsrep-provider-options=" + ";".join(f"{k}={v}" for k, v in options.items())]  # fmt: skip

    def bootstrap(self) -> None:
        """Restarts the node on the same port as the first node of a cluster."""
        self._set_up("")
        state = self.folder / "data" / "grastate.dat"
        if state.exists():
            state.write_text(state.read_text().replace("safe_to_bootstrap: 0", "safe_to_bootstrap: 1"))
        self.start(self.port)

    def join(self, other: "GaleraNode") -> None:
        self._set_up(f"127.0.0.1:{other.group}")
        self.start(self.port)
        eventually(lambda: self.status("wsrep_local_state_comment") == "Synced", f"the node to be synced (see {self.folder}/log)", 60)

    def status(self, name: str) -> str:
        found = self.query(f"SHOW STATUS LIKE '{name}'")
        return found[0][1] if found else ""


class GaleraCluster:
    def __init__(self) -> None:
        self.first, self.second = GaleraNode(), GaleraNode()
        self.first.query("CREATE USER haproxy@'%'")
        self.first.stop()
        self.first.bootstrap()
        self.first.stop()
        self.second.stop()
        shutil.rmtree(self.second.folder / "data")
        shutil.copytree(self.first.folder / "data", self.second.folder / "data")
        for own in ("gvwstate.dat", "galera.cache"):
            (self.second.folder / "data" / own).unlink(missing_ok=True)
        self.first.bootstrap()
        self.second.join(self.first)

    def close(self) -> None:
        self.second.close()
        self.first.close()
