import json
import subprocess
import sys

import pytest

from app.settings import CHECKOUT

WRITES = """
import logging, structlog
from app.logging import configure_logging
configure_logging({format!r}, process="worker")
structlog.contextvars.bind_contextvars(request_id="req_1")
structlog.get_logger("x").info("ingested file", file_id="f1", passages=3)
logging.getLogger("somebody.else").warning("hello %s", "there")
logging.getLogger("httpx").info("not shown")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger("x").exception("a bug")
"""


def lines_of(log_format):
    done = subprocess.run(
        [sys.executable, "-c", WRITES.format(format=log_format)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_json_is_one_object_an_event_with_process_and_request():
    first, second, third = map(json.loads, lines_of("json"))
    assert first.pop("timestamp").endswith("Z")
    assert first == {
        "event": "ingested file",
        "file_id": "f1",
        "passages": 3,
        "level": "info",
        "process": "worker",
        "request_id": "req_1",
    }
    assert (second["event"], second["level"], second["process"]) == (
        "hello there",
        "warning",
        "worker",
    )
    assert "ZeroDivisionError" in third["exception"]


@pytest.mark.parametrize("word", ["ingested file", "file_id=f1", "process=worker", "hello there"])
def test_text_says_the_same_for_people(word):
    text = "\n".join(lines_of("text"))
    assert word in text
    assert "not shown" not in text
