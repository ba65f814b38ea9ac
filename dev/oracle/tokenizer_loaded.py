#!/usr/bin/env python3
"""Loads a tokenizer that Vernacular wrote with Hugging Face `tokenizers` and `transformers`, which must agree, and writes
the ids they give hard texts to OUT, a line of JSON each: `{"text": …, "ids": […]}`.

    pip install tokenizers transformers
    tokenizer_loaded.py FOLDER OUT
"""
import json
import sys

import tokenizer_texts
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

folder, out = sys.argv[1:]
fast = Tokenizer.from_file(folder + "/tokenizer.json")
transformers = PreTrainedTokenizerFast(tokenizer_file=folder + "/tokenizer.json")
with open(out, "w", encoding="utf-8") as f:
    for text in tokenizer_texts.texts(3, 40, 60):
        ids = fast.encode(text).ids
        assert transformers.encode(text) == ids, text
        assert fast.decode(ids, skip_special_tokens=False) == text, text
        f.write(json.dumps({"text": text, "ids": ids}, separators=(",", ":")) + "\n")
