import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.terms import MAX_LEXEME, detect, detect_among, document, fold, pieces, stop_words


def lexemes(text, lang="en"):
    return [piece.exact for piece in pieces(text, lang) if piece.role != "tail"]


def test_identifiers_count_whole_and_split():
    assert lexemes("writeBoolean foo_bar HTTPServer2") == [
        "writeboolean", "write", "boolean", "foo_bar", "foo", "bar", "httpserver2", "http", "server", "2",
    ]  # fmt: skip


def test_addresses_and_file_names_count_as_typed_too():
    assert lexemes("Ada@example.org, (report-2024.pdf)!") == [
        "ada@example.org", "ada", "example", "org", "report-2024.pdf", "report", "2024", "pdf",
    ]  # fmt: skip


def test_words_are_stemmed_in_the_language_of_the_text():
    assert [p.stem for p in pieces("running houses", "en")] == ["run", "hous"]
    assert [p.stem for p in pieces("Häuser", "de")] == ["haus"]
    assert [p.exact for p in pieces("Häuser Straße naïve Łódź", "de")] == [
        "hauser",
        "strasse",
        "naive",
        "lodz",
    ]


def test_scripts_without_spaces_are_cut_into_pairs():
    found = [(p.exact, p.role) for p in pieces("東京都", "zh")]
    assert found == [("東京", "word"), ("京都", "word"), ("都", "tail")]


def test_vowel_signs_and_emoji_survive():
    assert lexemes("हिन्दी 🎉 C++ C#") == ["हिन्दी", "🎉", "c++", "c#"]


def test_pictures_and_flags_are_words_and_marks_beside_words_are_not():
    assert lexemes("⭐⏰ 🇩🇪🇫🇷 🅰 ok👍") == ["⭐", "⏰", "🇩🇪", "🇫🇷", "🅰", "ok", "👍"]
    assert lexemes("© ® ™ 20°C ■ ─┼─") == ["20", "c"]


def test_a_document_keeps_stop_words_and_counts_its_words():
    built = document("The cat sat", "en", headings="Animals")
    assert built.tsv == "'anim':1,4 'animals':1,4 'the':7 'cat':8 'sat':9"
    assert built.lexeme_count == 5
    assert document("foo_bar", "en").lexeme_count == 2


async def test_a_heading_weighs_more_than_the_text_and_no_phrase_leaves_it(owner_connection):
    built = document("The boat sails at dawn.", "en", headings="Harbour boat")
    asked = ["'harbour' <-> 'boat'", "'boat' <-> 'harbour'", "'boat' <-> 'the'", "'the' <-> 'boat'"]
    held = [
        await owner_connection.fetchval(
            "SELECT $1::text::tsvector @@ $2::text::tsquery", built.tsv, q
        )
        for q in asked
    ]
    assert held == [True, False, False, True]
    assert document("boat " * 3, "en").lexeme_count == 3
    assert document("boat", "en", headings="boat") == document("boat", "en", headings=" boat ")
    assert document("boat", "en", headings="boat").tsv == "'boat':1,4,7"


def test_a_contraction_is_a_stop_word():
    assert [(p.exact, p.role) for p in pieces("don't Ada's", "en")] == [
        ("don", "stop"), ("t", "stop"), ("ada", "word"), ("s", "stop"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("The committee has decided to publish the report.", "en"),
        ("Der Ausschuss hat beschlossen, den Bericht zu veröffentlichen.", "de"),
        ("El comité ha decidido publicar el informe de la reunión.", "es"),
        ("Комитет решил опубликовать отчёт о заседании.", "ru"),  # noqa: RUF001
        ("委员会决定发表报告", "zh"),
        ("委員会は報告書を公表した", "ja"),
        ("x = foo(bar)", ""),
        ("", ""),
    ],
)
def test_the_language_is_detected_where_enough_speaks_for_it(text, lang):
    assert detect(text) == lang


@given(st.text())
def test_pieces_stand_where_they_say_and_every_language_cuts_alike(text):
    english = list(pieces(text, "en"))
    assert all(0 <= p.start < p.end <= len(text) and p.exact and p.stem for p in english)
    assert [(p.start, p.end, p.exact) for p in english] == [
        (p.start, p.end, p.exact) for p in pieces(text, "de")
    ]


@given(st.text().map(lambda text: text.replace("\0", "")))
async def test_every_document_is_a_tsvector(owner_connection, text):
    if any("\ud800" <= character <= "\udfff" for character in text):
        return
    await owner_connection.fetchval("SELECT $1::text::tsvector", document(text, "en").tsv)


def test_folding_keeps_what_is_no_accent():
    assert fold("Ångström") == "Angstrom"
    assert "the" in stop_words("")
    assert "und" in stop_words("de")
    assert stop_words("zh") == frozenset()


def test_a_run_without_end_is_cut_and_costs_no_more_than_its_length():
    (piece,) = pieces("k" * 200_000, "en")
    assert (piece.exact, piece.end) == ("k" * MAX_LEXEME, 200_000)
    assert len(list(pieces("東" * 20_000, "zh"))) == 20_000


def test_a_short_text_is_in_the_likeliest_of_the_languages_there_are():
    assert detect("Wo lag Troja?") == ""
    assert detect_among("Wo lag Troja?", ["en", "de"]) == "de"
    assert detect_among("Wo lag Troja?", ["en", "es"]) == ""
    assert detect_among("Where was it that Troy lay?", ["de"]) == "en"
    assert detect_among("Troja", ["en", "de"]) == ""
