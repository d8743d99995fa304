"""OneRoster zips that each break in one way; what is wrong stands in the function's name and first line."""

import io
import struct
import zipfile

from tests.factories.oneroster import STAMP, delta_package, pack, package


def missing_manifest() -> bytes:
    """No manifest.csv."""
    bent = package()
    bent.manifest = []
    return bent.packed()


def unknown_version() -> bytes:
    """A manifest that names OneRoster 1.1."""
    bent = package()
    bent.set_manifest("oneroster.version", "1.1")
    return bent.packed()


def announced_file_missing() -> bytes:
    """The manifest says `bulk` for demographics.csv, which is not in the zip."""
    bent = package()
    del bent.rows["demographics"]
    return bent.packed()


def unannounced_file_present() -> bytes:
    """The manifest says `absent` for demographics.csv, which is in the zip."""
    bent = package()
    bent.set_manifest("file.demographics", "absent")
    return bent.packed()


def wrong_header_order() -> bytes:
    """users.csv has givenName and familyName the other way round, header and cells alike."""
    bent = package()
    columns = bent.headers["users"]
    one, other = columns.index("givenName"), columns.index("familyName")
    columns[one], columns[other] = columns[other], columns[one]
    return bent.packed()


def missing_column() -> bytes:
    """users.csv lacks the column userMasterIdentifier."""
    bent = package()
    bent.headers["users"].remove("userMasterIdentifier")
    return bent.packed()


def short_row() -> bytes:
    """The first data row of orgs.csv has fewer cells than the header."""
    members = package().members()
    head, first, *rest = members["orgs.csv"].decode().split("\r\n")
    members["orgs.csv"] = "\r\n".join([head, first.rsplit(",", 2)[0], *rest]).encode()
    return pack(members)


def file_without_rows() -> bytes:
    """demographics.csv has a header and nothing else."""
    bent = package()
    bent.rows["demographics"] = []
    return bent.packed()


def duplicate_ids() -> bytes:
    """Two users bear the sourcedId `s-1`."""
    bent = package()
    bent.rows["users"][1]["sourcedId"] = "s-1"
    return bent.packed()


def invalid_sourced_id() -> bytes:
    """A user's sourcedId holds a space and a Japanese letter."""
    bent = package()
    bent.rows["users"][1]["sourcedId"] = "児童 2"
    return bent.packed()


def half_width_kana() -> bytes:
    """The second child's reading is written in half-width kana (row 2 of users.csv)."""
    bent = package()
    bent.rows["users"][1]["metadata.jp.kanaFamilyName"] = "ﾖｼﾀﾞ"
    return bent.packed()


def missing_required_cell() -> bytes:
    """The second child has no family name."""
    bent = package()
    bent.rows["users"][1]["familyName"] = ""
    return bent.packed()


def unknown_role() -> bytes:
    """A role that no list knows."""
    bent = package()
    bent.rows["roles"][3]["role"] = "headmaster"
    return bent.packed()


def impossible_date() -> bytes:
    """A child born on 30 February."""
    bent = package()
    bent.rows["demographics"][1]["birthDate"] = "2016-02-30"
    return bent.packed()


def dangling_class() -> bytes:
    """An enrolment in a class that is not in classes.csv."""
    bent = package()
    bent.rows["enrollments"][1]["classSourcedId"] = "cl-9-9"
    return bent.packed()


def dangling_user() -> bytes:
    """An enrolment of a user who is not in users.csv."""
    bent = package()
    bent.rows["enrollments"][1]["userSourcedId"] = "s-99"
    return bent.packed()


def dangling_carer() -> bytes:
    """A child whose agentSourcedIds name a user who is not in users.csv."""
    bent = package()
    bent.rows["users"][0]["agentSourcedIds"] = "c-1,c-77"
    return bent.packed()


def dangling_parent_org() -> bytes:
    """A school under an organisation that is not in orgs.csv."""
    bent = package()
    bent.rows["orgs"][1]["parentSourcedId"] = "nobody"
    return bent.packed()


def school_code(code: str) -> bytes:
    """The school's identifier is `code`."""
    bent = package()
    bent.rows["orgs"][1]["identifier"] = code
    return bent.packed()


def school_code_as_a_power_of_ten() -> bytes:
    """A spreadsheet turned the school code into 1.20299E+11."""
    return school_code("1.20299E+11")


def school_code_without_its_letter() -> bytes:
    """The school code lost its leading letter."""
    return school_code("120299000018")


def school_code_with_a_wrong_check_digit() -> bytes:
    """The last digit of the school code is wrong."""
    return school_code("B120299000019")


def bulk_with_status() -> bytes:
    """A bulk row fills status and dateLastModified, which belong to delta files."""
    bent = package()
    bent.rows["users"][0] |= {"status": "active", "dateLastModified": STAMP}
    return bent.packed()


def delta_without_status() -> bytes:
    """A delta row leaves status and dateLastModified empty."""
    bent = delta_package()
    bent.rows["users"][0] |= {"status": "", "dateLastModified": ""}
    return bent.packed()


