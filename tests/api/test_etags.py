import pytest

from api.etags import check_etag
from core.errors import Stale


@pytest.mark.parametrize("if_match", [None, "*", " * ", '"a"', '"b", "a"'])
def test_a_header_that_names_the_version_or_asks_for_none_passes(if_match):
    check_etag(if_match, '"a"')


@pytest.mark.parametrize("if_match", ["", '"b"', "a", 'W/"a"', '"b", "c"'])
def test_any_other_is_stale(if_match):
    with pytest.raises(Stale):
        check_etag(if_match, '"a"')
