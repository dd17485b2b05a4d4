"""What the bodies of jobs work with, made of the process's resources once."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final
from uuid import UUID

from redis.asyncio import Redis

from app.chat_models import budgets_of
from app.embedders import computes_here
from app.model_files import model_folder
from app.model_recipes import MINILM
from app.resources import Resources
from app.settings import Settings, hosts_inside
from app.shared_key import PUSH_KEY, WEBHOOK_KEY, shared_key
from core.changes import ring_change
from core.errors import StartFailed
from core.events import announce, nudge
from core.mail import MailServer, mail_server
from core.rest import Rest
from ingest.children import Storing
from ingest.passwords import PASSWORD_KEY
from ingest.pipeline import Tools
from ingest.readers import Readers
from ingest.sandbox import Limits
from ingest.vectors import Asking
from llm.reply import ReplyDeps
from llm.title import TitleDeps
from search.retrieve import Searcher
from search.wordpiece import load_token_counter
from workers.file_ends import tell_of_end, wake_told
from workers.jobs import Work
from workers.queue import (
    enqueue_embed_message,
    enqueue_ingest,
    enqueue_title,
    retry_ingest,
    ring,
)
from workers.sending import Sending
from workers.webhooks import Calling
from workers.wording import Site

_CHARACTERS_PER_TOKEN: Final = (
    4  # fewer than English words have, so that a count without a tokenizer is no lower
)


def make_work(resources: Resources) -> Work:
    """Return what jobs need."""
    reader_bytes = resources.settings.reader_memory_mb * 2**20
    tools = Tools(
        storing=Storing(
            resources.blobs,
            enqueue_ingest,
            retry_ingest,
            limit_bytes=resources.settings.max_upload_bytes,
            quota_bytes=resources.settings.workspace_quota_bytes,
        ),
        asking=Asking(
            resources.embedder,
            others=resources.other_models,
            rest_of=partial(_rest_of, resources.redis),
        ),
        count_tokens=token_counter(resources.settings),
        limits=Limits(
            memory_bytes=reader_bytes,
            ocr_pages=resources.settings.ocr_pages,
            ocr_languages=resources.settings.ocr_languages,
        ),
        readers=Readers(reader_bytes // 2),
        nudge=_file_nudge(resources),
        password_key=partial(shared_key, resources.signin, name=PASSWORD_KEY),
        tell=tell_of_end,
        wake=partial(wake_told, resources.redis),
    )
    calling = Calling(
        app=resources.app,
        redis=resources.redis,
        key=partial(shared_key, resources.signin, name=WEBHOOK_KEY),
        inside=hosts_inside(resources.settings),
    )
    titles = TitleDeps(
        resources.chat, partial(ring_change, resources.redis), budgets_of(resources.settings)
    )
    return Work(tools, _reply_deps(resources), titles, calling, make_sending(resources))


def make_sending(resources: Resources) -> Sending:
    """Return what notices are sent with; StartFailed where the settings name a mail server wrongly."""
    settings = resources.settings
    site = settings.public_url or f"http://127.0.0.1:{settings.port}"
    return Sending(
        app=resources.app,
        mail=_mail_server(settings),
        site=Site(site),
        contact=f"mailto:{settings.mail_from}" if settings.mail_from else site,
        seed=partial(shared_key, resources.signin, name=PUSH_KEY),
        inside=hosts_inside(settings),
    )


def _rest_of(redis: Redis, model: str) -> Rest:
    """Return where it is told that a model is away; one that this machine computes is away here alone."""
    return Rest(model, None if computes_here(model) else redis)


def _mail_server(settings: Settings) -> MailServer | None:
    if settings.smtp_url is None:
        return None
    try:
        return mail_server(settings.smtp_url.get_secret_value(), sender=settings.mail_from)
    except ValueError as error:
        raise StartFailed(f"SMTP_URL {error}.") from None


def token_counter(settings: Settings) -> Callable[[str], int]:
    """Return the default model's own count, which suits the multilingual one too; for another model a generous estimate."""
    if settings.embedder in ("auto", "minilm", "e5"):
        return load_token_counter(model_folder(settings.recollect_home, MINILM.spec.model))
    return estimate_tokens


def estimate_tokens(text: str) -> int:
    """Return at least one token a word and one for every four characters of it; adds up over spaces."""
    return sum(-(-len(word) // _CHARACTERS_PER_TOKEN) for word in text.split())


def _file_nudge(resources: Resources) -> Callable[[UUID], Awaitable[None]]:
    async def tell(file_id: UUID) -> None:
        await nudge(resources.redis, f"file:{file_id}")

    return tell


def _reply_deps(resources: Resources) -> ReplyDeps:
    searcher = Searcher(
        search_pool=resources.search,
        read_pool=resources.app,
        embedder=resources.embedder,
        other_models=resources.other_models,
        redis=resources.redis,
        cursor_key=b"",  # a reply asks for one page
        real_words=resources.real_words,
    ).with_patience(resources.settings.patience)
    return ReplyDeps(
        searcher=searcher,
        blobs=resources.blobs,
        models=resources.chat,
        feed=resources.feed,
        announce=partial(announce, resources.redis),
        embed_later=enqueue_embed_message,
        title_later=enqueue_title,
        wake=partial(ring, resources.redis),
        budgets=budgets_of(resources.settings),
    )
