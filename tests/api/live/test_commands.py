import pytest

from api.live.commands import COMMANDS_AT_ONCE, Patience, parse_command
from api.live.watcher import Wanted
from core.errors import InvalidInput


def test_topics_are_wanted_from_now_on_or_from_after_a_seq():
    one = parse_command('{"subscribe": {"topic": "run:1", "resume": {"after": 7}}}')
    several = parse_command('{"subscribe": [{"topic": "a"}, {"topic": "b"}]}')
    assert (one.wanted, several.wanted) == ([Wanted("run:1", 7)], [Wanted("a"), Wanted("b")])


@pytest.mark.parametrize(
    "text",
    ["", "7", "[]", "{}", "null", '{"ping": "a", "typing": {"topic": "b"}}', '{"shout": "a"}', '{"ping": ' + "[" * 5000,
     '{"subscribe": {"topic": "a", "resume": {"after": -1}}}', '{"subscribe": {"topic": "a", "resume": {"after": NaN}}}',
     '{"subscribe": {"topic": ""}}', '{"subscribe": [' + ",".join(['{"topic": "a"}'] * 101) + "]}"],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_what_says_nothing_is_refused(text):
    with pytest.raises(InvalidInput):
        parse_command(text)


def test_a_client_that_says_too_much_has_spent_its_patience():
    patience = Patience(at=0.0)
    spent = [patience.spend() for _ in range(COMMANDS_AT_ONCE + 50)]
    assert spent[:COMMANDS_AT_ONCE] == [False] * COMMANDS_AT_ONCE
    patience.left = -1.0
    assert patience.spend()
