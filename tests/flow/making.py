"""Something to be bad about: a file, an issue of `weekly`, a reader and a relay, made by commands."""

from pathlib import Path

from tests.flow.conftest import Shell

SENTENCE = "De oude sluis bij Waterdam wordt opnieuw gebruikt, en de buurt beslist mee over wat de stroom opbrengt. "
TEXT = "Sluis krijgt tweede leven\n\n" + SENTENCE * 6


def written(folder: Path, content: str | bytes, name: str = "file") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def an_issue(shell: Shell, folder: Path, subject: str = "Nummer een", title: str = "") -> int:
    """An issue of `weekly` with one article, whose title may be bad; the issue's id."""
    text = f"{title}\n\n{SENTENCE * 6}" if title else TEXT
    article = shell("articles", "add", "weekly", "--text-file", written(folder, text), "--json").json
    issue = shell("issues", "create", "weekly", "--subject", subject, "--json").json
    placed = shell("issues", "add", issue["id"], article["id"], "--section", issue["sections"][0], "--json")
    assert placed.code == 0
    return int(issue["id"])


def ready_to_send(shell: Shell, folder: Path) -> None:
    """A reader, and a relay nobody connects to yet."""
    people = written(folder, "email\nlezer@lezers.example\n", "people.csv")
    assert shell("subscribers", "import", "weekly", people, "--confirmed").code == 0
    assert shell("relays", "set", "default", "--host", "127.0.0.1", "--port", 9, "--security", "none").code == 0
