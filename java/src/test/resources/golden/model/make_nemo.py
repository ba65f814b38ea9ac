"""Log-probabilities and greedy continuations of golden/checkpoint/*.nemo by two independent forward passes -> nemo.json.

    OMP_NUM_THREADS=1 python make_nemo.py       (torch, transformers, PyYAML; uses src/test/oracle)
"""
import glob
import json
import os
import sys

import torch

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../../../oracle"))
import oracle_common as oc  # noqa: E402

IDS, GREEDY = [3, 250, 7], 3
torch.set_grad_enabled(False)
answers = {}
for path in sorted(glob.glob(os.path.join(here, "../checkpoint/*.nemo"))):
    config, state, _ = oc.read_nemo(path)
    hf = oc.hf_model_from(state, config)
    ids = torch.tensor([IDS])
    logits = oc.megatron_logits(state, config, ids).double()
    assert (logits - hf(ids).logits).abs().max() < 1e-5, path
    logprobs = torch.log_softmax(logits, -1)[0, :-1].gather(1, ids[0, 1:, None])[:, 0]
    for _ in range(GREEDY):
        ids = torch.cat([ids, hf(ids).logits[:, -1, :259].argmax(-1, keepdim=True)], 1)
    answers[os.path.basename(path)] = {"logprobs": logprobs.tolist(), "greedy": ids[0, len(IDS):].tolist()}
with open(os.path.join(here, "nemo.json"), "w") as f:
    json.dump({"ids": IDS, "models": answers}, f, indent=1)
    f.write("\n")
