"""The registrar's folder: who is taken in, what is published, and what a crash leaves."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from manabi import registrar as module
from manabi.cli import main
from manabi.registrar import LIFETIME, Registrar, RegistrarRefused
from tests.unit.trust.forging import EC, ED, RSA
from tests.unit.trust.test_joining import NODE, NOW, SYSTEM
from trust.joining import JoinRefused, write_join_request
from trust.participants import KeyUse, Organisation, OrganisationKind, Participant, ParticipantKey
from trust.registry import Registry, open_registry, read_registrar_keys
from trust.signing import SigningKey

DAY = timedelta(days=1)
EAST = Organisation("B120299000018", "みらい市立東小学校", OrganisationKind.SCHOOL, (SigningKey.generate().public(),))
BOARD = Organisation("209201", "みらい市教育委員会", OrganisationKind.BOARD)
MIRAI = replace(NODE, organisations=(BOARD, EAST))
ASKED = write_join_request(ED, MIRAI, now=NOW)


@pytest.fixture
def registrar(tmp_path: Path) -> Registrar:
    return Registrar.create(tmp_path / "registrar", now=NOW)


def another(name: str, *organisations: Organisation) -> str:
    key = SigningKey.generate()
    keys = (
        ParticipantKey.of(KeyUse.NODE, key.jose_key(), NOW),
        ParticipantKey.of(KeyUse.CLIENT, SigningKey.generate().jose_key(), NOW),
    )
    one = replace(NODE, id=name, issuer=f"https://{name}", keys=keys, organisations=organisations)
    return write_join_request(key, one, now=NOW)


def published(registrar: Registrar, now: datetime = NOW) -> Registry:
    keys = read_registrar_keys(registrar.public_keys.read_bytes())
    return open_registry(registrar.document.read_text(), keys, now, held=None)


def entry(registry: Registry, name: str) -> Participant:
    found = registry.by_id(name)
    assert found is not None
    return found


def test_a_new_registrar_has_published_a_document_that_lists_nobody(registrar: Registrar) -> None:
    assert (published(registrar).version, published(registrar).participants) == (1, ())
    assert published(registrar).expires_at == NOW + LIFETIME


def test_only_the_registrar_may_read_its_key(registrar: Registrar) -> None:
    assert registrar.folder.stat().st_mode & 0o077 == 0
    assert (registrar.folder / "registrar.pem").stat().st_mode & 0o077 == 0
    assert b'"d"' not in registrar.public_keys.read_bytes()


def test_whoever_is_admitted_is_published_with_a_number(registrar: Registrar) -> None:
    registry = registrar.admit(ASKED, now=NOW)
    assert entry(registry, "mirai.node") == replace(MIRAI, number=1)
    assert published(registrar) == registry
    assert registrar.admit(another("asahi.example"), now=NOW).participants[1].number == 2


def test_a_system_is_admitted_like_a_node(registrar: Registrar) -> None:
    assert entry(registrar.admit(write_join_request(RSA, SYSTEM, now=NOW), now=NOW), "vendor").number == 1


def test_several_are_admitted_in_one_document(registrar: Registrar) -> None:
    registry = registrar.admit_all([ASKED, another("asahi.example"), another("kita.example")], now=NOW)
    assert registry.version == 2
    assert [(one.number, one.id) for one in registry.participants] == [
        (1, "mirai.node"), (2, "asahi.example"), (3, "kita.example"),
    ]  # fmt: skip
    assert published(registrar) == registry


def test_of_several_all_are_admitted_or_none(registrar: Registrar) -> None:
    twice = another("kita.example", BOARD)
    for refused in (["nonsense"], [twice]):
        with pytest.raises(JoinRefused):
            registrar.admit_all([ASKED, another("asahi.example"), *refused], now=NOW)
        assert (published(registrar).version, published(registrar).participants) == (1, ())
    assert entry(registrar.admit(another("minami.example"), now=NOW), "minami.example").number == 1


def test_a_number_stays_its_participants_for_ever(registrar: Registrar) -> None:
    registrar.admit(ASKED, now=NOW)
    registrar.admit(another("asahi.example"), now=NOW)
    registrar.remove("asahi.example", now=NOW)
    registrar.remove("mirai.node", now=NOW)
    assert entry(registrar.admit(another("kita.example"), now=NOW), "kita.example").number == 3
    assert entry(registrar.admit(another("asahi.example"), now=NOW), "asahi.example").number == 2


def test_a_change_keeps_the_number_and_the_keys_a_school_signed_with(registrar: Registrar) -> None:
    registrar.admit(ASKED, now=NOW)
    new = SigningKey.generate().public()
    changed = replace(MIRAI, name="新みらい市", organisations=(replace(EAST, keys=(new,)),))
    found = entry(registrar.admit(write_join_request(ED, changed, now=NOW + DAY), now=NOW + DAY), "mirai.node")
    assert (found.number, found.name) == (1, "新みらい市")
    assert found.organisations[0].keys == (new, *EAST.keys)


def test_an_older_request_does_not_undo_a_newer_one(registrar: Registrar) -> None:
    registrar.admit(ASKED, now=NOW)
    registrar.admit(write_join_request(ED, replace(MIRAI, name="新みらい市"), now=NOW + DAY), now=NOW + DAY)
    with pytest.raises(JoinRefused, match="a later request"):
        registrar.admit(ASKED, now=NOW + DAY)
    assert entry(published(registrar, NOW + DAY), "mirai.node").name == "新みらい市"


def test_a_name_that_is_taken_cannot_be_taken_over(registrar: Registrar) -> None:
    registrar.admit(ASKED, now=NOW)
    with pytest.raises(JoinRefused, match="its key is not known"):
        registrar.admit(another("mirai.node"), now=NOW)


@pytest.mark.parametrize(
    ("organisation", "reason"),
    [
        (EAST, "mirai.node stands for B120299000018 already"),
        (replace(EAST, code="B120299000019"), "is not the code of a school"),
        (replace(EAST, code="209201"), "is not the code of a school"),
        (replace(BOARD, code="B120299000018"), "is not the code of a board"),
        (replace(BOARD, code="20920"), "is not the code of a board"),
    ],
)
def test_a_code_is_a_real_one_and_stands_under_one_participant(
    registrar: Registrar, organisation: Organisation, reason: str
) -> None:
    registrar.admit(ASKED, now=NOW)
    with pytest.raises(JoinRefused, match=reason):
        registrar.admit(another("asahi.example", organisation), now=NOW)
    assert published(registrar).version == 2


def test_two_participants_cannot_share_an_issuer_or_a_key(registrar: Registrar) -> None:
    registrar.admit(ASKED, now=NOW)
    twin = write_join_request(ED, replace(NODE, id="twin", issuer="https://twin.example"), now=NOW)
    with pytest.raises(JoinRefused, match=r"the key .* stands twice"):
        registrar.admit(twin, now=NOW)
    key = SigningKey.generate()
    keys = (ParticipantKey.of(KeyUse.NODE, key.jose_key(), NOW), ParticipantKey.of(KeyUse.CLIENT, RSA, NOW))
    same_issuer = write_join_request(key, replace(NODE, id="other", keys=keys), now=NOW)
    with pytest.raises(JoinRefused, match=r"the issuer .* stands twice"):
        registrar.admit(same_issuer, now=NOW)
    assert published(registrar).version == 2


def test_a_request_that_is_refused_leaves_the_folder_as_it_was(registrar: Registrar) -> None:
    registrar.admit(ASKED, now=NOW)

    def files() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in sorted(registrar.folder.rglob("*")) if path.is_file()}

    before = files()
    twin = write_join_request(ED, replace(NODE, id="twin", issuer="https://twin.example"), now=NOW)
    for token in (twin, another("mirai.node"), another("asahi.example", EAST), "", ASKED[:-4] + "AAAA"):
        with pytest.raises(JoinRefused):
            registrar.admit(token, now=NOW)
    with pytest.raises(RegistrarRefused):
        registrar.remove("twin", now=NOW)
    assert files() == before


def test_whoever_is_removed_is_gone(registrar: Registrar) -> None:
    registrar.admit(ASKED, now=NOW)
    assert registrar.remove("mirai.node", now=NOW).participants == ()
    with pytest.raises(RegistrarRefused, match="does not take part"):
        registrar.remove("mirai.node", now=NOW)


def test_renewing_extends_the_validity_and_drops_keys_that_have_ended(registrar: Registrar) -> None:
    old = replace(NODE.keys[1], valid_to=NOW + DAY)
    keys = (NODE.keys[0], old, ParticipantKey.of(KeyUse.CLIENT, RSA, NOW))
    registrar.admit(write_join_request(ED, replace(NODE, keys=keys), now=NOW), now=NOW)
    later = NOW + 2 * DAY
    renewed = registrar.renew(now=later)
    assert renewed.expires_at == later + LIFETIME
    assert [key.kid for key in entry(renewed, "mirai.node").keys] == [keys[0].kid, keys[2].kid]


def test_renewing_leaves_the_last_key_though_it_has_ended(registrar: Registrar) -> None:
    keys = (NODE.keys[0], replace(NODE.keys[1], valid_to=NOW + DAY))
    registrar.admit(write_join_request(ED, replace(NODE, keys=keys), now=NOW), now=NOW)
    assert entry(registrar.renew(now=NOW + 2 * DAY), "mirai.node").keys_for(KeyUse.CLIENT, NOW + 2 * DAY) == ()


def test_every_version_is_kept(registrar: Registrar) -> None:
    registrar.admit(ASKED, now=NOW)
    registrar.renew(now=NOW)
    assert [path.name for path in sorted((registrar.folder / "versions").iterdir())] == [
        "00000001.jws", "00000002.jws", "00000003.jws",
    ]  # fmt: skip


def test_a_crash_before_the_newest_document_was_laid_out_is_made_good(
    registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(path: Path, content: bytes) -> None:
        if path.name == "registry.jws":
            raise KeyboardInterrupt
        real(path, content)

    real = module._replace
    monkeypatch.setattr(module, "_replace", crash)
    with pytest.raises(KeyboardInterrupt):
        registrar.admit(ASKED, now=NOW)
    monkeypatch.undo()
    assert published(registrar).version == 1
    again = Registrar.open(registrar.folder)
    assert published(again) == again.current()
    assert entry(again.current(), "mirai.node").number == 1


def test_a_creation_that_was_cut_short_is_completed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "registrar"

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module._State, "to_bytes", crash)
    with pytest.raises(KeyboardInterrupt):
        Registrar.create(folder, now=NOW)
    monkeypatch.undo()
    with pytest.raises(RegistrarRefused, match="no registrar"):
        Registrar.open(folder)
    key = (folder / "registrar.pem").read_bytes()
    assert Registrar.create(folder, now=NOW).current().version == 1
    assert (folder / "registrar.pem").read_bytes() == key


@pytest.mark.parametrize("days", [-1, 0, 31])
def test_no_document_is_valid_for_longer_than_a_rotated_key_overlaps(tmp_path: Path, days: int) -> None:
    with pytest.raises(RegistrarRefused, match="1 to 30 days"):
        Registrar.create(tmp_path / "registrar", now=NOW, lifetime=timedelta(days=days))
    assert not (tmp_path / "registrar").exists()


def test_a_second_registrar_is_not_laid_over_the_first(registrar: Registrar) -> None:
    with pytest.raises(RegistrarRefused, match="there is one already"):
        Registrar.create(registrar.folder, now=NOW)


@pytest.mark.parametrize("content", ["", "{}", '{"format":"x"}', "[]", "3"])
def test_a_folder_that_is_no_registrars_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(RegistrarRefused):
        Registrar.open(tmp_path)
    (tmp_path / "state.json").write_text(content)
    with pytest.raises(RegistrarRefused):
        Registrar.open(tmp_path)


def test_the_command_line_does_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "system_clock", lambda: NOW)
    folder, request = ["registrar", "--folder", str(tmp_path / "r")], tmp_path / "join.jws"
    request.write_text(ASKED + "\n")
    assert main([*folder, "init", "--days", "7"]) == 0
    assert main([*folder, "admit", str(request)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[1] == "registry version 2, valid until 2026-11-27T03:00:00Z"
    assert shown[2] == "1 mirai.node (node) みらい市教育委員会, https://mirai.example, 教育総務課"
    assert f"  client key {EC.thumbprint()} from 2026-11-20T03:00:00Z" in shown
    assert "  school B120299000018 みらい市立東小学校" in shown
    assert main([*folder, "renew"]) == main([*folder, "remove", "mirai.node"]) == main([*folder, "show"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "registry version 4, valid until 2026-11-27T03:00:00Z"


def test_the_command_line_names_what_it_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registrar", "--folder", str(tmp_path), "show"]) == 1
    assert "no registrar is there" in capsys.readouterr().err
    assert main(["registrar", "--folder", str(tmp_path / "r"), "init"]) == 0
    assert main(["registrar", "--folder", str(tmp_path / "r"), "admit", str(tmp_path / "absent")]) == 1
    assert "absent cannot be read" in capsys.readouterr().err
