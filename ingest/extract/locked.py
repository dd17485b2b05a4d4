"""What a reader says of a file that does not open: it needs a password, or another one than was given."""

from ingest.extract.segment import Unreadable


def locked(what: str, password: str) -> Unreadable:
    """Return the refusal of a file that the password ("" for none) does not open."""
    if password:
        return Unreadable(
            "password_wrong",
            f"The password does not open the {what}.",
            remedy="Retry it with the right password.",
        )
    return Unreadable(
        "password_needed",
        f"The {what} is protected by a password.",
        remedy="Retry it with its password.",
    )
