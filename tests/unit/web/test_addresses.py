import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.addresses import local_path


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil",
        "/\t/evil.example",
        "javascript:x",
        "evil",
        "",
        None,
        "/a b",
    ],
)
def test_address_that_leads_elsewhere_becomes_the_first_page(address: str | None) -> None:
    assert local_path(address) == "/"


@pytest.mark.parametrize("address", ["/", "/year/2026", "/log?from=2026-04-01&page=2", "/記録"])
def test_address_of_this_service_is_kept(address: str) -> None:
    assert local_path(address) == address


@given(st.text(alphabet="/\\:.ab?@ \t\n#", max_size=12))
def test_result_always_stays_in_this_service(address: str) -> None:
    assert local_path(address).startswith("/")
    assert not local_path(address).startswith(("//", "/\\"))
