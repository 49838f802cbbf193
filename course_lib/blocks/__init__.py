"""Layers to build nets from. Modules only: no training code, no data."""

from course_lib.blocks.dilated import (
    CausalConv1d,
    CausalStack,
    ContextModule,
    GatedBlock,
    RandomTemporalDilation,
    dilated_conv,
    same_padding,
    span,
    zero_stuffed,
)
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
    "CausalConv1d",
    "CausalStack",
    "ContextModule",
    "GatedBlock",
    "PlainBlock",
    "PreActBlock",
    "RandomTemporalDilation",
    "ZeroPadShortcut",
    "conv3x3",
    "dilated_conv",
    "make_shortcut",
    "same_padding",
    "span",
    "zero_stuffed",
]
