"""Where files that are not Python lie: inside an installed wheel, or beside the checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def templates_directory() -> Path:
    """The folder `templates`: email designs, notices, pages."""
    packed = _PACKAGE / "_assets" / "templates"
    return packed if packed.is_dir() else _PACKAGE.parent / "templates"


def static_directory() -> Path:
    """The folder served under /static."""
    return _PACKAGE / "web" / "static"
