"""Logs of every process: structlog, one line per event on stderr, JSON unless a person is watching.

Ids are bound once per request or task. An e-mail address never becomes a field.
"""

import logging
import sys

import structlog


def configure_logs(level: str) -> None:
    """Write log lines of at least `level` (a value of the log_level setting) to stderr from now on."""
    lowest = logging.getLevelNamesMapping()[level.upper()]
    watched = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if watched else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        stream=sys.stderr, level=max(lowest, logging.WARNING), format="%(levelname)s %(name)s %(message)s"
    )
