"""The account page: which browsers are signed in, in words a person recognises."""

import pytest

from curator.web.account import browser_name

LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
ANDROID = "Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (LINUX, "Chrome on Linux"),
        (IPHONE, "Safari on iPhone"),
        (WINDOWS, "Firefox on Windows"),
        (ANDROID, "Chrome on Android"),
        (MAC, "Safari on Mac"),
        ("Something/1.0", "Something/1.0"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_named_as_its_user_names_it(agent: str, name: str) -> None:
    assert browser_name(agent) == name
