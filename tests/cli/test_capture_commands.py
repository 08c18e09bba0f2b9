"""Sources and articles in bulk from the command line."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.errors import Invalid, NotFound
from curator.settings import get_settings
from curator.sources.models import Source
from tests.cli.calling import call

LIST = """<opml version="2.0"><body><outline text="Tech"><outline text="A" xmlUrl="https://a.example/feed"/></outline>
<outline text="B" xmlUrl="ftp://b"/></body></opml>"""


@pytest.fixture(autouse=True)
def _newsletter(session: Session, redis_client: object) -> None:
    call("newsletters", "create", "week", "--from", "desk@week.test")


def test_a_list_of_feeds_in_and_out(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "mine.opml"
    file.write_text(LIST)
    brought = call("sources", "import", "week", file).json
    assert (brought["read"], brought["added"], brought["refused"]) == (2, 1, 1)
    assert brought["feeds"][1]["reason"]
    (source,) = call("sources", "list", "week").json
    assert (source["health"], source["folder"], source["per_week"], source["failures"]) == ("new", "Tech", 0.0, 0)
    assert source["next_fetch_at"] and source["last_error"] is None
    out = tmp_path / "out.opml"
    call("sources", "export", "week", "--out", out, as_json=False)
    assert call("sources", "import", "week", out).json["known"] == 1
    assert "https://a.example/feed" in call("sources", "export", "week", as_json=False).out
    call("sources", "remove", "week", source["id"], as_json=False)
    assert session.scalars(select(Source)).all() == []
    with pytest.raises(NotFound):
        call("sources", "remove", "week", source["id"], as_json=False)


def test_a_file_of_links(tmp_path: Path) -> None:
    file = tmp_path / "links.csv"
    file.write_text("url,title\nhttps://a.example/1,Een\nhttps://a.example/1,Een\nniets,x\n")
    report = call("articles", "import", "week", file).json
    assert (report["read"], report["added"], report["twice"], report["refused"]) == (3, 1, 1, 1)
    assert "line 4: niets: " in call("articles", "import", "week", file, as_json=False).out
    (article,) = call("articles", "list", "week").json
    assert (article["title"], article["captured_by"], article["brought_by"]) == ("Een", "import", "links.csv")


def test_a_file_that_is_none_says_so(tmp_path: Path) -> None:
    file = tmp_path / "empty"
    file.write_text("")
    for words in (("sources", "import"), ("articles", "import")):
        with pytest.raises(Invalid):
            call(*words, "week", file)


def test_tokens(session: Session) -> None:
    call("users", "add", "anna@week.test", "--role", "editor", "--newsletter", "week")
    made = call("tokens", "create", "week", "anna@week.test", "--name", "robot", "--days", "7").json
    assert made["token"].startswith("curator_")
    (shown,) = call("tokens", "list", "week").json
    assert (shown["name"], shown["user"], shown["used_at"]) == ("robot", "anna@week.test", None)
    assert made["token"] not in call("tokens", "list", "week").out
    call("tokens", "revoke", "week", made["id"], as_json=False)
    assert call("tokens", "list", "week").json == []


def test_the_doctor_opens_the_polled_mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "mail-in mailbox" not in {check["name"] for check in call("doctor").json["checks"]}
    monkeypatch.setenv("CURATOR_IMAP_URL", "imap://desk@127.0.0.1:1/INBOX")
    get_settings.cache_clear()
    checks = {check["name"]: check for check in call("doctor").json["checks"]}
    assert not checks["mail-in mailbox"]["ok"] and "CURATOR_IMAP_URL" in checks["mail-in mailbox"]["next"]
