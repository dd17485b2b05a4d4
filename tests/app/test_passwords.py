import pytest

from app.passwords import (
    LANES,
    MEMORY_KIB,
    PASSES,
    THREADS,
    check_strength,
    common_passwords,
    open_passwords,
)
from core.errors import InvalidInput


@pytest.fixture(scope="module")
def passwords():
    made = open_passwords()
    yield made
    made.close()


async def test_a_hash_is_argon2id_with_the_floor_that_owasp_names(passwords):
    encoded = await passwords.hash("a sentence nobody guesses")
    assert encoded.startswith(f"$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p={LANES}$")
    assert (MEMORY_KIB, PASSES, LANES, THREADS) == (19456, 2, 1, 2)


async def test_only_the_same_password_verifies(passwords):
    encoded = await passwords.hash("a sentence nobody guesses")
    assert await passwords.verify("a sentence nobody guesses", stored=encoded)
    assert not await passwords.verify("a sentence nobody guesse", stored=encoded)
    assert not await passwords.verify("x", stored="-")
    assert not await passwords.verify("nobody has this password", stored=None)


@pytest.mark.parametrize("password", ["x7#kQ2p", "x" * 257, "password1", "QWERTYUIOP", "12345678"])
def test_what_would_be_guessed_first_is_refused(password):
    with pytest.raises(InvalidInput):
        check_strength(password)


@pytest.mark.parametrize(
    "password", ["x7#kQ2pw", "x" * 256, "пароль из слов", "🐘🐘🐘🐘🐘🐘🐘🐘", "        "]
)
def test_length_counts_and_nothing_is_prescribed(password):
    check_strength(password)


def test_the_list_holds_the_three_thousand_commonest_that_are_long_enough():
    assert len(common_passwords()) >= 2900
    assert min(map(len, common_passwords())) == 8
