"""The web process: the tracking path in front, then pages; security headers on everything; errors as pages.

Errors of the stages become statuses here and nowhere else.
"""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from urllib.parse import quote, urlsplit

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import DataError, DBAPIError, OperationalError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from curator import errors
from curator.assets import static_directory
from curator.db.heartbeats import Process, beat
from curator.db.session import transaction
from curator.events.intake import TrackingApp
from curator.logs import configure_logs
from curator.settings import get_settings
from curator.web.access import SignInNeeded
from curator.web.api.access import TooLarge, TooMany, is_api
from curator.web.pages import page
from curator.web.request_times import RequestTimes

log = structlog.get_logger(__name__)

ROUTERS = (
    "curator.web.health",
    "curator.web.metrics",
    "curator.web.sign_in",
    "curator.web.account",
    "curator.web.pictures",
    "curator.web.mailbox",
    "curator.web.desk.newsletters",
    "curator.web.desk.this_week",
    "curator.web.desk.add",
    "curator.web.desk.mail",
    "curator.web.desk.issue",
    "curator.web.desk.audience",
    "curator.web.desk.calendar",
    "curator.web.desk.deliveries",
    "curator.web.desk.report",
    "curator.web.desk.settings",
    "curator.web.api.articles",
    "curator.web.public.subscribe",
    "curator.web.public.suggest",
    "curator.web.public.no_thanks",
    "curator.web.public.preferences",
    "curator.web.public.unsubscribe",
    "curator.web.public.archive",
    "curator.web.public.approve",
)
STATUSES: dict[type[errors.CuratorError], int] = {
    errors.NotFound: 404,
    errors.Forbidden: 403,
    errors.Conflict: 409,
    errors.Unavailable: 503,
}
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEARTBEAT_SECONDS = 10.0
LARGEST_FIELD_BYTES = 1024 * 1024  # what the form parser takes; more is answered with 413


def create_app() -> ASGIApp:
    """The whole ASGI application of the web process."""
    tracking = TrackingApp()
    app = FastAPI(title="Curator", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan(tracking))
    app.mount("/static", _Static(directory=static_directory()), name="static")
    for name in ROUTERS:
        app.include_router(import_module(name).router)
    app.add_exception_handler(SignInNeeded, _ask_to_sign_in)
    app.add_exception_handler(errors.CuratorError, _refused)
    app.add_exception_handler(TooMany, _too_many)
    app.add_exception_handler(TooLarge, _too_large)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(SQLAlchemyError, _database_error)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(SecurityHeaders)
    return RequestTimes(_Front(tracking, app))


class _Front:
    """Hands opens and clicks to the tracking path before the framework sees them."""

    def __init__(self, tracking: ASGIApp, app: ASGIApp) -> None:
        self._tracking, self._app = tracking, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_hit = scope["type"] == "http" and scope["path"].startswith(("/o/", "/c/"))
        await (self._tracking if is_hit else self._app)(scope, receive, send)


class _Static(StaticFiles):
    """Static files, kept for ever by browsers when their address carries the hash."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b""):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


class SecurityHeaders:
    """Adds the headers every response carries; a response that sets its own policy keeps it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}  # type: ignore[attr-defined]
                extra = [(n, v) for n, v in _security_headers() if n not in present]
                message["headers"] = [*message["headers"], *extra]  # type: ignore[misc]
            await send(message)

        await self._app(scope, receive, send_with_headers)  # type: ignore[arg-type]


def _security_headers() -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
    ]
    if get_settings().public_url.startswith("https://"):
        headers.append((b"strict-transport-security", b"max-age=31536000"))
    return headers


def _lifespan(tracking: TrackingApp) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        configure_logs(get_settings().log_level)
        stop = threading.Event()
        heart = threading.Thread(target=_keep_beating, args=(stop,), name="heartbeat", daemon=True)
        heart.start()
        await tracking.start()
        yield
        stop.set()
        await tracking.stop()

    return lifespan