def return_inside_a_cell() -> bytes:
    """A family name holds a carriage return."""
    bent = package()
    bent.rows["users"][1]["familyName"] = "𠮷\r田"
    return bent.packed()


def cp932_bytes() -> bytes:
    """users.csv is written in cp932 (Shift_JIS), as a spreadsheet saves it; the character outside it is replaced."""
    bent = package()
    bent.rows["users"][1] |= {"familyName": "吉田", "preferredFamilyName": "吉田"}
    bent.encodings["users"] = "cp932"
    return bent.packed()


def with_bom() -> bytes:
    """Every file starts with a byte-order mark; this one is to be accepted and noted."""
    bent = package()
    bent.encodings = dict.fromkeys(["manifest", *bent.rows], "utf-8-sig")
    return bent.packed()


def path_traversal(name: str = "../../etc/users.csv") -> bytes:
    """A member's name leads out of the folder."""
    return pack(package().members() | {name: b"sourcedId\r\n"})


def member_in_a_folder() -> bytes:
    """Every member lies in a folder inside the zip."""
    return pack({f"roster/{name}": content for name, content in package().members().items()})


def unexpected_member() -> bytes:
    """A member that no OneRoster set holds."""
    return pack(package().members() | {"setup.exe": b"MZ"})


def member_twice() -> bytes:
    """users.csv is in the zip twice, the second time with other content."""
    stream = io.BytesIO(package().packed())
    with zipfile.ZipFile(stream, "a") as zipped:
        central = zipped.filelist
        del zipped.NameToInfo["users.csv"]
        zipped.writestr("users.csv", b"sourcedId\r\n")
        assert [info.filename for info in central].count("users.csv") == 2
    return stream.getvalue()


def too_many_members(count: int = 5_000) -> bytes:
    """A zip with thousands of members."""
    return pack(package().members() | {f"extra{number}.csv": b"a\r\n" for number in range(count)})


def zip_bomb(size: int = 400_000_000) -> bytes:
    """users.csv unpacks to `size` bytes out of a thousandth of it."""
    stream = io.BytesIO(package().packed())
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as zipped:
        del zipped.NameToInfo["users.csv"]
        zipped.filelist[:] = [info for info in zipped.filelist if info.filename != "users.csv"]
        with zipped.open("users.csv", "w", force_zip64=True) as member:
            block = b"0" * 1_000_000
            for _ in range(-(-size // len(block))):
                member.write(block)
    return stream.getvalue()


def zip_bomb_with_a_false_size(size: int = 50_000_000) -> bytes:
    """The same, but the directory claims that users.csv unpacks to 100 bytes."""
    data = bytearray(zip_bomb(size))
    place = data.rindex(b"PK\x01\x02", 0, data.rindex(b"users.csv"))
    struct.pack_into("<I", data, place + 24, 100)
    return bytes(data)


def over_size(size: int) -> bytes:
    """A zip of at least `size` bytes: a member that is stored as it is."""
    stream = io.BytesIO(package().packed())
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_STORED) as zipped:
        zipped.writestr("resources.csv", b"\0" * size)
    return stream.getvalue()


def long_cell(length: int = 100_000) -> bytes:
    """A family name of very many characters."""
    bent = package()
    bent.rows["users"][1]["familyName"] = "田" * length
    return bent.packed()


def encrypted() -> bytes:
    """The zip marks its first member as encrypted."""
    data = bytearray(package().packed())
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = data.index(mark)
        data[place + offset] |= 1
    return bytes(data)


def truncated() -> bytes:
    """The zip ends in the middle, as after a broken upload."""
    whole = package().packed()
    return whole[: len(whole) // 2]


def corrupted() -> bytes:
    """A byte of users.csv's compressed content is flipped, so that its checksum fails."""
    data = bytearray(package().packed())
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as zipped:
        info = zipped.getinfo("users.csv")
    data[info.header_offset + 30 + len(info.filename) + info.compress_size // 2] ^= 0xFF
    return bytes(data)


def not_a_zip() -> bytes:
    """A PDF under the name of a zip."""
    return b"%PDF-1.7\n" + b"\0" * 200


def empty_zip() -> bytes:
    """A zip without members."""
    return pack({})


REFUSED_SETS = (
    missing_manifest, unknown_version, announced_file_missing, unannounced_file_present, wrong_header_order,
    missing_column, cp932_bytes, path_traversal, member_in_a_folder, unexpected_member, member_twice,
    too_many_members, zip_bomb, zip_bomb_with_a_false_size, encrypted, truncated, corrupted, not_a_zip, empty_zip,
)  # fmt: skip
"""Sets that are refused before any row is judged."""

FAULTY_ROWS = (
    short_row, file_without_rows, duplicate_ids, invalid_sourced_id, half_width_kana, missing_required_cell,
    unknown_role, impossible_date, dangling_class, dangling_user, dangling_carer, dangling_parent_org,
    school_code_as_a_power_of_ten, school_code_without_its_letter, school_code_with_a_wrong_check_digit,
    bulk_with_status, delta_without_status, return_inside_a_cell, long_cell,
)  # fmt: skip
"""Sets in which a row is wrong; the report names file, row, column and remedy."""
