"""Findings about a file as a whole: the zip, its text, header and manifest; two sentences each for a clerk."""

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
SPREADSHEET_FILE: Final = Problem(
    "intake.spreadsheet_file",
    _E,
    N_("This is a spreadsheet file (.xlsx), not CSV."),
    N_('In the spreadsheet, choose "Save as" and the type "CSV UTF-8 (comma delimited)", then hand that file in.'),
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
