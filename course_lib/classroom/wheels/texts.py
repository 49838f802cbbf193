"""The words in a folder of wheels: the page that tells how to install, and two short scripts."""

from html import escape

from course_lib.classroom.report import cells, document, table
from course_lib.classroom.wheels.target import Target

_SH = """\
#!/bin/sh
# Installs the course from this folder, without a network:  sh install.sh [FOLDER]
here=$(cd "$(dirname "$0")" && pwd)
for python in python{python} python3 python; do
  if "$python" -c 'import sys; sys.exit(sys.version_info[:2] != {pair})' 2>/dev/null; then
    exec "$python" "$here/install.py" "$@"
  fi
done
echo "Python {python} is needed and was not found. The page INSTALL.html says where it comes from." >&2
exit 2
"""
_PS1 = """\
# Installs the course from this folder, without a network.
py -{python} "$PSScriptRoot\\install.py" @args
if ($LASTEXITCODE -ne 0) {{
    Write-Host "Not installed. If Python {python} is missing: the page INSTALL.html says where it comes from."
    exit 2
}}
"""
_STYLE = "body { max-width: 46em } pre { background: #f2f2f2; padding: .6em; font-size: 15px }"


def script(target: Target) -> tuple[str, str]:
    """The name and the text of the script that starts install.py."""
    if target.system == "windows":
        return "install.ps1", _PS1.format(python=target.python)
    return "install.sh", _SH.format(python=target.python, pair=tuple(map(int, target.python.split("."))))


def call(target: Target) -> str:
    """How that machine's Python is called."""
    return f"py -{target.python}" if target.system == "windows" else f"python{target.python}"


def size(count: int) -> str:
    """A number of bytes for people, as disks are sold: 1 MB is a million."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.0f} MB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def install_page(target: Target, files: dict[str, int]) -> str:
    """INSTALL.html. files: name and bytes of every wheel."""
    windows, own = target.system == "windows", call(target)
    start = ("powershell -ExecutionPolicy Bypass -File install.ps1" if windows else "sh install.sh")
    home = r"$HOME\build-break-explain" if windows else "~/build-break-explain"
    lab = (r"& $HOME\build-break-explain\.venv\Scripts\course.exe lab" if windows
           else "~/build-break-explain/.venv/bin/course lab")
    doctor = lab.replace(" lab", " doctor")
    where = ("In the Explorer open this folder, type <b>powershell</b> into the address line, press Enter."
             if windows else
             "Open a terminal, type <b>cd</b> and a space, drag this folder into it, press Enter.")
    free = size(sum(files.values()) * 3)
    body = f"""
<p>For {escape(target.told)}. {len(files)} packages, {size(sum(files.values()))}. No network is needed.
Installed it takes more room: have about {free} free.</p>
<h2>1. Python {target.python}</h2>
<p>It is not in this folder. Look whether you have it:</p><pre>{own} --version</pre>
<p>{_python(target)}</p>
<h2>2. Install</h2><p>{where} Then:</p><pre>{start}</pre>
<p>The course goes to <code>{home}</code>; for another place put its name behind. Nothing that is there is
overwritten. If it stops half-way, give the same command again.</p>
<h2>3. Look and start</h2><pre>{doctor}</pre><p>names what is wrong, if anything is, and its cure. A cure that
fetches packages needs a network; here, do step 2 again instead.</p>
<pre>{lab}</pre><p>opens the lessons.</p>
<h2>If something fails</h2>
<p>A copy can break on its way. This compares every file with its checksum:</p>
<pre>{own} install.py --check</pre>
"""
    lines = [cells(name) + f'<td class="number">{size(count)}</td>' for name, count in sorted(files.items())]
    return document("Install the course from this folder", body,
                    table("What is in it", ("wheel", "size"), lines), style=_STYLE)


def _python(target: Target) -> str:
    """Where Python comes from."""
    if target.system.startswith("linux"):
        return ("If not: your system's package manager has it, if the release has this version; on Debian "
                f"and Ubuntu as python{target.python} and python{target.python}-venv (both are needed).")
    return (f"If not: install Python {target.python}, 64 bit, from python.org"
            + (", with the launcher “py”." if target.system == "windows" else "."))
