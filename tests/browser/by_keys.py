"""What of a page with one widget cannot be done with the keyboard alone, or is done without a word."""

AROUND = ("<button id=before>before</button>", "<button id=after>after</button>")
NATIVE = "a[href], button, input, select, summary, textarea"
POINTER = ["click", "pointerdown", "mousedown", "touchstart"]
MOST = 60  # stops of the Tab key in one widget
# Put first on the page: it remembers who listens to a pointer, however that is arranged.
EARS = f"""<script>{{
    const listen = EventTarget.prototype.addEventListener;
    EventTarget.prototype.addEventListener = function (kind, ...more) {{
        if ({POINTER}.includes(kind) && this instanceof Element) this.courseListens = true;
        return listen.call(this, kind, ...more);
    }};
}}</script>"""
# What can be clicked or dragged now: [number, how it is moved, was it reached?]. Numbers stay.
FOUND = """([native, pointer]) => [...document.querySelectorAll('.course-explorer *')].filter(node =>
    (node.matches(native) || node.courseListens || pointer.some(kind => node[`on${kind}`]))
    && !node.disabled && node.checkVisibility({ visibilityProperty: true })).map(node => {
        node.dataset.number ??= window.courseNumber = (window.courseNumber ?? 0) + 1;
        const choice = node.tagName === 'SELECT', range = node.type === 'range';
        const still = choice ? node.length < 2 : range && node.min === node.max;
        const inner = node.matches(native) ? null : node.querySelector('[data-reached]');
        const key = still || inner ? '' : node.type === 'checkbox' ? 'Space'
            : range ? (node.value === node.max ? 'ArrowLeft' : 'ArrowRight')
            : choice ? (node.selectedIndex === node.length - 1 ? 'ArrowUp' : 'ArrowDown')
            : node.onkeydown ? 'ArrowLeft' : 'Enter';
        return [node.dataset.number, key, Boolean(inner) || 'reached' in node.dataset];
    })"""
# Where the focus is, which is remembered, and whether it is seen: [number, id, outline].
HERE = """() => {
    const node = document.activeElement, { outlineStyle, outlineWidth } = getComputedStyle(node);
    node.dataset.reached = '';
    return [node.dataset.number, node.id, outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2];
}"""
SAYS = """() => [...document.querySelectorAll('[role=status], [aria-live]:not([aria-live=off])')]
    .map(node => node.textContent).join(' ').trim()"""
NAME = "number => document.querySelector(`[data-number='${number}']`).outerHTML.slice(0, 120)"


def walk(sheet) -> tuple[set[str], bool]:
    """From the button before the widget with Tab: whose focus is not seen, and whether Tab led out."""
    unseen = set()
    sheet.evaluate(FOUND, [NATIVE, POINTER])
    sheet.locator("#before").focus()
    for _ in range(MOST):
        sheet.keyboard.press("Tab")
        number, name, seen = sheet.evaluate(HERE)
        if name == "after":
            return unseen, True
        if not seen:
            unseen.add(number)
    return unseen, False


def hears(sheet, number: str, key: str, patience: int) -> bool:
    """Focus a control and press its key: are there new words within so many milliseconds?"""
    before = sheet.evaluate(SAYS)
    sheet.locator(f"[data-number='{number}']").focus()
    sheet.keyboard.press(key)
    if key.startswith("Arrow") and sheet.evaluate("() => document.activeElement.matches('canvas')"):
        sheet.keyboard.press("Enter")  # the arrows go to a pixel, Enter paints it
    for _ in range(patience // 25):
        now = sheet.evaluate(SAYS)
        if now and now != before:
            break
        sheet.wait_for_timeout(25)
    else:
        return False
    sheet.wait_for_timeout(350)  # the rest after which a frame is told
    return True


def complaints(sheet, patience: int = 3000) -> dict[str, list[str]]:
    """What is wrong, by kind, and where; empty if everything is reached, seen, heard and left again.

    Each control is moved once; those that come out by a move are looked for and moved before the others.
    """
    wrong = {"unreached": set(), "unseen": set(), "silent": set(), "trapped": set()}
    first, moved = {number for number, *_ in sheet.evaluate(FOUND, [NATIVE, POINTER])}, set()
    assert first, "there is nothing to move"
    while True:
        found = sheet.evaluate(FOUND, [NATIVE, POINTER])
        if not all(reached for *_, reached in found):
            unseen, out = walk(sheet)
            found = sheet.evaluate(FOUND, [NATIVE, POINTER])
            wrong["unseen"] |= unseen
            wrong["unreached"] |= {number for number, _, reached in found if not reached}
            wrong["trapped"] |= set() if out else {found[-1][0]}
        left = sorted(((number, key) for number, key, _ in found if key and number not in moved),
                      key=lambda control: control[0] in first)
        if not left or wrong["unreached"] or wrong["trapped"]:
            break
        number, key = left[0]
        moved.add(number)
        if not hears(sheet, number, key, patience):
            wrong["silent"].add(number)
    return {kind: [sheet.evaluate(NAME, number) for number in sorted(numbers)]
            for kind, numbers in wrong.items() if numbers}
