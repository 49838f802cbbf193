"""Pairs of texts: what crosses a split and what must not, the table of lengths, the real files."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.data.questions import questions
from course_lib.data.text import tokens
from course_lib.data.text_pairs import (
    TextPairs,
    components,
    length_table,
    msr,
    quora,
    split_by_pair,
    split_by_question,
)


def pairs_of(ends) -> TextPairs:
    """Pairs of numbered questions; the label tells the place."""
    return TextPairs(tuple(f"Question {a}?" for a, _ in ends), tuple(f"Question {b}?" for _, b in ends),
                     torch.arange(len(ends)), "toy")


def shared(parts) -> int:
    """How many questions are in more than one part, whatever their case and punctuation."""
    every = [{" ".join(tokens(text)) for text in part.texts} for part in parts]
    return sum(map(len, every)) - len(set().union(*every))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40), st.integers(0, 5))
def test_no_question_crosses_the_split_and_no_pair_is_lost(ends, seed):
    pairs = pairs_of(ends)
    parts = split_by_question(pairs, (0.5, 0.3, 0.2), seed)
    assert len(parts) == 3 and shared(parts) == 0
    assert sorted(torch.cat([part.y for part in parts]).tolist()) == list(range(len(pairs)))
    again = split_by_question(pairs, (0.5, 0.3, 0.2), seed)
    assert all(torch.equal(a.y, b.y) for a, b in zip(parts, again, strict=True))


def test_components_follow_chains_and_no_more():
    pairs = pairs_of([(0, 1), (1, 2), (3, 2), (4, 5), (6, 6), (5, 7)])
    found = components(pairs)
    assert len({found[i] for i in (0, 1, 2)}) == 1 and found[3] == found[5] and len(set(found.tolist())) == 3
    written = TextPairs(("What is AI?", "why"), ("How so?", "what is ai"), torch.tensor([0, 1]))
    assert len(set(components(written).tolist())) == 1, "case and punctuation make no other question"
    unread = TextPairs(("??", "!!"), ("a", "b"), torch.tensor([0, 1]))
    assert len(set(components(unread).tolist())) == 2, "texts without words are not all the same"


def test_the_shares_are_met_and_the_base_rate_is_about_the_same_in_each_part():
    pairs = questions(2000, seed=4)
    parts = split_by_question(pairs, seed=4)
    assert np.abs(np.array([len(part) for part in parts]) - [1400, 300, 300]).max() <= 5
    assert all(0.25 < float(part.y.double().mean()) < 0.5 for part in parts)
    other = split_by_question(pairs, seed=5)
    assert parts[2].left != other[2].left, "the seed draws the parts"
    sizes = [np.bincount(components(part)).max() for part in parts]
    assert min(sizes) == 5, "large components are in every part"


def test_a_giant_component_goes_to_the_largest_part():
    ends = [(0, i) for i in range(60)] + [(100 + 2 * i, 101 + 2 * i) for i in range(40)]
    for seed in range(5):
        train, validation, test = split_by_question(pairs_of(ends), seed=seed)
        assert (len(train), len(validation), len(test)) == (70, 15, 15)


def test_a_split_by_pair_has_the_exact_shares_and_leaks():
    pairs = questions(1000, seed=2)
    parts = split_by_pair(pairs, seed=2)
    assert [len(part) for part in parts] == [700, 150, 150] and shared(parts) > 100
    together = [pair for part in parts for pair in zip(part.left, part.right, part.y.tolist(), strict=True)]
    assert sorted(together) == sorted(zip(pairs.left, pairs.right, pairs.y.tolist(), strict=True))
    assert split_by_pair(pairs, seed=2)[0].left == parts[0].left != split_by_pair(pairs, seed=3)[0].left


@pytest.mark.parametrize("split", [split_by_pair, split_by_question])
@pytest.mark.parametrize("shares", [(0.5, 0.6), (1, 0), (0.5, -0.5, 1), (), (float("nan"), 1)])
def test_wrong_shares_are_refused(split, shares):
    with pytest.raises(ValueError, match="shares must be positive and add up to 1"):
        split(pairs_of([(0, 1), (2, 3)]), shares)


def test_pairs_are_taken_by_number_slice_or_mask():
    pairs = pairs_of([(0, 1), (1, 2), (3, 4)])
    for places in ([2, 0], torch.tensor([2, 0]), np.array([2, 0])):
        taken = pairs.take(places)
        assert taken.left == ("Question 3?", "Question 0?") and taken.y.tolist() == [2, 0]
        assert taken.right == ("Question 4?", "Question 1?") and taken.name == "toy"
    for places in (slice(1, None), [False, True, True], pairs.y > 0):
        assert pairs.take(places).y.tolist() == [1, 2]
    assert len(pairs.take([])) == 0 and pairs.take([]).texts == ()
    assert pairs.texts == tuple(f"Question {i}?" for i in range(5))
    with pytest.raises(ValueError, match="one length"):
        TextPairs(("a",), ("b", "c"), torch.tensor([1]))


def test_the_table_of_lengths():
    pairs = TextPairs(("ab", "abcd"), ("abcd", "abcdef"), torch.tensor([0, 1]))
    table = length_table(pairs)
    assert table == {"pairs": 2, "negative": 1, "positive": 1, "base rate": 0.5, "shortest": 2, "longest": 6,
                     "mean": 4.0, "std": pytest.approx(2**0.5)}
    assert length_table(questions(1000))["base rate"] == pytest.approx(0.63)
    with pytest.raises(ValueError, match="at least one"):
        length_table(pairs.take([]))


HEAD = ["id", "qid1", "qid2", "question1", "question2", "is_duplicate"]
ROWS = [["0", "1", "2", 'What is "AI",\nreally?', "What is AI after all?", "1"],
        ["1", "3", "4", "Why is it?", "Why is the sky blue?", "0"],
        ["2", "5", "6", "Too short", "Why is the sky blue?", "0"]]


@pytest.mark.parametrize(("name", "delimiter"), [("train.csv", ","), ("quora_duplicate_questions.tsv", "\t")])
def test_quora_reads_both_published_files(tmp_path, name, delimiter, capsys):
    def quoted(row):
        return delimiter.join('"' + cell.replace('"', '""') + '"' for cell in row)

    (tmp_path / name).write_text("\n".join(map(quoted, [HEAD, *ROWS])) + "\n", "utf-8")
    pairs = quora(tmp_path)
    assert pairs.left == ('What is "AI",\nreally?', "Why is it?") and pairs.y.tolist() == [1, 0]
    assert pairs.right[0] == "What is AI after all?" and pairs.name == "quora"
    assert capsys.readouterr().out == ""
    (tmp_path / name).write_text("\n".join(map(quoted, [HEAD, ROWS[0]])), "utf-8")
    assert len(quora(tmp_path)) == 1
    line = capsys.readouterr().out
    assert "label 1" in line and "trivially easy" in line and line.count("\n") == 1
    wrong_label = "\n".join([quoted(HEAD), quoted([*ROWS[0][:5], "maybe"])])
    for content, words in ((quoted(HEAD), "no pair"), (quoted(["id", "question1"]), "question2, is_dup"),
                           (wrong_label, "maybe"), ("", "no column")):
        (tmp_path / name).write_text(content, "utf-8")
        with pytest.raises(ValueError, match=words):
            quora(tmp_path)


def test_msr_reads_quotes_as_they_stand(tmp_path):
    head = "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
    (tmp_path / "msr_paraphrase_test.txt").write_text(
        head + '1\t1\t2\tHe said "no.\tHe declined.\n0\t3\t4\tA\tB\n', "utf-8")
    pairs = msr("test", tmp_path)
    assert pairs.left == ('He said "no.', "A") and pairs.y.tolist() == [1, 0] and pairs.name == "msr test"
    with pytest.raises(FileNotFoundError, match=r"msr_paraphrase_train\.txt"):
        msr("train", tmp_path)
    with pytest.raises(ValueError, match="validation"):
        msr("validation", tmp_path)


def test_files_that_are_not_there_are_asked_for(monkeypatch, tmp_path):
    for load, words in ((quora, r"train\.csv.*quora-duplicates.*COURSE_DATA"), (msr, r"msrp.*COURSE_DATA")):
        with pytest.raises(FileNotFoundError, match=words):
            load()
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="quora-duplicates"):
        quora()


def test_the_real_files(own_data, capsys):
    if not ((own_data / "msrp").is_dir() and (own_data / "quora-duplicates").is_dir()):
        pytest.skip("COURSE_DATA has no msrp or quora-duplicates")
    train, test = msr(), msr("test")
    assert len(train) == 4076 and int(train.y.sum()) == 2753 and len(test) in (800, 1725)
    assert train.left[0].startswith("Amrozi accused") and shared(split_by_question(train)) == 0
    capsys.readouterr()
    pairs = quora()
    assert ("trivially easy" in capsys.readouterr().out) == (len(set(pairs.y.tolist())) == 1)
    assert length_table(pairs)["shortest"] >= 10 and shared(split_by_question(pairs)) == 0
