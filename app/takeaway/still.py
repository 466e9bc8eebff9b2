"""Views as still HTML: pictures with their legends, tables and drawings that need no script and no other file."""

from collections.abc import Mapping
from html import escape
from typing import Any

from app.takeaway.still_charts import CHARTS, colour, dot, percent, share_bar, text

Value = Mapping[str, Any]

NOT_COMPUTED = '<p class="hint">Not computed yet: open this view in the studio and let it finish first.</p>'

STYLE = """
* { box-sizing: border-box; }
.sheet { font: 14px/1.45 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: #1d1c1a; }
.sheet { background: #fbfaf7; padding: 20px; }
.sheet h1 { font-size: 24px; margin: 0 0 4px; } .sheet h2 { font-size: 20px; margin: 36px 0 4px; }
.sheet h3 { font-size: 14px; margin: 10px 0 6px; } .sheet p { margin: 0 0 10px; max-width: 100ch; }
.sheet .say { font-size: 18px; } .sheet .hint, .sheet small { color: #625f58; font-size: 13px; }
.sheet .groups { display: grid; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 8px 20px; }
.sheet .grid { display: grid; gap: 12px; }
.sheet figure { margin: 0; background: #fff; border: 1px solid #e4e1d8; border-radius: 8px; overflow: hidden; }
.sheet figure, .sheet tr, .sheet svg { break-inside: avoid; }
.sheet figcaption { padding: 6px 10px; font-size: 13px; display: flex; align-items: center; gap: 7px; }
.sheet figcaption small { margin-left: auto; }
.sheet .map { position: relative; background: #eceae3; overflow: hidden; }
.sheet .map img { width: 100%; height: 100%; display: block; }
.sheet .tokens img { image-rendering: pixelated; }
.sheet .place { position: absolute; width: 9px; height: 9px; margin: -4.5px; outline: 1px solid #000; }
.sheet .place { border: 1px solid #fff; }
.sheet .token { position: absolute; outline: 1px solid #000; border: 1.5px solid #fff; }
.sheet .foot { padding: 6px 10px; font-size: 12px; color: #625f58; display: flex; flex-wrap: wrap; gap: 4px 12px; }
.sheet .foot { align-items: center; min-height: 30px; }
.sheet .foot span { display: inline-flex; align-items: center; gap: 5px; }
.sheet .ramp { flex: 1; height: 8px; border-radius: 4px; min-width: 40px; } .sheet .disc { width: 28px; height: 28px; }
.sheet .dot { display: inline-block; width: 9px; height: 9px; border-radius: 50%; flex: none; }
.sheet .shares { display: flex; height: 26px; border-radius: 6px; overflow: hidden; margin: 0 0 12px; }
.sheet .shares span { overflow: hidden; white-space: nowrap; padding: 3px 6px; font-size: 12px; color: #fff; }
.sheet table { border-collapse: collapse; font-size: 13px; } .sheet small { font-weight: 400; }
.sheet td, .sheet th { border: 1px solid #e4e1d8; padding: 5px 9px; text-align: left; vertical-align: top; }
.sheet .matrix td { text-align: right; } .sheet tr.control { border-top: 3px double #cfcabd; }
.sheet svg { width: 100%; max-width: 560px; font-size: 11px; } .sheet svg text { fill: #625f58; }
.sheet .bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 5px 10px; font-size: 13px; }
.sheet .bars div { position: relative; height: 14px; background: #f3f1ea; align-self: center; }
.sheet .bars i { position: absolute; top: 0; bottom: 0; }
"""


