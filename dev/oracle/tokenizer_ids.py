#!/usr/bin/env python3
"""Writes a tokenizer, texts and the ids that Hugging Face `tokenizers` (and tiktoken, which must agree) gives them, for
`TokenizerParityTest`: tokenizer files in OUT/gpt2 and OUT/marks, texts and ids in OUT/ids.jsonl.

    pip install tokenizers tiktoken
    tokenizer_ids.py OUT [--size 1000] [--texts 60] [--words 60] [--code-points] [--ranks r50k_base.tiktoken]

--ranks takes GPT-2's own vocabulary (the file of that name in tiktoken or jtokkit) instead of training one.
The golden folder: tokenizer_ids.py java/src/test/resources/golden/tokenizer
The long run:      tokenizer_ids.py build/ids --ranks r50k_base.tiktoken --texts 4000 --words 120 --code-points
                   mvn -pl java test -Dtest=TokenizerParityTest -Dtokenizer.parity=$PWD/build/ids
"""
import argparse
import base64
import json
import os

import tiktoken
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

import tokenizer_texts

END = "<|endoftext|>"
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
MARKS = r"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}\p{M}]+| ?\p{N}+| ?[^\s\p{L}\p{M}\p{N}]+|\s+(?!\S)|\s+"


def pre_tokenizer(name):
    if name == "gpt2":
        return pre_tokenizers.ByteLevel(add_prefix_space=False)
    split = pre_tokenizers.Split(Regex(MARKS), "isolated")
    return pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def tokenizer(name, vocab=None, merges=None):
    made = Tokenizer(models.BPE(vocab=vocab, merges=merges) if vocab else models.BPE())
    made.pre_tokenizer = pre_tokenizer(name)
    made.decoder = decoders.ByteLevel()
    return made


def train(name, texts, size, min_frequency=2):
    made = tokenizer(name)
    trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=min_frequency, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())  # fmt: skip
    made.train_from_iterator(texts, trainer)
    return made


def byte_characters():
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in kept]
    return {**{b: chr(b) for b in kept}, **{b: chr(256 + i) for i, b in enumerate(rest)}}


def from_ranks(path):
    """GPT-2's vocabulary and merges out of tiktoken's list of ranked byte strings."""
    ranks = dict((base64.b64decode(t), int(r)) for t, r in (line.split() for line in open(path)))
    characters = byte_characters()
    spell = lambda token: "".join(characters[b] for b in token)
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) > 1:
            parts = [token[i : i + 1] for i in range(len(token))]
            while len(parts) > 2:
                best = min(range(len(parts) - 1), key=lambda i: ranks.get(parts[i] + parts[i + 1], 1 << 60))
                parts[best : best + 2] = [parts[best] + parts[best + 1]]
            merges.append((spell(parts[0]), spell(parts[1])))
    return {spell(token): rank for token, rank in ranks.items()}, merges


def tiktoken_of(made, pattern):
    back = {c: b for b, c in byte_characters().items()}
    special = {END: made.token_to_id(END)}
    ranks = {bytes(back[c] for c in t): i for t, i in made.get_vocab().items() if t != END}
    return tiktoken.Encoding("made", pat_str=pattern, mergeable_ranks=ranks, special_tokens=special)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("out")
    options.add_argument("--size", type=int, default=1000)
    options.add_argument("--texts", type=int, default=60)
    options.add_argument("--words", type=int, default=60)
    options.add_argument("--code-points", action="store_true")
    options.add_argument("--ranks")
    args = options.parse_args()
    texts = ["", " ", "  ", "\n", " \n", "a  b", "a \n b", "'", "'l", "x'll", END, END + END, "a" * 1000, " " * 999 + "b"]
    texts += tokenizer_texts.texts(7, args.texts, args.words)
    texts += tokenizer_texts.code_points() if args.code_points else []
    ids = {}
    for name, pattern in (("gpt2", GPT2), ("marks", MARKS)):
        if args.ranks:
            made = tokenizer(name, *from_ranks(args.ranks))
        else:
            made = train(name, tokenizer_texts.texts(7, 400, 60), args.size)
        made.add_special_tokens([AddedToken(END, normalized=False)])
        folder = os.path.join(args.out, name)
        os.makedirs(folder, exist_ok=True)
        made.save(os.path.join(folder, "tokenizer.json"), pretty=False)
        if name == "gpt2":
            made.model.save(folder)
            vocab = sorted(made.get_vocab().items(), key=lambda item: item[1])
            with open(os.path.join(folder, "vocab.json"), "w", encoding="utf-8") as f:
                json.dump(dict(vocab), f, ensure_ascii=False, separators=(",", ":"))
        other = tiktoken_of(made, pattern)
        ids[name] = []
        for text in texts:
            seen = made.encode(text).ids
            assert seen == other.encode(text, allowed_special="all"), (name, text)
            ids[name].append(seen)
    with open(os.path.join(args.out, "ids.jsonl"), "w", encoding="utf-8") as f:
        for i, text in enumerate(texts):
            f.write(json.dumps({"text": text, "gpt2": ids["gpt2"][i], "marks": ids["marks"][i]}, separators=(",", ":")) + "\n")
    print(f"{args.out}: {len(texts)} texts, {sum(len(t.encode()) for t in texts)} bytes")


if __name__ == "__main__":
    main()
