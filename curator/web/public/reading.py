"""What a public page knows about its reader: nothing but the token in its address. No cookie, no sign-in.

A token that does not hold is a page that does not exist.
"""

from typing import Any, NamedTuple

from fastapi import Request
from fastapi.responses import HTMLResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from curator.audience.models import Subscriber, Subscription
from curator.errors import NotFound
from curator.issues.models import Newsletter
from curator.settings import get_settings
from curator.tokens import Purpose, Signer, Token
from curator.web.pages import page
from curator.web.public.wording import Words, words_in


class Reading(NamedTuple):
    """The subscription a token names, and the words to speak to its reader in."""

    subscription: Subscription
    subscriber: Subscriber
    newsletter: Newsletter
    words: Words


def signer() -> Signer:
    """The signer of this installation."""
    return Signer({1: get_settings().secret("tokens")})


def read_token(text: str, *purposes: Purpose) -> Token:
    """The token, or `NotFound` when it is altered, cut off or for something else."""
    token = signer().read(text, *purposes)
    if token is None:
        raise NotFound("This link is not complete. Open it again from the mail.")
    return token


def find_reading(session: Session, subscription_id: int) -> Reading | None:
    """What belongs to a subscription; None when it was deleted or erased."""
    found = session.execute(
        select(Subscription, Subscriber, Newsletter)
        .join(Subscriber, Subscriber.id == Subscription.subscriber_id)
        .join(Newsletter, Newsletter.id == Subscription.newsletter_id)
        .where(Subscription.id == subscription_id)
    ).one_or_none()
    if found is None:
        return None
    subscription, subscriber, newsletter = found
    return Reading(subscription, subscriber, newsletter, words_in(subscriber.language or newsletter.language))


def public_page(
    request: Request, template: str, *, words: Words, newsletter: Newsletter | None, status: int = 200, **values: Any
) -> HTMLResponse:
    """A public page in the words' language. Not kept by any cache: it may belong to one reader."""
    response = page(
        request,
        f"web/public/{template}",
        status=status,
        words=words,
        language=words.language,
        skip_label=words["skip"],
        newsletter=newsletter,
        **values,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def reading_page(
    request: Request, template: str, reading: Reading, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """A public page about a reader's own subscription."""
    return public_page(
        request,
        template,
        words=reading.words,
        newsletter=reading.newsletter,
        status=status,
        subscription=reading.subscription,
        address=reading.subscriber.address,
        **values,
    )
