"""GET /metrics in the text format of Prometheus, for those who may: with the token, or from this very machine.

Numbers come from the database, so any web process gives the same; only the times of requests are this process's own.
"""

import hmac
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from curator.db.session import transaction
from curator.errors import CuratorError, NotFound
from curator.reports.figures import Figure, figures
from curator.settings import Settings, get_settings
from curator.web.request_times import histogram

log = structlog.get_logger(__name__)

router = APIRouter()

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")


@router.get("/metrics", include_in_schema=False)
def metrics(request: Request) -> Response:
    """Everything in `reports.figures` and the times of this process's requests."""
    settings = get_settings()
    if settings.metrics_token:
        if not _has_token(request, settings.metrics_token):
            return PlainTextResponse("A token is needed.\n", 401, {"WWW-Authenticate": "Bearer"})
    elif not is_from_here(request, settings):
        raise NotFound("There is no such page.")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(read(settings)))
    registry.register(histogram())
    return Response(generate_latest(registry), media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def read(settings: Settings) -> list[Figure]:
    """What the database says, led by whether it answers at all."""
    found: list[Figure] = []
    try:
        with transaction() as session:
            found = list(figures(session, settings))
    except (SQLAlchemyError, CuratorError) as error:
        log.warning("figures_not_read", error=type(error).__name__)
    return [Figure("database_up", "Does the database answer? 1 or 0.", (), {(): float(bool(found))}), *found]


def is_from_here(request: Request, settings: Settings) -> bool:
    """From loopback, with no proxy in front: neither in the settings nor by what the request says."""
    if settings.trusted_hops or any(name in request.headers for name in _FORWARDED):
        return False
    client = request.client.host if request.client else ""
    return all(_is_loopback(host) for host in (client, urlsplit(settings.public_url).hostname or ""))


class _Figures(Collector):
    """Figures as families of a registry of one answer."""

    def __init__(self, found: Iterable[Figure]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        for figure in self._found:
            kind = CounterMetricFamily if figure.is_total else GaugeMetricFamily
            family = kind(f"curator_{figure.name}", figure.meaning, labels=figure.labels)
            for labels, value in sorted(figure.values.items()):
                family.add_metric(list(labels), value)
            yield family


def _has_token(request: Request, token: str) -> bool:
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
