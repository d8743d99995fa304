"""The committed page of the rules says what the policy data say."""

from pathlib import Path

import manabi
from consent.policy.loader import shipped_policy
from consent.verdict import DenialCode
from consent.vocabulary import Basis, Category, Duty, Move, PurposeCode
from consent.wording import label
from manabi.rules_doc import RULES_FILE, render_rules
from web.ruby import strip_readings

TOP = Path(manabi.__file__).parents[1]


def test_the_committed_rules_are_those_of_the_policy() -> None:
    committed = (TOP / RULES_FILE).read_text(encoding="utf-8")
    assert committed == render_rules(shipped_policy()), "the rules changed: run `manabi specs` and read the difference"


def test_the_page_names_every_category_basis_refusal_and_source() -> None:
    page = render_rules(shipped_policy())
    for member in (*Category, *Basis, *Duty, *Move, *PurposeCode):
        assert strip_readings(label(member).ja) in page
    for code in DenialCode:
        assert f"`{code}`" in page
    for source in shipped_policy().citations.values():
        assert source.ja in page
    assert "《" not in page
