#!/usr/bin/env python3
"""Writes corpora and the vocabularies that Hugging Face's BpeTrainer learns from them, for `BpeTrainerTest`: a line of
OUT/NAME.txt is a document; OUT/NAME-PRE-SIZE/ holds vocab.json and merges.txt.

    pip install tokenizers tiktoken
    tokenizer_training.py OUT [--sizes 1000,4000] [--texts 1500]

The golden folder: tokenizer_training.py java/src/test/resources/golden/tokenizer/training --sizes 600 --texts 120
"""
import argparse
import os
import random

import tokenizer_texts
from tokenizer_ids import train


def ties(seed, count):
    """A small alphabet: equal counts, overlapping pairs (aaa), one string reached by several pairs."""
    rng = random.Random(seed)
    return [" ".join("".join(rng.choice("abc") for _ in range(rng.randint(1, 12))) for _ in range(9)) for _ in range(count)]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("out")
    options.add_argument("--sizes", default="1000,4000")
    options.add_argument("--texts", type=int, default=1500)
    args = options.parse_args()
    os.makedirs(args.out, exist_ok=True)
    one_line = lambda text: text.replace("\n", " ").replace("\r", " ")
    corpora = {
        "mixed": [one_line(t) for t in tokenizer_texts.texts(11, args.texts, 60)],
        "ties": ties(12, args.texts),
    }
    for corpus, documents in corpora.items():
        with open(os.path.join(args.out, corpus + ".txt"), "w", encoding="utf-8", newline="") as f:
            f.writelines(d + "\n" for d in documents)
        for pre in ("gpt2", "marks"):
            for size in map(int, args.sizes.split(",")):
                folder = os.path.join(args.out, f"{corpus}-{pre}-{size}")
                os.makedirs(folder, exist_ok=True)
                train(pre, documents, size).model.save(folder)


if __name__ == "__main__":
    main()
