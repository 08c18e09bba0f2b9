"""The doorbell rings at the broker the settings name, now."""

from typing import Any

import pytest

from curator.doorbell import ring_now
from curator.settings import Settings, get_settings


def test_it_rings_where_the_settings_say_now(
    settings: Settings, redis_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    get_settings.cache_clear()
    assert not ring_now("sources.nothing")
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    get_settings.cache_clear()
    assert ring_now("sources.nothing")
    assert redis_client.llen("fetch") == 1
