import pytest
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid, NotFound
from curator.issues import own_designs
from curator.issues.content import newsletter_content
from curator.issues.models import Newsletter
from curator.issues.newsletters import change_newsletter, create_newsletter
from curator.issues.own_designs import check_files, find_design, list_versions, save_version, start_design

PAGE = {"issue.html": "<p>one</p>"}


@pytest.fixture
def newsletter(session: Session) -> Newsletter:
    return create_newsletter(session, "week", name="Week", from_address="desk@week.test")


def test_a_newsletter_uses_the_newest_version_of_its_own_design(session: Session, newsletter: Newsletter) -> None:
    design = start_design(session, newsletter, " Ours ", based_on="letter", files=PAGE, by="a@x.test")
    assert newsletter_content(session, newsletter).own_design is None
    change_newsletter(session, newsletter, "a@x.test", design="Ours")
    save_version(session, design, {"issue.html": "<p>two</p>"}, by="b@x.test", after=1, note="n")
    own = newsletter_content(session, newsletter).own_design
    assert own is not None
    assert (own.number, own.based_on, own.files) == (2, "letter", {"issue.html": "<p>two</p>"})
    assert [(version.number, version.by) for version in list_versions(session, design.id)] == [
        (2, "b@x.test"),
        (1, "a@x.test"),
    ]


def test_saving_after_an_older_version_conflicts(session: Session, newsletter: Newsletter) -> None:
    design = start_design(session, newsletter, "Ours", based_on="letter", files=PAGE, by="a@x.test")
    save_version(session, design, {"issue.html": "<p>two</p>"}, by="a@x.test", after=1)
    with pytest.raises(Conflict):
        save_version(session, design, {"issue.html": "<p>three</p>"}, by="b@x.test", after=1)


def test_names_are_ones_own_and_stand_once(
    session: Session, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch
) -> None:
    start_design(session, newsletter, "Ours", based_on="letter", files=PAGE, by="a@x.test")
    with pytest.raises(Conflict):
        start_design(session, newsletter, "Ours", based_on="letter", files=PAGE, by="a@x.test")
    for name in ("Letter", " "):
        with pytest.raises(Invalid):
            start_design(session, newsletter, name, based_on="letter", files=PAGE, by="a@x.test")
    with pytest.raises(NotFound):
        find_design(session, newsletter.id, "Theirs")
    monkeypatch.setattr(own_designs, "MOST_DESIGNS", 1)
    with pytest.raises(Invalid):
        start_design(session, newsletter, "One too many", based_on="letter", files=PAGE, by="a@x.test")


@pytest.mark.parametrize(
    "files", [{}, {"issue.html": " "}, {"issue.html": "x", "../x": "y"}, {"issue.html": "x" * 100_001}]
)
def test_files_that_are_no_design_are_refused(files: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        check_files(files)
