"""Update folders in a process of its own: update_there.py NOTEBOOKS wait|go WORK...

With "wait" it begins each folder when a line arrives on its standard input, and answers with one.
"""

import sys
from datetime import date
from pathlib import Path

from course_lib.classroom import origin
from course_lib.classroom.update import update

origin._SAVING = 0
status = 0
for work in sys.argv[3:]:
    if sys.argv[2] == "wait":
        sys.stdin.readline()
    try:
        status = max(status, update(Path(work), source=Path(sys.argv[1]), today=date(2026, 11, 24)))
    except OSError as error:
        print(error)
        status = 2
    print("done", flush=True)
sys.exit(status)
