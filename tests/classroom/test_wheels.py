"""`course pack --wheels`: a folder that really installs without a network, and says what is wrong.

Every wheel is made up, but setuptools; pip's index is a folder, and pip may ask no other.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tiny_wheels
from typer.testing import CliRunner

from course_lib.classroom import cli
from course_lib.classroom.wheels import make, resolve
from course_lib.classroom.wheels.install import compare
from course_lib.classroom.wheels.target import Target

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
LINUX = Target("linux-cpu", HERE)
linux_pc = pytest.mark.skipif(sys.platform != "linux", reason="installs what was packed for Linux")


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """The folder that is pip's whole index, with what the made-up course needs."""
    place = tmp_path / "shelf é"
    place.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name, value in {"CONFIG_FILE": os.devnull, "NO_INDEX": "1", "FIND_LINKS": place.as_uri()}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    tiny_wheels.setuptools_wheel(place)
    tiny_wheels.wheel(place, "tiny-net", "1.0")
    tiny_wheels.wheel(place, "tiny-net", "2.0", needs=[
        "tiny-paint", 'tiny-colour; sys_platform == "win32"', 'nvidia-tiny; platform_system == "Darwin"',
        'tiny-old; python_version < "3.12"'])
    tiny_wheels.wheel(place, "tiny-net", "3.0")  # outside the course's range
    for name in ("tiny-colour", "tiny-old", "nvidia-tiny"):
        tiny_wheels.wheel(place, name)
    for tag in ("manylinux_2_28_x86_64", "win_amd64", "macosx_11_0_arm64"):
        tiny_wheels.wheel(place, "tiny-paint", tag=f"cp310-abi3-{tag}")
    return place


@pytest.fixture
def course(tmp_path):
    return tiny_wheels.course(tmp_path / "course")


def files(target, course):
    return {wheel.file for wheel in resolve.resolve(target, make.needs(course))
            if not wheel.file.startswith("setuptools")}


def made(course, out, target=LINUX):
    said = []
    make.make_folders([target], out, course=course, echo=said.append)
    return out / target.name, "\n".join(said)


def test_each_machine_gets_what_its_own_system_needs(shelf, course):
    """Markers are answered by the machine that will install, not by the one that packs."""
    net, paint = "tiny_net-2.0-py3-none-any.whl", "tiny_paint-1.0-cp310-abi3-{}.whl"
    old, colour = "tiny_old-1.0-py3-none-any.whl", "tiny_colour-1.0-py3-none-any.whl"
    assert files(Target("linux-cuda", "3.11"), course) == {net, paint.format("manylinux_2_28_x86_64"), old}
    assert files(Target("linux-cuda", "3.13"), course) == {net, paint.format("manylinux_2_28_x86_64")}
    assert files(Target("windows", "3.12"), course) == {net, paint.format("win_amd64"), colour}
    assert files(Target("macos-arm64", "3.12"), course) == {
        net, paint.format("macosx_11_0_arm64"), "nvidia_tiny-1.0-py3-none-any.whl"}


