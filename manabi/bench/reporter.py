"""The process whose time and memory `bench report` measures: from sealed records to a submission that could be sent.

Everything a look at a round does in earnest, but for the two calls over the network: every record is opened and its
signature checked, the noise is drawn, the halves are sealed and signed, and all of it is durable.
"""

import json
import os
import resource
import time
from datetime import timedelta
from uuid import uuid4

from aggregator.plans.shipped import shipped_plan
from aggregator.privacy.mechanisms import discrete_gaussian
from aggregator.protocol.statements import Opening, RoundKind
from aggregator.reporter.report import Sender, build
from manabi.node import jobs_node
from pds.settings import read_settings
from pds.statistics.keeping import NodeStore
from pds.statistics.reading import NodeRecords
from trust.envelopes import SealingKey
from trust.registry import KeyUse


def main() -> None:
    """Make one report and print seconds and peak memory (bytes) as JSON."""
    plan = shipped_plan("absence-2025")
    with jobs_node(read_settings(os.environ)) as node:
        now = node.clock()
        round_id = str(uuid4())
        opening = Opening(
            round_id, plan.digest, RoundKind.MAIN, plan.leader, plan.helper, now, now + timedelta(days=1), bytes(32),
            bytes(32), (node.node_id,),
        )  # fmt: skip
        signing = node.keyring.signing_key(KeyUse.NODE.value)
        keys = SealingKey.generate().public(), SealingKey.generate().public()
        store, records = NodeStore(node), NodeRecords(node)
        store.see(plan, signing.sign(plan.to_bytes(), typ="manabi-plan+jws"), opening, "collecting", now)
        begun = time.monotonic()
        with records.read(plan) as reading:
            prepared = build(
                plan, reading.facts(), reading.areas, sender=Sender(round_id, node.node_id, 1, signing, *keys),
                noise=discrete_gaussian, kept=None, random=os.urandom,
            )  # fmt: skip
            digest = reading.digest
        store.keep(prepared, plan, digest, now)
        seconds = time.monotonic() - begun
        begun = time.monotonic()
        same = records.digest(plan) == digest
        again = time.monotonic() - begun
        sent = sum(len(prepared.header) + len(half) for half in (prepared.leader_envelope, prepared.helper_envelope))
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = {
        "seconds": seconds, "again": again, "same": same, "peak": used.ru_maxrss * 1024, "sent": sent,
        "cpu": used.ru_utime + used.ru_stime, "round": round_id,
    }  # fmt: skip
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
