"""Texts to unit vectors: `builtin` (offline, no download), `openai:MODEL`, `fastembed:MODEL`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.errors import AssistantError, SettingsError
from assistant.language import fold

if TYPE_CHECKING:
    import openai

Vectors = NDArray[np.float32]

BUILTIN_DIMENSION = 256
_BLOCK = 512  # texts hashed at a time: bounds the memory of the count matrix
_OPENAI_BATCH = 256  # texts a call; the API takes 2,048 texts and 300,000 tokens
_OPENAI_CHARACTERS = 200_000


class Embedding(Protocol):
    """Turns texts into vectors. `id` names it in settings and in the library that it built."""

    @property
    def id(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """float32 of shape (len(texts), dimension); rows have length 1, or 0 for a text without any content."""
        ...


def from_setting(
    setting: str, *, timeout: float = 60.0, api_key: str | None = None, base_url: str | None = None
) -> Embedding:
    """The embedding that a setting names. Raises SettingsError for a name that is none.

    `api_key` and `base_url` stand in for OPENAI_API_KEY and OPENAI_BASE_URL; `timeout` is seconds a call.
    """
    kind, _, model = setting.strip().partition(":")
    if kind == "builtin" and not model:
        return Builtin()
    if kind == "openai" and model:
        return OpenAI(model, timeout=timeout, api_key=api_key, base_url=base_url)
    if kind == "fastembed" and model:
        return FastEmbed(model)
    raise SettingsError(f'"{setting}" is no embedding; ASSISTANT_EMBEDDING is builtin, openai:MODEL or fastembed:MODEL')


# ---------------------------------------------------------------- builtin


class Builtin:
    """Hashed character n-grams of the folded text: no model, no download, some milliseconds a thousand passages.

    Feature hashing with signs (Weinberger et al., 2009) of single characters, pairs and triples within words, counts
    damped by a square root. It finds what is spelt alike in either script, nothing more.
    """

    id = "builtin"
    dimension = BUILTIN_DIMENSION

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedding.embed`."""
        return self.embed_folded([fold(text) for text in texts])

    def embed_folded(self, folded: Sequence[str]) -> Vectors:
        """`embed` for texts that are folded already."""
        blocks = [_hashed(folded[i : i + _BLOCK]) for i in range(0, len(folded), _BLOCK)]
        return np.concatenate(blocks) if blocks else np.zeros((0, BUILTIN_DIMENSION), np.float32)


def _hashed(folded: Sequence[str]) -> Vectors:
    points = np.frombuffer("\x00".join([*folded, ""]).encode("utf-32-le", "replace"), np.uint32)
    owner = np.repeat(np.arange(len(folded), dtype=np.int64), [len(text) + 1 for text in folded])
    word = _is_word(points)
    totals = np.zeros(len(folded) * BUILTIN_DIMENSION, np.float64)
    grams, whole = np.zeros(len(points), np.uint64), np.ones(len(points), bool)
    for size, weight in ((1, 0.25), (2, 1.0), (3, 0.5)):
        # the gram of `size` characters that starts at each place; none where it would cross a gap between words
        shifted = np.zeros_like(points)
        shifted[: len(points) - size + 1] = points[size - 1 :]
        inside = np.zeros_like(word)
        inside[: len(points) - size + 1] = word[size - 1 :]
        grams = grams * np.uint64(0x100000001B3) + shifted
        whole = whole & inside
        mixed = _mixed(grams[whole] + np.uint64(size))
        place = owner[whole] * BUILTIN_DIMENSION + (mixed % BUILTIN_DIMENSION).astype(np.int64)
        sign = np.where((mixed >> np.uint64(40)) & np.uint64(1), weight, -weight)
        totals += np.bincount(place, sign, len(totals))
    matrix = totals.reshape(len(folded), BUILTIN_DIMENSION)
    return _unit(np.sign(matrix) * np.sqrt(np.abs(matrix)))


