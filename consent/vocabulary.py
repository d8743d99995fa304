"""The nouns the rules are written in: what a record is, who asks, by which right.

Only names stand here. What each name may do is dated policy data (``consent/policy/``), what it is called in
Japanese, plain Japanese and English is wording (``consent.wording``). The order of the members carries no meaning.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

Member = TypeVar("Member", bound=StrEnum)
"""Any enum of the vocabulary."""


class Category(StrEnum):
    """A kind of record that is opened, kept and handed on as one."""

    ENROLMENT = "enrolment"  # 指導要録のうち学籍に関する記録
    GUIDANCE = "guidance"  # 指導要録のうち指導に関する記録
    HEALTH_CHECK = "health_check"  # 健康診断票（歯・口腔の検査票を含む）
    ATTENDANCE_DAILY = "attendance_daily"  # 日々の出欠、長期欠席の理由、出席扱い
    REPORT = "report"  # 通知表
    ASSESSMENT = "assessment"  # MEXCBTなどの検査・テストの結果
    SELECTION_REPORT = "selection_report"  # 調査書、成績・単位修得証明書
    FITNESS = "fitness"  # 体力・運動能力調査
    LEARNING_LOG = "learning_log"  # 学習履歴（xAPI）
    PORTFOLIO = "portfolio"  # キャリア・パスポート、作品、振り返り（書くのは本人）
    SUPPORT_PLAN = "support_plan"  # 個別の教育支援計画、個別の指導計画
    CARE_PLAN = "care_plan"  # 学校生活管理指導表、アレルギー、医療的ケア
    HEALTH_ROOM = "health_room"  # 保健室の利用
    WELLBEING = "wellbeing"  # 心の健康観察
    EARLY_YEARS = "early_years"  # 幼稚園・認定こども園の指導要録、保育所児童保育要録
    NEXT_STEP = "next_step"  # 進路
    CREDENTIAL = "credential"  # 修了証、デジタルバッジ
    WELFARE = "welfare"  # 就学援助、相談


class HandlingClass(StrEnum):
    """How carefully a category is handled; at least the class of the education security guideline (2025-03)."""

    I = "I"  # noqa: E741 - the guideline's own numeral
    II = "II"
    III = "III"


class SchoolStage(StrEnum):
    """A stage of schooling (学校教育法1条)."""

    ELEMENTARY = "elementary"  # 小学校
    JUNIOR_HIGH = "junior_high"  # 中学校
    COMPULSORY = "compulsory"  # 義務教育学校
    SENIOR_HIGH = "senior_high"  # 高等学校
    SECONDARY = "secondary"  # 中等教育学校
    SPECIAL_NEEDS = "special_needs"  # 特別支援学校


class Relation(StrEnum):
    """What the asking person is to the child; every viewing right hangs on one of these."""

    SELF = "self"
    CARER = "carer"
    CLASS_TEACHER = "class_teacher"
    NURSE_TEACHER = "nurse_teacher"  # 養護教諭
    REGISTER_CLERK = "register_clerk"
    PRINCIPAL = "principal"
    BOARD_OFFICER = "board_officer"
    OPERATOR = "operator"
    RECIPIENT = "recipient"  # an organisation that holds a grant
    NEXT_SCHOOL = "next_school"  # the school the child moves to, by the statutory lane


class ActorKind(StrEnum):
    """In which capacity somebody asks. One session has one kind: a teacher who is also a parent signs in as either."""

    LEARNER = "learner"
    CARER = "carer"
    STAFF = "staff"
    ORGANISATION = "organisation"  # another participant of the registry, through its node or system
    JOB = "job"  # background work of the node
    UNKNOWN = "unknown"  # nobody is signed in


class StaffRole(StrEnum):
    """A dated office that a person holds for an organisation (school, board of education, node operator)."""

    TEACHER = "teacher"
    NURSE_TEACHER = "nurse_teacher"
    CLERK = "clerk"
    PRINCIPAL = "principal"
    BOARD_OFFICER = "board_officer"
    OPERATOR = "operator"


class Duty(StrEnum):
    """An act of office that is not the reading of a record."""

    SEE_CLASS_LIST = "see_class_list"
    ISSUE_FAMILY_CODE = "issue_family_code"  # the code with which a child or carer signs in for the first time
    ISSUE_STAFF_CODE = "issue_staff_code"
    IMPORT_FILES = "import_files"  # dry run, apply, undo
    SEE_NODE_HEALTH = "see_node_health"
    SEND_TRANSFER = "send_transfer"  # the old school: ticket, leaving papers, what is sent and what came back
    DECIDE_ENROLMENT = "decide_enrolment"  # the board of the new school: the child is admitted there
    RECEIVE_TRANSFER = "receive_transfer"  # the new school: what to ask for, what arrived
    ENTER_FAMILY_DECISION = "enter_family_decision"  # at the counter or from a signed form
    CHECK_FAMILY_DECISION = "check_family_decision"  # the second person who compares it with what the family said


class Reach(StrEnum):
    """How far an office goes for a duty, seen from the organisation it is held for."""

    CLASS = "class"  # the classes held now
    SCHOOL = "school"  # the organisation itself
    BOARD = "board"  # the organisation itself and the schools under it
    NODE = "node"  # nothing of one organisation; the service as a whole


class PlacementState(StrEnum):
    """Where a child stands with one school on one day."""

    EXPECTED = "expected"  # on the roster, not begun
    ENROLLED = "enrolled"
    FORMER = "former"  # left; the school still keeps what the law has it keep
    NONE = "none"  # never on this school's roll


class Basis(StrEnum):
    """By which right a grown-up cares for a child (民法818条・819条・766条・838条, 児童福祉法47条・33条の2)."""

    SOLE = "sole"  # 親権者（単独）
    JOINT = "joint"  # 親権者（共同）
    CUSTODIAN = "custodian"  # 監護者
    MINOR_GUARDIAN = "minor_guardian"  # 未成年後見人
    FACILITY_HEAD = "facility_head"  # 児童福祉施設の長
    CHILD_GUIDANCE_HEAD = "child_guidance_head"  # 児童相談所長
    FOSTER_PARENT = "foster_parent"  # 里親
    CONTACT = "contact"  # 連絡先だけの人（親権も監護もない）


class CarerState(StrEnum):
    """What has become of that right: in use, suspended (民法834条の2), lost (834条), or unable to be used."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    LOST = "lost"
    UNABLE = "unable"


