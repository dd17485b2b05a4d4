"""What scoring knows of a workspace's index: how common each lexeme is, how vectors spread, where each language lies.

Reading is one statement for each search. count_new() adds the lexemes of new passages within minutes; refresh() counts
everything anew when a tenth of a workspace has come or gone. Until then a lexeme never counted is rare, and a generation
without a sigma has the default.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from core.ids import first_id_of, new_id
from search.embed import Matrix, Vector
from sql import execute, fetch, fetch_opt, read, write
from sql.pool import Conn, ReadConn

DEFAULT_SIGMA: Final = 0.14  # of MiniLM on 12 sets: 0.09-0.19
_SIGMAS: Final = {"multilingual-e5-small": 0.024}  # on the same sets: 0.018-0.029
SETTLED_S: Final = 60.0  # longer than a passage's transaction
SAMPLE: Final = 2_000  # vectors; 20 settle a language's mean
PAIRS: Final = 20_000
MIN_LANGUAGE: Final = 10  # passages of a sample; fewer say little about where a language lies
MIN_SAMPLE: Final = 20  # vectors; fewer say little about how they spread
MIN_SIGMA: Final = 0.005  # a workspace of equal texts would divide by nothing
CONE: Final = 0.5  # mean cosine from which a model keeps to one side: E5 .7 to .85, MiniLM about .1


@dataclass(frozen=True, slots=True)
class Basis:
    """A workspace's index at one moment; ndocs are in the order of the lexemes asked for."""

    index_seq: int
    passage_count: int
    lexeme_total: int
    generation_id: UUID | None
    model: str | None
    sigma: float | None
    langs: list[str]  # most common first; at most eight
    ndocs: list[int]

    @property
    def average_length(self) -> float:
        return self.lexeme_total / self.passage_count if self.passage_count else 0.0

    @property
    def spread(self) -> float:
        """Return sigma, or what its model mostly has until it was measured."""
        return self.sigma or _SIGMAS.get(self.model or "", DEFAULT_SIGMA)


@dataclass(frozen=True, slots=True)
class Spread:
    """How cosines of random pairs deviate from their languages' mean; each language's mean vector and share of the sample."""

    sigma: float
    means: Mapping[str, Vector]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Id:
    id: UUID


@dataclass(frozen=True, slots=True)
class _Sampled:
    lang: str
    vector: NDArray[np.float32]


_read_basis = read("search.sql", "read_basis", Basis)
_list_stale = read("index.sql", "list_stale_statistics", _Id)
_list_grown = read("index.sql", "list_grown_statistics", _Id)
_list_measured = read("index.sql", "list_measured_generations", _Id)
_sample_vectors = read("index.sql", "sample_vectors", _Sampled)
_count_corpus = write("index.sql", "count_corpus")
_count_lexemes = write("index.sql", "count_lexemes")
_count_new_lexemes = write("index.sql", "count_new_lexemes")
_note_counted = write("index.sql", "note_counted")
_set_sigma = write("index.sql", "set_sigma")
_set_language_mean = write("index.sql", "set_language_mean")


async def read_basis(
    conn: ReadConn,
    workspace_id: UUID,
    *,
    lexemes: Sequence[str],
    generation_id: UUID | None = None,
) -> Basis | None:
    """Return the basis for a query of these lexemes by the live generation or the one named; None without such a workspace."""
    named = {"workspace_id": workspace_id, "generation_id": generation_id}
    return await fetch_opt(conn, _read_basis, **named, lexemes=list(lexemes))


async def list_stale(conn: ReadConn) -> list[UUID]:
    """Return the workspaces whose statistics no longer fit, for the worker's pool, which sees all."""
    return [row.id for row in await fetch(conn, _list_stale)]


async def list_grown(conn: ReadConn) -> list[UUID]:
    """Return the workspaces with passages whose lexemes were not counted, for the worker's pool."""
    return [row.id for row in await fetch(conn, _list_grown)]


async def count_new(conn: Conn, workspace_id: UUID, *, settled_s: float = SETTLED_S) -> None:
    """Count the lexemes of the passages that came since the last time, in the caller's tenant transaction, one at a time.

    An id is made before its passage can be seen: younger ones than `settled_s` wait for the next time, so that few are missed.
    """
    until = first_id_of(datetime.now(UTC) - timedelta(seconds=settled_s))
    await execute(conn, _count_new_lexemes, workspace_id=workspace_id, until=until)
    await execute(conn, _note_counted, workspace_id=workspace_id, until=until)


async def refresh(conn: Conn, workspace_id: UUID) -> None:
    """Count a workspace's lexemes, languages and spread anew, in the caller's tenant transaction (3.6 s for a million)."""
    until = new_id()
    await execute(conn, _count_lexemes, workspace_id=workspace_id)
    for generation in await fetch(conn, _list_measured, workspace_id=workspace_id):
        await measure_generation(conn, workspace_id, generation.id)
    # Last: who writes a passage waits for this row.
    await execute(conn, _count_corpus, workspace_id=workspace_id, until=until)


async def measure_generation(conn: Conn, workspace_id: UUID, generation_id: UUID) -> None:
    """Measure how a generation's vectors spread and where its languages lie; few say only where all of them lie."""
    sampled = await fetch(
        conn,
        _sample_vectors,
        workspace_id=workspace_id,
        generation_id=generation_id,
        at_most=SAMPLE,
    )
    if not sampled:
        return
    spread = measure(np.stack([row.vector for row in sampled]), [row.lang for row in sampled])
    ids = {"workspace_id": workspace_id, "generation_id": generation_id}
    if len(sampled) >= MIN_SAMPLE:
        await execute(conn, _set_sigma, **ids, sigma=spread.sigma)
    for lang, mean in spread.means.items():
        await execute(
            conn, _set_language_mean, **ids, lang=lang, passage_count=spread.counts[lang], mean=mean
        )


def measure(vectors: Matrix, langs: Sequence[str]) -> Spread:
    """Return the spread of a sample, from the same pairs each time.

    Of a model whose vectors all lie on one side the mean of all stands under "", where a language is unknown or rare: there
    a cosine without its mean would outweigh every word.
    """
    rng = np.random.default_rng(len(vectors))
    left, right = rng.integers(0, len(vectors), (2, PAIRS))
    apart = left != right
    left, right = left[apart], right[apart]
    cosines = np.einsum("ij,ij->i", vectors[left], vectors[right])
    labels = np.array(langs)
    counts = {lang: int((labels == lang).sum()) for lang in sorted({*langs} - {""})}
    kept = {lang: count for lang, count in counts.items() if count >= MIN_LANGUAGE}
    means = {lang: vectors[labels == lang].mean(axis=0, dtype=np.float32) for lang in kept}
    if cosines.size and cosines.mean() > CONE:
        kept[""], means[""] = len(vectors), vectors.mean(axis=0, dtype=np.float32)
    own = np.where(np.isin(labels, list(means)), labels, "")
    sigma = _deviation(cosines, own[left], own[right]) if cosines.size else 0.0
    return Spread(max(sigma, MIN_SIGMA), means, kept)


def _deviation(cosines: Vector, left: NDArray[np.str_], right: NDArray[np.str_]) -> float:
    """Return how cosines deviate beside what parts their languages, which centring takes out of them."""
    deviations = cosines.copy()
    for one in np.unique(left):
        for other in np.unique(right):
            if (pair := (left == one) & (right == other)).any():
                deviations[pair] -= cosines[pair].mean()
    return float(deviations.std())