@linux_pc
@pytest.mark.slow
def test_a_class_installs_from_the_folder_with_no_network(shelf, course, tmp_path, monkeypatch):
    folder, said = made(course, tmp_path / "out")
    assert "wheels," in said.splitlines()[1] and "to fetch:" in said.splitlines()[1]
    stick = shutil.copytree(folder, tmp_path / "the stick")
    shutil.rmtree(shelf)  # from here on there is nothing but the stick
    shutil.rmtree(folder)
    assert compare(stick) == []
    home = tmp_path / "a home é"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    page = (stick / "INSTALL.html").read_text("utf-8")
    assert "<pre>sh install.sh</pre>" in page and f"<pre>python{HERE} install.py --check</pre>" in page
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(["sh", "install.sh"], cwd=stick, env=os.environ | {"PATH": path},
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    target = home / "build-break-explain"
    assert f'"{target}/.venv/bin/course" lab' in done.stdout
    assert subprocess.check_output([target / ".venv/bin/course"], text=True) == "tiny net 2.0\n"
    assert (target / "notes.txt").read_text("utf-8") == "the course's own é\n"
    assert not (target / "work").exists()

    (target / "notes.txt").write_text("a learner's own words", "utf-8")
    again = subprocess.run(["sh", "install.sh"], cwd=stick, env=os.environ | {"PATH": path},
                           capture_output=True, text=True)
    assert again.returncode == 0 and "stays as it is" in again.stdout
    assert (target / "notes.txt").read_text("utf-8") == "a learner's own words"
    for wheel in (stick / "wheels").glob("tiny_net*"):  # a wheel that broke on its way is refused by pip
        wheel.write_bytes(wheel.read_bytes()[:-1] + b"x")
    broken = subprocess.run([sys.executable, "install.py", str(tmp_path / "other")], cwd=stick,
                            capture_output=True, text=True)
    assert broken.returncode == 2 and "install.py --check" in broken.stderr


@linux_pc
def test_the_installer_refuses_a_wrong_python_and_a_foreign_folder(shelf, course, tmp_path):
    folder, _ = made(course, tmp_path / "out")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine", "utf-8")

    def start(*words):
        return subprocess.run([sys.executable, str(folder / "install.py"), *words], capture_output=True,
                              text=True)

    done = start(str(tmp_path / "full"))
    assert done.returncode == 2 and "is not empty and is not the course" in done.stderr
    assert os.listdir(tmp_path / "full") == ["thesis.txt"]
    facts = json.loads((folder / "for.json").read_text("utf-8"))
    (folder / "for.json").write_text(json.dumps(facts | {"python": "3.99"}), "utf-8")
    done = start(str(tmp_path / "new"))
    assert done.returncode == 2 and f"This is Python {HERE}" in done.stderr and "3.99" in done.stderr
    (folder / "for.json").write_text(json.dumps(facts | {"sys_platform": "win32"}), "utf-8")
    assert start(str(tmp_path / "new")).returncode == 2
    (folder / "for.json").write_text(json.dumps(facts), "utf-8")
    (folder / "course.zip").write_bytes(b"half")
    done = start(str(tmp_path / "new"))
    assert done.returncode == 2 and "course.zip is not what it was" in done.stderr
    assert not (tmp_path / "new").exists()


def test_what_is_there_and_right_is_not_fetched_again(shelf, course, tmp_path, monkeypatch):
    folder, _ = made(course, tmp_path / "out")
    first = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    broken, missing = sorted((folder / "wheels").glob("tiny_*"))[:2]
    broken.write_bytes(b"x" * broken.stat().st_size)
    missing.unlink()
    (folder / "wheels" / ".part-of-a-killed-run").mkdir()
    fetched, real = [], make.fetch
    monkeypatch.setattr(make, "fetch", lambda target, wheels, *more: (
        fetched.extend(wheel.file for wheel in wheels), real(target, wheels, *more)))
    _, said = made(course, tmp_path / "out")
    assert fetched == [broken.name, missing.name] and "to fetch: 2," in said
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == first
    fetched.clear()
    assert "to fetch: 0," in made(course, tmp_path / "out")[1] and fetched == []


def test_a_run_that_is_stopped_keeps_the_wheels_that_it_has(shelf, course, tmp_path, monkeypatch):
    real, count = make.fetch, []

    def stopped(*words):
        count.append(1)
        if len(count) == 3:
            raise KeyboardInterrupt
        return real(*words)

    monkeypatch.setattr(make, "fetch", stopped)
    monkeypatch.setattr(make, "HEAP", 1)
    with pytest.raises(KeyboardInterrupt):
        made(course, tmp_path / "out")
    assert len(list((tmp_path / "out" / LINUX.name / "wheels").iterdir())) == 2
    assert "SHA256SUMS is missing" in compare(tmp_path / "out" / LINUX.name)[0]


def test_check_names_every_file_that_is_wrong(shelf, course, tmp_path):
    folder, _ = made(course, tmp_path / "out")
    ask = ["pack", "--wheels", "--check", str(folder)]
    assert CliRunner().invoke(cli.app, ask).exit_code == 0
    assert shutil.which("sha256sum") is None or subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder).returncode == 0
    (folder / "install.sh").write_text("something else", "utf-8")
    gone = next((folder / "wheels").glob("tiny_paint*"))
    gone.rename(folder / "wheels" / "other.whl")
    done = CliRunner().invoke(cli.app, ask)
    assert done.exit_code == 1
    assert "install.sh is not what it was" in done.output and f"wheels/{gone.name} is missing" in done.output
    assert "wheels/other.whl is not in the list" in done.output
    own = subprocess.run([sys.executable, folder / "install.py", "--check"], capture_output=True, text=True)
    assert own.returncode == 1 and f"wheels/{gone.name} is missing" in own.stderr


