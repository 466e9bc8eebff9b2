"""`bridgenet.train` several times in the same process: command lines with the word "then" between them."""

import sys
from itertools import groupby

from bridgenet.train import main

if __name__ == "__main__":
    lines = [list(words) for is_then, words in groupby(sys.argv[1:], lambda word: word == "then") if not is_then]
    for line in lines:
        sys.argv[1:] = line
        if status := main():
            sys.exit(status)
