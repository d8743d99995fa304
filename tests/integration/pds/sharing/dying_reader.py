"""A process that reads one record and kills itself at a named point; run by the fault tests."""

import os
import signal
import sys
from uuid import UUID

from pds.access_log import entries
from pds.access_log.entries import Purpose
from pds.people import service as people
from pds.settings import read_settings
from pds.sharing import enforcement
from pds.sharing.enforcement import Asking
from pds.startup import open_node


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(point: str, learner: str, record: str) -> None:
    settings = read_settings(os.environ)
    node = open_node(settings, settings.database_url)
    if point == "before-entry":
        entries.write = lambda *_: die()
    with node.database.session() as session:
        viewer = people.viewer_for(session, UUID(learner))
        assert viewer is not None
        asking = Asking(viewer, Purpose.LOOK_BACK, node.clock(), "dying")
        answer = enforcement.read_record(session, node, asking, UUID(learner), UUID(record))
        if point == "after-entry":
            die()
        session.commit()
    if point == "after-commit":
        die()
    print("answered", type(answer).__name__, flush=True)


main(*sys.argv[1:])
