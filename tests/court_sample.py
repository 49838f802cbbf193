"""Made-up verdicts for the tests of the betting court: none of these numbers was measured."""

import math

EPS = [round(0.05 * k, 2) for k in range(21)]
# name, promise, eps at which half is lost (transfer, white-box, adaptive); 9: it hardly falls at all
ROWS = [
    ("No defence", "nothing is promised", 0.18, 0.05, 0.05),
    ("Mean of ten nets", "ten heads err in different ways", 0.20, 0.08, 0.06),
    ("Most confident of ten nets", "the one that is sure is right", 0.38, 0.10, 0.06),
    ("Ten nets and the source", "even the attacked net may join", 0.34, 0.09, 0.06),
    ("Halftone dots", "dots swallow all small changes", 0.45, 0.60, 0.08),
    ("Denoising autoencoder", "what was added is cleaned away", 0.34, 0.10, 0.07),
    ("Noise inside", "the attacker hits a moving target", 0.26, 0.15, 0.09),
    ("Gaussian targets (GCCS)", "classes are kept far apart", 0.30, 0.12, 0.08),
    ("Explanation detector", "odd reasons are turned away", 0.36, 0.20, 0.08),
    ("Rounded input", "small steps are rounded off", 0.24, 9.0, 0.06),
    ("Saturated logits", "no gradient, so no attack", 0.22, 9.0, 0.05),
    ("FGSM training", "it has seen such images before", 0.55, 0.30, 0.17),
    ("PGD training", "it has seen the worst of them", 0.60, 0.34, 0.31),
    ("Sinkhorn training", "clean and attacked look alike", 0.58, 0.32, 0.29),
]


def sample(rows: int = 14) -> dict:
    """What data/court.json would hold, with the first of these rows."""
    def curve(half: float, blind: bool) -> list[float]:
        floor = 0.08 if blind else 0  # a blind attack never takes all
        falls = [1 / (1 + math.exp((eps - half) / 0.06)) * (1 - 0.2 * eps) for eps in EPS]
        return [round(floor + (0.97 - floor) * share, 3) for share in falls]

    def name(k: int) -> str:
        return ROWS[k][0].lower().replace(" ", "-")

    chosen = range(rows)
    return {
        "eps": EPS, "images": 200,
        "defences": [{"id": name(k), "name": ROWS[k][0], "row": "", "promise": ROWS[k][1]} for k in chosen],
        "accuracy": {known: [curve(ROWS[k][2 + column], column == 0) for k in chosen]
                     for column, known in enumerate(("transfer", "white-box", "adaptive"))}}
