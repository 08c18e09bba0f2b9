"""How a newsletter may look: the designs that come with Curator. Pure; the templates are in templates/email."""

from curator.errors import Invalid

CLASSIC = "classic"

DESIGNS = {
    CLASSIC: "A newspaper’s front page: a title above, one wide story, smaller ones below. Pictures large and small.",
    "magazine": "A cover in your colour, one picture from edge to edge, then stories side by side. Made for pictures.",
    "compact": "A page of links: sections at the side, titles you can scan, no pictures. For many items.",
    "letter": "A letter in words only: a date, a salutation, what you have to tell, your name. No pictures.",
}
"""Every design by the name of its folder in templates/email, with what it is for."""


def check_design(name: str) -> str:
    """The name of a design of ours; `Invalid` lists them for any other."""
    if name not in DESIGNS:
        raise Invalid(f"There is no design “{name}”. Choose {', '.join(list(DESIGNS)[:-1])} or {list(DESIGNS)[-1]}.")
    return name
