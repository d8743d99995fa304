"""What can be wrong with a question to a release: the place, the value, and what would be right instead."""

from trust.errors import N_, ManabiError


class ReleaseUnknown(ManabiError):
    """404: no release has this digest, or there is none yet."""

    code = "query.release_unknown"
    status = 404
    title = N_("There is no release with the digest %(value)s.")
    remedy = N_("Take a digest from the list of releases; it has 64 characters, 0 to 9 and a to f.")


class NothingReleased(ManabiError):
    """404: nothing was published yet."""

    code = "query.nothing_released"
    status = 404
    title = N_("No figures have been published yet.")
    remedy = N_("Look at the rounds to see what is being collected, and come back when a round is released.")


class QuestionRefused(ManabiError):
    """422: a value of the question is not one that this release knows."""

    code = "query.question_refused"
    status = 422
    title = N_("“%(value)s” cannot be used for %(place)s in this release.")
    remedy = N_("Use one of these for %(place)s: %(known)s.")


class QuestionUnknown(ManabiError):
    """422: the question has a part that nobody reads, so an answer would not be to it."""

    code = "query.question_unknown"
    status = 422
    title = N_("“%(place)s” is not a part of a question to this table.")
    remedy = N_("Leave it out, or use one of these: %(known)s.")