def view(value: Value, photo: str, place: tuple[float, float]) -> str:
    """A view: its sentence, its hint and all its groups.

    Args:
        value: What the viewer shows.
        photo: The photo, for maps that show it, as a data URI.
        place: Selected place, fractions of width and height.
    """
    said = "".join(f'<span style="color:{colour(part)}">{text(part["text"])}</span>' for part in value.get("say", ()))
    settings = " · ".join(_setting(tool) for tool in value.get("tools", ()) if tool.get("kind") != "button")
    groups = "".join(_group(group, value, photo, place) for group in value.get("groups", ()))
    parts = (
        f'<p class="say">{said}</p>' if said else "",
        f'<p class="hint">{text(value["hint"])}</p>' if value.get("hint") else "",
        f'<p class="hint">{settings}</p>' if settings else "",
        NOT_COMPUTED if value.get("pending") else "",
        share_bar(value["shares"]) if value.get("shares") else "",
        f'<div class="groups">{groups}</div>',
    )
    return "".join(parts)


def _group(group: Value, value: Value, photo: str, place: tuple[float, float]) -> str:
    title = f"<h3>{text(group['title'])}</h3>" if group.get("title") else ""
    about = f'<p class="hint">{text(group["text"])}</p>' if group.get("text") else ""
    if group.get("kind") in CHARTS:
        body = CHARTS[group["kind"]](group)
    else:
        cards = "".join(_card(card, value, photo, place) for card in group.get("maps", ()))
        columns = f"grid-template-columns: repeat({int(group.get('columns', 3))}, minmax(0, 1fr))"
        body = f'<div class="grid" style="{columns}">{cards}</div>'
    return f'<section style="grid-column: span {int(group.get("span", 12))}">{title}{about}{body}</section>'


def _card(card: Value, value: Value, photo: str, place: tuple[float, float]) -> str:
    wipe = card.get("wipe")
    caption = f"{dot(card)}<b>{text(card['title'])}</b><small>{text(card.get('note', ''))}</small>"
    pictures = _picture(card.get("src") or photo, card, value, place)
    if wipe:
        # What the page shows under a slider stands side by side here.
        over = _picture(wipe.get("src") or photo, {**card, "alt": wipe["alt"]}, value, place)
        names = f"<small>{text(wipe['left'])}</small><small>{text(wipe['right'])}</small>"
        pictures = f'<div class="grid" style="grid-template-columns: 1fr 1fr; gap: 2px">{names}{over}{pictures}</div>'
    return f'<figure><figcaption>{caption}</figcaption>{pictures}<div class="foot">{_foot(card)}</div></figure>'


def _picture(source: str, card: Value, value: Value, place: tuple[float, float]) -> str:
    marks = f'<div class="place" style="left:{100 * place[0]:.3f}%;top:{100 * place[1]:.3f}%"></div>'
    if token := card.get("token"):
        sides = ";".join(f"{side}:{100 * token[side]:.3f}%" for side in ("left", "top", "width", "height"))
        marks += f'<div class="token" style="{sides}"></div>'
    image = f'<img src="{escape(source)}" alt="{text(card.get("alt", ""))}">'
    grain = "map tokens" if card.get("tokens") else "map"
    return f'<div class="{grain}" style="aspect-ratio:{float(value.get("aspect", 4 / 3)):.4f}">{image}{marks}</div>'


def _foot(card: Value) -> str:
    parts = [f"{dot(entry)}{text(entry['name'])} {percent(entry['share'])}" for entry in card.get("legend") or ()]
    if ramp := card.get("ramp"):
        colours = escape(", ".join(ramp["colours"]))
        bar = f'<span class="ramp" style="background: linear-gradient(90deg, {colours})"></span>'
        parts.append(f"{text(ramp['low'])}</span>{bar}<span>{text(ramp['high'])}")
    if card.get("disc"):
        words = "Directions as colours: right red, up green, to you blue"
        parts.append(f'<img class="disc" src="{escape(card["disc"])}" alt="{words}">')
    if card.get("foot"):
        parts.append(text(card["foot"]))
    return "".join(f"<span>{part}</span>" for part in parts)


def _setting(tool: Value) -> str:
    chosen = tool.get("chosen", tool.get("value", ""))
    names = {option["value"]: option["text"] for option in tool.get("options", ())}
    return f"{text(tool.get('label', ''))}: {text(names.get(chosen, chosen))}"
