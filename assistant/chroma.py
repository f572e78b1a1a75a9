"""Chroma's clients: of a folder on this machine, and of a server. The only file that imports Chroma."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast
from urllib.parse import unquote, urlsplit

from assistant.errors import LibraryError, SettingsError

if TYPE_CHECKING:
    from chromadb.api.client import Client as _Client
    from chromadb.api.models.Collection import Collection as _Collection

    Client: TypeAlias = _Client
    Collection: TypeAlias = _Collection

_MOST_ROWS = 1000  # an upsert; Chroma's own limit is 5,461 in a folder, and a server says its own
_PATIENCE = 120.0  # seconds that one request to a server may take
_TENANT, _DATABASE = "default_tenant", "default_database"


class Server(NamedTuple):
    """Where a Chroma server is: `token` is what a Cloud or guarded server wants to see."""

    host: str
    port: int
    ssl: bool
    tenant: str
    database: str
    token: str | None

    @property
    def place(self) -> str:
        """What to call it in a message."""
        return f"the Chroma server at {self.host}:{self.port}"

    @property
    def id(self) -> str:
        """Tells this library from others, without the token."""
        return f"{self.host}:{self.port}/{self.tenant}/{self.database}"


def server_at(url: str) -> Server:
    """The server at http(s)://[:TOKEN@]HOST[:PORT][/TENANT/DATABASE]. Raises SettingsError, which doesn't repeat it."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or (443 if parts.scheme == "https" else 8000)
    except ValueError:
        parts, port = urlsplit(""), 0
    names = [unquote(name) for name in parts.path.split("/") if name]
    if parts.scheme not in ("http", "https") or not parts.hostname or len(names) not in (0, 2):
        raise SettingsError(
            "ASSISTANT_CHROMA_URL can't be used: write http://HOST:PORT, or https://:TOKEN@HOST/TENANT/DATABASE. "
            "Correct it in the environment or in .env."
        )
    tenant, database = names or (_TENANT, _DATABASE)
    token = unquote(parts.password) if parts.password else None
    return Server(parts.hostname, port, parts.scheme == "https", tenant, database, token)


def remote(server: Server) -> Client:
    """A client of a server. Raises LibraryError where it doesn't answer."""
    import chromadb
    from chromadb.config import Settings

    try:
        client = chromadb.HttpClient(
            server.host,
            server.port,
            ssl=server.ssl,
            headers={"x-chroma-token": server.token} if server.token else None,
            settings=Settings(anonymized_telemetry=False),
            tenant=server.tenant,
            database=server.database,
        )
    except ValueError as error:  # what the client makes of a refused connection, or of a tenant that is not there
        raise LibraryError(unreached(server.place)) from error
    for session in _sessions(client):
        session.timeout = _PATIENCE  # else a server that hangs is waited for without end
    return cast("Client", client)


def close(client: Client) -> None:
    """Ends the use of a folder or a server."""
    sessions = _sessions(client)
    client.close()
    for session in sessions:
        session.close()  # which the client leaves open


def _sessions(client: Any) -> list[Any]:
    """The connections of a server's client, which it keeps to itself; none of a folder's."""
    sides: list[Any] = [getattr(side, "_server", None) for side in (client, getattr(client, "_admin_client", None))]
    return [side._session for side in sides if hasattr(side, "_session")]


def unreached(place: str) -> str:
    """What is said where a server does not answer."""
    return f"{place} can't be reached; see that it runs and that ASSISTANT_CHROMA_URL is right, then try again"


def local(folder: Path) -> Client:
    """A client of a folder, made if it is not there."""
    import chromadb
    from chromadb.api.shared_system_client import SharedSystemClient
    from chromadb.config import Settings
    from chromadb.errors import InternalError

    try:
        settings = Settings(anonymized_telemetry=False)
        return cast("Client", chromadb.PersistentClient(str(folder), settings=settings))
    except BaseException as error:
        SharedSystemClient.clear_system_cache()  # else a database made anew here would be taken for the broken one
        if isinstance(error, (ValueError, AttributeError)):  # what becomes of damage on its way through the client
            cause: BaseException = error
            while cause.__context__ is not None:
                cause = cause.__context__
            raise InternalError(str(cause)) from error
        raise


def most_rows(client: Client) -> int:
    """How many rows go into one upsert."""
    return min(_MOST_ROWS, client.get_max_batch_size())


def taken() -> tuple[type[Exception], ...]:
    """What Chroma raises where a collection that is to be made is there already."""
    from chromadb.errors import InternalError, UniqueConstraintError

    return UniqueConstraintError, InternalError


def is_missing(error: BaseException) -> bool:
    """Whether Chroma says that a collection is not there."""
    from chromadb.errors import NotFoundError

    return isinstance(error, NotFoundError)
