"""The parts of the page: `gr.HTML` around HTML that never changes; modules of `app/browser` fill it.

Gradio would rebuild a template that contains its value, and with it cross-hair and keyboard focus would be lost.
So each template is fixed, and its module writes what changes into it. Functions, not subclasses: Gradio writes an
interface file beside the source of every subclass of a component.
"""

from collections.abc import Callable, Sequence

import gradio as gr
import pydantic_core

from app.browser import start_of
from app.tabs import LESSON_STEPS
from app.view.view import Json

Value = dict[str, Json] | None
"""What a component shows, see `app.view.view` and `app.view.frame`."""


def as_text(value: Json) -> str | None:
    """What a component holds: JSON, which its module reads.

    As a structure it would be copied leaf by leaf, in the browser and here, whenever an event begins or ends.
    """
    return None if value is None else pydantic_core.to_json(value, inf_nan_mode="null").decode()


def linked_viewer(name: str, value: Value = None) -> gr.HTML:
    """A grid of maps: hover shows the same place in all of them, a click selects it for the whole page.

    Args:
        name: Name of the view, also of its test id.
        value: What it shows at first.
    """
    template = f"""
    <section class="studio viewer" data-viewer="{name}" data-testid="viewer-{name}" data-state="empty" tabindex="0"
      role="tabpanel" aria-labelledby="tab-{name}" aria-describedby="hint-{name}">
      <p class="say"></p><p class="caution" hidden></p>
      <div class="top"><p class="hint" id="hint-{name}"></p><div class="tools"></div></div>
      <div class="pending" hidden><p role="status"></p><progress></progress><button type="button">Cancel</button></div>
      <div class="bar"></div><div class="groups"></div>
    </section>"""
    return _component(value, template, f"viewer-{name}", "viewer")


def wire(value: Value = None, functions: Sequence[Callable] = ()) -> gr.HTML:
    """Nothing to see: it carries the page's events to Python, and the photo from there.

    Args:
        value: The photo.
        functions: `pick`, `ask_line` and `leave_line`, which the module calls.
    """
    template = '<div data-testid="wire" hidden></div>'
    return _component(value, template, "wire", "wire", functions=functions, events=("show", "run"))


def inspector_panel(value: Value = None) -> gr.HTML:
    """What every task says at the selected pixel."""
    template = """
    <aside class="studio inspector" data-testid="inspector" data-state="empty" aria-label="Pixel inspector">
      <button type="button" class="sheet" aria-expanded="false"><span></span></button>
      <h4 class="where">Pixel</h4>
      <div class="zoom">
        <canvas width="180" height="180" role="img" aria-label="The photo around the pixel, enlarged"></canvas>
        <p class="hint token"></p></div>
      <h4 class="after">What each task says</h4><p class="caution" hidden></p><div class="rows"></div>
      <div class="asked" hidden><h4 class="after">Who the bridge asked here</h4><div></div></div>
      <div class="act" role="group" aria-label="Pins and places"></div><ul class="pins" aria-label="Pinned"></ul>
      <p class="live unseen" aria-live="polite"></p>
    </aside>"""
    return _component(value, template, "inspector", "inspector")


def rail_panel(value: Value = None) -> gr.HTML:
    """Drop zone, examples, tasks, display, and keys."""
    template = """
    <div class="studio rail" data-testid="rail" data-state="empty">
      <div><label class="drop" data-testid="drop"><b class="mouse">Drop, paste or choose a photo</b>
        <b class="finger">Choose a photo</b><span class="limit"></span>
        <input type="file" accept="image/*" data-testid="file-upload" aria-label="Photo from your device"></label>
      <label class="drop camera finger"><b>Take a photo</b>
        <input type="file" accept="image/*" capture="environment" data-testid="camera" aria-label="Camera"></label>
      <p class="error" role="alert" data-testid="error" hidden></p>
      <div class="notes" data-testid="notes" aria-live="polite"></div></div>
      <div class="photos"><div class="own" data-testid="own-photos" hidden><h4 class="after">Your photos</h4>
        <div class="thumbs"></div></div>
      <div class="examples"><h4 class="after">Examples</h4><div class="thumbs"></div></div></div>
      <div class="network"><h4 class="after">Tasks</h4><div class="tasks"></div>
      <div class="region" hidden><h4 class="after">Ask</h4>
        <div class="segments" role="group" aria-label="Ask"></div><p class="hint" role="status" hidden></p></div></div>
      <div class="keys" data-expert><h4 class="after">Keys</h4>
        <p class="hint"><span><kbd>←↑→↓</kbd> pixel,</span> <span><kbd>Shift</kbd> by 8</span><br>
        <span><kbd>[</kbd> <kbd>]</kbd> head ·</span> <span><kbd>1</kbd>–<kbd class="last-task">6</kbd> task ·</span>
        <span><kbd>P</kbd> pin</span><br>
        <span><kbd>Enter</kbd> enlarges a map ·</span> <span><kbd>F</kbd> presents</span></p></div>
    </div>"""
    return _component(value, template, "rail", "rail")


