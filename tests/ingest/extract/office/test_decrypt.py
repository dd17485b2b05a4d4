"""The two ways of encrypting; how files end that are opened so is tested in test_protected.py."""

from struct import pack

import pytest

from ingest.extract.office.decrypt import decrypted

# The example key of [MS-OFFCRYPTO] readers: of the password "Password1234_".
SALT = bytes.fromhex("e88266490c5bd1eebd2b4394e3f830ef")
VERIFIER = bytes.fromhex("516f732e966fac17b1c5d7d8cc36c928")
VERIFIER_HASH = bytes.fromhex("2b6168dabe2911ad2bd37c1746745c14d3cf1bb140a48f4e6f3d23880872b16a")
HEADER = pack("<8I", 0x24, 0, 0x660E, 0x8004, 128, 0x18, 0, 0)
INFO = (
    pack("<HHII", 4, 2, 0x24, len(HEADER)) + HEADER
    + pack("<I", 16) + SALT + VERIFIER + pack("<I", 20) + VERIFIER_HASH
)  # fmt: skip


def test_a_published_example_opens_with_its_password_alone():
    package = pack("<Q", 16) + VERIFIER
    assert decrypted(INFO, package, "Password1234_") is not None
    assert decrypted(INFO, package, "Password1234") is None


def test_the_archive_has_the_length_that_was_sealed():
    opened = decrypted(INFO, pack("<Q", 5) + VERIFIER, "Password1234_")
    assert opened is not None
    assert len(opened) == 5


@pytest.mark.parametrize("version", [(4, 3), (1, 2), (5, 4)])
def test_another_version_is_not_tried(version):
    with pytest.raises(ValueError, match="another way"):
        decrypted(pack("<HH", *version) + INFO[4:], pack("<Q", 5), "x")
