"""What every request and every job of a server of the national count works with."""

from dataclasses import dataclass

from aggregator.settings import AggregatorSettings, Role
from trust.keyring import Keyring
from trust.participants import KeyUse
from trust.signing import SigningKey
from web.clock import Clock
from web.database import Database

__all__ = ["Aggregator", "Role"]


@dataclass(frozen=True, slots=True)
class Aggregator:
    """One process's grip on a server: settings, a database role, the keyring, the clock, and which server it is."""

    settings: AggregatorSettings
    database: Database
    keyring: Keyring
    clock: Clock
    role: Role

    @property
    def node_id(self) -> str:
        """The server's name in the participant registry."""
        return self.settings.aggregator_id

    @property
    def key(self) -> SigningKey:
        """The key that everything this server states is signed with."""
        return self.keyring.signing_key(KeyUse.NODE.value)
