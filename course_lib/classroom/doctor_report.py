"""`course doctor --report`: a few lines about a machine that a learner can send to the teacher.

They hold versions, sizes and names of products, never the name of a person, a machine or a folder.
"""

import os
import platform
import shutil
import sys
from pathlib import Path

from course_lib.classroom.doctor import COURSE, examine, installed

FIRST, LAST = "--- course report ---", "--- end ---"
PACKAGES = ("torch", "torchvision", "jupyterlab", "ipywidgets", "anywidget")
BROWSERS = {  # name: (commands on Linux, application on macOS, program on Windows)
    "Chrome": (("google-chrome", "google-chrome-stable"), "Google Chrome",
               "Google/Chrome/Application/chrome.exe"),
    "Chromium": (("chromium", "chromium-browser"), "Chromium", "Chromium/Application/chrome.exe"),
    "Edge": (("microsoft-edge",), "Microsoft Edge", "Microsoft/Edge/Application/msedge.exe"),
    "Firefox": (("firefox", "firefox-esr"), "Firefox", "Mozilla Firefox/firefox.exe"),
    "Safari": ((), "Safari", ""),
}


def print_report(*, port: int = 8888, echo=print) -> int:
    """Print the report; 0 if every check of the doctor is right, else 1."""
    found = list(examine(port))
    echo(report(found))
    return int(any(not finding.ok for _, findings in found for finding in findings))


def report(found) -> str:
    """The lines, from what doctor.examine found. What cannot be learnt here is "unknown"."""
    lines = [FIRST]
    for name, learn in FACTS.items():
        try:
            lines.append(f"{name + ':':<10}{learn(found)}")
        except Exception:  # a report with a gap is worth more than none
            lines.append(f"{name + ':':<10}unknown")
    return "\n".join([*lines, LAST])


def system(_) -> str:
    """The operating system and the kind of processor."""
    kind = platform.system()
    release = {
        "Linux": lambda: platform.freedesktop_os_release()["PRETTY_NAME"],
        "Darwin": lambda: f"macOS {platform.mac_ver()[0]}",
        "Windows": lambda: f"Windows {platform.win32_ver()[1]}",
    }
    try:
        return f"{release[kind]()}, {platform.machine()}"
    except (KeyError, OSError):
        return f"{kind}, {platform.machine()}"


def python(_) -> str:
    """The version of Python."""
    bits = 64 if sys.maxsize > 2**32 else 32
    return f"{'.'.join(str(n) for n in sys.version_info[:3])}, {bits} bit"


def packages(_) -> str:
    """The packages that most often differ."""
    return ", ".join(f"{name} {installed(name) or 'missing'}" for name in PACKAGES)


def cores(_) -> str:
    """The cores that we may use."""
    mine = getattr(os, "sched_getaffinity", None)
    return str(len(mine(0)) if mine else os.cpu_count())


def memory(_) -> str:
    """The machine's memory."""
    import psutil

    return f"{psutil.virtual_memory().total / 2**30:.1f} GiB"


def disk(_) -> str:
    """Room on the course's disk."""
    return f"{shutil.disk_usage(COURSE).free / 2**30:.1f} GiB free"


def gpu(found) -> str:
    """What torch sees, as the doctor has found out."""
    told = [finding.what for _, findings in found for finding in findings]
    return next(what.removeprefix("GPU: ") for what in told if what.startswith("GPU: ")).partition(";")[0]


def browser(_) -> str:
    """The browsers that are installed, of those that are known here."""
    folders = [os.environ.get(name, "") for name in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")]
    names = [name for name, (commands, application, program) in BROWSERS.items()
             if any(map(shutil.which, commands)) or Path(f"/Applications/{application}.app").exists()
             or any(folder and program and Path(folder, program).is_file() for folder in folders)]
    return ", ".join(names) or "none of " + ", ".join(BROWSERS)


def checks(found) -> str:
    """Which of the doctor's checks failed, by their names."""
    failed = [name for name, findings in found if not all(finding.ok for finding in findings)]
    right = f"{len(found) - len(failed)} of {len(found)} right"
    return f"{right}; failed: {', '.join(failed)}" if failed else right


FACTS = {
    "course": lambda _: installed("course-lib") or "not installed", "system": system, "Python": python,
    "packages": packages, "cores": cores, "memory": memory, "disk": disk, "GPU": gpu, "browser": browser,
    "checks": checks,
}
