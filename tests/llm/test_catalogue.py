import pytest

from core.errors import InvalidInput
from llm.catalogue import Facts, Price, facts_of, read_prices


def test_a_model_is_known_by_the_longest_beginning_of_its_name():
    assert facts_of("openai:gpt-4.1-mini-2025-04-14", {}).price == Price(0.4, 1.6)
    assert facts_of("openai:gpt-4.1", {}).price == Price(2, 8)
    assert "own citations" in facts_of("anthropic:claude-sonnet-4-5", {}).capabilities


def test_of_an_unknown_model_nothing_is_assumed_but_what_the_operator_says():
    assert facts_of("openai:qwen", {}) == Facts()
    assert facts_of("openai:qwen", {}).micros(1000, 1000) == 0
    prices = read_prices("openai:qwen=0.1/0.4, anthropic:x=3/15")
    assert facts_of("openai:qwen", prices).micros(1_000_000, 500_000) == 300_000 * 1


def test_a_price_that_is_none_is_refused():
    for text in ("openai:qwen", "openai:qwen=1", "a=x/y"):
        with pytest.raises(InvalidInput, match="input/output"):
            read_prices(text)
