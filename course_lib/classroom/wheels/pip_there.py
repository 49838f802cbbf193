"""Run pip as if it ran on another system: python pip_there.py MARKERS WORDS..., MARKERS as JSON.

pip chooses wheels for another system (`--platform`), but asks its own system which of a package's needs
count: on Linux it would fetch PyTorch's GPU libraries for Windows too, and miss what only Windows needs. So
what a requirement's marker may ask about is answered here from MARKERS. This reaches into pip; it says so and
stops if a later pip takes no notice.
"""

import json
import sys


def main(markers: dict[str, str], words: list[str]) -> int:
    """pip's exit status; SystemExit if this pip cannot be told about another system."""
    from pip._vendor.packaging import markers as asked

    asked.default_environment = lambda: dict(markers)
    here = " and ".join(f"{name} == '{value}'" for name, value in markers.items() if name != "extra")
    if not asked.Marker(here).evaluate():
        sys.exit("this pip does not take notice of another system; use another pip, or make the folder on a "
                 "machine of that system")
    from pip._internal.cli.main import main as pip

    return pip(words)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1]), sys.argv[2:]))
