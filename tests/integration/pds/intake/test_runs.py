"""The life of a hand-over: received, checked, applied once, undone until midnight, closed."""

import io
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from consent.vocabulary import Category
from pds.intake import service, tasks
from pds.intake.errors import (
    AlreadyApplied,
    HasErrors,
    NotChecked,
    NothingToUndo,
    RunUnknown,
    UndoTooLate,
    UploadEmpty,
    UploadTooLarge,
)
from pds.intake.uploads import store_upload, upload_path
from pds.records import retention
from pds.records import service as records
from tests.factories import broken_oneroster as broken
from tests.factories.oneroster import delta_package, package
from tests.integration.pds.intake.desk import Desk, authority_row, done, guidance_row, outcomes, sheet
from web.jobs.models import JobState

MIDNIGHT = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
"""The end of 20 November in Japan."""


def load_base(desk: Desk) -> None:
    desk.load(package().packed())


def test_an_upload_is_stored_for_the_service_alone(desk: Desk) -> None:
    seen = desk.hand_in(package().packed(), "C:\\Users\\clerk\\名簿.zip")
    assert seen.file_name == "名簿.zip"
    path = upload_path(desk.web.settings.uploads, seen.run_id)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_upload_above_the_limit_leaves_nothing(desk: Desk) -> None:
    folder = desk.web.settings.uploads
    with pytest.raises(UploadTooLarge):
        store_upload(folder, uuid4(), io.BytesIO(b"x" * 2000), most=1000)
    with pytest.raises(UploadEmpty):
        store_upload(folder, uuid4(), io.BytesIO(b""))
    assert list(folder.iterdir()) == []


def test_a_run_with_errors_cannot_be_applied(desk: Desk) -> None:
    seen = desk.hand_in(broken.dangling_class())
    with pytest.raises(HasErrors):
        desk.apply(seen.run_id)


def test_a_run_cannot_be_applied_before_its_check_is_done_nor_twice(desk: Desk) -> None:
    with desk.web.database.session() as session:
        run = service.receive(
            session, desk.web, filename="a.zip", stream=io.BytesIO(package().packed()), by=None, now=desk.now
        )
        with pytest.raises(NotChecked):
            service.request_apply(session, run, by=None, now=desk.now)
        session.commit()
    desk.run_jobs()
    desk.apply(run)
    with pytest.raises(AlreadyApplied):
        desk.apply(run)
    with desk.web.database.session() as session, pytest.raises(RunUnknown):
        service.request_apply(session, uuid4(), by=None, now=desk.now)


def test_only_the_bytes_that_were_checked_are_applied(desk: Desk) -> None:
    before = desk.contents()
    seen = desk.hand_in(package().packed())
    upload_path(desk.web.settings.uploads, seen.run_id).write_bytes(package().packed() + b"\0")
    seen = desk.apply(seen.run_id)
    assert seen.failed
    assert seen.job is not None
    assert seen.job.problem == {"code": "intake.upload_changed", "params": {}}
    assert desk.contents() == before


def test_a_file_that_no_longer_fits_is_not_applied_at_all(desk: Desk) -> None:
    base = desk.load(package().packed())
    waiting = desk.hand_in(sheet("register_guidance", guidance_row(), guidance_row("s-2")), "guidance.csv")
    desk.undo(base.run_id)
    before = desk.contents()
    seen = desk.apply(waiting.run_id)
    assert seen.state == "refused"
    assert seen.job is not None
    assert seen.job.problem == {"code": "intake.no_longer_fits", "params": {}}
    assert [finding.code for finding in desk.findings(waiting.run_id)][:1] == ["intake.school_unknown"]
    assert desk.contents() == before


def test_a_cancelled_apply_applies_nothing(desk: Desk) -> None:
    before = desk.contents()
    seen = desk.hand_in(package().packed())
    with desk.web.database.session() as session:
        service.request_apply(session, seen.run_id, by=None, now=desk.now)
        service.request_cancel(session, seen.run_id)
        session.commit()
    desk.run_jobs()
    assert desk.contents() == before
    assert desk.view(seen.run_id).may_apply
    assert desk.apply(seen.run_id).state == "applied"


def test_runs_are_listed_newest_first(desk: Desk) -> None:
    first = desk.hand_in(package().packed())
    desk.now += timedelta(minutes=1)
    second = desk.hand_in(broken.cp932_bytes())
    with desk.web.database.session() as session:
        assert [run.run_id for run in service.list_runs(session)] == [second.run_id, first.run_id]


def test_undo_takes_everything_of_a_first_set_back(desk: Desk) -> None:
    seen = desk.load(package().packed())
    learner = desk.learner("s-1")
    seen = desk.undo(seen.run_id)
    assert (seen.state, done(seen)) == ("undone", True)
    assert desk.undo_findings(seen.run_id) == []
    for table in ("organisation", "school_class", "learner", "carer", "care", "staff", "staff_role", "enrolment"):
        assert desk.scalar(f"SELECT count(*) FROM {table} WHERE NOT withdrawn") == 0, table
    assert desk.scalar("SELECT count(*) FROM intake_change") == 0
    desk.load(package().packed())
    assert desk.learner("s-1") == learner
    assert desk.details("s-1").name.family == "髙橋"


