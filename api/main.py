"""The application: routers in, lifespan around. api/serve.py serves what create_app() returns.

Every route stands under /api/v1 once; api/edge.py maps the alias /api/... to it. The console in web/ is what is served
where no route matches.
"""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from api import auth, docs, errors, health, jobs, tags, workspaces
from api.admin import generations
from api.admin import jobs as admin_jobs
from api.admin import stats as admin_stats
from api.conversations import (
    conversation_import,
    conversations,
    invites,
    markers,
    members,
    messages,
    people,
    pins,
    reactions,
)
from api.conversations import export as conversation_export
from api.conversations import fork as conversation_fork
from api.conversations import tree as conversation_tree
from api.cursors import Cursors
from api.deps import Api
from api.edge import Edge
from api.files import content as file_content
from api.files import direct_uploads, files, from_url, reprocess, tus, uploads
from api.files import versions as file_versions
from api.limits import Limits
from api.live import event_stream, realtime
from api.live.presence import Presence
from api.live.rooms import Rooms
from api.live.sse import Streams
from api.notices import notifications, webhooks
from api.notices import settings as notification_settings
from api.replies import feedback as reply_feedback
from api.replies import models, runs, side_by_side, traces, usage
from api.search import feedback as search_feedback
from api.search import parse as search_parse
from api.search import recent as search_recent
from api.search import saved_searches, search
from api.search import suggest as search_suggest
from api.search import why_not as search_why_not
from app.passwords import open_passwords
from app.resources import Resources
from app.sessions import Sessions
from app.shared_key import shared_key
from search.retrieve import Searcher

WEB = Path(__file__).resolve().parent.parent / "web"
Opened = AbstractAsyncContextManager[Resources]
# Routers are tried in this order: the busiest first.
ROUTERS: tuple[APIRouter, ...] = (
    search.router,
    search_parse.router,
    search_suggest.router,
    search_why_not.router,
    search_feedback.router,
    search_recent.router,
    conversations.router,
    messages.router,
    conversation_tree.router,
    conversation_fork.router,
    conversation_export.router,
    conversation_import.router,
    members.router,
    people.router,
    markers.router,
    pins.router,
    reactions.router,
    invites.router,
    runs.router,
    traces.router,
    reply_feedback.router,
    side_by_side.router,
    usage.router,
    uploads.router,
    reprocess.router,
    tus.router,
    direct_uploads.router,
    from_url.router,
    files.router,
    file_content.router,
    file_versions.router,
    tags.router,
    jobs.router,
    admin_jobs.router,
    admin_stats.router,
    generations.router,
    models.router,
    saved_searches.router,
    notifications.router,
    notification_settings.router,
    webhooks.router,
    event_stream.router,
    realtime.router,
    auth.router,
    workspaces.router,
    health.status_router,
)


def create_app(opened: Opened) -> FastAPI:
    """Return the application; it enters `opened` (resources, or their opener) when it starts."""
    app = FastAPI(
        title="Recollect",
        version="1",
        summary="Search over messages and files, and replies with verified citations",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lambda app: _lifespan(app, opened),
    )
    for router in ROUTERS:
        app.include_router(router, prefix="/api/v1", responses=docs.ERRORS)
    app.include_router(health.router, responses=docs.ERRORS)
    app.include_router(docs.router)
    app.state.streams = Streams()
    app.state.sockets = Streams(
        per_account=realtime.SOCKETS_PER_ACCOUNT, per_process=realtime.SOCKETS_PER_PROCESS
    )
    app.router.default = console_app()
    app.add_middleware(Edge)
    errors.install(app)
    docs.install(app)
    return app


async def api_state(resources: Resources) -> Api:
    """Return what the API makes of its resources at the start."""
    key = await shared_key(resources.signin, name="cursors")
    lifetime = timedelta(days=resources.settings.session_days)
    return Api(
        resources=resources,
        sessions=Sessions(resources.signin, resources.redis, lifetime),
        passwords=open_passwords(),
        cursors=Cursors(key),
        searcher=Searcher(
            search_pool=resources.search,
            read_pool=resources.app,
            embedder=resources.embedder,
            other_models=resources.other_models,
            redis=resources.redis,
            cursor_key=key,
            reranker=resources.reranker,
            real_words=resources.real_words,
        ).with_patience(resources.settings.patience),
        limits=Limits(resources.redis),
        rooms=Rooms(stream=resources.stream, sweeping=resources.worker, feed=resources.feed),
        presence=Presence(resources.redis),
    )


@asynccontextmanager
async def _lifespan(app: FastAPI, opened: Opened) -> AsyncGenerator[None]:
    async with opened as resources:
        api = await api_state(resources)
        app.state.api = api
        yield
        await api.rooms.close()
        await api.presence.close()
        api.passwords.close()


def console_app() -> ASGIApp:
    """Return what answers where no route matches: the files of web/, and 404 under /api."""
    files = StaticFiles(directory=WEB, html=True, check_dir=False)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/api/"):
            raise HTTPException(404, "There is no such route.")
        await files(scope, receive, send)

    return serve
