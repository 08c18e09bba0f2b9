"""Whole messages against golden files and against the checklist for generated mail that lies outside the project.

A design or wording that changed on purpose: run `make golden`, look at the difference, commit it.
"""

import dataclasses
import os
import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path

import pytest

from curator.editions.trial import build_trial
from curator.issues.brand import DESIGNS
from curator.issues.content import IssueContent, hash_content
from tests.editions import sample
from tests.editions.full_issue import full_issue
from tests.editions.keys import KEY

GOLDEN = Path(__file__).parent / "golden"
JUDGE = Path(__file__).resolve().parents[3] / "shared" / "tools" / "check_message.py"
ISSUES = {
    "nl": sample.issue(),
    "en": sample.english_issue(),
    "far": sample.far_issue(),
    **{design: full_issue(design) for design in DESIGNS},
    **{f"{design}-rtl": full_issue(design, "ar") for design in DESIGNS},
}


def judged(raw: bytes, folder: Path, *, is_signed: bool = False) -> list[str]:
    """The lines of the checklist that do not hold."""
    if not JUDGE.is_file():
        pytest.skip("needs ../shared/tools/check_message.py, which is not part of the project")
    path = folder / "message.eml"
    path.write_bytes(raw)
    done = subprocess.run(
        [sys.executable, JUDGE, path, "--local", *([] if is_signed else ["--no-dkim"])],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip().endswith("hold")
    return [line for line in done.stdout.splitlines() if line.startswith("FAIL")]


@pytest.mark.parametrize("name", ISSUES)
def test_a_message_is_the_golden_one_to_the_byte(name: str) -> None:
    path = GOLDEN / f"{name}.eml"
    raw = sample.message(ISSUES[name])
    if os.environ.get("CURATOR_TEST_WRITE_GOLDEN"):
        path.write_bytes(raw)
    assert raw.split(b"\r\n") == path.read_bytes().split(b"\r\n")
    assert sample.wire_faults(raw) == []


@pytest.mark.parametrize("tracking", ["off", "aggregate", "hygiene", "individual"])
@pytest.mark.parametrize("name", ISSUES)
def test_the_checklist_holds_on_every_newsletter_mail(name: str, tracking: str, tmp_path: Path) -> None:
    content = ISSUES[name]
    if tracking != content.newsletter.tracking:
        newsletter = dataclasses.replace(content.newsletter, tracking=tracking)
        content = dataclasses.replace(content, newsletter=newsletter)
        content = dataclasses.replace(content, content_hash=hash_content(content))
    assert judged(sample.message(content, now=datetime.now(UTC)), tmp_path) == []


@pytest.mark.parametrize("name", ISSUES)
def test_the_checklist_holds_on_a_signed_mail(name: str, tmp_path: Path) -> None:
    raw = sample.merger(ISSUES[name], domain_key=KEY).message(sample.READER, datetime.now(UTC))
    assert judged(raw, tmp_path, is_signed=True) == []


@pytest.mark.parametrize("content", ISSUES.values(), ids=ISSUES)
def test_the_checklist_holds_on_every_test_mail(content: IssueContent, tmp_path: Path) -> None:
    raw = build_trial(
        content,
        public_url="http://127.0.0.1:8420",
        inbound_domain="in.example.org",
        signer=sample.SIGNER,
        to="redactie@example.com",
        message_id=uuid.uuid4(),
        now=datetime.now(UTC),
    )
    assert judged(raw, tmp_path) == []


def test_of_the_checklist_a_notice_lacks_only_what_belongs_to_lists(tmp_path: Path) -> None:
    from tests.editions.test_notice import notice

    failed = {line.split()[1] for line in judged(notice(now=datetime.now(UTC)), tmp_path)}
    assert failed == {"H1", "U1", "U2", "U3", "U4", "U5", "U6", "U7", "B2"}
