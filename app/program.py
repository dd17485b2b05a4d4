"""What our three processes (embedder, api, worker) share: settings, logs, one line instead of a traceback at a failed start.

`recollect serve` starts them as `python -m MODULE`, because `app` may not import api and workers.
"""

import sys
from collections.abc import Callable

import structlog

from app.logging import configure_logging
from app.settings import Settings
from app.unit import EXIT_START_FAILED
from core.errors import RecollectError, StartFailed

log = structlog.get_logger(__name__)

EXIT_FAILED = 1  # the supervisor tries again


def run_program(name: str, run: Callable[[Settings], None]) -> None:
    """Run with the environment's settings until it returns; exits with a code that the supervisor understands."""
    settings = Settings()
    configure_logging(settings.log_format, process=name, level=settings.log_level)
    try:
        run(settings)
    except RecollectError as error:
        log.error("could not start", reason=str(error))  # noqa: TRY400  (one line with the remedy)
        sys.exit(EXIT_START_FAILED if isinstance(error, StartFailed) else EXIT_FAILED)
