"""An older backup brings back neither a withdrawn grant nor what it opened."""

from dataclasses import replace
from pathlib import Path

from consent.vocabulary import Category, GrantState
from pds.sharing import grants
from pds.sharing.enforcement import Refused
from pds.sharing.grants import GrantView
from tests.integration.conftest import NOW, Address, Cluster
from tests.integration.pds.sharing.test_sharing_races import pull_page, revoke
from tests.integration.pds.sharing.town import Town
from tests.integration.test_restore_drill import back_up, bring_back
from trust.keyring import FileKeyring


def test_a_grant_withdrawn_after_the_backup_stays_dead_when_it_comes_back(
    cluster: Cluster, town_address: Address, town: Town, tmp_path: Path
) -> None:
    family = town.family()
    town.record(family.child, Category.REPORT)
    withdrawn, kept = town.granted(family), town.granted(family)
    back_up(town_address, tmp_path / "backup")
    assert isinstance(revoke(town.node, family.mother, withdrawn), GrantView)

    town.world.session.close()
    town.world.accounts.close()
    town.node.database.close()
    town.jobs.database.close()
    bring_back(cluster, town_address, tmp_path / "backup")
    keyring = FileKeyring.open(town.node.settings.keyring, town.node.node_id)
    node, jobs = replace(town.node, keyring=keyring), replace(town.jobs, keyring=keyring)

    assert isinstance(pull_page(node, withdrawn, None), Refused), "before anything was taken up again"
    with jobs.database.session() as session:
        assert grants.replay_journal(session, jobs, NOW) == 1
        session.commit()
    with town.web() as session:
        for basis, state in ((withdrawn, GrantState.REVOKED), (kept, GrantState.ACTIVE)):
            seen = grants.look(session, node, town.asking(family.mother), family.child, basis.id)
            assert isinstance(seen, GrantView)
            assert seen.state is state
    assert isinstance(pull_page(node, withdrawn, None), Refused)
    assert not isinstance(pull_page(node, kept, None), Refused)
    keyring.close()
