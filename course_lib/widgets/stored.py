"""Widgets that answer in a page without a kernel."""


def deck_html(widget_id: str) -> str:
    """A piece of web page that draws the widget of this id, such as "03-grow", with its frames inside.

    Raises KeyError for an id that is not registered.
    """
    raise KeyError(f"no widget {widget_id!r} is registered for decks")
