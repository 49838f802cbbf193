"""Layers to build nets from. Modules only: no training code, no data."""

from course_lib.blocks.residual import (
    BasicBlock,
    Bottleneck,
    PlainBlock,
    PreActBlock,
    ZeroPadShortcut,
    conv3x3,
    make_shortcut,
)

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "PlainBlock",
    "PreActBlock",
    "ZeroPadShortcut",
    "conv3x3",
    "make_shortcut",
]
