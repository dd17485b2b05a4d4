import pytest

from ingest.extract.pdf.hyphens import join_parted_words


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["an exam-", "ple of it"], ["an example", "of it"]),
        (["an exam-", "ple"], ["an example"]),
        (["an exam\ufffe", "ple of"], ["an example", "of"]),
        (["ein Bei\u00ad", "spiel."], ["ein Beispiel."]),
        (["in Baden-", "Württemberg ist"], ["in Baden-Württemberg", "ist"]),
        (["from 2019-", "2020 on"], ["from 2019-2020", "on"]),
        (
            ["chat-", "optimized for chat", "and optimized"],
            ["chat-optimized", "for chat", "and optimized"],
        ),
        (["a chat-", "bot; chatbots: a chatbot"], ["a chatbot;", "chatbots: a chatbot"]),
        (["x well-", "known", "is well-known"], ["x well-known", "is well-known"]),
        (["one -", "two"], ["one -", "two"]),
        (["pre- and post-", "(later)"], ["pre- and post-", "(later)"]),
        (["a\ufffe", "- b"], ["a-", "- b"]),
        (["ab-", "cd-", "ef gh"], ["abcdef", "gh"]),
        (["self-", ""], ["self-", ""]),
        ([], []),
    ],
)
def test_the_second_half_moves_up_and_the_page_tells_whose_the_hyphen_is(lines, expected):
    assert join_parted_words(lines) == expected
