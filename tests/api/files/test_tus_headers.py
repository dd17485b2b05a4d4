import base64
import hashlib

import pytest

from api.files.tus_headers import Checksum, checksum_of, count_of, metadata_of, name_of
from core.errors import InvalidInput
from core.names import FileName


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_metadata_are_pairs_and_a_key_may_stand_alone():
    assert metadata_of("") == {}
    value = f"filename {coded('Küche, alt.txt')}, folder {coded('a/b')},draft"
    assert metadata_of(value) == {"filename": "Küche, alt.txt", "folder": "a/b", "draft": ""}


@pytest.mark.parametrize(
    "value",
    [
        "filename !!",
        "filename YQ",
        "a YQ==,a YQ==",
        "filename /w==",
        "a " + "A" * 9000,
        "filename a b",
    ],
)
def test_metadata_that_cannot_be_read_are_refused(value):
    with pytest.raises(InvalidInput, match="Upload-Metadata"):
        metadata_of(value)


def test_a_name_is_taken_from_either_key_and_is_no_path():
    assert name_of({"filename": "../etc/a.txt", "folder": "b"}) == FileName("b/etc", "a.txt")
    assert name_of({"name": "a.txt"}) == FileName("", "a.txt")
    with pytest.raises(InvalidInput):
        name_of({"folder": "a"})


def test_a_checksum_names_its_algorithm():
    digest = hashlib.sha1(b"part").digest()
    encoded = base64.b64encode(digest).decode()
    assert checksum_of(f"sha1 {encoded}") == Checksum("sha1", digest)
    assert checksum_of(None) is None
    for wrong in ("", "md5 YQ==", "sha1", "sha1 YQ==", f"sha256 {encoded}", "sha1 !"):
        with pytest.raises(InvalidInput, match="Upload-Checksum"):
            checksum_of(wrong)


@pytest.mark.parametrize("value", [None, "", "-1", "+1", "1.0", "0x1", " 1", "1e3", "٣", "9" * 19])
def test_a_count_is_a_few_plain_digits(value):
    assert count_of("Upload-Length", "0012") == 12
    with pytest.raises(InvalidInput, match="Upload-Length"):
        count_of("Upload-Length", value)
