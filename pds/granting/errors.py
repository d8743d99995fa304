"""What can go wrong with a decision, each with what to do next."""

from trust.errors import N_, ManabiError


class WordsChanged(ManabiError):
    """409: the words that were shown are no longer the words of this request and choice."""

    code = "granting.words_changed"
    status = 409
    title = N_("What was shown has changed meanwhile.")
    remedy = N_("Read it once more, then decide.")
