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
from course_lib.blocks.pair_losses import (
    batch_hard_triplet_loss,
    contrastive_loss,
    cosine_loss,
    hinge_pair_loss,
    logistic_pair_loss,
    triplet_loss,
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
from course_lib.blocks.siamese import PairHead, Siamese, cosine, euclidean, squared_euclidean
from course_lib.blocks.towers import ResidualTower, SequenceTower

__all__ = [
    "BasicBlock",
    "Bottleneck",
    "CausalConv1d",
    "CausalStack",
    "ContextModule",
    "GatedBlock",
    "PairHead",
    "PlainBlock",
    "PreActBlock",
    "RandomTemporalDilation",
    "ResidualTower",
    "SequenceTower",
    "Siamese",
    "ZeroPadShortcut",
    "batch_hard_triplet_loss",
    "contrastive_loss",
    "conv3x3",
    "cosine",
    "cosine_loss",
    "dilated_conv",
    "euclidean",
    "hinge_pair_loss",
    "logistic_pair_loss",
    "make_shortcut",
    "same_padding",
    "span",
    "squared_euclidean",
    "triplet_loss",
    "zero_stuffed",
]
