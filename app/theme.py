"""Look of the page: system fonts, nothing from another host, and one style sheet per part of the page."""

from gradio.themes import Base

from app.browser import FOLDER
from app.tabs import TABS

STYLE = FOLDER / "style"
SHEETS = (
    "frame", "figure", "rail", "maps", "mesh", "large", "tools", "charts", "lessons", "inspector", "narrow", "phone",
)  # fmt: skip
"""In their order: what narrow windows change comes last."""
IN_THE_HEAD = ("measured", "wide")
"""What parts change by their own width, and what a wide window changes: rules that Gradio would drop or weaken."""

NO_ASSISTANTS = ".api-docs .snippets li:last-child { display: none; }"
"""Gradio's page about the endpoints offers them to assistants (MCP) also where they are not served."""


def studio_theme() -> Base:
    """Gradio's base theme with the fonts that the reader's system has."""
    return Base(
        font=["ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )


def studio_css(*, assistants: bool = False) -> str:
    """All style sheets, one after the other, and which page a tab shows.

    Args:
        assistants: Whether the endpoints are served to assistants.
    """
    shown = (f'html[data-tab="{tab}"] #page-{tab} {{ display: flex !important; }}' for tab in TABS)
    return "\n".join(
        [
            *((STYLE / f"{name}.css").read_text(encoding="utf-8") for name in SHEETS),
            *shown,
            *([] if assistants else [NO_ASSISTANTS]),
        ]
    )


def studio_head() -> str:
    """The style sheets that stand in the head of the page."""
    return "".join(f"<style>{(STYLE / f'{name}.css').read_text(encoding='utf-8')}</style>" for name in IN_THE_HEAD)
