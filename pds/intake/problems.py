"""Every kind of finding about a file, with the two sentences that a clerk reads. Place and value stand beside them."""

from collections.abc import Iterator
from typing import Final

from pds.intake.findings import Problem, Severity
from trust.errors import N_

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

# The file as a whole
ARCHIVE_DAMAGED: Final = Problem(
    "intake.archive_damaged",
    _E,
    N_("The zip file is damaged and cannot be read."),
    N_("Make the zip again and hand it in again."),
)
ARCHIVE_EMPTY: Final = Problem(
    "intake.archive_empty",
    _E,
    N_("There is no file in the zip."),
    N_("Put the CSV files into the zip and hand it in again."),
)
ARCHIVE_ENCRYPTED: Final = Problem(
    "intake.archive_encrypted",
    _E,
    N_("The zip is protected with a password."),
    N_("Make a zip without a password. The way to this service is encrypted already."),
)
ARCHIVE_METHOD: Final = Problem(
    "intake.archive_method",
    _E,
    N_("The zip is packed in a way that this service does not read."),
    N_("Make an ordinary zip (method: deflate), for example with the file manager."),
)
ARCHIVE_ZIP64: Final = Problem(
    "intake.archive_zip64",
    _E,
    N_("The zip is in the format for very large archives (ZIP64)."),
    N_("Hand in fewer schools or years at a time as an ordinary zip."),
)
ARCHIVE_BOMB: Final = Problem(
    "intake.archive_bomb",
    _E,
    N_("The zip unpacks to far more than a roster can be. It was not opened."),
    N_("Make the zip from the exported CSV files alone. If it is right, hand it in in smaller parts."),
)
TOO_LARGE_UNPACKED: Final = Problem(
    "intake.too_large_unpacked",
    _E,
    N_("Unpacked, the files are larger than %(most)s MiB."),
    N_("Hand in fewer schools or years at a time."),
)
TOO_MANY_MEMBERS: Final = Problem(
    "intake.too_many_members",
    _E,
    N_("There are more than %(most)s files in the zip."),
    N_("Put in only the CSV files of this hand-over."),
)
PATH_IN_ARCHIVE: Final = Problem(
    "intake.path_in_archive",
    _E,
    N_("A file in the zip is named so that it would lie outside of it."),
    N_("Make the zip from plain CSV files. If you did not name the file like this, tell whoever sent it."),
)
FOLDER_IN_ARCHIVE: Final = Problem(
    "intake.folder_in_archive",
    _E,
    N_("There is a folder in the zip."),
    N_("Open the folder, select the CSV files themselves and make the zip from them."),
)
NOT_CSV_IN_ARCHIVE: Final = Problem(
    "intake.not_csv_in_archive",
    _E,
    N_("There is a file in the zip that is not a CSV file."),
    N_("Remove it from the zip and hand the zip in again."),
)
MEMBER_TWICE: Final = Problem(
    "intake.member_twice",
    _E,
    N_("Two files in the zip have the same name."),
    N_("Keep the right one and hand the zip in again."),
)
MANIFEST_MISSING: Final = Problem(
    "intake.manifest_missing",
    _E,
    N_("This is a OneRoster set, but manifest.csv is missing."),
    N_("Put manifest.csv of the same export into the zip and hand it in again."),
)
ONEROSTER_ALONE: Final = Problem(
    "intake.oneroster_alone",
    _E,
    N_("This is one file out of a OneRoster set."),
    N_("Hand in the whole set as a zip, with manifest.csv."),
)
HEADER_UNKNOWN: Final = Problem(
    "intake.header_unknown",
    _E,
    N_("The first row is not the header of any known file."),
    N_("Copy the first row from the published layout, all columns in its order. Nearest layout: %(nearest)s."),
)
LAYOUT_TWICE: Final = Problem(
    "intake.layout_twice",
    _E,
    N_("Two files in the zip are of the same kind."),
    N_("Put their rows into one file, or hand them in one after the other."),
)
FORBIDDEN_COLUMN: Final = Problem(
    "intake.forbidden_column",
    _E,
    N_("The column %(column)s is of a kind that this service never takes in."),
    N_("Remove the column. Welfare, safeguarding and consultation records and the individual number stay out."),
)

