"""The small markdown of a teacher's text: labelled fields, and lists below them.

A field begins with a line `**Label.** text`. A list item begins with `- ` (or `- [ ] `, `- [x] `, `1. `);
the lines that continue it are indented, and `*Name:* text` there opens a named part of the item.
"""

import re
from dataclasses import dataclass, field

_FIELD = re.compile(r"\*\*(?P<label>[^*]+?)\.\*\*\s*(?P<rest>.*)")
_ITEM = re.compile(r"(?:-|\d+\.)\s+(?:\[(?P<box>[ xX])\]\s+)?(?P<rest>.*)")
_PART = re.compile(r"\s+\*(?P<label>[A-Z][\w ]*):\*\s*(?P<rest>.*)")


@dataclass
class Item:
    """One item of a list; right: what its box says, None without a box."""

    text: str
    right: bool | None = None
    parts: dict[str, str] = field(default_factory=dict)


@dataclass
class Field:
    """What stands under a label: text, a list, or both."""

    text: str = ""
    items: list[Item] = field(default_factory=list)


def read_cell(source: str) -> dict[str, Field]:
    """The fields of a cell by their labels, in order.

    Raises ValueError that names the line if one belongs to no field, or if a label stands there twice.
    """
    fields: dict[str, Field] = {}
    current, part = None, ""
    for line in source.splitlines():
        if opened := _FIELD.fullmatch(line):
            if opened["label"] in fields:
                raise ValueError(f"**{opened['label']}.** stands there twice")
            current = fields[opened["label"]] = Field(opened["rest"])
        elif not line.strip():
            if current and not current.items and current.text:
                current.text += "\n\n"
        elif current is None:
            raise ValueError(f"the cell must begin with a label such as **Question.**, not with {line!r}")
        elif item := _ITEM.fullmatch(line):
            box = item["box"]
            current.items.append(Item(item["rest"], None if box is None else box in "xX"))
            part = ""
        elif named := _PART.fullmatch(line):
            if not current.items:
                raise ValueError(f"the line {line.strip()!r} belongs to no item of a list")
            part = named["label"]
            current.items[-1].parts[part] = named["rest"]
        elif current.items:
            _continue(current.items[-1], part, line)
        else:
            current.text = f"{current.text}\n{line}".strip("\n") if current.text.strip() else line
    for each in fields.values():
        each.text = each.text.strip()
    return fields


def _continue(item: Item, part: str, line: str) -> None:
    if not line.startswith(" "):
        raise ValueError(f"the line {line!r} behind a list must be indented, or begin with **Label.**")
    if part:
        item.parts[part] += f" {line.strip()}"
    else:
        item.text += f" {line.strip()}"