def _is_word(points: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Letters, digits and CJK characters; not spaces, marks and punctuation."""
    digit = (points >= 0x30) & (points <= 0x39)
    latin = (points >= 0x61) & (points <= 0x7A)
    other = (points >= 0xC0) & ~((points >= 0x2000) & (points < 0x3005)) & ~((points >= 0xFE30) & (points < 0xFF10))
    return digit | latin | other


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele et al., 2014): every bit of the input moves every bit of the output."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _unit(matrix: NDArray[Any]) -> Vectors:
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return (matrix / np.where(lengths == 0, 1, lengths)).astype(np.float32)


# ---------------------------------------------------------------- what it costs


@dataclass
class Meter:
    """The tokens that embeddings took, by the id of the embedding, and the vectors that were paid for, by text; a text
    that has its vector already is not embedded again."""

    tokens: dict[str, int] = field(default_factory=dict)
    vectors: dict[str, list[float]] = field(default_factory=dict)

    def add(self, embedding: str, tokens: int) -> None:
        """Counts tokens that a server billed."""
        self.tokens[embedding] = self.tokens.get(embedding, 0) + tokens


_METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered(meter: Meter) -> Iterator[Meter]:
    """Counts on `meter` what is embedded meanwhile, in this context and in those that come of it."""
    token = _METER.set(meter)
    try:
        yield meter
    finally:
        _METER.reset(token)


# ---------------------------------------------------------------- openai


class OpenAI:
    """Embeddings of any OpenAI-compatible server. The client retries timeouts, 429 and 5xx, and honours Retry-After."""

    def __init__(
        self,
        model: str,
        *,
        timeout: float = 60.0,
        api_key: str | None = None,
        base_url: str | None = None,
        retries: int = 4,
    ) -> None:
        self.model = model
        self._options: dict[str, Any] = {
            "timeout": timeout, "api_key": api_key, "base_url": base_url, "max_retries": retries
        }
        self._opened: openai.OpenAI | None = None
        self._dimension: int | None = None

    @property
    def id(self) -> str:
        """"openai:MODEL"."""
        return f"openai:{self.model}"

    @property
    def dimension(self) -> int:
        """Numbers a vector, as the server gives them (one call the first time). Raises as `embed`."""
        if self._dimension is None:
            self.embed(["dimension"])
        assert self._dimension is not None
        return self._dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedding.embed`. Raises SettingsError without a key, AssistantError if the server can't or won't."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        meter = _METER.get()
        if meter and all(text in meter.vectors for text in texts):
            return np.asarray([meter.vectors[text] for text in texts], np.float32)
        matrix = np.concatenate([self._batch(batch) for batch in _batches(texts)])
        self._dimension = int(matrix.shape[1])
        vectors = _unit(matrix)
        if meter:
            meter.vectors |= {text: vector.tolist() for text, vector in zip(texts, vectors, strict=True)}
        return vectors

    def _batch(self, texts: list[str]) -> NDArray[Any]:
        import openai

        said = [text if text.strip() else " " for text in texts]  # an empty text is an error to the API
        try:
            answer = self._client().embeddings.create(model=self.model, input=said)
        except openai.OpenAIError as error:
            raise AssistantError(_openai_sentence(self.model, error)) from error
        if (meter := _METER.get()) is not None and answer.usage:
            meter.add(self.id, answer.usage.total_tokens)
        rows = [item.embedding for item in sorted(answer.data, key=lambda item: item.index)]
        if len(rows) != len(texts) or len({len(row) for row in rows}) != 1:
            raise AssistantError(f"the embedding model {self.model} gave {len(rows)} vectors for {len(texts)} texts")
        return np.asarray(rows, np.float64)

    def _client(self) -> openai.OpenAI:
        if self._opened is None:
            import openai

            try:
                self._opened = openai.OpenAI(**self._options)
            except openai.OpenAIError as error:
                raise SettingsError(f"{self.id} needs OPENAI_API_KEY (or set ASSISTANT_EMBEDDING=builtin)") from error
        return self._opened


def _batches(texts: Sequence[str]) -> list[list[str]]:
    batches: list[list[str]] = []
    size = 0
    for text in texts:
        if not batches or len(batches[-1]) >= _OPENAI_BATCH or size + len(text) > _OPENAI_CHARACTERS:
            batches.append([])
            size = 0
        batches[-1].append(text)
        size += len(text)
    return batches


def _openai_sentence(model: str, error: Exception) -> str:
    import openai

    if isinstance(error, openai.AuthenticationError):
        return "the embedding server refused OPENAI_API_KEY"
    if isinstance(error, openai.NotFoundError):
        return f"the embedding server has no model {model}"
    if isinstance(error, openai.RateLimitError):
        return f"the embedding server is over its limit for {model}, also after several tries; try again later"
    if isinstance(error, openai.APITimeoutError):
        return f"the embedding server did not answer in time for {model}"
    if isinstance(error, openai.APIConnectionError):
        return "the embedding server can't be reached (OPENAI_BASE_URL, network?)"
    if isinstance(error, openai.APIStatusError):
        return f"the embedding server answered with status {error.status_code} for {model}"
    return f"the embedding server gave an answer that can't be used for {model}"


# ---------------------------------------------------------------- fastembed


class FastEmbed:
    """A local ONNX model through the optional `fastembed` package; it downloads the model at first use."""

    def __init__(self, model: str) -> None:
        self.model = model
        self._opened: Any = None
        self._dimension: int | None = None

    @property
    def id(self) -> str:
        """"fastembed:MODEL"."""
        return f"fastembed:{self.model}"

    @property
    def dimension(self) -> int:
        """Numbers a vector."""
        if self._dimension is None:
            self._dimension = int(self.embed(["dimension"]).shape[1])
        return self._dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        """See `Embedding.embed`. Raises SettingsError if the package or the model is not there."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return _unit(np.stack(list(self._loaded().embed(list(texts)))))

    def _loaded(self) -> Any:
        if self._opened is None:
            try:
                from fastembed import TextEmbedding
            except ImportError:
                raise SettingsError(
                    f"{self.id} needs the fastembed package: pip install 'broker-report-assistant[fastembed]'"
                ) from None
            try:
                self._opened = TextEmbedding(self.model)
            except Exception as error:  # its errors share no class: unknown model, no network, a broken download
                reason = type(error).__name__
                raise SettingsError(f"{self.id} can't be loaded ({reason}); is the model's name right?") from error
        return self._opened