def test_a_package_without_a_wheel_is_named(shelf, course, tmp_path):
    next(shelf.glob("tiny_paint*win*")).unlink()
    next(shelf.glob("tiny_net-1*")).unlink()  # which does without
    with pytest.raises(LookupError, match=r"no wheel of tiny-paint \(needed by tiny-net\) for Windows"):
        made(course, tmp_path / "out", Target("windows", "3.12"))
    assert not (tmp_path / "out").exists()
    made(course, tmp_path / "out", Target("linux-cuda", "3.12"))


def test_the_gpu_build_is_not_taken_for_linux_cpu(shelf, course, tmp_path, monkeypatch):
    tiny_wheels.wheel(shelf, "tiny-net", "2.1", needs=["nvidia-tiny"])
    with pytest.raises(LookupError, match=r"GPU build.*nvidia-tiny.*--extra-index-url ADDRESS"):
        made(course, tmp_path / "out")
    assert "nvidia_tiny-1.0-py3-none-any.whl" in files(Target("linux-cuda", HERE), course)
    cpu = tmp_path / "cpu" / "tiny-net"  # an index as PyTorch has one: its build is newer by a suffix
    cpu.mkdir(parents=True)
    file = tiny_wheels.wheel(cpu, "tiny-net", "2.1+cpu")
    (cpu / "index.html").write_text(f'<a href="{file.name}">{file.name}</a>', "utf-8")
    monkeypatch.delenv("PIP_NO_INDEX")
    index = [f"--index-url={cpu.parent.as_uri()}", f"--extra-index-url={cpu.parent.as_uri()}"]
    chosen = {wheel.line for wheel in resolve.resolve(LINUX, make.needs(course), index)}
    assert "tiny-net==2.1+cpu" in chosen


def test_too_little_room_is_said_before_anything_is_fetched(shelf, course, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(make.shutil, "disk_usage", lambda place: usage._replace(free=1_000_000))
    monkeypatch.setattr(make, "fetch", lambda *_: pytest.fail("fetched"))
    with pytest.raises(OSError, match=r"1\.0 MB free; choose another place: --out"):
        made(course, tmp_path / "out")


def test_a_dry_run_writes_nothing(shelf, course, tmp_path):
    said = []
    make.make_folders([LINUX], tmp_path / "out", course=course, dry=True, echo=said.append)
    assert "to fetch: " in said[1] and not (tmp_path / "out").exists()


def test_the_archive_holds_what_git_keeps_and_nothing_of_a_learner(course):
    own = ["course_lib/__init__.py", "course_lib/tiny.py", "notes.txt", "pyproject.toml"]
    assert make.kept(course) == own
    names = make.kept(make.COURSE)
    assert {"README.md", "data/manifest.toml", "notebooks/03_residual_blocks.ipynb"} <= set(names)
    assert not [name for name in names if name.startswith(("work/", "runs/", ".venv/", ".git/"))]


@pytest.mark.parametrize(("words", "told"), [
    (["3", "--wheels"], "leave 3 out"),
    (["--wheels"], "--platform linux-cpu"),
    (["--wheels", "--platform", "beos"], "choose from linux-cpu, linux-cuda, windows, macos-arm64"),
    (["--wheels", "--platform", "windows", "--python", "3.9"], "3.11 or newer"),
    (["--wheels", "--check", "no-such-folder"], "no such folder"),
    ([], "name the lessons"),
    (["3", "--python", "3.12"], "go with --wheels"),
])
def test_wrong_words_get_one_clear_sentence(words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli.app, ["pack", *words])
    assert done.exit_code == 2 and told in done.output and "Traceback" not in done.output
    assert list(tmp_path.iterdir()) == []


def test_heaps_are_small_and_a_large_wheel_goes_alone():
    def wheel(size):
        return resolve.Wheel("tiny", "1", "file:///tiny.whl", size=size)

    heaps = make.batches([wheel(size) for size in (30e6, 15e6, 10e6, 900e6, 1e6, None, 1e6)])
    sizes = [[one.size for one in heap] for heap in heaps]
    assert sizes == [[30e6, 15e6], [10e6], [900e6], [1e6], [None], [1e6]]
