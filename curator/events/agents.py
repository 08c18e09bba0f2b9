"""What an agent calls itself, reduced to a family: enough to tell people from machines, too little to know anyone.

The text itself is never stored. Families that fetch by themselves are named in `MACHINES`.
"""

from functools import lru_cache

MISSING = "none"
PRIVACY_PROXY = "privacy proxy"
SCANNER = "scanner"
SCRIPT = "script"
CRAWLER = "crawler"

MACHINES = {
    MISSING: "no agent",
    PRIVACY_PROXY: "privacy proxy",
    SCANNER: "security scanner",
    SCRIPT: "script",
    CRAWLER: "crawler",
}
"""Families that are nobody reading, with the sign they are labelled by."""

_LONGEST = 400

# Looked for in this order, in lower case: proxies hide behind a browser's name, and browsers behind each other's.
_FAMILIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("gmail proxy", ("googleimageproxy",)),
    ("yahoo proxy", ("yahoomailproxy",)),
    (
        SCANNER,
        (
            "barracuda",
            "proofpoint",
            "mimecast",
            "safelinks",
            "symantec",
            "messagelabs",
            "fortiguard",
            "trendmicro",
            "sophos",
            "cloudmark",
            "bitdefender",
            "virustotal",
            "urlscan",
            "checkpoint",
            "existence discovery",
            "office protocol discovery",
            "linkcheck",
        ),
    ),
    (CRAWLER, ("bot/", "bot;", "googlebot", "bingbot", "crawler", "spider", "slurp", "facebookexternalhit", "preview")),
    (
        SCRIPT,
        (
            "curl/",
            "wget/",
            "python",
            "go-http-client",
            "okhttp",
            "java/",
            "libwww",
            "httpclient",
            "axios",
            "node",
            "ruby",
            "perl",
            "php",
            "headless",
            "phantomjs",
            "winhttp",
            "powershell",
        ),
    ),
    ("thunderbird", ("thunderbird",)),
    ("outlook", ("outlook", "microsoft office", "ms-office")),
    ("edge", ("edg/", "edga/", "edgios/", "edge/")),
    ("opera", ("opr/", "opera/", "opera mini")),
    ("firefox", ("firefox/", "fxios/")),
    ("chrome", ("chrome/", "crios/", "chromium")),
    ("apple mail", ("applewebkit",)),
)
_BROWSERS_OF_SAFARI = ("safari/",)


def family(agent: str) -> str:
    """The family of a `User-Agent` header (RFC 9110 10.1.5). Any input gives one of a few dozen fixed words."""
    return _family(agent[:_LONGEST].strip())


@lru_cache(maxsize=4096)
def _family(agent: str) -> str:
    if not agent or agent == "-":
        return MISSING
    if agent == "Mozilla/5.0":
        return PRIVACY_PROXY
    lower = agent.lower()
    for name, marks in _FAMILIES:
        if any(mark in lower for mark in marks):
            is_browser = name == "apple mail" and any(mark in lower for mark in _BROWSERS_OF_SAFARI)
            return "safari" if is_browser else name
    return "other"