def test_undo_restores_what_stood_before(desk: Desk) -> None:
    load_base(desk)
    desk.load(sheet("carer_authority", authority_row()), "carers.csv")
    seen = desk.load(delta_package().packed())
    later = desk.load(sheet("carer_authority", authority_row(state="suspended", valid_from="2026-06-01")), "carers.csv")
    desk.undo(later.run_id)
    desk.undo(seen.run_id)
    assert desk.details("s-1").name.preferred_family == ""
    assert desk.scalar("SELECT count(*) FROM enrolment WHERE NOT withdrawn") == 2
    (entry,) = desk.ask("SELECT state, valid_to FROM care WHERE NOT withdrawn")
    assert tuple(entry) == ("active", None)


def test_an_undone_correction_is_a_new_version_with_the_earlier_body(desk: Desk) -> None:
    load_base(desk)
    desk.load(sheet("register_guidance", guidance_row()), "guidance.csv")
    seen = desk.load(sheet("register_guidance", guidance_row(moral="まちがい。")), "guidance.csv")
    desk.now += timedelta(hours=1)
    seen = desk.undo(seen.run_id)
    record = desk.record("s-1", Category.GUIDANCE)
    assert (record.place.version, record.body["moral"]) == (3, "友だちの気持ちを考えていました。")
    assert record.issued_at == desk.now
    with desk.worker.database.session() as session:
        history = records.history(session, record.place.learner, record.place.record)
    assert [note.compensates for note in history] == [None, None, 2]
    assert seen.undo_report == {
        "kinds": {"record": {"undone": 1, "stayed": 0}}, "findings": {"error": 0, "warning": 0, "note": 0}, "codes": {},
    }  # fmt: skip


def test_an_undone_first_version_is_withdrawn_and_can_come_again(desk: Desk) -> None:
    load_base(desk)
    seen = desk.load(sheet("register_guidance", guidance_row()), "guidance.csv")
    desk.undo(seen.run_id)
    assert desk.records("s-1", Category.GUIDANCE) == []
    again = desk.load(sheet("register_guidance", guidance_row()), "guidance.csv")
    assert outcomes(again, "record.guidance") == {"new": 1}
    assert desk.record("s-1", Category.GUIDANCE).place.version == 2
    desk.undo(again.run_id)
    assert desk.records("s-1", Category.GUIDANCE) == []


def test_what_was_changed_again_since_stays_and_is_named(desk: Desk) -> None:
    load_base(desk)
    desk.load(sheet("register_guidance", guidance_row()), "guidance.csv")
    rows = [guidance_row(moral="二番目。"), guidance_row("s-2")]
    second = desk.load(sheet("register_guidance", *rows), "guidance.csv")
    desk.load(sheet("register_guidance", guidance_row(moral="三番目。")), "guidance.csv")
    seen = desk.undo(second.run_id)
    assert seen.undo_report is not None
    assert seen.undo_report["kinds"] == {"record": {"undone": 1, "stayed": 1}}
    assert [finding.code for finding in desk.undo_findings(seen.run_id)] == ["intake.undo_changed_later"]
    assert desk.record("s-1", Category.GUIDANCE).body["moral"] == "三番目。"
    assert desk.records("s-2", Category.GUIDANCE) == []


def test_a_child_on_whom_something_later_builds_stays_with_school_and_board(desk: Desk) -> None:
    first = desk.load(package().packed())
    desk.load(sheet("register_guidance", guidance_row("s-1")), "guidance.csv")
    seen = desk.undo(first.run_id)
    assert {finding.code for finding in desk.undo_findings(seen.run_id)} == {"intake.undo_in_use"}
    assert desk.record("s-1", Category.GUIDANCE).body["grade"] == "P4"
    assert desk.scalar("SELECT count(*) FROM learner WHERE NOT withdrawn") == 1
    assert desk.scalar("SELECT count(*) FROM organisation WHERE NOT withdrawn") == 2
    assert desk.scalar("SELECT count(*) FROM enrolment WHERE NOT withdrawn") == 0


def test_undo_leaves_the_access_log_alone(desk: Desk) -> None:
    seen = desk.load(package().packed())
    with desk.web.database.session() as session:
        session.execute(
            text(
                "INSERT INTO log_entry (learner_id, entry_id, at, classes, sealed, commitment) "
                "VALUES ('00000000-0000-0000-0000-000000000000', :id, :now, '{node}', 'x', 'y')"
            ),
            {"id": uuid4(), "now": desk.now},
        )
        session.commit()
    before = desk.ask("SELECT * FROM log_entry")
    desk.undo(seen.run_id)
    assert desk.ask("SELECT * FROM log_entry") == before


