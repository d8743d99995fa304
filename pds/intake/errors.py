"""Why a request about a run is refused."""

from trust.errors import N_, ManabiError


class UploadTooLarge(ManabiError):
    """More bytes than a hand-over may have."""

    code = "intake.upload_too_large"
    status = 413
    title = N_("The file is larger than %(most)s MiB.")
    remedy = N_("Hand in fewer schools or years at a time.")


class UploadEmpty(ManabiError):
    """A file without a byte."""

    code = "intake.upload_empty"
    status = 422
    title = N_("The file is empty.")
    remedy = N_("Choose the exported file and hand it in again.")


class RunUnknown(ManabiError):
    """No run of this id."""

    code = "intake.run_unknown"
    status = 404
    title = N_("There is no such hand-over.")
    remedy = N_("Choose one from the list of hand-overs.")


class NotChecked(ManabiError):
    """The dry run is still under way, or it could not be done."""

    code = "intake.not_checked"
    status = 409
    title = N_("The file has not been checked yet.")
    remedy = N_("Wait until the check is done. If it failed, hand the file in again.")


class HasErrors(ManabiError):
    """The dry run found errors."""

    code = "intake.has_errors"
    status = 409
    title = N_("The file has %(errors)s errors and cannot be applied.")
    remedy = N_("Correct them in the source system, export again and hand in the new file.")


class AlreadyApplied(ManabiError):
    """The run is applied, being applied, or over."""

    code = "intake.already_applied"
    status = 409
    title = N_("This hand-over has been applied already, or is over.")
    remedy = N_("Hand the file in again if it is to be applied once more.")


class UploadGone(ManabiError):
    """The stored upload is no longer there."""

    code = "intake.upload_gone"
    status = 410
    title = N_("The file of this hand-over is no longer stored.")
    remedy = N_("Hand the file in again.")


class UploadChanged(ManabiError):
    """The stored upload is not the one that was checked."""

    code = "intake.upload_changed"
    status = 409
    title = N_("The stored file is not the one that was checked. Nothing was applied.")
    remedy = N_("Hand the file in again, and tell the operator.")


class NoLongerFits(ManabiError):
    """Between dry run and apply something else was changed, and the file now has errors."""

    code = "intake.no_longer_fits"
    status = 409
    title = N_("Since the check something else was changed, and the file no longer fits. Nothing was applied.")
    remedy = N_("Look at the new report and hand in a corrected file.")


class NothingToUndo(ManabiError):
    """The run is not applied."""

    code = "intake.nothing_to_undo"
    status = 409
    title = N_("This hand-over is not applied, so there is nothing to undo.")
    remedy = N_("Look at the list for what was applied today.")


class UndoTooLate(ManabiError):
    """Midnight of the day of apply is over."""

    code = "intake.undo_too_late"
    status = 409
    title = N_("A hand-over can be undone until midnight of the day it was applied.")
    remedy = N_("Correct what is wrong with a new file. Every correction keeps the earlier version.")
