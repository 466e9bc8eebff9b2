"""`bridgenet.train` several times in the same processes: command lines with the word "then" between them."""

import os
import sys
from itertools import groupby

from bridgenet.train import main

if __name__ == "__main__":
    lines = [list(words) for is_then, words in groupby(sys.argv[1:], lambda word: word == "then") if not is_then]
    for number, line in enumerate(lines):
        sys.argv[1:] = line
        if number:
            # torchrun's own meeting place still names the addresses of the run before.
            os.environ["TORCHELASTIC_USE_AGENT_STORE"] = "False"
            os.environ["MASTER_PORT"] = str(int(os.environ["MASTER_PORT"]) + 1)
        if status := main():
            sys.exit(status)
