import pytest

from core.errors import InvalidInput
from llm.catalogue import LOCAL, Facts, Price, facts_of, read_contexts, read_prices


def test_a_model_is_known_by_the_longest_beginning_of_its_name():
    assert facts_of("openai:gpt-4.1-mini-2025-04-14", {}).price == Price(0.4, 1.6)
    assert facts_of("openai:gpt-4.1", {}).price == Price(2, 8)
    assert "own citations" in facts_of("anthropic:claude-sonnet-4-5", {}).capabilities


def test_of_an_unknown_model_nothing_is_assumed_but_what_the_operator_says():
    assert facts_of("openai:qwen", {}) == Facts()
    assert facts_of("openai:qwen", {}).micros(1000, 1000) == 0
    prices = read_prices("openai:qwen=0.1/0.4, anthropic:x=3/15")
    assert facts_of("openai:qwen", prices).micros(1_000_000, 500_000) == 300_000 * 1


@pytest.mark.parametrize(
    ("name", "capabilities"),
    [
        ("openai:gpt-4.1", ("vision",)),
        ("openai:o3", ("vision", "thinking")),
        ("openai:o3-mini-2025-01-31", ("thinking",)),
        ("anthropic:claude-3-7-sonnet-latest", ("vision", "own citations")),
        ("openai:qwen2.5-vl-7b-instruct", ("vision",)),
        ("openai:Llama-3.2-11B-Vision", ("vision",)),
        ("openai:gemma3:4b", ("vision",)),
        ("openai:qwen3", ()),
        ("openai:vllm-model", ()),
        ("extractive", ()),
        (LOCAL, ()),
    ],
)
def test_which_models_see_is_known_by_their_names(name, capabilities):
    assert facts_of(name, {}).capabilities == capabilities


def test_a_model_that_the_operator_names_sees():
    seeing = {"openai:mine", "openai:gpt-4o"}
    assert facts_of("openai:mine", {}, seeing=seeing).capabilities == ("vision",)
    assert facts_of("openai:gpt-4o", {}, seeing=seeing) == facts_of("openai:gpt-4o", {})


def test_how_much_a_model_reads_is_what_the_operator_says():
    contexts = read_contexts("openai:qwen=32768, openai:gpt-4o=64000")
    assert facts_of("openai:qwen", {}, contexts=contexts).context_tokens == 32_768
    assert facts_of("openai:gpt-4o", {}, contexts=contexts).context_tokens == 64_000
    for text in ("openai:qwen", "openai:qwen=many", "a=1999"):
        with pytest.raises(InvalidInput, match="model=tokens"):
            read_contexts(text)


def test_a_price_that_is_none_is_refused():
    for text in ("openai:qwen", "openai:qwen=1", "a=x/y"):
        with pytest.raises(InvalidInput, match="input/output"):
            read_prices(text)
