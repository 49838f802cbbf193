"""Pupils of the class server, and what each does in lesson 03."""

import json
from dataclasses import dataclass

import nbformat
import psutil
from accounts import Account
from browser_like import Browser, Kernel
from hub_process import Hub

from course_lib.classroom.lessons import find
from course_lib.classroom.origin import exercise_id

LESSON = find("3")
NAME = LESSON.path.name
LEFT_OUT = "03-5"  # the exercise that nobody answers


def answers() -> dict[str, str]:
    """The lesson's own solutions: exercise id -> cell."""
    return {exercise_id(cell): cell.source for cell in LESSON.notebook.cells if exercise_id(cell)}


def work_in(notebook: nbformat.NotebookNode) -> None:
    """What a pupil types into their copy: scale smoke, and the right answers, one exercise left out."""
    solutions = answers()
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source = cell.source.replace('scale = "quick"', 'scale = "smoke"')
        elif (name := exercise_id(cell)) and name != LEFT_OUT:
            assert "YOUR CODE HERE" in cell.source and cell.source != solutions[name]
            cell.source = solutions[name]


@dataclass
class School:
    """The hub and its pupils."""

    hub: Hub
    pupils: list["Pupil"]
    stranger: Account  # with a password, but not of the class


class Pupil:
    """A learner with an account, a browser and a kernel."""

    def __init__(self, account: Account, hub: Hub):
        self.account, self.hub = account, hub
        self.browser = Browser(f"{hub.address}/user/{account.name}/")
        self.kernel: Kernel | None = None
        self.memory: dict[str, int] = {}
        self.seconds = 0.0

    def log_in(self) -> None:
        self.browser.log_in(self.hub.address, self.account.name, self.account.password)

    def go_to_school(self) -> None:
        """Log in, open lesson 03, answer, run every cell, save."""
        self.log_in()
        notebook = self.browser.open(NAME)
        work_in(notebook)
        self.browser.save(NAME, notebook)
        self.kernel = self.browser.start_kernel(NAME)
        run_cells(self.kernel, notebook.cells)
        self.browser.save(NAME, notebook)
        self.memory, self.seconds = memory_of(self.account), processor_seconds(self.account)

    def progress(self) -> dict:
        """The checks in the progress file in the pupil's folder."""
        return json.loads((self.account.folder / ".progress.json").read_text("utf-8"))["checks"]

    def kernel_process(self) -> psutil.Process:
        return next(p for p in self.account.processes() if "ipykernel_launcher" in " ".join(p.cmdline()))

    def server_process(self) -> psutil.Process:
        return next(p for p in self.account.processes() if "jupyterhub.singleuser" in " ".join(p.cmdline()))


def run_cells(kernel: Kernel, cells: list[nbformat.NotebookNode]) -> None:
    for cell in cells:
        if cell.cell_type == "code":
            kernel.run(cell)


def memory_of(account: Account) -> dict[str, int]:
    """Bytes by part: server, kernel, rest. Shared pages (libraries) are divided among their users."""
    parts = {"server": 0, "kernel": 0, "rest": 0}
    for process in account.processes():
        words = " ".join(process.cmdline())
        part = "kernel" if "ipykernel" in words else "server" if "singleuser" in words else "rest"
        parts[part] += process.memory_full_info().pss
    return parts


def processor_seconds(account: Account) -> float:
    """What the account's processes have computed so far, ended children included."""
    return sum(sum(process.cpu_times()[:4]) for process in account.processes())
