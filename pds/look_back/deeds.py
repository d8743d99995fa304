"""What is said of each act of the log: one sentence for what was done, one for what was tried and refused."""

from collections.abc import Mapping
from dataclasses import dataclass

from pds.access_log.entries import Act
from trust.errors import N_


@dataclass(frozen=True, slots=True)
class Telling:
    """Message ids with the places `who`, and `what` where documents are named."""

    done: str
    tried: str


TOLD: Mapping[Act, Telling] = {
    Act.LOG_READ: Telling(
        N_("%(who)s saw who had looked at the record."), N_("%(who)s tried to see who had looked at the record.")
    ),
    Act.TICKET_ISSUED: Telling(
        N_("%(who)s issued a ticket for the change of school."),
        N_("%(who)s tried to issue a ticket for the change of school."),
    ),
    Act.REQUEST_OPENED: Telling(N_("%(who)s asked for records."), N_("%(who)s tried to ask for records.")),
    Act.REQUEST_SEEN: Telling(
        N_("%(who)s read what is being asked for."), N_("%(who)s tried to read what is being asked for.")
    ),
    Act.REQUEST_ANSWERED: Telling(
        N_("%(who)s answered what was asked for."), N_("%(who)s tried to answer what was asked for.")
    ),
    Act.PREVIEW_READ: Telling(
        N_("%(who)s looked at what the other school would see of %(what)s."),
        N_("%(who)s tried to look at what the other school would see of %(what)s."),
    ),
    Act.STATUTORY_READ: Telling(
        N_("%(who)s read %(what)s before it goes to the next school by law."),
        N_("%(who)s tried to read %(what)s, which goes to the next school by law."),
    ),
    Act.STATUTORY_SEEN: Telling(
        N_("%(who)s said to have read what goes to the next school by law."),
        N_("%(who)s tried to say to have read what goes to the next school by law."),
    ),
    Act.COMMENT_WRITTEN: Telling(
        N_("%(who)s wrote a comment that goes to the next school."),
        N_("%(who)s tried to write a comment for the next school."),
    ),
    Act.ANSWER_ENTERED: Telling(
        N_("%(who)s entered the family's answer for it."), N_("%(who)s tried to enter the family's answer for it.")
    ),
    Act.ANSWER_CHECKED: Telling(
        N_("%(who)s checked the answer that was entered for the family."),
        N_("%(who)s tried to check the answer that was entered for the family."),
    ),
    Act.SHARING_READ: Telling(
        N_("%(who)s looked at what is shared with others."), N_("%(who)s tried to look at what is shared with others.")
    ),
    Act.GRANT_PAUSED: Telling(N_("%(who)s paused a sharing."), N_("%(who)s tried to pause a sharing.")),
    Act.GRANT_RESUMED: Telling(N_("%(who)s let a sharing go on."), N_("%(who)s tried to let a sharing go on.")),
    Act.GRANT_REVOKED: Telling(N_("%(who)s stopped a sharing."), N_("%(who)s tried to stop a sharing.")),
    Act.RECEIPT_READ: Telling(N_("%(who)s opened a receipt."), N_("%(who)s tried to open a receipt.")),
    Act.DOSSIER_READY: Telling(
        N_("%(who)s made ready what goes to the next school by law."),
        N_("%(who)s tried to make ready what goes to the next school by law."),
    ),
    Act.DOSSIER_CANCELLED: Telling(
        N_("%(who)s called back what was to go to the next school by law."),
        N_("%(who)s tried to call back what was to go to the next school by law."),
    ),
    Act.DOCUMENT_PULLED: Telling(N_("%(who)s received %(what)s."), N_("%(who)s tried to get %(what)s.")),
    Act.FILE_PULLED: Telling(
        N_("%(who)s received a file that belongs to %(what)s."),
        N_("%(who)s tried to get a file that belongs to %(what)s."),
    ),
    Act.DOCUMENTS_ACKNOWLEDGED: Telling(
        N_("%(who)s answered that the documents have arrived."),
        N_("%(who)s tried to answer for documents."),
    ),
    Act.ENROLMENT_DECIDED: Telling(
        N_("%(who)s decided on the enrolment."), N_("%(who)s tried to decide on the enrolment.")
    ),
    Act.RECORDS_ASKED: Telling(
        N_("%(who)s asked the school before for the record."),
        N_("%(who)s tried to ask the school before for the record."),
    ),
    Act.DOCUMENT_RECEIVED: Telling(
        N_("%(what)s came from the school before (%(who)s)."),
        N_("%(what)s from the school before (%(who)s) was not taken in."),
    ),
    Act.RECEIVED_READ: Telling(
        N_("%(who)s looked at %(what)s from the school before."),
        N_("%(who)s tried to look at %(what)s from the school before."),
    ),
}
"""Acts whose sentence does not depend on anything but whether they were refused."""

BY_LAW = N_("%(who)s received %(what)s, which goes to the next school by law.")
AS_SHARED = N_("%(who)s received %(what)s, as the family shared it.")
"""What is said instead of a document that was received, where the entry tells on what that rested."""
