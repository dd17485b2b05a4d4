"""Accounts and sessions: register, login (cookie or bearer), logout, me, and the list of one's own sign-ins."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.deps import ApiDep, CallerDep, PathId, cookie_name, is_secure, refuse_other_sites
from api.limits import LOGIN, LOGIN_ACCOUNT, LOGIN_ADDRESS, REGISTER, Bucket
from api.wire import Answer, Body, ListPage, Text
from app.accounts import (
    NewAccount,
    account_of,
    change_password,
    check_password,
    register,
)
from app.sessions import NewSession, SessionKind
from core.errors import Forbidden

router = APIRouter(prefix="/auth", tags=["Accounts"])

Email = Annotated[Text, Field(max_length=1024, examples=["ada@example.org"])]
# Bounded before it is hashed; 8-256 characters are accepted.
Password = Annotated[Text, Field(max_length=1024, examples=["a sentence nobody guesses"])]


class RegisterBody(Body):
    email: Email
    password: Password
    name: Annotated[Text, Field(max_length=1024, examples=["Ada"])] = ""


class LoginBody(Body):
    email: Email
    password: Password


class PasswordBody(Body):
    password: Password
    new_password: Password


class User(Answer):
    id: UUID
    email: str
    name: str
    is_admin: bool
    personal_workspace_id: UUID
    created_at: datetime


class SignedIn(Answer):
    """The answer to a login: with `token=true` the token, else the CSRF token that belongs to the cookie."""

    token: str | None = None
    token_type: str | None = None
    csrf_token: str | None = None
    expires_at: datetime
    user: User


class Me(User):
    workspace_id: UUID
    role: str
    session_id: UUID
    csrf_token: str | None


class SessionAnswer(Answer):
    id: UUID
    kind: SessionKind
    user_agent: str
    created_at: datetime
    expires_at: datetime
    current: bool


@router.post("/register", status_code=201, summary="Make an account")
async def register_account(request: Request, body: RegisterBody, api: ApiDep) -> User:
    refuse_other_sites(request, origin_needed=False)
    _check_registration(api.resources.settings.registration)
    await api.limits.take(REGISTER, _address(request))
    new = NewAccount(body.email, body.password, body.name)
    account = await register(api.resources.signin, api.passwords, new=new)
    return User.model_validate(account)


@router.post("/login", summary="Sign in", response_model_exclude_none=True)
async def login(
    request: Request, response: Response, body: LoginBody, api: ApiDep, *, token: bool = False
) -> SignedIn:
    refuse_other_sites(request, origin_needed=False)
    tries = _tries(body.email, _address(request))
    for bucket, who in tries:
        await api.limits.take(bucket, who)
    account_id = await check_password(
        api.resources.signin, api.passwords, email=body.email, password=body.password
    )
    for bucket, who in tries:
        await api.limits.give_back(bucket, who)
    kind: SessionKind = "bearer" if token else "cookie"
    new = await api.sessions.start(
        account_id, kind=kind, user_agent=request.headers.get("user-agent", "")
    )
    account = await account_of(api.resources.signin, account_id)
    user = User.model_validate(account)
    if token:
        return SignedIn(
            token=new.token, token_type="Bearer", expires_at=new.session.expires_at, user=user
        )
    _set_cookie(request, response, new)
    return SignedIn(csrf_token=new.session.csrf_token, expires_at=new.session.expires_at, user=user)


@router.post("/logout", status_code=204, summary="Sign out")
async def logout(
    request: Request,
    response: Response,
    caller: CallerDep,
    api: ApiDep,
    *,
    everywhere: Annotated[bool, Query(alias="all", description="End all of my sessions")] = False,
) -> None:
    if everywhere:
        await api.sessions.end_all(caller.scope.account_id)
    else:
        await api.sessions.end(caller.scope.account_id, session_id=caller.session.id)
    response.delete_cookie(cookie_name(request), path="/", secure=is_secure(request), httponly=True)


@router.get("/me", summary="Who I am, here")
async def me(caller: CallerDep, api: ApiDep) -> Me:
    account = await account_of(api.resources.signin, caller.scope.account_id)
    user = User.model_validate(account)
    return Me(
        **user.model_dump(),
        workspace_id=caller.scope.workspace_id,
        role=caller.scope.role,
        session_id=caller.session.id,
        csrf_token=caller.session.csrf_token if caller.session.kind == "cookie" else None,
    )


@router.put("/password", status_code=204, summary="Change my password; my other sign-ins end")
async def put_password(
    body: PasswordBody, request: Request, caller: CallerDep, api: ApiDep
) -> None:
    account_id = caller.scope.account_id
    await api.limits.take(LOGIN, f"{account_id} {_address(request)}")
    await change_password(
        api.resources.signin,
        api.passwords,
        account_id,
        old=body.password,
        new=body.new_password,
    )
    await api.sessions.end_others(account_id, session_id=caller.session.id)


@router.get("/sessions", summary="My sign-ins")
async def list_sessions(caller: CallerDep, api: ApiDep) -> ListPage[SessionAnswer]:
    listed = await api.sessions.list_of(caller.scope.account_id)
    items = [
        SessionAnswer(
            id=one.id,
            kind=one.kind,
            user_agent=one.user_agent,
            created_at=one.created_at,
            expires_at=one.expires_at,
            current=one.id == caller.session.id,
        )
        for one in listed
    ]
    return ListPage(items=items, next_cursor=None)


@router.delete("/sessions", status_code=204, summary="End all of my sign-ins")
async def end_sessions(caller: CallerDep, api: ApiDep) -> None:
    await api.sessions.end_all(caller.scope.account_id)


@router.delete("/sessions/{session_id}", status_code=204, summary="End one of my sign-ins")
async def end_session(session_id: PathId, caller: CallerDep, api: ApiDep) -> None:
    await api.sessions.end(caller.scope.account_id, session_id=session_id)


def _check_registration(mode: str) -> None:
    if mode == "invite":
        raise Forbidden(
            "Accounts here are made by the operator: ask for `recollect user add`,"
            " or set REGISTRATION=open."
        )
    if mode == "closed":
        raise Forbidden("No accounts are made here.")


def _tries(email: str, address: str) -> tuple[tuple[Bucket, str], ...]:
    """Return what a guess uses up: this account's from here, this address's, this account's from anywhere."""
    account = email.strip().lower()
    return (
        (LOGIN, f"{account} {address}"),
        (LOGIN_ADDRESS, address),
        (LOGIN_ACCOUNT, account),
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _set_cookie(request: Request, response: Response, new: NewSession) -> None:
    response.set_cookie(
        cookie_name(request),
        new.token,
        expires=new.session.expires_at,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )
