import pytest

from app.chat_models import ChatModelInfo, ChatModels, budgets_of, open_chat_models
from app.settings import Settings
from core.errors import InvalidInput
from llm.budget import Budgets
from llm.catalogue import LOCAL, Price
from llm.extractive import ExtractiveChat
from llm.fallback import FallbackChat, RestingChat, UnseeingChat
from llm.local import LocalChat
from llm.openai import OpenAIChat
from llm.openai_responses import ResponsesChat


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


def test_the_local_model_is_the_default_where_it_is_wanted_and_free():
    chat = models(llm="local", openai_api_key="k")
    assert [(m.name, m.provider, m.is_default) for m in chat.listed()] == [
        (LOCAL, "local", True),
        ("openai:gpt-4.1-mini", "openai", False),
        ("extractive", "extractive", False),
    ]
    facts = chat.facts(LOCAL)
    assert (facts.price, facts.context_tokens) == (Price(0, 0), 16_384)


@pytest.mark.parametrize("name", ["local", "local:x", "local/other", LOCAL + "x"])
def test_there_is_one_local_model(name):
    with pytest.raises(InvalidInput, match=LOCAL):
        models(llm="local").check(name)
    with pytest.raises(InvalidInput, match="not configured; there is extractive"):
        models().check(LOCAL)


async def test_replies_share_the_local_server_and_say_whether_they_may_abstain():
    async with open_chat_models(Settings.model_validate({"llm": "local"})) as chat:
        for abstain in (True, False):
            one = chat.get(LOCAL, question="?", sources=[], abstain=abstain)
            assert isinstance(one, RestingChat)
            assert isinstance(one._model, UnseeingChat)
            model = one._model._model
            assert isinstance(model, LocalChat)
            assert (model._server, model._may_abstain) == (chat._server, abstain)


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
        chat.get("openai:x", question="?", sources=[])
        opened = chat._open["openai:x"]
        chat.get("openai:x", question="!", sources=[])
        assert chat._open == {"openai:x": opened}
        assert chat.get("anthropic:y", question="?", sources=[]).name == "y"
        assert isinstance(chat.get("extractive", question="?", sources=[]), ExtractiveChat)


async def test_how_much_a_model_reads_can_be_set():
    given = {"openai_api_key": "k", "chat_context": "openai:mine=32768"}
    async with open_chat_models(Settings.model_validate(given)) as chat:
        read = [chat.facts(name).context_tokens for name in ("openai:mine", "openai:qwen")]
    assert read == [32_768, 8_000]


async def test_only_a_model_that_sees_is_shown_images():
    given = {"openai_api_key": "k", "chat_vision": "openai:mine, ,openai:mine"}
    async with open_chat_models(Settings.model_validate(given)) as chat:
        seeing = {
            name: "vision" in chat.facts(name).capabilities
            for name in ("openai:mine", "openai:gpt-4o", "openai:qwen")
        }
        asked = {name: chat.get(name, question="?", sources=[]) for name in seeing}
    assert seeing == {"openai:mine": True, "openai:gpt-4o": True, "openai:qwen": False}
    assert {
        name: isinstance(model, RestingChat) and isinstance(model._model, UnseeingChat)
        for name, model in asked.items()
    } == {
        "openai:mine": False,
        "openai:gpt-4o": False,
        "openai:qwen": True,
    }


async def test_a_chain_stands_behind_the_model_asked_for():
    given = {"openai_api_key": "k", "chat_fallback": "openai:x, anthropic:y, extractive"}
    async with open_chat_models(Settings.model_validate(given)) as chat:
        assert chat.fallback == ("openai:x", "extractive")
        assert chat.chain("openai:x") == ("openai:x", "extractive")
        assert chat.chain("openai:z") == ("openai:z", "openai:x", "extractive")
        assert chat.chain("extractive") == ("extractive",)
        assert isinstance(chat.get("openai:z", question="?", sources=[]), FallbackChat)
        assert isinstance(chat.get("extractive", question="?", sources=[]), ExtractiveChat)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"openai_api_key": "k"}, ResponsesChat),
        ({"openai_base_url": "http://127.0.0.1:1/v1"}, OpenAIChat),
        ({"openai_base_url": "http://127.0.0.1:1/v1", "openai_api": "responses"}, ResponsesChat),
        ({"openai_api_key": "k", "openai_api": "chat"}, OpenAIChat),
    ],
)
async def test_the_api_of_an_endpoint_follows_its_address_or_the_setting(given, kind):
    async with open_chat_models(Settings.model_validate(given)) as chat:
        assert isinstance(chat._build("openai:x"), kind)


def test_budgets_are_counted_in_millionths_of_a_dollar():
    settings = Settings.model_validate({"person_usd_per_day": 0.5, "workspace_tokens_per_day": 7})
    assert budgets_of(settings) == Budgets(workspace_tokens=7, person_micros=500_000)
