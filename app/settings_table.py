"""The settings as a person reads them: a table for the terminal, a page for docs/settings.md. Secrets stay masked."""

import re
from dataclasses import dataclass
from typing import get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.settings import CHECKOUT, Settings

MASK = "********"
# Greedy: rather mask too much than leave the end of a password that holds an @ or a slash.
_PASSWORD = re.compile(r"(://[^:@/?#]*:).+(?=@)|([?&]password=)[^&#]+")


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One setting: its environment variable, its value as it may be shown, and the reason it exists."""

    name: str
    value: str
    reason: str


def settings_table(settings: Settings) -> list[SettingRow]:
    """Return one row for each setting, in the order of the class."""
    return [
        SettingRow(name.upper(), shown(getattr(settings, name)), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def shown(value: object) -> str:
    """Return the value for a terminal or a log; of a URL with a password only the password is masked."""
    if value is None:
        return "(unset)"
    if not isinstance(value, SecretStr):
        return str(value)
    return _without_password(value.get_secret_value())


def settings_markdown() -> str:
    """Return docs/settings.md: the defaults, not the values of this machine."""
    lines = [
        "# Settings",
        "",
        "Made by `recollect settings --markdown`. Each is an environment variable; unset or empty means the default.",
        "",
        "| Variable | Default | Secret | Reason |",
        "| --- | --- | --- | --- |",
    ]
    for name, field in Settings.model_fields.items():
        secret = "yes" if SecretStr in (field.annotation, *get_args(field.annotation)) else ""
        cells = (f"`{name.upper()}`", _default(name, field), secret, field.description or "")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


# What a default that is computed from other settings means, in words.
_COMPUTED = {
    "registration": "`open` on loopback, else `invite`",
    "blob_dir": "`RECOLLECT_HOME/blobs`",
    "embed_socket": "`RECOLLECT_HOME/run/embed.sock`",
}


def _default(name: str, field: FieldInfo) -> str:
    if field.default_factory is not None:
        return _COMPUTED[name]
    if field.default is None:
        return "(unset)"
    return f"`{str(field.default).replace(str(CHECKOUT), '<checkout>')}`"


def _without_password(secret: str) -> str:
    """Mask a bare secret whole; in a URL only the password, which may also stand in the query."""
    if "://" not in secret:
        return MASK
    return _PASSWORD.sub(rf"\g<1>\g<2>{MASK}", secret)