# Text of a file
CP932: Final = Problem(
    "intake.cp932",
    _E,
    N_("The file is written in Shift_JIS (cp932), not in UTF-8."),
    N_('In the spreadsheet, choose "Save as" and the type "CSV UTF-8 (comma delimited)", then hand it in again.'),
)
UTF16: Final = Problem(
    "intake.utf16",
    _E,
    N_('The file is written in UTF-16 ("Unicode text"), not in UTF-8.'),
    N_('In the spreadsheet, choose "Save as" and the type "CSV UTF-8 (comma delimited)", then hand it in again.'),
)
NOT_UTF8: Final = Problem(
    "intake.not_utf8",
    _E,
    N_("The file is not UTF-8 text."),
    N_("Export it again as CSV in UTF-8. A spreadsheet file (.xlsx) must be saved as CSV first."),
)
BOM: Final = Problem(
    "intake.bom",
    _N,
    N_("The file begins with a byte-order mark. It was ignored."),
    N_("Nothing needs to be done."),
)
BROKEN_CSV: Final = Problem(
    "intake.broken_csv",
    _E,
    N_("A quotation mark is not closed, or stands inside a cell by itself."),
    N_('Write a cell with quotation marks as "...", each inner mark twice. Reading stopped at this row.'),
)
CELL_TOO_LONG: Final = Problem(
    "intake.cell_too_long",
    _E,
    N_("A cell is longer than any published column allows."),
    N_("Look for a missing closing quotation mark in this row or before it. Reading stopped here."),
)
LINE_TOO_LONG: Final = Problem(
    "intake.line_too_long",
    _E,
    N_("A line is so long that this cannot be a table."),
    N_("Check that this is the CSV file you meant. Reading stopped here."),
)
TOO_MANY_CELLS: Final = Problem(
    "intake.too_many_cells",
    _E,
    N_("A row has more than %(most)s cells."),
    N_("Check that this is the CSV file you meant. Reading stopped here."),
)
NO_ROWS: Final = Problem(
    "intake.no_rows",
    _E,
    N_("The file has a header but no rows."),
    N_('Leave the file out, and name it "absent" in manifest.csv.'),
)
CELL_COUNT: Final = Problem(
    "intake.cell_count",
    _E,
    N_("The row has %(found)s cells, the header has %(expected)s."),
    N_("Look for a comma too many or too few; a cell with a comma in it stands in quotation marks."),
)
CONTROL_CHARACTER: Final = Problem(
    "intake.control_character",
    _E,
    N_("The cell contains an invisible control character or a line break that is not allowed here."),
    N_("Retype the cell."),
)

