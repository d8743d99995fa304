"""What every request and every job of a node works with."""

from dataclasses import dataclass

from consent.policy.model import Policy
from pds.settings import NodeSettings
from trust.keyring import Keyring
from web.clock import Clock
from web.database import Database


@dataclass(frozen=True, slots=True)
class Node:
    """One process's grip on the node: settings, a database role, the keyring, the policy in force, and the clock."""

    settings: NodeSettings
    database: Database
    keyring: Keyring
    policy: Policy
    clock: Clock

    @property
    def node_id(self) -> str:
        """The name that seals, signatures and log entries are bound to."""
        return self.settings.node_id
