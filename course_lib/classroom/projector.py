"""`course lab --projector`: JupyterLab as a class can read it from the last row.

Its settings and its layout are kept beside the lessons, apart from those of JupyterLab at home: those are
neither read nor changed.
"""

import json
from pathlib import Path

from course_lib.classroom.files import create

CONFIG = Path(__file__).with_name("jupyter_projector")  # the colours
STEPS = ("Large letters, high contrast, no side bars. Another lesson: File, Open from Path; the files: "
         "Ctrl+Shift+F.\nLarger still: Settings, Theme, Increase Code Font Size; that is kept.")
THEME = {
    "theme": "JupyterLab Light", "adaptive-theme": False,
    "overrides": {"code-font-size": "20px", "content-font-size1": "20px", "ui-font-size1": "15px"},
}
_HIDDEN = {"visible": False, "collapsed": True, "widgets": []}
LAYOUT = {  # as JupyterLab itself writes it down
    "layout-restorer:data": {"main": {"mode": "multiple", "dock": None}, "left": _HIDDEN, "right": _HIDDEN},
}


def words(folder: Path) -> list[str]:
    """The words for the server's command line; the layout for the learner's folder is written first.

    Each start begins without side bars, whatever was opened the last time; letters of another size stay.
    """
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    own = folder / ".jupyter" / "projector"
    layouts, settings = own / "workspaces", own / "settings"
    theme = settings / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
    for place in (layouts, theme.parent):
        place.mkdir(parents=True, exist_ok=True)
    create(theme, json.dumps(THEME, indent=2) + "\n")
    WorkspacesManager(str(layouts)).save(
        "default", json.dumps({"data": LAYOUT, "metadata": {"id": "default"}}))
    return [f"--LabApp.workspaces_dir={layouts}", f"--LabApp.user_settings_dir={settings}"]
