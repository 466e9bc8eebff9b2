"""What runs in the visitor's browser: style sheets and the first picture."""

from pathlib import Path

FOLDER = Path(__file__).parent
