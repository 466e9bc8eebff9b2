"""Look of the page: system fonts, nothing from another host, and one style sheet."""

from pathlib import Path

from gradio.themes import Base

STYLE = Path(__file__).with_name("style.css")


def studio_theme() -> Base:
    """Gradio's base theme with the fonts that the reader's system has."""
    return Base(
        font=["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )


def studio_css() -> str:
    """The style sheet."""
    return STYLE.read_text(encoding="utf-8")
