import asyncio
import os
import signal
import sys

import numpy as np

from app.model_recipes import MINILM
from app.settings import CHECKOUT
from search.embed_client import EmbedClient
from search.rerank_client import RerankClient
from tests.search.tiny_cross_encoder import write_cross_encoder


async def test_the_process_serves_the_model_and_ends_at_sigterm(model_dir, tmp_path):
    socket = tmp_path / "embed.sock"
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "app.embedder_process"),
        cwd=CHECKOUT,
        env={
            "PATH": os.defpath,
            "RECOLLECT_HOME": str(model_dir.parent.parent),
            "EMBED_SOCKET": str(socket),
            "RERANKER": str(write_cross_encoder(tmp_path / "reranker", {"cat": 1.0})),
        },
    )
    async with asyncio.timeout(200):
        while not socket.exists():
            assert process.returncode is None
            await asyncio.sleep(0.05)
    client = EmbedClient(socket, MINILM.spec, query_timeout_s=100)
    query = await client.embed_query("a cat")
    assert await RerankClient(tmp_path / "pairs.sock").score("x", ["a cat", "a dog"]) == [1.0, 0.0]
    await client.close()
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
    assert abs(np.linalg.norm(query.vector) - 1) < 1e-5
    assert not socket.exists()
