"""How fast the embedder process is: passages a second, and what a query waits, idle and while passages are embedded.

    .venv/bin/python -m bench.embed

Passages are consecutive pieces of one real speech of 128 and 256 tokens, and real claims with their abstracts as they
come (all of tests/data/claims). The reference, in the same run, is onnxruntime alone in this process as it comes: its
default threads, batches of 32 in the order given; for queries one text at a time on one thread, weights as floats. Prints
a Markdown table.
"""

import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
import psutil

from app.model_files import prepare_model
from search.embed_client import EmbedClient
from search.embed_onnx import OnnxEmbedder, read_meta
from search.embed_process import serve_embedder
from search.wordpiece import load_tokenizer

ROOT = Path(__file__).parent.parent
SPEECH = ROOT / "tests/data/claims/state_of_the_union.txt"
QUERIES = ROOT / "tests/data/claims/state_of_the_union_questions.jsonl"
CLAIMS = ROOT / "tests/data/claims/scifact.jsonl"
ENOUGH_QUERIES = 100
REFERENCE_ROWS = 32


@dataclass(frozen=True, slots=True)
class Latency:
    waits_ms: list[float]

    def __str__(self) -> str:
        p95 = statistics.quantiles(self.waits_ms, n=20)[-1]
        return f"{statistics.median(self.waits_ms):.1f} / {p95:.1f}"


async def main() -> None:
    model_dir = prepare_model(ROOT / ".home")
    passages = {f"of {size} tokens": cut(model_dir, size) for size in (128, 256)}
    longest = passages["of 256 tokens"]
    passages["as they come, 10 to 256 tokens"] = claims_and_abstracts()
    reference = {kind: reference_rate(model_dir, texts) for kind, texts in passages.items()}
    plain = reference_latency(model_dir)
    async with embedder_process(model_dir) as (client, process):
        loaded_mb = rss_mb(process)
        await client.embed_documents(longest[:8])
        cpu_s = sum(process.cpu_times()[:2])
        idle = await query_latency(client)
        query_cpu_ms = (sum(process.cpu_times()[:2]) - cpu_s) * 1000 / ENOUGH_QUERIES
        rates = {kind: await rate(client, texts) for kind, texts in passages.items()}
        busy = await latency_under_ingestion(client, longest)
        after_mb = rss_mb(process)
    load = ", ".join(f"{minute:.1f}" for minute in os.getloadavg())
    say(
        f"{platform.machine()}, {os.cpu_count()} cores, load average {load}, onnxruntime {ort.__version__}\n"
    )
    say("| what | measured | onnxruntime as it comes | ratio |\n| --- | --- | --- | --- |")
    for kind, found in rates.items():
        ratio = found / reference[kind]
        say(f"| passages/s {kind} | {found:.1f} | {reference[kind]:.1f} | {ratio:.2f} |")
    ratio = statistics.median(idle.waits_ms) / statistics.median(plain.waits_ms)
    say(f"| query idle, p50 / p95 ms | {idle} | {plain} | {ratio:.2f} |")
    say(f"| query CPU ms | {query_cpu_ms:.1f} | | |")
    say(f"| query while passages are embedded, p50 / p95 ms | {busy} | | |")
    say(f"| RSS MB loaded / at the end | {loaded_mb:.0f} / {after_mb:.0f} | | |")


def cut(model_dir: Path, tokens: int) -> list[str]:
    """Return the speech in pieces of that many tokens, the two special ones included."""
    text = SPEECH.read_text()
    tokenizer = load_tokenizer(model_dir)
    tokenizer.no_truncation()
    offsets = tokenizer.encode(text, add_special_tokens=False).offsets
    wide = tokens - 2
    starts = range(0, len(offsets) - wide, wide)
    return [text[offsets[at][0] : offsets[at + wide - 1][1]] for at in starts]


def claims_and_abstracts() -> list[str]:
    claims = [json.loads(line) for line in CLAIMS.read_text().splitlines()]
    return [text for claim in claims for text in (claim["claim"], claim["abstract"])]


def reference_rate(model_dir: Path, texts: list[str]) -> float:
    session = ort.InferenceSession(model_dir / "model.onnx", providers=["CPUExecutionProvider"])
    tokenizer = load_tokenizer(model_dir)
    tokenizer.enable_padding()
    since = time.perf_counter()
    for at in range(0, len(texts), REFERENCE_ROWS):
        batch = tokenizer.encode_batch(texts[at : at + REFERENCE_ROWS])
        ids = np.array([encoding.ids for encoding in batch], dtype=np.int64)
        mask = np.array([encoding.attention_mask for encoding in batch], dtype=np.int64)
        session.run(None, {"input_ids": ids, "attention_mask": mask})
    return len(texts) / (time.perf_counter() - since)


def reference_latency(model_dir: Path) -> Latency:
    """Ask in this process, one thread, weights as floats: no socket, no other process."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(
        model_dir / "model.onnx", options, providers=["CPUExecutionProvider"]
    )
    tokenizer = load_tokenizer(model_dir)
    waits_ms: list[float] = []
    for question in questions():
        since = time.perf_counter()
        ids = np.array([tokenizer.encode(question).ids], dtype=np.int64)
        session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        waits_ms.append((time.perf_counter() - since) * 1000)
        time.sleep(0.01)
    return Latency(waits_ms)


def questions() -> list[str]:
    read = [json.loads(line)["question"] for line in QUERIES.read_text().splitlines()]
    return [read[at % len(read)] for at in range(ENOUGH_QUERIES)]


@asynccontextmanager
async def embedder_process(model_dir: Path) -> AsyncGenerator[tuple[EmbedClient, psutil.Process]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "embed.sock")
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.embed", str(model_dir), str(path), cwd=ROOT
        )
        client = EmbedClient(path, read_meta(model_dir).spec)
        await client.embed_documents(["waits for the start"])
        yield client, psutil.Process(child.pid)
        await client.close()
        child.terminate()
        await child.wait()


async def rate(client: EmbedClient, texts: list[str]) -> float:
    since = time.perf_counter()
    await client.embed_documents(texts)
    return len(texts) / (time.perf_counter() - since)


async def latency_under_ingestion(client: EmbedClient, texts: list[str]) -> Latency:
    async def ingest() -> None:
        while True:
            await client.embed_documents(texts)

    ingestion = asyncio.create_task(ingest())
    await asyncio.sleep(0.5)
    found = await query_latency(client)
    ingestion.cancel()
    return found


async def query_latency(client: EmbedClient) -> Latency:
    waits_ms: list[float] = []
    for question in questions():
        since = time.perf_counter()
        await client.embed_query(question)
        waits_ms.append((time.perf_counter() - since) * 1000)
        await asyncio.sleep(0.01)
    return Latency(waits_ms)


def rss_mb(process: psutil.Process) -> float:
    return process.memory_info().rss / 1024**2


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        asyncio.run(serve_embedder(OnnxEmbedder(Path(sys.argv[1])), Path(sys.argv[2])))
    else:
        asyncio.run(main())