def _keep_beating(stop: threading.Event) -> None:
    told = 0
    while True:
        try:
            answered = RequestTimes.answered
            with transaction() as session:
                beat(session, Process.WEB, f"answered {answered} requests" if answered > told else None)
            told = answered
        except (SQLAlchemyError, errors.CuratorError) as error:
            log.warning("heartbeat_missed", error=type(error).__name__)
        if stop.wait(HEARTBEAT_SECONDS):
            return


async def _ask_to_sign_in(request: Request, _: Exception) -> Response:
    if is_api(request):
        refusal = {"error": "sign_in_needed", "message": "Send a token: Authorization: Bearer curator_…"}
        return JSONResponse(refusal, status_code=401, headers={"WWW-Authenticate": "Bearer"})
    if request.headers.get("hx-request"):
        back = quote(_page_it_is_part_of(request))
        return Response(status_code=204, headers={"HX-Redirect": f"/sign-in?next={back}"})
    target = "/"
    if request.method == "GET":  # with the question: whoever came by the bookmark button goes on with the page it named
        target = _path_and_question(request.url.path, request.url.query)
    return RedirectResponse(f"/sign-in?next={quote(target)}", status_code=303)


def _page_it_is_part_of(request: Request) -> str:
    """Path and question of the page a script says it runs on. Signing in leads to paths of ours only."""
    try:
        parts = urlsplit(request.headers.get("hx-current-url", ""))
    except ValueError:
        return "/"
    return _path_and_question(parts.path, parts.query) or "/"


def _path_and_question(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.CuratorError)  # noqa: S101 - what the handler is registered for
    status = next((s for kind, s in STATUSES.items() if isinstance(error, kind)), 422)
    return _problem(request, status, error.message, error.code)


async def _too_many(request: Request, _: Exception) -> Response:
    return _problem(request, 429, "Too many requests. Wait an hour, or send fewer.", "too_many")


async def _too_large(request: Request, _: Exception) -> Response:
    return _problem(request, 413, "The request is larger than 1 MB. Shorten it and send it again.", "too_large")


async def _not_understood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    fields = ", ".join(sorted({str(e["loc"][-1]) for e in error.errors()}))
    return _problem(request, 422, f"Something in the form cannot be used: {fields}. Correct it and send it again.")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == 404:
        return _problem(request, 404, "There is no such page.")
    sent = request.headers.get("content-length", "")
    if error.status_code == 400 and sent.isdigit() and int(sent) > LARGEST_FIELD_BYTES:
        size = f"{int(sent) / 1_000_000:.1f} MB"
        return _problem(request, 413, f"That is {size}; a field takes at most 1 MB. Shorten it and send it again.")
    return _problem(request, error.status_code, str(error.detail))


async def _database_error(request: Request, error: Exception) -> Response:
    if isinstance(error, DataError):  # a number in the address no column can hold
        return _problem(request, 404, "There is no such page.")
    log.error("database_refused", error=type(error).__name__, path=request.scope.get("route_path", ""))
    is_down = isinstance(error, DBAPIError) and error.connection_invalidated
    if is_down or isinstance(error, OperationalError):
        return _problem(request, 503, "The database does not answer. Nothing was changed; try again in a moment.")
    return await _failed(request, error)


async def _failed(request: Request, error: Exception) -> Response:
    log.error("request_failed", exc_info=error)
    return _problem(request, 500, "Something went wrong on our side. Nothing was changed; the log says what it was.")


def _problem(request: Request, status: int, message: str, code: str = "") -> Response:
    """The message as a part of the page for htmx, as JSON for callers of the API, else as a page."""
    if is_api(request):
        return JSONResponse({"error": code or "failed", "message": message}, status_code=status)
    template = "web/problem_part.html" if request.headers.get("hx-request") else "web/problem.html"
    response = page(request, template, status=status, code=status, message=message)
    if request.headers.get("hx-request"):
        response.headers["HX-Retarget"] = "#notices"
        response.headers["HX-Reswap"] = "innerHTML"
    return response
