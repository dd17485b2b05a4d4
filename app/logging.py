"""Logs: one line an event, on stdout; the event in words, the values as fields.

`configure_logging` is called once by each process (`app/cli.py`). Libraries that use the standard logging module are
rendered in the same way. Request and job ids are bound with `structlog.contextvars` by the two doors, api and workers.
"""

import logging
import sys
from typing import Literal

import orjson
import structlog
from structlog.typing import EventDict, Processor

LogFormat = Literal["text", "json"]

# Their lines at INFO repeat what our own log says with ids in it.
_CHATTY = ("arq", "httpx", "httpx2", "httpcore", "uvicorn.access", "openai", "anthropic")


def configure_logging(log_format: LogFormat, *, process: str, level: str = "INFO") -> None:
    """Send every log line of this process to stdout; `process` names it in each line."""
    shared = _shared_processors()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _named(process),
                *_renderers(log_format),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _named(process: str) -> Processor:
    def add_process(_logger: object, _method: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return add_process


def _renderers(log_format: LogFormat) -> list[Processor]:
    if log_format == "json":
        return [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_to_json),
        ]
    # Rich's tracebacks would print local variables: passwords, tokens, people's texts.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain)]


def _to_json(event: EventDict, **_options: object) -> str:
    return orjson.dumps(event, default=str).decode()
