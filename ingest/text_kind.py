"""Which kind of text a text is: by a clear opening, else by its name's suffix, else by what a program would take it for.

A wrong suffix costs structure, never the text: each reader falls back to reading it as it is.
"""

import re
from typing import Final

from ingest.formats import BY_SUFFIX, JSON, MHTML, TEXT, VTT, XML
from ingest.languages import BY_INTERPRETER

OPENS_AS_XML: Final = re.compile(r"\ufeff?\s*<\?xml\b")
OPENS_AS_JSON: Final = re.compile(
    r'\ufeff?\s*(?:\{\s*"[^"\n]{0,200}"\s*:|\[\s*(?:\{\s*"|"|\[\s*["\d-]))'
)
SAVED_PAGE: Final = re.compile(
    r"\A[^<{]{0,1000}^snapshot-content-location:", re.IGNORECASE | re.MULTILINE
)
# #!/usr/bin/env -S python3.11 -u
SHEBANG: Final = re.compile(r"#!\s*(?:\S*/env\s+(?:-\S+\s+)*)?(?:\S*/)?([A-Za-z-]+)")


def kind_of_text(head: str, *, suffix: str) -> str:
    """Return the media type of a text that begins so; `suffix` in lower case, with its dot."""
    if head.lstrip("\ufeff").startswith("WEBVTT"):
        return VTT
    if OPENS_AS_XML.match(head) and BY_SUFFIX.get(suffix, TEXT) in {TEXT, XML}:
        return XML
    if SAVED_PAGE.search(head):
        return MHTML
    named = BY_SUFFIX.get(suffix, TEXT)
    if named != TEXT:
        return named
    if OPENS_AS_JSON.match(head) and suffix not in BY_SUFFIX:
        return JSON
    if match := SHEBANG.match(head):
        return BY_INTERPRETER.get(match[1], TEXT)
    return TEXT