def test_undo_ends_at_midnight_in_japan(desk: Desk) -> None:
    seen = desk.load(package().packed())
    assert seen.undo_until == MIDNIGHT
    assert seen.may_undo(MIDNIGHT - timedelta(seconds=1))
    desk.now = MIDNIGHT
    with pytest.raises(UndoTooLate):
        desk.undo(seen.run_id)
    desk.now -= timedelta(seconds=1)
    assert desk.undo(seen.run_id).state == "undone"
    with pytest.raises(NothingToUndo):
        desk.undo(seen.run_id)


def test_an_undo_asked_for_in_time_is_done_after_midnight_too(desk: Desk) -> None:
    seen = desk.load(package().packed())
    desk.now = MIDNIGHT - timedelta(seconds=1)
    with desk.web.database.session() as session:
        service.request_undo(session, seen.run_id, by=None, now=desk.now)
        session.commit()
    desk.now = MIDNIGHT + timedelta(minutes=5)
    desk.run_jobs()
    assert desk.view(seen.run_id).state == "undone"


def test_at_midnight_the_upload_and_all_that_undo_needed_are_gone(desk: Desk) -> None:
    desk.load(package().packed())
    seen = desk.load(package().packed())
    assert list(desk.web.settings.uploads.iterdir()) != []
    desk.now = MIDNIGHT
    desk.run_jobs()
    assert desk.view(seen.run_id).state == "closed"
    assert list(desk.web.settings.uploads.iterdir()) == []
    assert desk.scalar("SELECT count(*) FROM intake_change") == 0
    assert desk.scalar("SELECT count(findings) FROM intake_run") == 0


def test_what_nobody_applies_is_removed_after_a_week(desk: Desk) -> None:
    seen = desk.hand_in(broken.half_width_kana())
    assert desk.findings(seen.run_id) != []
    desk.now += timedelta(days=7)
    desk.run_jobs()
    assert desk.view(seen.run_id).state == "closed"
    assert desk.findings(seen.run_id) == []
    assert list(desk.web.settings.uploads.iterdir()) == []


def test_an_upload_whose_run_was_never_committed_is_swept_away(desk: Desk) -> None:
    folder = desk.web.settings.uploads
    store_upload(folder, stray := uuid4(), io.BytesIO(b"x"))
    old = (desk.now - timedelta(days=3)).timestamp()
    os.utime(upload_path(folder, stray), (old, old))
    desk.load(package().packed())
    desk.now = MIDNIGHT
    desk.run_jobs()
    assert list(folder.iterdir()) == []


def test_before_images_hold_no_name(desk: Desk) -> None:
    load_base(desk)
    bent = package()
    for row in bent.rows["users"]:
        row["familyName"] = row["preferredFamilyName"] = "新名"
    desk.load(bent.packed())
    images = [row[0] for row in desk.ask("SELECT before FROM intake_change WHERE before IS NOT NULL")]
    assert len(images) >= 4
    assert not any("髙橋".encode() in bytes(image) or "石井".encode() in bytes(image) for image in images)


@pytest.mark.parametrize("by_itself", [True, False])
def test_an_erased_child_leaves_nothing_in_the_book_of_changes(desk: Desk, by_itself: bool) -> None:
    seen = desk.load(package().packed())
    learner = desk.learner("s-1")
    with desk.worker.database.session() as session:
        if by_itself:
            retention.erase_learner(session, desk.worker, learner, by="officer", now=desk.now, reference="r")
        else:
            service.forget_learner(session, learner)
        session.commit()
    assert desk.scalar("SELECT count(*) FROM intake_change WHERE learner_id = :one", one=learner) == 0
    assert desk.undo(seen.run_id).state == "undone"
    assert desk.scalar("SELECT count(*) FROM learner WHERE NOT withdrawn") == (0 if by_itself else 1)


def test_the_web_process_never_sees_the_book_of_changes(desk: Desk) -> None:
    load_base(desk)
    with desk.web.database.session() as session, pytest.raises(Exception, match="permission denied"):
        session.execute(text("SELECT * FROM intake_change"))


def test_progress_is_told_while_the_work_is_under_way(desk: Desk) -> None:
    bent = package()
    template = bent.rows["enrollments"][0]
    bent.rows["enrollments"] += [template | {"sourcedId": f"e-{number}"} for number in range(2500)]
    seen = desk.hand_in(bent.packed())
    assert seen.job is not None
    assert seen.job.done > 2000
    seen = desk.apply(seen.run_id)
    assert seen.job is not None
    assert seen.report is not None
    assert seen.job.total == seen.report["rows"]


def test_only_one_run_changes_anything_at_a_time(desk: Desk) -> None:
    seen = desk.hand_in(package().packed())
    before = desk.contents()
    with desk.web.database.session() as session:
        service.request_apply(session, seen.run_id, by=None, now=desk.now)
        session.commit()
    with desk.worker.database.session() as other:
        other.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": tasks.ONE_AT_A_TIME})
        worker = threading.Thread(target=desk.run_jobs)
        worker.start()
        while (job := desk.view(seen.run_id).job) is not None and job.state is JobState.QUEUED:
            pass
        assert job is not None
        assert job.state is JobState.RUNNING
        assert desk.contents() == before
        other.rollback()
    worker.join()
    assert desk.view(seen.run_id).state == "applied"
