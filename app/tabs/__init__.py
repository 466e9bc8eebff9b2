"""Names of the views, in the order of their tabs. Imports nothing: the page is built before torch is there."""

TABS: dict[str, str] = {
    "overview": "Overview",
    "features": "Features",
    "tpp": "TPP",
    "bridge": "Bridge",
    "pairs": "Pairs",
    "refinement": "Refinement",
    "interaction": "Interaction",
    "attribution": "Attribution",
    "compare": "Compare",
    "lessons": "Lessons",
}
"""Title by name."""

SIMPLE: tuple[str, ...] = ("overview", "bridge", "pairs", "refinement", "interaction", "lessons")
"""Views for who sees the page for the first time. To open another one is to ask for everything."""

LESSON_STEPS: dict[str, str] = {
    "answers": "Answers",
    "features": "Features",
    "tpp": "TPP",
    "bridge": "Bridge",
    "pairs": "Pairs",
    "refinement": "Refinement",
    "influence": "Influence",
}
"""Short title of every lesson by name, in their order."""