def page_head(value: Value = None, functions: Sequence[Callable] = ()) -> gr.HTML:
    """Name of the page, the checkpoint that answers, a quiet line about what is going on, and what can be taken along.

    Args:
        value: What it says.
        functions: `take_along`, `how_far`, `ask_line` and `leave_line`, which the module calls.
    """
    template = """
    <header class="studio head" data-frame data-testid="head"><div class="brand"><h1>BridgeNet Studio</h1>
      <span class="which"><span class="chip" data-testid="checkpoint"></span>
        <select class="others" aria-label="Checkpoint" title="Choose another checkpoint" hidden></select></span></div>
      <div class="doing"><span class="banner" data-testid="banner" role="status" aria-live="polite" hidden></span>
      <button type="button" class="quiet" data-action="stop" data-testid="stop-download" hidden>Cancel</button></div>
      <span class="actions"><span class="depth" data-testid="depth"></span>
        <button type="button" class="quiet" data-action="tour" data-testid="tour">Tour</button>
        <button type="button" class="quiet" data-action="link">Copy link</button>
        <details class="menu" data-testid="downloads"><summary class="quiet">Download</summary><div>
          <button type="button" data-download="zip" data-testid="download-zip"><b>Everything</b>
            <small>Zip of numbers, pictures and settings</small></button>
          <button type="button" data-download="report" data-testid="download-report"><b>Report</b>
            <small>All views in one HTML file</small></button>
          <button type="button" data-download="slides" data-testid="download-slides"><b>Slides</b>
            <small>The views you opened, 16:9 (HTML)</small></button>
          <button type="button" data-download="picture" data-testid="download-picture"><b>This view</b>
            <small>PNG with legends, twice the size</small></button>
          <button type="button" data-download="sweep" data-testid="download-sweep" hidden><b>Bridge strength</b>
            <small>GIF of all answers, from 0 to 2</small></button>
          <button type="button" data-action="api" data-testid="open-api"><b>For programs</b>
            <small>How to ask the studio from Python</small></button>
        </div></details></span></header>"""
    return _component(value, template, "head", "head", functions=functions)


def page_way(value: Value = None) -> gr.HTML:
    """The figure of the network, whose labels are the tabs, and words about what is pointed at."""
    template = """
    <nav class="studio way" data-frame aria-label="Views">
      <div class="figure" data-testid="figure" role="group"
        aria-label="The network, from the photo to the answers. Arrow keys move, Enter opens the view."></div>
      <div class="caption"><p class="about"></p><div class="steps"></div></div>
      <div class="tabs" role="tablist"></div></nav>"""
    return _component(value, template, "way", "way")


def lesson_card(functions: Sequence[Callable] = ()) -> gr.HTML:
    """The lesson that is open: question, answer, and the way on. It stays beside whatever view is looked at.

    Args:
        functions: `reveal_lesson`, which the module calls.
    """
    template = """
    <section class="studio lesson" data-testid="lesson" data-state="closed" aria-label="Lesson" tabindex="-1" hidden>
      <div class="lesson-head"><span data-part="count"></span><b data-part="title"></b>
        <span class="done" data-part="done" hidden>done ✓</span>
        <button type="button" data-part="close" aria-label="Close the lesson" title="Close (Escape)">✕</button></div>
      <p data-part="question"></p><p class="hint" data-part="look"></p>
      <input type="text" data-part="guess" maxlength="80" aria-label="Your guess" placeholder="Your guess first">
      <p class="said" data-part="answer" aria-live="polite"></p>
      <div class="lesson-actions"><button type="button" class="quiet" data-part="show">Show me</button>
        <button type="button" class="quiet" data-part="reveal">Reveal</button>
        <button type="button" class="quiet" data-part="back">Back</button>
        <button type="button" class="quiet" data-part="next">Next</button></div>
    </section>"""
    return _component(None, template, "lesson", "lessons", functions=functions, events=("step",))


def lesson_steps() -> gr.Walkthrough:
    """The row of lessons in their tab. Its texts depend on the checkpoint: `steps.js` writes them."""
    with gr.Walkthrough(selected=0, elem_id="lesson-steps") as steps:
        for index, (name, title) in enumerate(LESSON_STEPS.items()):
            with gr.Step(title, id=index, elem_id=f"step-{name}"):
                gr.HTML(f'<div class="studio step" data-step="{name}"></div>', apply_default_css=False)
    return steps


def _component(
    value: Value,
    template: str,
    name: str,
    part: str,
    *,
    functions: Sequence[Callable] = (),
    events: Sequence[str] = (),
) -> gr.HTML:
    return gr.HTML(
        as_text(value),
        html_template=template,
        js_on_load=start_of(part, events),
        apply_default_css=False,
        elem_id=name,
        server_functions=list(functions) or None,
    )
