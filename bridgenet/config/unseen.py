"""Settings that were changed although nothing looks at them: the network that is trained is built of others.

A config may hold them: those of a preset stay where another system is chosen, and a checkpoint keeps what it was
trained with. But who sets one means something by it, and would take two equal runs for different ones.
"""

from bridgenet.config import ModelConfig, TrainConfig
from bridgenet.config.systems import ANSWER_ONCE, RECOMPUTED

OF_EVERY_SYSTEM = ("tasks", "backbone", "system", "systems")
"""Fields of a model's config; all others are BridgeNet's."""

OF_A_PART: dict[str, tuple[str, ...]] = {
    "tpp": ("tpp_output",),
    "bfe": ("bridge_reads", "bridge_cascade", "refinement"),
}
"""Settings that say something of a part of BridgeNet, by the setting that leaves it out."""


def check_looked_at(config: TrainConfig, before: TrainConfig) -> None:
    """Makes sure that what was changed in a run is looked at.

    Args:
        config: The run.
        before: What it was before, a preset.

    Raises:
        SettingError: The chosen system does not look at it. The message begins with its name.
    """
    model, system = config.model, config.model.system
    for name in _changed(model, before.model):
        if name not in OF_EVERY_SYSTEM:
            _check_of_bridgenet(model, name)
    for other, theirs in vars(model.systems).items():
        names = _changed(theirs, getattr(before.model.systems, other))
        if names and theirs is not model.systems.of(system):
            raise theirs.refuse(f"{_named(theirs, names[0])} {_of_another(other.replace('_', '-'), model)}")
    if system in ANSWER_ONCE and "preliminary_weight" in _changed(config.loss, before.loss):
        raise config.loss.refuse(f"preliminary_weight weighs first answers, and {system} gives none. Leave it out.")
    if system not in RECOMPUTED and config.optim.gradient_checkpointing == "decoder":
        raise config.optim.refuse(
            f"gradient_checkpointing must be none, backbone or all with {system}, whose decoder keeps everything."
        )


def _check_of_bridgenet(model: ModelConfig, name: str) -> None:
    """Makes sure that a setting of BridgeNet means something for a network.

    Raises:
        SettingError: It does not.
    """
    own = model.systems.of(model.system)
    if own is None:
        for part, names in OF_A_PART.items():
            if name in names and not getattr(model, part):
                raise model.refuse(f"{_named(model, name)} is not looked at without {part}. Leave one of them out.")
    elif not hasattr(own, name):
        # A size may stand there, so that one line of flags makes any system small; a choice may not.
        if not isinstance(getattr(model, name), bool | str):
            return
        raise model.refuse(f"{_named(model, name)} {_of_another('bridgenet', model)}")
    elif (value := getattr(own, name)) is not None:  # A width that a system leaves open is BridgeNet's.
        flag = f"--model.systems.{model.system}.{name}".replace("_", "-")
        raise model.refuse(f"{name} is not looked at where {flag} is {value}. Leave one of them out.")


def _of_another(owner: str, model: ModelConfig) -> str:
    """What is said of a setting of another system than the chosen one."""
    own = model.systems.of(model.system)
    names = [] if own is None else list(vars(own))
    flags = [f"--model.systems.{model.system}.{name}".replace("_", "-") for name in names]
    instead = f" Its own: {', '.join(flags)}." if flags else ""
    return f"is a setting of {owner}, and {model.system} does not look at it. Leave it out.{instead}"


def _changed(now: object, before: object) -> list[str]:
    """Names of the settings that differ."""
    return [name for name, value in vars(now).items() if value != vars(before)[name]]


def _named(settings: object, name: str) -> str:
    """The name under which a setting is changed: a switch is turned off by `no_`."""
    return f"no_{name}" if getattr(settings, name) is False else name
