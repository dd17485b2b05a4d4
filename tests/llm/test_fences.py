"""Which places of a text stand in code: each `@` here asks for its own."""

import re

import pytest

from llm.fences import FENCED, LONGEST_INLINE, Code

_PART = re.compile(r"@|`+|~{3,}|[^@`~]+|~{1,2}")


def asked(text: str) -> list[bool | None]:
    code, said = Code(), list[bool | None]()
    for part in _PART.finditer(text):
        if part[0] == "@":
            said.append(code.holds("", text[part.end() :], final=True))
        code.passed(part[0])
        if part[0][0] in "`~" and (part[0][0] == "`" or len(part[0]) > 2):
            code.passed_run(part[0])
    return said


IN, OUT = True, False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("`@` @", [IN, OUT]),
        ("``@ ` @`` @", [IN, IN, OUT]),
        ("a ` b @ c", [OUT]),
        ("a ` b ``@`` @ c", [IN, OUT]),
        ("a ` b @\n\nc `@`", [OUT, IN]),
        ("- a ` b @\n- c ` @", [OUT, OUT]),
        ("a `b\nc@` @", [IN, OUT]),
        ("```\n@\n\n@ ` @\n``` @", [IN, IN, IN, OUT]),
        ("```py\n@\n~~~\n@\n````\n@", [IN, IN, OUT]),
        ("~~~ a`b\n@\n```\n@\n~~~\n@", [IN, IN, OUT]),
        ("a ` b\n```\n@\n```\n@", [IN, OUT]),
        ("1. a\n   ```\n   @ ``` @\n   ```\n   @", [IN, IN, OUT]),
        ("> ```\n> @\n> ```\n> @", [IN, OUT]),
        ("```@``` @", [IN, OUT]),
        ("a ~~~ @", [OUT]),
        ("So: ```c++\n@\n\n@\n```\n@", [IN, IN, OUT]),
        ("```\n@", [IN]),
        (f"`{'a' * LONGEST_INLINE}@`", [OUT]),
        (f"`@{'a' * LONGEST_INLINE}`", [OUT]),
    ],
)
def test_places_between_fences_and_ticks_are_code(text, said):
    assert asked(text) == said


def test_what_may_yet_be_closed_is_waited_for():
    code = Code()
    code.passed("a `")
    code.passed_run("`")
    assert [code.holds(" ", ahead, final=False) for ahead in ("", " b", "` b", " b\n\nc")] == [
        None,
        None,
        True,
        False,
    ]
    assert code.holds("", "a" * LONGEST_INLINE, final=False) is False


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\n```\nb\n\nc\n```\nd", ["```\nb\n\nc\n```"]),
        ("~~~py\nb ``` c\n~~~\nd\n- ```\n  e", ["~~~py\nb ``` c\n~~~", "- ```\n  e"]),
        ("```a``` b\nc", []),
        ("So: ```py\na\n```\nb ```c\nd", ["```py\na\n```", "```c\nd"]),
    ],
)
def test_a_whole_text_has_its_fenced_code(text, found):
    assert [code[0] for code in FENCED.finditer(text)] == found
