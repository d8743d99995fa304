"""How much processor time a process and everything below it, or the whole machine, have used, as Linux counts it."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PARENT, _USER, _SYSTEM, _WAITED_USER, _WAITED_SYSTEM = 1, 11, 12, 13, 14  # fields after the name, proc_pid_stat(5)

_BUSY = (1, 2, 3, 6, 7, 8)  # words of the line "cpu", proc_stat(5): all but idle, waiting, and guests counted already


def machine_seconds() -> float:
    """Return the seconds that all cores together have been busy, for whomever; also those another machine took."""
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return sum(int(words[at]) for at in _BUSY) / _TICKS_PER_SECOND


def used_seconds(roots: Iterable[int]) -> float:
    """Return the seconds used by the processes of these ids and all their descendants, ended ones included.

    An ended process is counted by the one that waited for it. Resolution: a clock tick, mostly 10 ms per process.
    """
    fields = dict(_processes())
    below: dict[int, list[int]] = defaultdict(list)
    for pid, values in fields.items():
        below[int(values[_PARENT])].append(pid)
    ticks, waiting = 0, list(roots)
    while waiting:
        pid = waiting.pop()
        if pid in fields:
            ticks += sum(int(fields[pid][at]) for at in (_USER, _SYSTEM, _WAITED_USER, _WAITED_SYSTEM))
            waiting += below[pid]
    return ticks / _TICKS_PER_SECOND


def _processes() -> Iterable[tuple[int, list[str]]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                yield int(folder.name), (folder / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue  # ended meanwhile