# The header and the manifest
HEADER_ORDER: Final = Problem(
    "intake.header_order",
    _E,
    N_("The columns are not in the order of the standard: column %(position)s should be %(expected)s."),
    N_('Put all columns in the published order; "metadata" columns stand to the right of them.'),
)
HEADER_MISSING: Final = Problem(
    "intake.header_missing",
    _E,
    N_("The column %(expected)s is missing."),
    N_("Every column of the standard must be there, even if it stays empty."),
)
HEADER_EXTRA: Final = Problem(
    "intake.header_extra",
    _E,
    N_("The column %(column)s does not belong to this file."),
    N_("Remove it. Additions of your own must be named metadata.… and stand on the right."),
)
HEADER_TWICE: Final = Problem(
    "intake.header_twice",
    _E,
    N_("The column %(column)s stands there twice."),
    N_("Keep one of them."),
)
METADATA_UNUSED: Final = Problem(
    "intake.metadata_unused",
    _N,
    N_("The additional column %(column)s is not read."),
    N_("Nothing needs to be done."),
)
METADATA_SPELLING: Final = Problem(
    "intake.metadata_spelling",
    _E,
    N_("The column %(column)s is spelt as in another profile; here it is %(expected)s."),
    N_("Correct the column name, or the oneroster.version in manifest.csv."),
)
METADATA_MISSING: Final = Problem(
    "intake.metadata_missing",
    _E,
    N_("The column %(expected)s of the Japan profile is missing."),
    N_("Add the column, or export with the Japan profile switched on."),
)
MANIFEST_VERSION: Final = Problem(
    "intake.manifest_version",
    _E,
    N_("manifest.version is not %(expected)s."),
    N_("Export the set again as OneRoster 1.2."),
)
PROFILE_UNKNOWN: Final = Problem(
    "intake.profile_unknown",
    _E,
    N_("oneroster.version is none that this service reads (%(expected)s)."),
    N_("Export the set again in one of these versions."),
)
MANIFEST_ROW_MISSING: Final = Problem(
    "intake.manifest_row_missing",
    _E,
    N_("manifest.csv has no row %(expected)s."),
    N_("Name every file of the standard, with absent, bulk or delta."),
)
MANIFEST_ROW_TWICE: Final = Problem(
    "intake.manifest_row_twice",
    _E,
    N_("manifest.csv has this row twice."),
    N_("Keep the right one."),
)
MANIFEST_ROW_UNKNOWN: Final = Problem(
    "intake.manifest_row_unknown",
    _W,
    N_("manifest.csv has a row that the standard does not know."),
    N_("It is ignored. Check the spelling."),
)
MANIFEST_VALUE: Final = Problem(
    "intake.manifest_value",
    _E,
    N_("A file is named in manifest.csv with something other than absent, bulk or delta."),
    N_("Write one of the three words in small letters."),
)
FILE_MISSING: Final = Problem(
    "intake.file_missing",
    _E,
    N_("manifest.csv promises %(expected)s, but it is not in the zip."),
    N_('Add the file, or name it "absent" in manifest.csv.'),
)
FILE_NOT_NAMED: Final = Problem(
    "intake.file_not_named",
    _E,
    N_("The file is in the zip, but manifest.csv says it is absent."),
    N_("Name it bulk or delta in manifest.csv, or leave the file out."),
)
FILE_UNKNOWN: Final = Problem(
    "intake.file_unknown",
    _E,
    N_("The file does not belong to a OneRoster set."),
    N_("Leave it out. The project's own layouts are handed in by themselves."),
)
FILE_NOT_READ: Final = Problem(
    "intake.file_not_read",
    _N,
    N_("The file belongs to the standard but holds nothing that is kept here. It is not read."),
    N_("Nothing needs to be done."),
)

