"""Findings about the files that the rows of a portfolio name; two sentences each for a clerk."""

from typing import Final

from pds.intake.findings import Problem, Severity
from trust.errors import N_

_E, _W = Severity.ERROR, Severity.WARNING

NOT_IN_ZIP: Final = Problem(
    "intake.attachment_not_in_zip",
    _E,
    N_("The row names a file that is not in the zip."),
    N_("Put %(value)s into the zip beside the CSV file, or empty the cell. Large and small letters count."),
)
KIND: Final = Problem(
    "intake.attachment_kind",
    _E,
    N_("The content of the file is neither a whole PNG, JPEG or PDF nor UTF-8 text."),
    N_("Open the file, save it as one of these kinds, and put it into the zip again."),
)
SUFFIX: Final = Problem(
    "intake.attachment_suffix",
    _E,
    N_("The name of the file says another kind than its content (%(found)s)."),
    N_("Give the file the ending of its kind: .png, .jpg, .pdf or .txt."),
)
TOO_LARGE: Final = Problem(
    "intake.attachment_too_large",
    _E,
    N_("The file is larger than %(most)s MiB."),
    N_("Save it smaller, for example with fewer pixels, and put it into the zip again."),
)
UNUSED: Final = Problem(
    "intake.attachment_unused",
    _W,
    N_("No row names this file. It is not taken in."),
    N_("Write its name into the row it belongs to, or leave it out of the zip."),
)
