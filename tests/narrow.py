"""Every system as narrow as it can be, for tests that build them all."""

from bridgenet.config.systems import (
    CrossStitchConfig,
    MtanConfig,
    MultiTaskBaselineConfig,
    NddrConfig,
    PadNetConfig,
    SingleTaskConfig,
    SystemConfigs,
)

NARROW = SystemConfigs(
    mtl=MultiTaskBaselineConfig(8),
    stl=SingleTaskConfig(8),
    cross_stitch=CrossStitchConfig(8),
    nddr=NddrConfig(8),
    mtan=MtanConfig(8),
    pad_net=PadNetConfig(8),
)
"""Heads of a few channels; what is not named has its own widths."""