# Cells
REQUIRED: Final = Problem(
    "intake.required",
    _E,
    N_("A value is missing here."),
    N_("Fill in %(column)s."),
)
NOT_A_CODE: Final = Problem(
    "intake.not_a_code",
    _E,
    N_("This is none of the values that %(column)s can have."),
    N_("Write one of: %(expected)s."),
)
NOT_A_DATE: Final = Problem(
    "intake.not_a_date",
    _E,
    N_("This is not a date of the calendar in the form 2026-04-01."),
    N_("Write year, month and day with hyphens, month and day with two digits."),
)
NOT_A_TIME: Final = Problem(
    "intake.not_a_time",
    _E,
    N_("This is not an instant in the form 2026-04-01T09:00:00Z."),
    N_("Write date and time with T between them and the time zone behind."),
)
NOT_A_NUMBER: Final = Problem(
    "intake.not_a_number",
    _E,
    N_("This is not a plain number."),
    N_("Use the digits 0 to 9 only, without unit, comma or full-width digits."),
)
OUT_OF_RANGE: Final = Problem(
    "intake.out_of_range",
    _E,
    N_("The number must lie between %(least)s and %(most)s."),
    N_("Check the value and its unit."),
)
TOO_PRECISE: Final = Problem(
    "intake.too_precise",
    _E,
    N_("At most %(most)s digits may stand behind the decimal point."),
    N_("Round the value."),
)
NOT_TRUE_OR_FALSE: Final = Problem(
    "intake.not_true_or_false",
    _E,
    N_("Only true or false may stand here."),
    N_("Write true for a mark, false for none."),
)
TOO_LONG: Final = Problem(
    "intake.too_long",
    _E,
    N_("The text has %(found)s characters; %(most)s are allowed."),
    N_("Shorten the text."),
)
TOO_MANY_ITEMS: Final = Problem(
    "intake.too_many_items",
    _E,
    N_("The list has more than %(most)s items."),
    N_("Remove some items."),
)
BAD_PATTERN: Final = Problem(
    "intake.bad_pattern",
    _E,
    N_("The value does not have the form of %(column)s."),
    N_("Compare it with the example in the layout: %(example)s."),
)
BAD_SOURCED_ID: Final = Problem(
    "intake.bad_sourced_id",
    _E,
    N_("This is not a sourcedId: up to 255 of the characters A-Z a-z 0-9 . - _ / @."),
    N_("Export the set again. An identifier is never retyped."),
)
BAD_USER_ID: Final = Problem(
    "intake.bad_user_id",
    _E,
    N_("An entry of userIds is not written as {type:id}."),
    N_("Write each entry in braces with a colon, separated by commas."),
)
INDIVIDUAL_NUMBER: Final = Problem(
    "intake.individual_number",
    _E,
    N_("The file contains an individual number (My Number). It was not stored."),
    N_("Remove it from the file and from the export. This service never takes it in."),
)
HALF_WIDTH_KANA: Final = Problem(
    "intake.half_width_kana",
    _E,
    N_("There is half-width katakana in a name or title."),
    N_("Write it in full-width: %(whole)s."),
)
BULK_FILLED: Final = Problem(
    "intake.bulk_filled",
    _E,
    N_("In a complete (bulk) file %(column)s must be empty on every row."),
    N_("Empty the column, or name the file delta in manifest.csv if it holds changes only."),
)
DELTA_BLANK: Final = Problem(
    "intake.delta_blank",
    _E,
    N_("In a file of changes (delta) %(column)s must be filled on every row."),
    N_("Export the changes again, or name the file bulk in manifest.csv if it is complete."),
)
MANGLED_NUMBER: Final = Problem(
    "intake.mangled_number",
    _E,
    N_("A spreadsheet has turned this code into a number (as in 8.2E+15). Its digits are lost."),
    N_("Export the file again and hand it in without opening it in a spreadsheet, or set the column to text first."),
)
MANGLED_DATE: Final = Problem(
    "intake.mangled_date",
    _E,
    N_("A spreadsheet has rewritten this date."),
    N_("Write it as 2026-04-01, or hand in the export without opening it in a spreadsheet."),
)
MANGLED_BOOLEAN: Final = Problem(
    "intake.mangled_boolean",
    _E,
    N_("A spreadsheet has turned true or false into capital letters."),
    N_("Write true or false in small letters, or hand in the export without opening it in a spreadsheet."),
)
MANGLED_HASHES: Final = Problem(
    "intake.mangled_hashes",
    _E,
    N_("A spreadsheet has put a sign of its own in place of the value."),
    N_("Export the file again and hand it in without opening it in a spreadsheet."),
)
MANGLED_QUOTE: Final = Problem(
    "intake.mangled_quote",
    _E,
    N_("An apostrophe of a spreadsheet stands before the code."),
    N_("Remove the apostrophe."),
)
LOST_LETTER: Final = Problem(
    "intake.lost_letter",
    _E,
    N_("The school code has lost its first letter."),
    N_("It should be %(whole)s. Keep the column as text in a spreadsheet."),
)
LOST_LETTER_UNKNOWN: Final = Problem(
    "intake.lost_letter_unknown",
    _E,
    N_("The school code has lost its first letter, and the rest does not tell which."),
    N_("Look the code up in the ministry's list, and keep the column as text in a spreadsheet."),
)
LOST_ZERO: Final = Problem(
    "intake.lost_zero",
    _E,
    N_("The board code has lost its leading zero."),
    N_("It should be %(whole)s. Keep the column as text in a spreadsheet."),
)

