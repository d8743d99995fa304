"""Bodies of records as schools write them, small but complete enough to fill every part of a page."""

from typing import Any

SUBJECTS = ("japanese", "social_studies", "arithmetic", "science", "music", "arts_and_handicrafts", "home_economics",
            "physical_education", "foreign_language")  # fmt: skip
_MARKS = ("ABA", "BBB", "AAA", "BAB", "AAB", "BBA", "ABB", "AAA", "BCB")


def school(code: str = "B120299000018", name: str = "みらい市立東小学校") -> dict[str, str]:
    return {"code": code, "name": name}


def enrolment(first_year: int = 2021, last_year: int = 2026, **more: Any) -> dict[str, Any]:
    return {
        "school": school() | {"address": "みらい市東町1-2-3"},
        "learner": {"family_name": "山田", "given_name": "花子", "family_name_kana": "やまだ",
                    "given_name_kana": "はなこ", "preferred_name": None, "sex": "female",
                    "birth_date": "2015-06-03", "address": "みらい市東町4-5-6"},
        "guardians": [{"name": "山田 桜", "name_kana": "やまだ さくら", "address": None}],
        "prior_history": "みらい市立ひかり幼稚園",
        "admission": {"on": f"{first_year}-04-07", "grade": "P1", "kind": "entry", "reason": None},
        "transfer_in": None, "leaving": None, "graduation": None, "next_school": None,
        "years": [
            {"school_year": year, "grade": f"P{year - first_year + 1}", "class_name": f"{year - first_year + 1}年1組",
             "number": 7, "principal": "高橋 実", "homeroom_teacher": "佐藤 健"}
            for year in range(first_year, last_year + 1)
        ],
    } | more  # fmt: skip


def guidance(school_year: int = 2025, grade: str = "P5", absent: int = 4, **more: Any) -> dict[str, Any]:
    return {
        "school": school(), "school_year": school_year, "grade": grade,
        "subjects": [
            {"subject": subject,
             "viewpoints": {"knowledge": marks[0], "thinking": marks[1], "attitude": marks[2]}, "rating": 2}
            for subject, marks in zip(SUBJECTS, _MARKS, strict=True)
        ],
        "moral": "友だちの立場になって考え、進んで声をかけようとしていました。",
        "foreign_language_activity": None,
        "integrated_study": {"activity": "地域の川の生き物調べ", "viewpoints": ["課題を立てる", "まとめる"],
                             "evaluation": "調べたことを図にして、わかりやすく伝えました。"},
        "special_activities": [{"activity": "class_activities", "marked": True},
                               {"activity": "clubs", "marked": False}],
        "behaviour": [{"item": "basic_habits", "marked": True}, {"item": "responsibility", "marked": False}],
        "overall_remarks": "閉じられた所見です。",
        "attendance": {"days_of_school": 204, "suspended": 2, "required": 202, "absent": absent,
                       "present": 202 - absent, "treated_as_attended": 0, "main_reason": None, "remarks": None},
    } | more  # fmt: skip


def health_check(school_year: int = 2026, grade: str = "P6", height: float = 148.2, **more: Any) -> dict[str, Any]:
    return {
        "school": school(), "school_year": school_year, "grade": grade, "checked_on": f"{school_year}-05-14",
        "height_cm": height, "weight_kg": 39.5, "nutrition": "good",
        "spine_chest_limbs": {"finding": "none", "note": None},
        "vision": {"right": {"uncorrected": "A", "corrected": None}, "left": {"uncorrected": "B", "corrected": None}},
        "hearing": {"right": "normal", "left": "normal"},
        "skin": {"finding": "found", "note": "アトピー性皮膚炎"},
        "urine": {"protein": "negative", "sugar": "negative", "blood": "negative"},
        "dental": {"checked_on": f"{school_year}-06-02", "jaw": "0", "occlusion": "1", "plaque": "0", "gums": "0",
                   "baby_present": 6, "baby_untreated": 0, "permanent_present": 18, "permanent_untreated": 1},
        "doctor_remarks": None, "follow_up": "歯科の受診をすすめました。",
    } | more  # fmt: skip


