from dataclasses import replace

import pytest
from pydantic import SecretStr

from app.settings import Settings
from core.errors import StartFailed
from search.embed import FakeEmbedder
from workers.tools import estimate_tokens, make_sending, make_work, token_counter


async def test_jobs_work_with_the_processes_resources(resources):
    said = {"ocr_pages": 3, "ocr_languages": "deu", "reader_memory_mb": 600}
    settings = resources.settings.model_copy(update=said)
    knowing = replace(resources, settings=settings, real_words=frozenset({"later"}))
    work = make_work(knowing)
    assert work.tools.storing.blobs is resources.blobs
    assert (work.tools.limits.ocr_pages, work.tools.limits.ocr_languages) == (3, "deu")
    assert work.tools.limits.memory_bytes == 600 * 2**20
    assert work.tools.readers.most_bytes == 300 * 2**20
    assert work.tools.asking.model == FakeEmbedder.model
    assert work.replies.feed is resources.feed
    assert work.replies.searcher.search_pool is resources.search
    assert work.replies.searcher.real_words is knowing.real_words


def test_an_estimate_adds_up_over_spaces():
    text = "The harbour-master's telegraph  opens\nat dawn"
    assert estimate_tokens(text) == sum(estimate_tokens(word) for word in text.split()) == 12
    assert estimate_tokens("") == 0


def test_the_default_model_counts_for_itself(model_dir):
    count = token_counter(
        Settings.model_validate({"recollect_home": model_dir.parents[1], "embedder": "minilm"})
    )
    assert (count("The harbour opens"), count("")) == (3, 0)
    assert token_counter(Settings.model_validate({"embedder": "fake"})) is estimate_tokens


async def test_what_is_mailed_goes_by_the_settings(resources):
    told = {
        "smtp_url": "smtps://me:secret@mail.example",
        "mail_from": "r@example.org",
        "public_url": "https://r.example",
    }
    settings = resources.settings.model_copy(
        update={**told, "smtp_url": SecretStr(told["smtp_url"])}
    )
    sending = make_sending(replace(resources, settings=settings))
    assert (sending.mail and sending.mail.host, sending.site.url) == (
        "mail.example",
        "https://r.example",
    )
    assert make_sending(resources).mail is None
    wrong = settings.model_copy(update={"mail_from": ""})
    with pytest.raises(StartFailed, match="MAIL_FROM"):
        make_sending(replace(resources, settings=wrong))
