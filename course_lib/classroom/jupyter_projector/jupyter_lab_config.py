"""JupyterLab for a projector: its look is custom/custom.css here, not what the learner may have at home."""

from pathlib import Path

c = get_config()
c.LabApp.custom_css = True
c.ServerApp.tornado_settings = {"static_custom_path": [str(Path(__file__).parent / "custom")]}
