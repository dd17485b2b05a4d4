import pytest

from core.sealing import NONCE_BYTES, seal, unseal

KEY = bytes(range(32))
OTHER = bytes(32)


def test_what_was_sealed_opens_with_its_key_and_purpose():
    assert unseal(KEY, seal(KEY, "öffne dich", bound_to=b"a"), bound_to=b"a") == "öffne dich"


@pytest.mark.parametrize(("key", "bound_to"), [(OTHER, b"a"), (KEY, b"b")], ids=["key", "purpose"])
def test_nothing_else_opens_it(key, bound_to):
    assert unseal(key, seal(KEY, "sesame", bound_to=b"a"), bound_to=bound_to) is None


@pytest.mark.parametrize("damage", [lambda s: b"", lambda s: s[:NONCE_BYTES], lambda s: s[:-1]])
def test_what_is_cut_off_opens_no_more(damage):
    assert unseal(KEY, damage(seal(KEY, "sesame", bound_to=b"")), bound_to=b"") is None


def test_equal_secrets_are_sealed_differently():
    assert seal(KEY, "sesame", bound_to=b"") != seal(KEY, "sesame", bound_to=b"")