# Codes of schools and boards
SCHOOL_CODE_FORM: Final = Problem(
    "intake.school_code_form",
    _E,
    N_("This is not a school code of 13 characters."),
    N_("Look the code up in the ministry's list of school codes."),
)
SCHOOL_CODE_DIGIT: Final = Problem(
    "intake.school_code_digit",
    _E,
    N_("The last digit of the school code does not fit the rest: a character is wrong."),
    N_("Compare the code with the ministry's list of school codes."),
)
SUCCESSOR_CODE_DIGIT: Final = Problem(
    "intake.successor_code_digit",
    _W,
    N_("The last digit of the successor's code does not fit the rest."),
    N_("It is kept as it is. Compare it with the ministry's list of school codes."),
)
SUCCESSOR_UNKNOWN: Final = Problem(
    "intake.successor_unknown",
    _W,
    N_("The successor is neither in the list nor known here."),
    N_("It is kept as it is. Records stay with the closed school until the successor is known."),
)
BOARD_CODE_FORM: Final = Problem(
    "intake.board_code_form",
    _E,
    N_("This is not a code of a board of education (6 digits)."),
    N_("Look the code up in the ministry's list of board codes."),
)
SCHOOL_UNKNOWN: Final = Problem(
    "intake.school_unknown",
    _E,
    N_("This node does not know the school or board."),
    N_("Hand in the list of schools or the OneRoster set first, then this file again."),
)
SUCCESSOR_FOLLOWED: Final = Problem(
    "intake.successor_followed",
    _N,
    N_("The school is closed. Its successor %(successor)s keeps the records."),
    N_("Nothing needs to be done. The records go on naming the school as it was called then."),
)
PLACE_TAKEN: Final = Problem(
    "intake.place_taken",
    _E,
    N_("A record of the closed school stands where this one would go."),
    N_("Hand in the rows of both schools for this year in one file."),
)

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
TWO_CHILDREN: Final = Problem(
    "intake.two_children",
    _E,
    N_("sourcedId and userMasterIdentifier belong to two different children here."),
    N_("Find out which child this is, and correct the identifier that is wrong."),
)
OTHER_CHILD: Final = Problem(
    "intake.other_child",
    _E,
    N_("The child known here under this sourcedId has another userMasterIdentifier."),
    N_("Check that no sourcedId was given to a second child. Identifiers are never used again."),
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

# Bodies of records
BODY_REQUIRED: Final = Problem(
    "intake.body_required",
    _E,
    N_("%(field)s is needed together with what else is filled in here."),
    N_("Fill in %(column)s, or empty the cells that belong to it."),
)
BODY_LIST_GAP: Final = Problem(
    "intake.body_list_gap",
    _E,
    N_("A block of columns is filled although the one before it is empty."),
    N_("Fill the blocks from the first on, without a gap."),
)
BODY_INVALID: Final = Problem(
    "intake.body_invalid",
    _E,
    N_("The record does not fit its published form (%(field)s: %(keyword)s)."),
    N_("Compare the row with the layout and correct it."),
)
ROWS_DISAGREE: Final = Problem(
    "intake.rows_disagree",
    _E,
    N_("Rows that make one record differ in %(column)s."),
    N_("Write the same value on every row of this child, school and year."),
)
YEAR_MISSING: Final = Problem(
    "intake.year_missing",
    _E,
    N_("The record has no school year to stand under."),
    N_("Fill in the first year of the record."),
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


def every_problem() -> Iterator[Problem]:
    """Yield every kind of finding."""
    yield from (value for value in globals().values() if isinstance(value, Problem))


def problem_of(code: str) -> Problem | None:
    """Return a kind of finding by its code; rules of record bodies have their sentences with the schema instead."""
    return _BY_CODE.get(code)


_BY_CODE: Final = {problem.code: problem for problem in list(every_problem())}
