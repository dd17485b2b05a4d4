"""Every knob of Recollect. The name of a field in capitals is its environment variable; units stand in the name.

Each description says why one would change it; `recollect settings` prints them, `docs/settings.md` is made from them.
What has one right value is a named constant beside its use, not a setting.
"""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.folders import socket_in

CHECKOUT = Path(__file__).resolve().parent.parent

Folder = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
Registration = Literal["open", "invite", "closed"]


class Settings(BaseSettings):
    """What the operator decides; read once, by `app`, and never changed while a process runs."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    recollect_home: Folder = Field(
        default=CHECKOUT / ".home",
        description="Folder of everything kept: database, blobs, model, logs. Another folder is another copy of Recollect.",
    )
    bind: str = Field(
        default="127.0.0.1",
        description="Address the API listens on. Only this machine by default; 0.0.0.0 behind a proxy that speaks TLS.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        description="Addresses or networks of proxies, comma-separated, whose X-Forwarded-For and X-Forwarded-Proto are believed: without it a proxy on another machine makes every browser's sign-in look like another site's.",
    )
    port: int = Field(
        default=4512, ge=1, le=65535, description="Port of the API; change it when it is taken."
    )
    registration: Registration = Field(
        default_factory=lambda given: "open" if is_loopback(str(given["bind"])) else "invite",
        description="Who may make an account: open, invite or closed. Open only while nothing but loopback is served.",
    )
    session_days: int = Field(
        default=30,
        ge=1,
        description="Days a sign-in lasts without use; shorter where machines are shared.",
    )

    change_days: int = Field(
        default=7,
        ge=1,
        description="Days for which a client that was away can catch up with what changed; after that it reads anew.",
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 15 or newer with pgvector 0.8.5 or newer. Unset: the embedded one is started.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis or Valkey for doorbells, streams, caches and limits. Unset: the embedded Valkey is started.",
    )
    blob_dir: Folder = Field(
        default_factory=lambda given: Path(str(given["recollect_home"])) / "blobs",
        description="Folder of the uploaded bytes when no S3 store is named; may be on another disk.",
    )
    s3_endpoint: str | None = Field(
        default=None,
        description="URL of an S3 store that replaces BLOB_DIR, for example https://s3.example.org.",
    )
    s3_bucket: str = Field(
        default="recollect", description="Bucket in the S3 store; made when absent."
    )
    s3_access_key: str | None = Field(
        default=None, description="Access key of the S3 store; needed with S3_ENDPOINT."
    )
    s3_secret_key: SecretStr | None = Field(
        default=None, description="Secret key of the S3 store; needed with S3_ENDPOINT."
    )
    s3_direct_endpoint: str | None = Field(
        default=None,
        description="URL at which clients reach the S3 store, to send files straight to it (POST /api/direct-uploads). Unset: files come through Recollect only.",
    )
    max_upload_bytes: int = Field(
        default=200_000_000,
        ge=1,
        description="Bytes of one uploaded file; raise it when longer documents must come in, disk permitting.",
    )
    workspace_quota_bytes: int | None = Field(
        default=None,
        ge=1,
        description="Bytes of all files of one workspace, equal ones counted once, and of its unfinished uploads. Unset: as much as the disk holds.",
    )
    reader_memory_mb: int = Field(
        default=512,
        ge=128,
        description="Megabytes (2^20 bytes) that a worker's reader of one file may take; those that read side by side have half as much together, and what needs more is read one at a time. Raise it where long files fail with too_large.",
    )
    ocr_pages: int = Field(
        default=200,
        ge=0,
        description="Pictures and scanned pages of one file that tesseract reads, each for some seconds of a core; 0 reads none. Needs tesseract-ocr on the machine of the worker.",
    )
    ocr_languages: str = Field(
        default="eng",
        description="Languages of scans as tesseract names them, joined by +, for example deu+eng; each needs its package (tesseract-ocr-deu) and costs time.",
    )

    openai_api_key: SecretStr | None = Field(
        default=None,
        description="Key of an OpenAI-compatible endpoint; with it replies may be written by its models.",
    )
    openai_base_url: str | None = Field(
        default=None,
        description="URL of an OpenAI-compatible endpoint other than OpenAI's own, for example a local server.",
    )
    anthropic_api_key: SecretStr | None = Field(
        default=None, description="Key for Anthropic; with it replies may be written by its models."
    )
    anthropic_base_url: str | None = Field(
        default=None, description="URL of an Anthropic-compatible endpoint other than its own."
    )
    llm: Literal["local"] | None = Field(
        default=None,
        description="local: replies are written by Qwen2.5-Coder-1.5B on this machine, one at a time. 1.2 GB are downloaded once; it takes 2.3 GB of memory and all cores but one.",
    )
    chat_model: str | None = Field(
        default=None,
        description="Model of replies that name none. Unset: the local model with LLM=local, else the first provider with a key, else quoted passages without a model.",
    )
    chat_fallback: str = Field(
        default="",
        description="Models that write where the one asked for cannot begin, in order, with commas between; extractive may be the last.",
    )
    chat_vision: str = Field(
        default="",
        description="Models that are shown attached images, besides those that are known to see: openai:my-model, with commas between.",
    )
    chat_context: str = Field(
        default="",
        description="How many tokens models read, as openai:qwen=32768, with commas between; for models that are not known, which are given 8000.",
    )
    chat_prices: str = Field(
        default="",
        description="US dollars for a million tokens in and out, as openai:qwen=0.1/0.4, with commas between; for models whose price is not known or has changed.",
    )
    openai_api: Literal["auto", "responses", "chat"] = Field(
        default="auto",
        description="Which API of an OpenAI-compatible endpoint writes replies. auto: Responses at OpenAI's own address, Chat Completions elsewhere.",
    )
    person_tokens_per_day: int | None = Field(
        default=None,
        ge=0,
        description="Tokens, in and out, that the replies of one person may take in a day (UTC) of one workspace. Unset: no limit.",
    )
    workspace_tokens_per_day: int | None = Field(
        default=None, ge=0, description="The same for all replies of a workspace together."
    )
    person_usd_per_day: float | None = Field(
        default=None,
        ge=0,
        description="US dollars that the replies of one person may cost in a day (UTC) of one workspace, by known prices and CHAT_PRICES. Unset: no limit.",
    )
    workspace_usd_per_day: float | None = Field(
        default=None, ge=0, description="The same for all replies of a workspace together."
    )
    embedder: str = Field(
        default="auto",
        description="Who makes vectors: auto (minilm, and e5 for workspaces in other languages than English), minilm, e5, openai:<model> (or <model>@<dimension>), st:<directory or hub id>, or fake (tests). A change builds a new generation of each index in the background.",
    )
    embed_socket: Folder = Field(
        default_factory=lambda given: socket_in(
            Path(str(given["recollect_home"])) / "run", "embed.sock"
        ),
        description="Unix socket of the embedding process, which holds the model once for API and workers.",
    )

    fetch_urls: bool = Field(
        default=False,
        description="Whether people may have the server fetch files from public addresses (POST /api/files/from-url).",
    )
    fetch_hosts: str = Field(
        default="",
        description="Your own hosts that may be fetched from, as host:port with commas between. All others must be public, on port 80 or 443.",
    )
    webhook_hosts: str = Field(
        default="",
        description="Your own hosts that webhooks and pushes may call, as host:port with commas between. All others must be public, on port 80 or 443.",
    )

    smtp_url: SecretStr | None = Field(
        default=None,
        description="Server that notifications are mailed by: smtp://user:password@host:587, or smtps:// for TLS from the first byte. Unset: no e-mail is sent.",
    )
    mail_from: str = Field(
        default="", description="Address that e-mail comes from; needed with SMTP_URL."
    )
    public_url: str | None = Field(
        default=None,
        description="Address that people open Recollect at, for links in e-mail, for example https://recall.example.org. Unset: that of this machine.",
    )

    reranker: str | None = Field(
        default=None,
        description="Cross-encoder that reorders hits for rerank=true: a folder with model.onnx and tokenizer.json, or st:<directory or hub id>. Unset: such answers say that there is none.",
    )

    patience: float = Field(
        default=1,
        ge=1,
        le=100,
        description="What the deadlines of searches, statements, locks and Redis are multiplied by. Raise it on a slow machine, where late answers are better than incomplete ones.",
    )

    log_format: Literal["text", "json"] = Field(
        default="text",
        description="Lines for people or, for a log collector, one JSON object each.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="Least important line that is written."
    )


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`; a name other than localhost counts as reachable."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def local_socket(settings: Settings) -> Path:
    """Return the socket of the local chat model's server, in the same private folder as the embedder's."""
    return settings.embed_socket.with_name("llm.sock")


def hosts_inside(settings: Settings) -> frozenset[str]:
    """Return the host:port of the operator's own that webhooks may call."""
    return hosts_of(settings.webhook_hosts)


def hosts_of(text: str) -> frozenset[str]:
    """Return each host:port of a list with commas between."""
    return frozenset(part.strip().lower() for part in text.split(",")) - {""}


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the settings as environment variables, secrets included: what a child process of ours is given."""
    given = {name: getattr(settings, name) for name in Settings.model_fields}
    return {
        name.upper(): value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in given.items()
        if value is not None
    }
