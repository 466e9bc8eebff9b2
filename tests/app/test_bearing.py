"""What the studio bears: memory does not grow with the photos."""

import json
from pathlib import Path

import pytest
from warm import Python

from app.analysis.session import KEPT

MEASURE = """
import json, re, sys
from pathlib import Path
import numpy as np, torch
from app.endpoints import Endpoints
from app.uploads import Limits
from app.analysis.session import Session
from PIL import Image
torch.set_num_threads(1)
endpoints = Endpoints(Session(Path(sys.argv[1])), Limits())
folder = Path(sys.argv[2])
resident, left = [], []
for seed in range(int(sys.argv[3])):
    photo = folder / f"{seed}.png"
    coarse = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((160, 120)).save(photo)
    summary, arrays = endpoints.predict({"path": str(photo)})
    endpoints.bridge_share(None, summary["id"])
    resident.append(int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1000)
    left.append(sum(path.is_file() for path in folder.rglob("*")))
print(json.dumps([resident, left]))
"""


@pytest.mark.slow
def test_many_photos_leave_memory_and_disk_as_they_were(checkpoint: Path, tmp_path: Path) -> None:
    photos = 2 * KEPT + 22
    program = Python("-c", MEASURE, checkpoint, tmp_path, photos, variables={"GRADIO_TEMP_DIR": str(tmp_path)})
    program.finish()
    resident, left = json.loads(program.output.splitlines()[-1])
    # After 20 photos 4 more are kept before the first is released: some tens of megabytes, then nothing more.
    assert resident[-1] - resident[19] < 100
    assert resident[-1] - resident[KEPT + 20] < 40
    assert max(left) <= 25
