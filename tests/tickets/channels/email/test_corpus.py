"""The reader's score on a folder of real mails, where that folder is at hand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
CORPUS = ROOT.parent / "shared" / "corpus"


@pytest.mark.skipif(not (CORPUS / "score_mail.py").exists(), reason="The folder of real mails is not here.")
def test_real_mails_are_read(tmp_path):
    answer = tmp_path / "score.json"
    subprocess.run(
        [
            sys.executable, CORPUS / "score_mail.py", "--mails", CORPUS / "mail", "--path", ROOT, "--json", answer,
            "--callable", "tickets.channels.email.explaining:facts_of",
        ],
        check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    score = json.loads(answer.read_text())
    assert score["crashes"] == []
    assert score["slowest"][0][0] < 1
    assert score["all"][0] / score["all"][1] >= 0.99
    assert score["hard"][0] / score["hard"][1] >= 0.85
    floors = {
        "new_text": 0.88,
        "bounced_address": 0.9,
        "is_bounce=true": 0.97,
        "is_bounce=false": 0.97,
        "is_auto_reply=false": 0.97,
    }
    for key, floor in floors.items():
        right, total = score["keys"][key]
        assert right / total >= floor, key
