"""The contract as a machine reads it (/openapi.json) and as a person does (/docs): one page, nothing loaded from elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.responses import HTMLResponse

from api.deps import COOKIE, caller_of
from api.errors import CODES, ErrorEnvelope

router = APIRouter(include_in_schema=False)

_ENVELOPE = {"model": ErrorEnvelope}
ERRORS: dict[int | str, dict[str, object]] = {
    "4XX": {**_ENVELOPE, "description": "The request cannot be served as it is"},
    "5XX": {
        **_ENVELOPE,
        "description": "A part of the service is away; Retry-After says when to try again",
    },
}
DESCRIPTION = f"""Errors have one shape, and `code` is one of: {", ".join(CODES)}.

Sign in with `POST /api/v1/auth/login?token=true` and send `Authorization: Bearer <token>`, or use the cookie with the
header `X-CSRF-Token`. `X-Workspace` names the workspace to act in; without it that is your own. The search takes
`all` there, or as `?workspace=all`. `/api/...` is an alias of
`/api/v1/...`."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One route as the page lists it; `public` needs nobody signed in."""

    method: str
    path: str
    summary: str
    public: bool


def install(app: FastAPI) -> None:
    """Let the application describe itself, its two ways to sign in included."""

    def openapi() -> dict[str, object]:
        if app.openapi_schema is None:
            app.openapi_schema = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=DESCRIPTION,
                routes=app.routes,
            )
            _add_sign_in(app)
        return app.openapi_schema

    app.openapi = openapi


def operations(app: FastAPI) -> Iterator[Operation]:
    """Yield every operation of the contract, in the order of the routes."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and route.include_in_schema:
            path, public = context.path_format or "", not signs_in(route)
            for method in sorted(route.methods or ()):
                yield Operation(method, path, route.summary or route.name, public)


def signs_in(route: APIRoute) -> bool:
    """Say whether a route asks who is calling."""
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        if dependant.call is caller_of:
            return True
        waiting += dependant.dependencies
    return False


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    rows = "\n".join(
        f"<tr><td><code>{o.method}</code></td><td><code>{escape(o.path)}</code></td><td>{escape(o.summary)}</td>"
        f"<td>{'' if o.public else 'signed in'}</td></tr>"
        for o in operations(request.app)
    )
    text = escape(DESCRIPTION).replace("\n\n", "</p><p>")
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Recollect: the API</title>'
        f'<h1>Recollect: the API</h1><p>{text}</p><p>The whole contract: <a href="/openapi.json">openapi.json</a></p>'
        f"<table><tr><th>Method</th><th>Path</th><th>What it does</th><th></th></tr>\n{rows}</table></html>"
    )


def _add_sign_in(app: FastAPI) -> None:
    schema = app.openapi_schema
    assert schema is not None, "made by openapi()"
    schema["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    for operation in operations(app):
        if not operation.public:
            described = schema["paths"][operation.path][operation.method.lower()]
            described["security"] = [{"bearer": []}, {"cookie": []}]
