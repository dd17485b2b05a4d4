"""The process of the local model. With the real model (1.1 GB) where `recollect models pull local` has put it."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from app.local_model import is_pulled
from app.settings import CHECKOUT, Settings, environment_of, local_socket
from app.unit import EXIT_START_FAILED
from llm.catalogue import LOCAL
from llm.chat import Delta, Finish
from llm.local import LocalChat, local_server
from llm.prompt import ABSTENTION, build_prompt
from tests.llm.make_source import make_source
from tests.llm.vendor_server import collect

HOME = Settings().recollect_home
SOURCES = [
    make_source("The bins are put out on Tuesday evening.", ref=1),
    make_source("The spare key hangs behind the blue door of the boiler room.", ref=2),
]


@contextmanager
def started(settings: Settings) -> Generator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "app.local_model_process"],
        cwd=CHECKOUT,
        env={"PATH": os.defpath, **environment_of(settings)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until_it_serves(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    said = ""
    while "serving the local model" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line


def test_without_the_model_it_says_how_to_get_it(tmp_path):
    with started(Settings(recollect_home=tmp_path)) as process:
        said, _ = process.communicate()
    assert process.returncode == EXIT_START_FAILED
    assert "run `recollect models pull local`" in said


@pytest.mark.skipif(not is_pulled(HOME), reason="`recollect models pull local` was not run here")
async def test_the_real_model_cites_what_the_sources_say_and_abstains_from_the_rest(tmp_path):
    settings = Settings(recollect_home=HOME, embed_socket=tmp_path / "embed.sock")
    socket = local_socket(settings)
    with started(settings) as process:
        wait_until_it_serves(process)
        assert stat.S_IMODE(socket.stat().st_mode) == stat.S_IRWXU
        server = local_server(socket, LOCAL)
        model = LocalChat(server, LOCAL, may_abstain=True)
        where = build_prompt("Where does the spare key hang?", SOURCES)
        seen, how = await collect(model.stream(where.messages, max_tokens=60))
        said = "".join(event.text for event in seen if isinstance(event, Delta))
        assert (how, seen[-1]) == ("ended", Finish("stop"))
        assert ("blue door" in said, said.rstrip(".").endswith("[2]")) == (True, True)
        who = build_prompt("Who won the World Cup in 1998?", SOURCES)
        seen, how = await collect(model.stream(who.messages, max_tokens=60))
        assert (seen[0], seen[-1], how) == (Delta(ABSTENTION), Finish("abstained"), "ended")
        await server.aclose()
        process.send_signal(signal.SIGTERM)
        assert (process.wait(), socket.exists()) == (0, False)
