"""Findings about a cell or a record: forms, what spreadsheets spoil, codes, bodies; two sentences each."""

from typing import Final

from pds.intake.findings import Problem, Severity
from trust.errors import N_

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE

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
