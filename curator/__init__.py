"""Curator: a self-hosted newsletter desk and mailer."""

__version__ = "0.1.0"
