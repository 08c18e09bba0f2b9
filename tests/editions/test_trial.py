from curator.editions.trial import build_trial
from curator.issues.content import IssueContent
from curator.tokens import Purpose
from tests.editions import sample


def trial(content: IssueContent) -> bytes:
    return build_trial(
        content,
        public_url=sample.PUBLIC_URL,
        inbound_domain="",
        signer=sample.SIGNER,
        to="redactie@example.com",
        message_id=sample.READER.message_id,
        now=sample.MOMENT,
    )


def test_a_test_mail_says_so_in_subject_and_both_parts() -> None:
    raw = trial(sample.issue())
    assert sample.parsed(raw)["Subject"].startswith("[Test] Eigen rekenkracht")
    assert sample.parsed(raw)["X-Curator-Test"] == "yes"
    assert sample.parsed(sample.message(sample.issue()))["X-Curator-Test"] is None
    assert all("Dit is een testmail." in body for body in sample.bodies(raw))
    assert all("This is a test mail." in body for body in sample.bodies(trial(sample.english_issue())))


def test_a_test_mail_measures_nothing_and_its_leave_link_is_nobodys() -> None:
    raw = trial(sample.issue())
    _, page = sample.bodies(raw)
    assert "/c/" not in page and "/o/" not in page
    token = page.split("/u/")[1][:46]
    assert sample.SIGNER.read(token, Purpose.LEAVE) == (Purpose.LEAVE, 0, 0)
    assert sample.wire_faults(raw) == []


def test_a_long_subject_still_fits_with_its_mark() -> None:
    assert len(sample.parsed(trial(sample.issue(subject="woord " * 25)))["Subject"]) <= 150
