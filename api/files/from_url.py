"""POST /files/from-url: the server fetches a document itself and takes it as an upload.

Off unless FETCH_URLS says so, since it lets people have the server call addresses; core/fetching.py confines it to public
ones, and to those that FETCH_HOSTS names.
"""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.deps import ApiDep, ScopeDep
from api.files.passwords import PasswordHeader, given_password, password_of
from api.files.uploads import Acceptance, FileVersion, Received, UploadAnswer, accept, create_file
from api.idempotency import IdempotencyKey, one_request
from api.limits import Bucket
from api.wire import Body, Text
from app.resources import Resources
from app.settings import hosts_of
from core.blobs import new_key
from core.errors import Forbidden, InvalidInput
from core.fetching import fetched
from core.names import file_name
from core.outgoing import MAX_URL
from core.scope import Scope
from ingest.quota import check_quota
from sql.pool import Conn

router = APIRouter(prefix="/files", tags=["Files"])

MOST_BYTES = 20_000_000  # larger files are uploaded
FETCHES = Bucket("fetch", 60, 60)  # per account


class FromUrlBody(Body):
    url: Annotated[Text, Field(max_length=MAX_URL, examples=["https://example.org/report.pdf"])]
    name: Annotated[Text, Field(max_length=1024)] = ""
    folder: Annotated[Text, Field(max_length=1024)] = ""


@router.post(
    "/from-url",
    status_code=202,
    summary="Fetch a file from a public address",
    response_model=UploadAnswer,
)
async def create_from_url(
    request: Request,
    body: FromUrlBody,
    scope: ScopeDep,
    api: ApiDep,
    password: PasswordHeader = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    resources = api.resources
    if not resources.settings.fetch_urls:
        raise Forbidden("This server fetches no addresses; its operator sets FETCH_URLS to let it.")
    await api.limits.take(FETCHES, str(scope.account_id))
    secret = password_of(password, None)
    received = await _receive(resources, scope, body)

    async def create(conn: Conn) -> FileVersion:
        made = await create_file(conn, scope, received)
        await check_quota(conn, scope, quota_bytes=resources.settings.workspace_quota_bytes)
        return made

    same = await one_request(request, scope, idempotency_key)
    given = await given_password(resources, secret)
    return await accept(resources, Acceptance(scope, received, create, given), same)


async def _receive(resources: Resources, scope: Scope, body: FromUrlBody) -> Received:
    key, inside = new_key(scope.workspace_id), hosts_of(resources.settings.fetch_hosts)
    limit_bytes = min(MOST_BYTES, resources.settings.max_upload_bytes)
    async with fetched(body.url, inside=inside) as found:
        name = body.name or found.name
        stored = await resources.blobs.put(key, found.content, limit_bytes=limit_bytes)
    try:
        return Received(file_name(name, folder=body.folder), key, stored)
    except InvalidInput:
        await resources.blobs.delete(key)
        raise
