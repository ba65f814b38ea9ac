"""Makes the golden files of this folder with NumPy. Run in this folder, with the two oracle scripts
make_indexed_dataset.py and read_indexed_dataset.py in the folder ORACLE:

    PYTHONPATH=ORACLE python make_golden.py ORACLE
"""
import json
import random
import subprocess
import sys

import numpy as np
from read_indexed_dataset import blend, build_indices


def documents(sizes):
    """Token ids count up from 0 through all documents."""
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]]).tolist()
    return [list(range(f, f + n)) for f, n in zip(first, sizes)]


def make(prefix, sizes, *more):
    docs = ";".join(",".join(str(t) for t in d) for d in documents(sizes))
    subprocess.run([sys.executable, sys.argv[1] + "/make_indexed_dataset.py", "--prefix", prefix, "--docs", docs, *more],
                   check=True)


def orders(rng):
    cases = []
    for n in range(32):
        sizes = [rng.randint(1, rng.choice([3, 9, 40])) for _ in range(rng.randint(1, 13))]
        seq = rng.randint(1, 11)
        first = rng.randrange(len(sizes)) if n % 3 == 0 else 0
        end = rng.randint(first + 1, len(sizes)) if n % 3 == 0 else len(sizes)
        part = sum(sizes[first:end])
        samples = max(1, int(part / seq * rng.choice([0.3, 1.0, 1.1, 1.7, 2.2, 3.05])))
        seed = rng.choice([0, 1, 1234, 2 ** 32 - 1, rng.randrange(2 ** 32)])
        doc, sample, shuffle, info = build_indices(
            np.array(sizes, dtype=np.int32), np.arange(first, end, dtype=np.int32), samples, seq, seed)
        cases.append({"sizes": sizes, "first": first, "end": end, "samples": samples, "sequence_length": seq,
                      "seed": seed, "documents": doc.tolist(), "positions": sample[:, 0].tolist(),
                      "offsets": sample[:, 1].tolist(), "shuffle": shuffle.tolist(), **info})
    assert {c["separate_last_epoch"] for c in cases} == {False, True}
    return cases


def blends(rng):
    cases = []
    for _ in range(12):
        weights = [rng.choice([1, 0.1, 0.7, 0.3, 30, 5]) for _ in range(rng.randint(1, 5))]
        size = rng.randint(1, 60)
        part, sample = blend(weights, size)
        cases.append({"weights": weights, "size": size, "part": part, "sample": sample})
    return cases


rng = random.Random(7)
make("uint16_text_document", [3, 1, 5, 2], "--vocab-size", "300", "--append-eod", "299")
make("int32_text_document", [4, 2], "--vocab-size", "65500", "--append-eod", "65499")
generator = np.random.RandomState(1234)
raw = [int(x) for x in generator.randint(0, 2 ** 32, 1500, dtype=np.uint32)]
with open("sampling.json", "w") as f:
    json.dump({"random_1234_last_of_1500": raw[-5:], "orders": orders(rng), "blends": blends(rng)}, f,
              separators=(",", ":"))

texts = ["The capital of Thailand is Bangkok.\n\nIt is large.", "", "เมืองหลวงของประเทศไทยคือกรุงเทพมหานคร", "don't  stop\t\u00a0 1,234 🐘🐘",
         "one <|endoftext|> two", " ", "เ" * 40, "naïve café – 東京"] + [f"document {n} " + "ก็ดี na " * (n * 7 % 23) for n in range(40)]
with open("corpus.jsonl", "w", encoding="utf-8") as f:
    for n, text in enumerate(texts):
        f.write(json.dumps({"id": n, "text": text, "url": "https://example.org"}, ensure_ascii=n % 2 == 0) + "\n")
eod = json.load(open("../tokenizer/gpt2/vocab.json"))["<|endoftext|>"]
subprocess.run([sys.executable, sys.argv[1] + "/make_indexed_dataset.py", "--prefix", "corpus_text_document", "--jsonl",
                "corpus.jsonl", "--tokenizer", "../tokenizer/gpt2", "--append-eod", str(eod)], check=True)