class ActClass(StrEnum):
    """How weighty an act for the child is (民法824条の2): it settles how many holders must act."""

    DAILY = "daily"  # 監護及び教育に関する日常の行為
    IMPORTANT = "important"
    URGENT = "urgent"  # 子の利益のため急迫の事情があるとき


class DecidesAs(StrEnum):
    """How the holder of a basis takes part in an act of one class."""

    ALONE = "alone"
    TOGETHER = "together"  # with every other holder of parental authority
    STANDS_IN = "stands_in"  # only where the child has no holder of parental authority
    NOT = "not"


class Move(StrEnum):
    """The move of a child that a record would go along with."""

    TRANSFER = "transfer"  # 転学
    PROMOTION = "promotion"  # 進学
    ADMISSION = "admission"  # 編入学
    APPLICATION = "application"  # 出願
    NONE = "none"  # no move: sharing by choice alone


class Lane(StrEnum):
    """On what ground a category moves, if it does."""

    STATUTORY = "statutory"  # the law moves it: preview, comment and correction, no veto and no consent
    CONSENT = "consent"  # by a grant alone
    ON_APPLICATION = "on_application"  # to a named school applied to, before enrolment
    OPT_OUT = "opt_out"  # unless the family says no
    FORBIDDEN = "forbidden"
    WITHHELD_FOR_SAFETY = "withheld_for_safety"


class PurposeCode(StrEnum):
    """What an organisation asks for a record for; it may use it for nothing else (個人情報保護法18条・69条)."""

    TRANSFER_OF_SCHOOL = "transfer_of_school"
    PROMOTION = "promotion"
    ADMISSION = "admission"
    APPLICATION = "application"
    SUPPORT = "support"  # 合理的配慮、支援の引き継ぎ
    HEALTH_AND_SAFETY = "health_and_safety"


class Mode(StrEnum):
    """What a recipient may do with what it gets."""

    VIEW = "view"  # look, and keep no copy
    STORE = "store"  # keep a copy until it must be erased


class Frequency(StrEnum):
    """How often a recipient may fetch the same record."""

    ONCE = "once"
    REPEATED = "repeated"


class Channel(StrEnum):
    """How a family said what it decided. None is worse served."""

    ONLINE = "online"
    COUNTER = "counter"  # 窓口。a clerk enters it with the family present, a second person checks
    PAPER = "paper"  # 署名した用紙


class RequestState(StrEnum):
    """How far a request has come. The asker is never told of ``seen``."""

    LODGED = "lodged"
    SEEN = "seen"
    GRANTED = "granted"
    GRANTED_IN_PART = "granted_in_part"
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # by the asker


class GrantState(StrEnum):
    """What has become of a grant. Only an active one opens anything; only a paused or suspended one can come back."""

    ACTIVE = "active"
    PAUSED = "paused"
    REVOKED = "revoked"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    SUSPENDED_FOR_SAFETY = "suspended_for_safety"


class ReceiptEvent(StrEnum):
    """What a receipt is about."""

    GIVEN = "given"
    GIVEN_IN_PART = "given_in_part"
    REFUSED = "refused"
    NARROWED = "narrowed"
    PAUSED = "paused"
    RESUMED = "resumed"
    REVOKED = "revoked"
    EXPIRED = "expired"
    COMMENTED = "commented"  # on what the law sends
    DISCLOSED = "disclosed"


class RetentionStart(StrEnum):
    """From which day the school's retention period of a record is counted."""

    LEFT_SCHOOL = "left_school"  # 卒業、転学、退学の日
    SCHOOL_YEAR_END = "school_year_end"  # その年度の終わり


class AgeBand(StrEnum):
    """How much the child's own word weighs; where each band begins is policy."""

    INFORMED = "informed"  # a carer decides, the child is told
    ASKED = "asked"  # the same, and the child is asked before a widening
    JOINS = "joins"  # child and carer both, for important widening
    ADULT = "adult"  # the learner alone


class Locale(StrEnum):
    """The three languages every sentence exists in."""

    JA = "ja"
    PLAIN = "plain"  # やさしい日本語
    EN = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or name in the three languages; Japanese carries readings as ``学校《がっこう》``."""

    ja: str
    plain: str
    en: str

    def say(self, locale: str) -> str:
        """The wording for a reader's language: ``ja``, ``plain`` or ``en`` (ValueError for any other)."""
        return {Locale.JA: self.ja, Locale.PLAIN: self.plain, Locale.EN: self.en}[Locale(locale)]