def attendance_daily(school_year: int = 2026, grade: str = "P6", **more: Any) -> dict[str, Any]:
    return {
        "school": school(), "school_year": school_year, "grade": grade, "class_name": "6年1組",
        "exceptions": [
            {"date": f"{school_year}-04-20", "mark": "absent", "reason": "illness", "note": None},
            {"date": f"{school_year}-04-21", "mark": "absent", "reason": "illness", "note": None},
            {"date": f"{school_year}-05-12", "mark": "late", "reason": "other", "note": "電車の遅れ"},
            {"date": f"{school_year}-06-09", "mark": "left_early", "reason": "illness", "note": None},
            {"date": f"{school_year}-07-01", "mark": "suspended", "reason": "infection", "note": None},
            {"date": f"{school_year}-09-08", "mark": "treated_as_attended", "reason": "school_refusal",
             "place": "みらい市教育支援センター", "note": None},
        ],
    } | more  # fmt: skip


def report(school_year: int = 2026, grade: str = "P6", **more: Any) -> dict[str, Any]:
    return {
        "school": school(), "school_year": school_year, "grade": grade, "class_name": "6年1組",
        "terms": [
            _term("first_term", f"{school_year}-07-17", 72, "進んで手を挙げ、友達の考えに耳を傾けていました。"),
            _term("second_term", f"{school_year}-12-24", 78, "運動会では係の仕事を最後までやりとげました。"),
        ],
    } | more  # fmt: skip


def _term(term: str, issued_on: str, days: int, comment: str) -> dict[str, Any]:
    return {
        "term": term, "issued_on": issued_on,
        "subjects": [
            {"subject": subject,
             "viewpoints": {"knowledge": marks[0], "thinking": marks[1], "attitude": marks[2]}, "rating": 2}
            for subject, marks in zip(SUBJECTS, _MARKS, strict=True)
        ],
        "behaviour": [{"item": "basic_habits", "marked": True}, {"item": "responsibility", "marked": False}],
        "attendance": {"days_of_school": days, "suspended": 1, "required": days - 1, "absent": 2,
                       "present": days - 3, "late": 1, "left_early": None},
        "comment": comment,
    }  # fmt: skip


def assessment(school_year: int = 2026, grade: str = "P6", **more: Any) -> dict[str, Any]:
    survey = {"held_on": f"{school_year}-04-16", "name": "全国学力・学習状況調査", "kind": "national_survey",
              "way": "paper"}  # fmt: skip
    return {
        "school": school(), "school_year": school_year, "grade": grade, "class_name": None,
        "tests": [
            survey | {"subject": "japanese", "items": 14, "correct": 10},
            survey | {"subject": "arithmetic", "items": 16, "correct": 11, "note": "図形の問題を再テスト"},
            {"held_on": f"{school_year}-10-02", "name": "わり算の確認問題", "kind": "mexcbt", "way": "cbt",
             "subject": "arithmetic", "items": 8, "correct": 7, "score": 87.5, "max_score": 100, "band": 4,
             "curriculum": ["8250243112100000", "82502431A2200000"]},
        ],
    } | more  # fmt: skip


def portfolio(school_year: int = 2026, grade: str = "P6", **more: Any) -> dict[str, Any]:
    return {
        "school": school(), "school_year": school_year, "grade": grade, "class_name": "6年1組",
        "entries": [
            {"number": 1, "kind": "goal", "title": "6年生のめあて", "written_on": f"{school_year}-04-20",
             "text": "下の学年の人にやさしくして、委員会の仕事をわすれずにやります。",
             "teacher_words": "一年生の手を引く姿がたのもしいです。", "family_words": "応援しています。"},
            {"number": 2, "kind": "work", "title": "秋の川原", "written_on": f"{school_year}-10-21",
             "subject": "arts_and_handicrafts", "text": "水の色を何回もぬり重ねました。",
             "files": [{"no": 1, "name": "川原の絵.png", "media_type": "image/png", "size": 2048,
                        "sha256": "ab" * 32}]},
            {"number": 3, "kind": "reflection", "title": "1学期をふり返って", "written_on": f"{school_year}-07-16",
             "text": "係の仕事は毎日できました。算数はもっと見直しをしたいです。", "teacher_words": None},
        ],
    } | more  # fmt: skip
