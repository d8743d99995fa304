"""The states of a case on either side, and what each means to a clerk."""

from enum import StrEnum


class OutgoingState(StrEnum):
    """The old school's case."""

    PREPARED = "prepared"  # the ticket is with the family, nobody has asked
    REQUESTED = "requested"  # the new school asked; the family reads
    SENDING = "sending"  # the review is over; the new school was told to fetch
    DONE = "done"  # the new school has everything and said so
    REJECTED = "rejected"  # the new school could not accept what came; it can be sent again
    CANCELLED = "cancelled"


class IncomingState(StrEnum):
    """The new school's case."""

    DECIDED = "decided"  # the board's enrolment decision stands
    LODGING = "lodging"  # the request is on its way to the old school
    PENDING = "pending"  # lodged; nothing has come yet
    OPEN = "open"  # something came
    DONE = "done"  # both lanes have an end
    CANCELLED = "cancelled"


class ConsentState(StrEnum):
    """What came of the part the family decides."""

    NONE = "none"  # nothing was asked
    PENDING = "pending"
    GRANTED = "granted"
    GRANTED_IN_PART = "granted_in_part"
    REFUSED = "refused"
    EXPIRED = "expired"
    ENDED = "ended"  # withdrawn, narrowed away or over; what came under it is erased


class StatutoryState(StrEnum):
    """What came of the part the law moves."""

    WAITING = "waiting"
    ANNOUNCED = "announced"  # the old school says it is ready
    RECEIVED = "received"
    REJECTED = "rejected"  # something did not verify; the old school was told


class Lane(StrEnum):
    """On which ground a document came."""

    STATUTORY = "statutory"
    CONSENT = "consent"


CLOSED_OUTGOING = frozenset({OutgoingState.DONE, OutgoingState.CANCELLED})
CLOSED_INCOMING = frozenset({IncomingState.DONE, IncomingState.CANCELLED})
