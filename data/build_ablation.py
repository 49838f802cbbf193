"""Make data/ablation.json: the rows that lesson 10's grid of switches shows.

    python data/build_ablation.py [--out FILE]

Trains every row of the source's tables, and a few more combinations, at the lesson's `class` scale: 5,000
generated pairs, five seeds. About 15 minutes on one thread. Rows that FILE holds already stay as they are;
only missing ones are made and added. To make all of them anew, move the file away.
"""

import argparse
import json
from pathlib import Path

from tqdm.auto import tqdm

from course_lib.runtime import start
from course_lib.train.text_study import ROWS, Row, TextStudy, train_row

STUDY = TextStudy(pairs=5000, steps=600, seeds=5)
MORE = {
    "3 layers, no batch norm": Row(skip=False, norm=None),
    "residual, no batch norm": Row(norm=None),
    "learned head, concat": Row(distance="head", concat=True),
    "BiGRU + conv., Euclidean": Row(encoder="sequence"),
}
WORDS = {"mean": "mean vectors", "sequence": "BiGRU + convolution", "head": "learned head"}


def settings(row: Row) -> dict:
    """The widget's switches; none for a row with other word vectors, which no switch reaches."""
    if row.features != "glove + tfidf":
        return {}
    return {"depth": row.depth, "skip": row.skip, "norm": row.norm or "none", "dropout": row.dropout > 0,
            "concat": row.concat, "distance": WORDS.get(row.distance, row.distance),
            "encoder": WORDS[row.encoder]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "ablation.json")
    out = parser.parse_args().out
    run = start("class", 0)
    rows = json.loads(out.read_text("utf-8")) if out.is_file() else []
    there = {row["name"] for row in rows}
    wanted = ROWS | {name: (row, None) for name, row in MORE.items()}
    for name, (row, source) in tqdm(wanted.items()):
        if name not in there:
            seeds = run.seeds(STUDY.seeds)
            found = [train_row(STUDY, row, seed, device=run.device).accuracy for seed in seeds]
            rows.append({"name": name, "settings": settings(row), "source": source,
                         "values": [round(accuracy, 4) for accuracy in found]})
            out.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
