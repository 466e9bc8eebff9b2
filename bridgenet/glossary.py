"""The terms that the studio and the notebooks use, each in one sentence.

The studio dots them where they stand in a text; `terms` lists some of them in a notebook.
"""

from collections.abc import Mapping
from html import escape

GLOSSARY: Mapping[str, str] = {
    "ablation": "Taking a part away and measuring what changes.",
    "attention": "Weights that sum to 1 and say how much of each token is read; what was looked at, not what it was "
    "good for.",
    "attribution": "How much of one answer each part of the network or of the photo is held responsible for.",
    "backbone": "The part that sees the photo first; it was trained to name what is on photos, and serves all tasks.",
    "baseline": "What one compares with; in attribution, what stands for “nothing was there”.",
    "basis": "The directions in which features differ most; three of them are drawn as red, green and blue.",
    "BFE": "Bridge Feature Extractor: makes the bridge feature of one scale by reading the tokens of all tasks.",
    "Bridge Feature Extractor": "BFE: makes the bridge feature of one scale by reading the tokens of all tasks.",
    "bridge": "Where all tasks meet: it reads the tokens of every task, and every task is refined by it.",
    "bridge feature": "The feature that a bridge makes: the backbone's map, with what was read from all tasks.",
    "channel": "One of the many numbers that a feature has at every place.",
    "CKA": "Centred kernel alignment: how alike two features arrange the same places, from 0 to 1.",
    "control": "The same without what is asked about, as a random cut of equal size: what it has, too, is no effect.",
    "cut": "To take a task away from what the others read.",
    "decoder": "The part behind the backbone, in which tasks meet and answers take shape.",
    "deletion curve": "How an answer falls while the pixels that were called important are erased one after the other.",
    "effective rank": "In how many directions a feature really differs from place to place.",
    "entropy": "How widely attention is spread: low where it looks at one place, high where it looks everywhere.",
    "even share": "What each task would have if all were read alike.",
    "feature": "What the network holds at one point of its way: many numbers for every place of a grid.",
    "gate": "A number from 0 to 1 that lets a message pass or stops it.",
    "heads": "Attentions that run side by side, each with weights of its own.",
    "integrated gradients": "Attribution by adding up how the answer changes on the way from a baseline to the photo.",
    "interval": "95 % interval: made so that 95 of 100 repetitions with other draws give one that holds the truth.",
    "layer norm": "Brings the numbers of a token to one mean and spread, together: so taking a part away also rescales "
    "the rest.",
    "logit": "A score before it becomes a probability: 0.7 more doubles the odds.",
    "mass": "The attention that falls on one task, added up over its tokens.",
    "message": "What one task sends to another where they meet in pairs.",
    "mIoU": "Mean over the classes: pixels that are rightly given the class, by those that are it or were given it.",
    "normals": "The direction that a surface faces, for every pixel.",
    "preliminary decoder": "Gives every task a feature of its own and a first answer, before the tasks meet.",
    "principal component": "A direction in which features differ; the first one is where they differ most.",
    "rank correlation": "Whether two lists put things in the same order: 1 the same, 0 unrelated, −1 reversed.",
    "refinement": "Adding what the bridge knows to the feature of each task.",
    "region": "A part of the photo that is asked in place of a pixel: its numbers are means over its pixels.",
    "rmse": "Root of the mean squared error: large errors count more.",
    "saliency": "What a person would look at first.",
    "scale of the decoder": "How coarse a feature is: at 1/32 one place of it stands for 32 × 32 pixels.",
    "Shapley": "Shares the effect of all parts among them, as the mean over all orders in which they could be added.",
    "softmax": "Turns scores into weights that are positive and sum to 1.",
    "task pattern": "How each place of one task relates to every other place: its attention over the photo.",
    "Task Pattern Propagation": "TPP: each task gathers its own values along the patterns of all tasks.",
    "task-generic": "Of the photo, before any task was asked.",
    "task-specific": "Of one task alone.",
    "TFR": "Task Feature Refiner: corrects the feature of each task by what it reads in the bridge feature.",
    "token": "One place of a feature: the network reads and writes place by place, not pixel by pixel.",
    "TPP": "Task Pattern Propagation: each task gathers its own values along the patterns of all tasks.",
}
"""Sentences by term, as it is written in a text; the plural is meant too."""


class Terms(dict[str, str]):
    """Terms and their sentences, which a notebook shows as a list."""

    def _repr_html_(self) -> str:
        entries = "".join(f"<dt><b>{escape(term)}</b></dt><dd>{escape(said)}</dd>" for term, said in self.items())
        return f"<dl>{entries}</dl>"


def terms(*names: str) -> Terms:
    """Some terms of the glossary, in the order they are asked for; without names all of them.

    Raises:
        KeyError: There is no such term; the message lists those there are.
    """
    unknown = [name for name in names if name not in GLOSSARY]
    if unknown:
        raise KeyError(f"The glossary has no {', '.join(unknown)}. It has: {', '.join(GLOSSARY)}.")
    return Terms({name: GLOSSARY[name] for name in names or GLOSSARY})
