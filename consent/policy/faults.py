"""What can be wrong with a policy file: each fault names the place, the value and the remedy."""

from trust.errors import N_, ManabiError


class PolicyFault(ManabiError):
    """A policy file that cannot be used. The node does not start with it."""

    code = "consent.policy_fault"
    status = 500
    title = N_("A policy file cannot be used (%(place)s).")
    remedy = N_("Compare the file with its JSON Schema in api_specs/policy and correct it.")


class PolicyUnreadable(PolicyFault):
    """The file is missing, is not UTF-8 or is not JSON."""

    code = "consent.policy_unreadable"
    title = N_("The policy file %(place)s cannot be read: %(value)s.")
    remedy = N_("Put the file back, as JSON in UTF-8.")


class PolicyShapeWrong(PolicyFault):
    """A value of the wrong kind."""

    code = "consent.policy_shape_wrong"
    title = N_("%(place)s is “%(value)s”, expected %(expected)s.")
    remedy = N_("Replace the value at that place.")


class PolicyNameUnknown(PolicyFault):
    """A category, relation, basis or field name that the vocabulary does not have."""

    code = "consent.policy_name_unknown"
    title = N_("%(place)s names “%(value)s”, which is unknown.")
    remedy = N_("Use one of: %(known)s.")


class PolicyEntryMissing(PolicyFault):
    """A field or a member of the vocabulary that the file must speak about and does not."""

    code = "consent.policy_entry_missing"
    title = N_("%(place)s says nothing about “%(value)s”.")
    remedy = N_("Add an entry for it.")


class PolicyEntryRepeated(PolicyFault):
    """Two entries about the same thing."""

    code = "consent.policy_entry_repeated"
    title = N_("%(place)s speaks a second time about “%(value)s”.")
    remedy = N_("Keep one of the two entries.")


class PolicyCitationMissing(PolicyFault):
    """A rule that cites nothing."""

    code = "consent.policy_citation_missing"
    title = N_("%(place)s cites no source.")
    remedy = N_("Name at least one entry of citations.json.")


class PolicyCitationUnknown(PolicyFault):
    """A citation that citations.json does not have."""

    code = "consent.policy_citation_unknown"
    title = N_("%(place)s cites “%(value)s”, which citations.json does not have.")
    remedy = N_("Add the source to citations.json, or correct the name.")


class PolicyValidityOverlaps(PolicyFault):
    """Two versions of one file that are both in force on one day."""

    code = "consent.policy_validity_overlaps"
    title = N_("%(place)s begins on %(value)s, while %(earlier)s is still in force.")
    remedy = N_("Let the earlier version end on the day before.")


class PolicyRuleForbidden(PolicyFault):
    """An opening that no policy may make; the rule against it is fixed."""

    code = "consent.policy_rule_forbidden"
    title = N_("%(place)s opens records to “%(value)s” in a way that no policy may.")
    remedy = N_("Remove it: operators see no record, former pupils stay open to principal and clerk alone.")


class PolicyOfficeForbidden(PolicyFault):
    """A duty that no policy may entrust; the rule against it is fixed."""

    code = "consent.policy_office_forbidden"
    title = N_("%(place)s entrusts “%(value)s” in a way that no policy may.")
    remedy = N_(
        "Remove it: operators see the state of the service and nothing else, and get their codes from its owner."
    )


class PolicyLaneForbidden(PolicyFault):
    """A lane that no policy may choose; the rule against it is fixed."""

    code = "consent.policy_lane_forbidden"
    title = N_("%(place)s moves “%(value)s” in a way that no policy may.")
    remedy = N_("Correct it: a statutory lane cites a law or ordinance, and goes with a move to another school.")


class PolicyNeverOpen(PolicyFault):
    """A school calendar without school days."""

    code = "consent.policy_never_open"
    title = N_("%(place)s leaves no school day.")
    remedy = N_("Leave at least one day of the week open, and let closed periods end within half a year.")
