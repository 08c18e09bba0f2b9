import pytest
from sqlalchemy.orm import Session

from curator.errors import Conflict, Invalid, NotFound
from curator.issues import own_designs
from curator.issues.compose import create_issue
from curator.issues.content import newsletter_content
from curator.issues.models import DesignVersion, Newsletter
from curator.issues.newsletters import change_newsletter, create_newsletter
from curator.issues.own_designs import (
    check_files,
    delete_design,
    find_design,
    get_design,
    list_designs,
    list_versions,
    newest_version,
    save_version,
    start_design,
)

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


def test_a_design_in_use_is_kept_and_its_drafts_are_named(session: Session, newsletter: Newsletter) -> None:
    design = start_design(session, newsletter, "Ours", based_on="letter", files=PAGE, by="a@x.test")
    change_newsletter(session, newsletter, "a@x.test", design="Ours")
    with pytest.raises(Conflict, match="Choose another design first"):
        delete_design(session, newsletter, design, by="a@x.test")
    for subject in ("One", "Two"):
        create_issue(session, newsletter.id, subject)
    with pytest.raises(Conflict, match="The drafts of issues 1, 2 would be sent in it"):
        delete_design(session, newsletter, design, by="a@x.test")
    assert list_designs(session, newsletter.id) == [design]


def test_a_deleted_design_is_gone_but_for_what_was_made_with_it(session: Session, newsletter: Newsletter) -> None:
    design = start_design(session, newsletter, "Ours", based_on="letter", files=PAGE, by="a@x.test")
    version = newest_version(session, design.id)
    delete_design(session, newsletter, design, by="a@x.test")
    assert list_designs(session, newsletter.id) == []
    with pytest.raises(NotFound):
        find_design(session, newsletter.id, "Ours")
    with pytest.raises(NotFound):
        get_design(session, newsletter.id, design.id)
    with pytest.raises(Invalid):
        change_newsletter(session, newsletter, "a@x.test", design="Ours")
    assert session.get_one(DesignVersion, version.id, populate_existing=True).files == PAGE
    assert start_design(session, newsletter, "Ours", based_on="letter", files=PAGE, by="a@x.test").id != design.id
