"""Print `archive name dtype shape sum norm position-weighted-sum` for every tensor of .nemo archives, under Vernacular's
names and in its order of rows: what tests of its readers compare with."""
import os
import sys

import torch

import oracle_common as oc

PARTS = {"ln1": "attention_norm", "qkv": "qkv", "proj": "projection", "ln2": "mlp_norm", "fc1": "up", "fc2": "down"}
TOP = {"wte": "word_embeddings.weight", "wpe": "position_embeddings.weight", "lnf_w": "final_norm.weight",
       "lnf_b": "final_norm.bias", "head": "head.weight"}


def ours(short):
    if short in TOP:
        return TOP[short]
    layer, part = short.split(".")
    name, kind = part.rsplit("_", 1)
    return f"layers.{layer}.{PARTS[name]}.{'weight' if kind == 'w' else 'bias'}"


for path in sys.argv[1:]:
    config, state, _ = oc.read_nemo(path)
    heads = config["num_attention_heads"]
    dtype = next(str(v.dtype)[6:] for k, v in state.items() if k.endswith("word_embeddings.weight"))
    for short, tensor in oc.canon(state)[0].items():
        if "qkv" in short:
            tensor = oc.qkv_to_hf(tensor, heads, config["hidden_size"] // heads)
        t = tensor.double()
        weighted = (t.flatten() * torch.arange(1, t.numel() + 1)).sum()
        print(os.path.basename(path), ours(short), dtype, ",".join(map(str, t.shape)),
              f"{t.sum().item():.12g} {t.norm().item():.12g} {weighted.item():.12g}")
