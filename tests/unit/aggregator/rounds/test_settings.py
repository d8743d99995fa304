"""The settings of a server: every fault is named at once."""

import pytest

from aggregator.settings import VARIABLES, Role, read_settings
from web.settings import SettingsRefused

GOOD = {
    "MANABI_AGGREGATOR_ID": "leader.demo", "MANABI_AGGREGATOR_ROLE": "leader", "MANABI_OPERATOR": "o",
    "MANABI_CONTACT": "c", "MANABI_PUBLIC_URL": "http://localhost:8402", "MANABI_DATABASE_URL": "d",
    "MANABI_JOBS_DATABASE_URL": "j", "MANABI_KEYRING": "k", "MANABI_BROKER_URL": "memory://",
}  # fmt: skip


def test_settings_are_read_into_one_frozen_object() -> None:
    settings = read_settings(GOOD)
    assert (settings.role, settings.aggregator_id) == (Role.LEADER, "leader.demo")
    assert settings.registrar_key is None
    assert not settings.synthetic


def test_every_fault_is_named_at_once() -> None:
    bad = {"MANABI_AGGREGATOR_ROLE": "judge", "MANABI_AGGREGATOR_ID": "Ä", "MANABI_POOL": "99"}
    with pytest.raises(SettingsRefused) as refused:
        read_settings(bad)
    told = str(refused.value)
    required = [one.name for one in VARIABLES if one.default is None]
    assert all(name in told for name in (*bad, *required))
