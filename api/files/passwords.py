"""The password that a file is opened with, as a request brings it: it goes sealed into the worker's hands and nowhere else."""

from typing import Annotated
from urllib.parse import unquote_to_bytes

from fastapi import Header
from pydantic import AfterValidator, Field, SecretStr

from app.resources import Resources
from app.shared_key import shared_key
from core.errors import InvalidInput
from ingest.passwords import MOST_CHARACTERS, PASSWORD_KEY, GivenPassword

HEADER = "X-File-Password"


def _storable(password: SecretStr) -> SecretStr:
    text = password.get_secret_value()
    if "\0" in text or not text.isprintable():
        raise ValueError("must not hold control characters")
    return password


Password = Annotated[
    SecretStr, Field(min_length=1, max_length=MOST_CHARACTERS), AfterValidator(_storable)
]
PasswordHeader = Annotated[
    str | None,
    Header(
        alias=HEADER, max_length=4096, description="That the file is opened with, percent-encoded"
    ),
]


def password_of(header: str | None, field: str | None) -> SecretStr | None:
    """Return the password of an upload: the form's field, else the header; None where both are missing or empty."""
    text = field or _decoded(header or "")
    if len(text) > MOST_CHARACTERS or not text.isprintable():
        raise InvalidInput.of(
            "password",
            f"must have at most {MOST_CHARACTERS:,} characters, and no control characters",
        )
    return SecretStr(text) if text else None


async def given_password(resources: Resources, password: SecretStr | None) -> GivenPassword | None:
    """Return the password with the key that it is sealed by."""
    if password is None:
        return None
    key = await shared_key(resources.signin, name=PASSWORD_KEY)
    return GivenPassword(password.get_secret_value(), key)


def _decoded(value: str) -> str:
    try:
        return unquote_to_bytes(value.encode("latin-1")).decode()
    except UnicodeDecodeError:
        raise InvalidInput.of(HEADER, "is not UTF-8") from None
