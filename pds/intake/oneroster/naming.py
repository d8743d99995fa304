"""What a row of users.csv says a person is called, in the roster and in daily use."""

from pds.intake.oneroster.forms import Values
from pds.people.details import Name
from pds.people.identity import Named


def named(values: Values) -> Named:
    """Return by what a row of users.csv names its person: sourcedId, and the master identifier if it has one."""
    return Named(values["sourcedId"], values.get("userMasterIdentifier", ""))


def name_of(values: Values) -> Name:
    """Return a name as the profile spells it; the one in daily use only where it differs from the registered one."""
    family: str = values["familyName"]
    given: str = values["givenName"]
    family_kana = values.get("metadata.jp.kanaFamilyName", "")
    given_kana = values.get("metadata.jp.kanaGivenName", "")
    daily_family: str = values.get("preferredFamilyName", family)
    daily_given: str = values.get("preferredGivenName", given)
    differs = (daily_family, daily_given) != (family, given)
    return Name(
        family, given, family_kana, given_kana, values.get("middleName", ""),
        daily_family if differs else "", daily_given if differs else "",
        values.get("metadata.jp.kanaPreferredFamilyName", "") if differs else "",
        values.get("metadata.jp.kanaPreferredGivenName", "") if differs else "",
    )  # fmt: skip


def office_name(values: Values) -> tuple[str, str]:
    """Return name and reading of somebody in office: the name in daily use, as the school uses it."""
    name = name_of(values)
    if name.preferred_family or name.preferred_given:
        shown = (name.preferred_family, name.preferred_given)
        kana = (name.preferred_family_kana, name.preferred_given_kana)
    else:
        shown, kana = (name.family, name.given), (name.family_kana, name.given_kana)
    return " ".join(part for part in shown if part), " ".join(part for part in kana if part)
