"""Checkpoints of other systems than BridgeNet open in the studio."""

from pathlib import Path

import pytest
from networks import photo, save_untrained

from app.analysis.selection import Selection
from app.analysis.session import Session
from app.tabs.views import PAGES, all_views
from app.view.wire import to_json
from bridgenet.config.systems import PadNetConfig, System, SystemConfigs

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("system", ["mtl", "pad-net", "mti-net", "atrc", "invpt"])
def test_every_view_that_exists_is_drawn(tmp_path: Path, system: System) -> None:
    folder = save_untrained(tmp_path / "other", system=system, systems=SystemConfigs(pad_net=PadNetConfig(16)))
    session = Session(folder)
    analysis = session.analyse(photo(), title="noise")
    if PAGES["interaction"].exists(analysis):
        compute = PAGES["interaction"].compute
        assert compute is not None
        compute(session, analysis, Selection(), lambda *told: None)
    views = all_views(analysis, Selection(task="depth"))
    there = {name for name, view in views.items() if "absent" not in view}
    assert ("pairs" in there) == bool(
        analysis.trace.exchange or any(stage.cross_attention for stage in analysis.trace.stages)
    )
    assert {"overview", "features", "compare"} <= there and not {"tpp", "bridge", "refinement"} & there
    assert ("interaction" in there) == bool(analysis.predictor.model.meetings)
    assert to_json(views)
