"""Items placed before the page behind their article was read, or its picture: what was blank is filled in afterwards.

Only in drafts, and only fields nobody has touched: an item whose words an editor changed is left alone.
"""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from curator.issues.compose import copy_of
from curator.issues.models import Issue, IssueState, Item
from curator.sources.models import Article

_PICTURE = ("picture_id", "picture_alt")
_FILLED = ("site", "author", "blurb", *_PICTURE, "reading_minutes")


def complete_items(session: Session, article: Article) -> int:
    """Fill the untouched items of this article; how many. The title is the page's own, where nobody changed it.

    Part of placing, so it leaves no change of its own in the history, and an editor who is writing meets no conflict.
    """
    statement = (
        select(Item, Issue)
        .join(Issue, Issue.id == Item.issue_id)
        .where(Item.article_id == article.id, Item.version == 1, Issue.state == IssueState.DRAFT)
        .with_for_update()
    )
    filled = 0
    for item, issue in session.execute(statement):
        if _fill(item, copy_of(article)):
            issue.version, issue.changed_at = issue.version + 1, func.now()
            filled += 1
    session.flush()
    return filled


def _fill(item: Item, fresh: dict[str, object]) -> bool:
    """Everything, where there were no words yet; beside words, which are its feed's or were given, only the picture."""
    names = _PICTURE if item.blurb else _FILLED
    wanted = {name: fresh[name] for name in names if fresh[name] and not getattr(item, name)}
    if not item.blurb:
        wanted["title"] = fresh["title"]
    changed = {name: value for name, value in wanted.items() if getattr(item, name) != value}
    for name, value in changed.items():
        setattr(item, name, value)
    return bool(changed)
