"""JupyterLab as `make lab` starts it: nothing is asked of any other machine, and nobody is asked whether it may."""

from pathlib import Path

import bridgenet  # noqa: F401 - how threads wait; the notebooks' kernels inherit it, and import PyTorch first

c = get_config()  # type: ignore[name-defined]

c.LabApp.check_for_updates_class = "jupyterlab.handlers.announcements.NeverCheckForUpdate"
c.LabApp.news_url = None
c.LabApp.app_settings_dir = str(Path(__file__).parent)
