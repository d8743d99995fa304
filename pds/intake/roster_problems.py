"""Findings about people and places: references, rules of the Japan profile and of this node, taking back."""

from typing import Final

from pds.intake.findings import Problem, Severity
from trust.errors import N_

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

# References
DUPLICATE: Final = Problem(
    "intake.duplicate",
    _E,
    N_("This stands in the file more than once; the first time in row %(first)s."),
    N_("Keep one of the rows."),
)
DANGLING: Final = Problem(
    "intake.dangling",
    _E,
    N_("The row refers to something that is neither in %(target)s nor known here."),
    N_("Export the set again, complete; or correct the identifier."),
)
LEARNER_UNKNOWN: Final = Problem(
    "intake.learner_unknown",
    _E,
    N_("This node does not know a child with this identifier."),
    N_("Hand in the OneRoster set with this child first, or correct the identifier."),
)
CARER_UNKNOWN: Final = Problem(
    "intake.carer_unknown",
    _E,
    N_("This node does not know a carer with this identifier."),
    N_("Hand in the OneRoster set with this carer first, or correct the identifier."),
)
STAFF_UNKNOWN: Final = Problem(
    "intake.staff_unknown",
    _E,
    N_("This node does not know a staff member with this identifier."),
    N_("Hand in the OneRoster set with this person first, or correct the identifier."),
)
CLASS_UNKNOWN: Final = Problem(
    "intake.class_unknown",
    _E,
    N_("This node does not know a class with this identifier at this school."),
    N_("Hand in the OneRoster set with this class first, or correct the identifier."),
)
CLASS_OF_OTHER_SCHOOL: Final = Problem(
    "intake.class_of_other_school",
    _E,
    N_("The class belongs to another school than the row says."),
    N_("Correct the school or the class."),
)
SESSION_UNKNOWN: Final = Problem(
    "intake.session_unknown",
    _E,
    N_("The school year of this class is not in the set, and the class is new."),
    N_("Add academicSessions.csv to the set."),
)

