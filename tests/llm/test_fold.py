import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm.fold import find_folded, fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("The  Cat\n\tsat", "the cat sat"),
        ("“don’t” – «ﬁne»", '"don\'t" - "fine"'),  # noqa: RUF001
        ("Stra\u00dfe, e\u0301t\u00e9", "strasse, e\u0301te\u0301"),
        ("in\u00advis\u200bible\u202e", "invisible"),
        ("**bold** `code`", "bold code"),
        ("known [12], [3, 4] and [5–7].", "known, and."),  # noqa: RUF001
        ("[2024] a[i]", "[2024] a[i]"),
        ("", ""),
    ],
)
def test_what_is_levelled_and_what_is_dropped(text, folded):
    assert fold(text).text == folded


@given(st.text())
def test_each_folded_letter_knows_its_origin_in_order(text):
    folded = fold(text)
    assert len(folded.origin) == len(folded.text)
    assert list(folded.origin) == sorted(folded.origin)
    assert all(at < len(text) for at in folded.origin)


@given(st.text())
def test_compatible_forms_fold_alike(text):
    """NFKC of the whole text and our one character at a time meet, up to the order of stacked accents."""
    alike = [
        unicodedata.normalize("NFD", fold(t).text)
        for t in (text, unicodedata.normalize("NFC", text))
    ]
    assert alike[0] == alike[1]


@pytest.mark.parametrize(
    ("needle", "haystack", "found"),
    [
        ("the first case", "See The “First” case", None),
        ('the "first" case', "See The “First”\n case.", "The “First”\n case"),
        ("cat", "catalogue of a Cat.", "Cat"),
        ("cafe", "café cafe", "cafe"),
        ("f", "ﬁ", None),
        ("日本", "この日本語", "日本"),
        ("", "anything", None),
        ("effect.", "an effect [12]. Then", "effect [12]."),
    ],
)
def test_a_folded_find_gives_whole_words_of_the_stored_text(needle, haystack, found):
    span = find_folded(fold(needle), fold(haystack))
    assert (haystack[slice(*span)] if span else None) == found


@given(st.text(), st.text(), st.text(min_size=1))
def test_a_found_span_folds_to_the_needle(before, after, needle):
    haystack = f"{before} {needle} {after}"
    span = find_folded(fold(needle), fold(haystack))
    if span:
        assert fold(haystack[slice(*span)]).text.strip() == fold(needle).text.strip()
