"""GET /health: the state of web, database, broker, worker and beat; 503 when one of them is down."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from redis import Redis
from sqlalchemy.exc import SQLAlchemyError

from curator.db.heartbeats import Process, alive
from curator.db.session import transaction
from curator.errors import CuratorError
from curator.settings import get_settings

router = APIRouter()


@router.get("/health", include_in_schema=False)
def health() -> JSONResponse:
    """`{"status": "ok" | "down", "web": "ok", "database": …, "broker": …, "worker": …, "beat": …}`."""
    states = {"web": "ok", **_database_and_processes(), "broker": _broker()}
    fine = all(state == "ok" for state in states.values())
    return JSONResponse({"status": "ok" if fine else "down", **states}, status_code=200 if fine else 503)


def _database_and_processes() -> dict[str, str]:
    try:
        with transaction() as session:
            found = alive(session)
    except (SQLAlchemyError, CuratorError):
        return {"database": "down", "worker": "unknown", "beat": "unknown"}
    state = {kind: "ok" if is_alive else "down" for kind, is_alive in found.items()}
    return {"database": "ok", "worker": state[Process.WORKER], "beat": state[Process.BEAT]}


def _broker() -> str:
    try:
        client = Redis.from_url(get_settings().redis_url, socket_connect_timeout=2, socket_timeout=2)
        with client:
            client.ping()
    except Exception:  # noqa: BLE001 - whatever the reason, the broker does not answer
        return "down"
    return "ok"