# Rules of the Japan profile and of this node
SESSION_TYPE: Final = Problem(
    "intake.session_type",
    _E,
    N_("In the Japan profile a session is a school year (schoolYear)."),
    N_("Write schoolYear, or leave the session out."),
)
SESSION_TITLE: Final = Problem(
    "intake.session_title",
    _E,
    N_("The title of a school year is written as 2026年度."),
    N_("Write the year in digits and 年度 behind it, the same year as the start date."),
)
SESSION_DATES: Final = Problem(
    "intake.session_dates",
    _E,
    N_("A school year runs from 1 April to 31 March of the next year."),
    N_("Write the start as YYYY-04-01 and the end as the 31 March after it."),
)
SESSION_YEAR: Final = Problem(
    "intake.session_year",
    _E,
    N_("schoolYear does not fit the dates of the session."),
    N_("Write the year in which the school year begins."),
)
CLASS_SESSIONS_DIFFER: Final = Problem(
    "intake.class_sessions_differ",
    _E,
    N_("The class is said to run in more than one school year."),
    N_("Make a class of its own for every school year."),
)
ORG_TYPE: Final = Problem(
    "intake.org_type",
    _E,
    N_("In the Japan profile an organisation is a district or a school."),
    N_("Write district for the establisher, school for a school."),
)
ESTABLISHER_WITHOUT_CODE: Final = Problem(
    "intake.establisher_without_code",
    _N,
    N_("The establisher has no board code. It is known here by its sourcedId."),
    N_("Nothing needs to be done for national and private schools."),
)
COURSE_CODE_FILLED: Final = Problem(
    "intake.course_code_filled",
    _E,
    N_("In the Japan profile courseCode stays empty."),
    N_("Empty the column."),
)
PRIMARY_OF_STUDENT: Final = Problem(
    "intake.primary_of_student",
    _E,
    N_("For a student primary must be false."),
    N_("Write false."),
)
OUT_OF_REACH: Final = Problem(
    "intake.out_of_reach",
    _E,
    N_("This belongs to a school, a board or a person that your office does not import for."),
    N_("Remove the row, or let the board of education hand the file in."),
)
ROLE_NOT_HERE: Final = Problem(
    "intake.role_not_here",
    _E,
    N_("This role is held at a board of education or establisher, not at a school."),
    N_("Write the code of the board."),
)
AGENT_NOT_CARER: Final = Problem(
    "intake.agent_not_carer",
    _W,
    N_("The person named as agent of a student has no role of a parent, guardian or relative."),
    N_("They are not linked to the child. Add the role to roles.csv if they should be."),
)
USER_WITHOUT_ROLE: Final = Problem(
    "intake.user_without_role",
    _E,
    N_("The person has no role in roles.csv and is not known here."),
    N_("Add a row to roles.csv, or leave the person out."),
)
ROLE_CONFLICT: Final = Problem(
    "intake.role_conflict",
    _E,
    N_("The same person is a student and staff."),
    N_("Give the student and the staff member an identifier each."),
)
BIRTH_DATE_MISSING: Final = Problem(
    "intake.birth_date_missing",
    _E,
    N_("The student has no date of birth in demographics.csv."),
    N_("Add it. Without it nobody can say by law who decides for the child."),
)
BIRTH_DATE_MOVED: Final = Problem(
    "intake.birth_date_moved",
    _W,
    N_("The date of birth differs from the one known here."),
    N_("Check that this is the same child before you apply."),
)
TWO_PEOPLE: Final = Problem(
    "intake.two_people",
    _E,
    N_("sourcedId and userMasterIdentifier belong to two different people here."),
    N_("Find out who this is, and correct the identifier that is wrong."),
)
OTHER_PERSON: Final = Problem(
    "intake.other_person",
    _E,
    N_("The person known here under this sourcedId has another userMasterIdentifier."),
    N_("Check that no sourcedId was given to a second person. Identifiers are never used again."),
)
ATTENDANCE_NUMBER: Final = Problem(
    "intake.attendance_number",
    _E,
    N_("The attendance number must be a whole number from 1 to 999."),
    N_("Correct it, or leave it empty."),
)
DATES_REVERSED: Final = Problem(
    "intake.dates_reversed",
    _E,
    N_("The end lies before the beginning."),
    N_("Correct one of the two dates."),
)
OUTSIDE_SCHOOL_YEAR: Final = Problem(
    "intake.outside_school_year",
    _E,
    N_("The date lies outside the school year of the class."),
    N_("Write a day between 1 April %(year)s and the 31 March after it, or leave it empty."),
)
SCHEDULED_CLASS: Final = Problem(
    "intake.scheduled_class",
    _N,
    N_("The class is a subject group, not a homeroom. Groups are not kept here."),
    N_("Nothing needs to be done."),
)
STAFF_DISABLED: Final = Problem(
    "intake.staff_disabled",
    _W,
    N_("The staff member is switched off (enabledUser false) and gets no role."),
    N_("Nothing needs to be done if the person has left."),
)
NO_LONGER_NAMED: Final = Problem(
    "intake.no_longer_named",
    _N,
    N_("This stands here but is no longer named in the complete set. It was left as it is."),
    N_("End it with an end date or a set of changes (delta, tobedeleted) if it is over."),
)
RECORDS_STAY: Final = Problem(
    "intake.records_stay",
    _W,
    N_("The set takes the child off the roster, but the child has records here. They stay, and so does the child."),
    N_("Nothing needs to be done. Records are kept as the law says."),
)
AUTHORITY_STAYS: Final = Problem(
    "intake.authority_stays",
    _W,
    N_("The set takes the carer off the roster, but an entry of authority stands. It was left as it is."),
    N_("End the authority in the file of carers' authority if it is over."),
)
ORGANISATION_STAYS: Final = Problem(
    "intake.organisation_stays",
    _W,
    N_("A school or board is not taken off through a roster. It was left as it is."),
    N_("Hand in the list of schools with the closing date and the successor."),
)
CLASS_STAYS: Final = Problem(
    "intake.class_stays",
    _W,
    N_("The class is taken off, but children are still placed in it. It was left as it is."),
    N_("Take off the enrollments of the class as well."),
)
BLOCK_STAYS: Final = Problem(
    "intake.block_stays",
    _W,
    N_("An earlier entry of this carer has a contact block. It goes on, whatever this row says."),
    N_("To lift it, hand in that earlier entry with its own date and contact_block false."),
)

# Taking back
UNDO_CHANGED_LATER: Final = Problem(
    "intake.undo_changed_later",
    _W,
    N_("This was changed again since. It was not taken back."),
    N_("Take the later file back first, or correct this entry with a new file."),
)
UNDO_IN_USE: Final = Problem(
    "intake.undo_in_use",
    _W,
    N_("Something that came later builds on this. It was not taken back."),
    N_("Take the later file back first, or leave it as it is."),
)
UNDO_GONE: Final = Problem(
    "intake.undo_gone",
    _W,
    N_("This is no longer here."),
    N_("Nothing needs to be done."),
)
