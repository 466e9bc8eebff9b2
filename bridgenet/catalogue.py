"""What each tensor of a trace is: the paper's term, its symbol, where it is written, and one sentence.

Patterns use `<task>`, `<stage>` and the like for what varies: `explain("stages.0.bridge")` finds
`stages.<stage>.bridge`.
"""

import re
from dataclasses import dataclass

from bridgenet.tasks import TASKS


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of tensor in a trace.

    Attributes:
        path: Pattern of its dotted paths.
        term: The paper's term.
        symbol: The paper's symbol.
        source: Section or equation of the paper.
        sentence: What it is.
    """

    path: str
    term: str
    symbol: str
    source: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.term} {self.symbol} ({self.source}): {self.sentence}"


CATALOGUE: tuple[Entry, ...] = (
    Entry(
        "images",
        "image",
        "",
        "Fig. 2",
        "What networks whose tasks reach into the encoder start from, RGB in 0..1.",
    ),
    Entry(
        "task_generic.<scale>",
        "task-generic feature",
        "G",
        "Fig. 2",
        "What the backbone saw at one depth or scale, before any task was asked; 0 is the finest.",
    ),
    Entry(
        "encoder.<part>.task_specific.<task>",
        "task-specific feature of the encoder",
        "F_t",
        "Fig. 1",
        "What the encoder has of one task at the end of a stage, where each has its own or a mask on a shared one.",
    ),
    Entry(
        "encoder.<part>.joined.<task>",
        "joined feature of the encoder",
        "F_t",
        "Fig. 1",
        "The same after the encoders of all tasks were joined: what the task's next stage gets.",
    ),
    Entry(
        "encoder.<part>.mask.<task>",
        "attention mask",
        "",
        "Fig. 1",
        "How far each place and channel of a shared encoder is open to one task, 0 to 1.",
    ),
    Entry(
        "task_specific.<task>",
        "task-specific feature",
        "X_t",
        "Sec. III-B",
        "The preliminary decoder's feature of one task, before the tasks' patterns are exchanged.",
    ),
    Entry(
        "pattern.logits.<task>",
        "task pattern",
        "A_t",
        "Eq. (1)",
        "How each place of one task relates to every other, before softmax.",
    ),
    Entry(
        "pattern.fused_logits.<task>",
        "fused task pattern",
        "Â_t before softmax",
        "Eq. (2)",
        "The patterns of all tasks, fused for one task by a 1x1 convolution.",
    ),
    Entry(
        "pattern.attention.<task>",
        "fused task pattern",
        "softmax(Â_t)",
        "Eq. (2)",
        "Where one task gathers its own values from; every row sums to 1.",
    ),
    Entry(
        "pattern.feature.<task>",
        "task-specific feature after TPP",
        "Y_t",
        "Sec. III-B",
        "The task-specific feature after it was propagated along the patterns of all tasks.",
    ),
    Entry(
        "preliminary.<task>",
        "preliminary prediction",
        "P_t",
        "Fig. 2",
        "A first answer (logits), on the grid of the feature that it is made of.",
    ),
    Entry(
        "mixed.<task>",
        "mixed feature",
        "F_t",
        "Fig. 2",
        "Feature and preliminary prediction of one task together: what the decoder starts from.",
    ),
    Entry(
        "exchange.<task>.<task>",
        "message",
        "",
        "Fig. 1",
        "What one task sends to another in networks that exchange pair by pair: source first, then target.",
    ),
    Entry(
        "stages.<stage>.exchange.<task>.<task>",
        "message",
        "",
        "Fig. 1",
        "What one task sends to another at a stage, where tasks exchange at every scale: source first, then target.",
    ),
    Entry(
        "stages.<stage>.task_specific.<task>",
        "task-specific feature",
        "F_t",
        "Sec. III-C",
        "The feature of one task as it enters a stage, after up-sampling.",
    ),
    Entry(
        "stages.<stage>.query",
        "task-generic query map",
        "Q_s",
        "Eq. (3)",
        "The backbone's feature that asks the tasks; the bridge feature grows from it.",
    ),
    Entry(
        "stages.<stage>.bridge_before_cascade",
        "bridge feature",
        "B_s before the cascade",
        "Eq. (6)",
        "What the query map became after it had asked all tasks at this scale.",
    ),
    Entry(
        "stages.<stage>.bridge",
        "bridge feature",
        "B_s",
        "Eq. (6)",
        "What all tasks have in common at this scale: the only thing a task is refined by.",
    ),
    Entry(
        "stages.<stage>.attention",
        "bridge attention",
        "A",
        "Eq. (5)",
        "Which task's tokens, and where, each bridge token asked; every row sums to 1 over all tasks.",
    ),
    Entry(
        "stages.<stage>.cross_logits.<task>",
        "cross-task attention",
        "A_t before softmax",
        "InvPT",
        "How each place of one task relates to the tokens of all tasks; handed on to the next finer stage.",
    ),
    Entry(
        "stages.<stage>.cross_attention.<task>",
        "cross-task attention",
        "softmax(A_t)",
        "InvPT",
        "Which task's tokens, and where, each place of one task read; every row sums to 1 over all tasks.",
    ),
    Entry(
        "stages.<stage>.refined.<task>",
        "refined feature",
        "F_t",
        "Eq. (7)",
        "The feature of one task after the bridge feature was poured back into it.",
    ),
    Entry(
        "stages.<stage>.preliminary.<task>",
        "preliminary prediction",
        "P_t",
        "MTI-Net",
        "A first answer (logits) at one scale, in networks that give some at every scale.",
    ),
    Entry(
        "fused.<task>",
        "fused feature",
        "",
        "Fig. 2",
        "All that one task has of its stages, or of the others' messages, together: what its last answer is made of.",
    ),
    Entry("logits.<task>", "prediction", "", "Fig. 2", "The final answer (logits) on the grid of its head."),
    Entry("predictions.<task>", "prediction", "", "Fig. 2", "The final answer (logits) at the size of the image."),
)


def explain(path: str) -> Entry:
    """What the tensor at a dotted path is.

    Raises:
        KeyError: The catalogue has no such path; the message lists its patterns.
    """
    for entry in CATALOGUE:
        if _matches(entry.path, path):
            return entry
    raise KeyError(f"The catalogue has no path {path!r}. Known: {', '.join(entry.path for entry in CATALOGUE)}")


def _matches(pattern: str, path: str) -> bool:
    expression = re.escape(pattern).replace("<task>", f"({'|'.join(TASKS)})")
    expression = expression.replace("<part>", r"(stem|stage\d)")
    return re.fullmatch(re.sub("<stage>|<scale>", r"\\d+", expression), path) is not None
