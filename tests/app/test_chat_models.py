import pytest

from app.chat_models import ChatModelInfo, ChatModels, open_chat_models
from app.settings import Settings
from core.errors import InvalidInput
from llm.extractive import ExtractiveChat


def models(**given: str) -> ChatModels:
    return ChatModels(Settings.model_validate(given))


def test_without_a_key_quoting_is_the_only_model_and_the_default():
    assert models().listed() == (ChatModelInfo("extractive", "extractive", is_default=True),)


def test_a_key_makes_its_provider_the_default():
    listed = models(anthropic_api_key="k").listed()
    assert [(m.provider, m.is_default) for m in listed] == [
        ("anthropic", True),
        ("extractive", False),
    ]


def test_chat_model_names_the_default():
    listed = models(openai_base_url="http://127.0.0.1:1/v1", chat_model="openai:qwen").listed()
    assert listed[0] == ChatModelInfo("openai:qwen", "openai", is_default=True)
    assert listed[-1].name == "extractive"


@pytest.mark.parametrize("name", ["gpt-4", "openai:gpt-4", "anthropic:", "openai:", ""])
def test_a_model_that_is_not_configured_is_refused_with_what_there_is(name):
    with pytest.raises(InvalidInput, match="extractive"):
        models().get(name, question="?", sources=[])


async def test_vendors_are_opened_once_and_closed():
    settings = Settings.model_validate({"openai_api_key": "k", "anthropic_api_key": "k"})
    async with open_chat_models(settings) as chat:
        first = chat.get("openai:x", question="?", sources=[])
        assert chat.get("openai:x", question="!", sources=[]) is first
        assert chat.get("anthropic:y", question="?", sources=[]).name == "y"
        assert isinstance(chat.get("extractive", question="?", sources=[]), ExtractiveChat)
