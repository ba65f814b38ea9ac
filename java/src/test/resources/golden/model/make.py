"""Forward passes, losses and greedy continuations of tiny random models in PyTorch's transformers -> *.json.

    OMP_NUM_THREADS=1 python make.py        (transformers 4 or 5, torch)

GPT-2 stands for Megatron's learned positions, GPT-NeoX (sequential residual) for its rotary ones. Weights are written
as base64 of little-endian float32 under this project's names; rows of qkv are all queries, all keys, all values.
"""
import base64
import json

import torch
from transformers import GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM

LAYERS, HIDDEN, HEADS, FFN, POSITIONS, VOCABULARY = 2, 12, 2, 20, 11, 29
IDS = [[3, 17, 28, 0, 5, 9, 11], [1, 1, 2, 26, 8, 13, 4]]
torch.set_grad_enabled(False)


def shake(model, seed):
    torch.manual_seed(seed)
    for p in model.parameters():
        p.copy_(torch.randn(p.shape) * 0.3)


def gpt2(tied, erf, layernorm1p):
    config = GPT2Config(vocab_size=VOCABULARY, n_positions=POSITIONS, n_embd=HIDDEN, n_layer=LAYERS, n_head=HEADS,
                        n_inner=FFN, activation_function="gelu" if erf else "gelu_new", tie_word_embeddings=tied,
                        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, attn_implementation="eager")
    model = GPT2LMHeadModel(config).eval()
    shake(model, 1 + tied + 2 * erf)
    s = model.state_dict()
    t = {"word_embeddings.weight": s["transformer.wte.weight"],
         "position_embeddings.weight": s["transformer.wpe.weight"],
         "final_norm.weight": s["transformer.ln_f.weight"], "final_norm.bias": s["transformer.ln_f.bias"]}
    if not tied:
        t["head.weight"] = s["lm_head.weight"]
    for i in range(LAYERS):
        for ours, theirs in (("attention_norm", "ln_1"), ("qkv", "attn.c_attn"), ("projection", "attn.c_proj"),
                             ("mlp_norm", "ln_2"), ("up", "mlp.c_fc"), ("down", "mlp.c_proj")):
            w = s[f"transformer.h.{i}.{theirs}.weight"]
            t[f"layers.{i}.{ours}.weight"] = w.T if w.dim() == 2 else w       # Conv1D stores input x output
            t[f"layers.{i}.{ours}.bias"] = s[f"transformer.h.{i}.{theirs}.bias"]
    if layernorm1p:
        t = {k: v - 1 if "norm.weight" in k else v for k, v in t.items()}
    return model, t, {"tied": tied, "erf": erf, "layernorm1p": layernorm1p, "rope_dims": 0, "bias": True}


def neox():
    config = GPTNeoXConfig(vocab_size=VOCABULARY, max_position_embeddings=POSITIONS, hidden_size=HIDDEN,
                           num_hidden_layers=LAYERS, num_attention_heads=HEADS, intermediate_size=FFN, hidden_act="gelu",
                           rotary_pct=0.67, rotary_emb_base=100, use_parallel_residual=False, tie_word_embeddings=False,
                           attn_implementation="eager")
    model = GPTNeoXForCausalLM(config).eval()
    shake(model, 9)
    s = model.state_dict()
    d = HIDDEN // HEADS
    t = {"word_embeddings.weight": s["gpt_neox.embed_in.weight"], "head.weight": model.get_output_embeddings().weight,
         "final_norm.weight": s["gpt_neox.final_layer_norm.weight"],
         "final_norm.bias": s["gpt_neox.final_layer_norm.bias"]}
    for i in range(LAYERS):
        for ours, theirs in (("attention_norm", "input_layernorm"), ("qkv", "attention.query_key_value"),
                             ("projection", "attention.dense"), ("mlp_norm", "post_attention_layernorm"),
                             ("up", "mlp.dense_h_to_4h"), ("down", "mlp.dense_4h_to_h")):
            w, b = (s[f"gpt_neox.layers.{i}.{theirs}.{x}"] for x in ("weight", "bias"))
            if ours == "qkv":                                                 # rows [heads, 3, d] -> [3, heads, d]
                w = w.reshape(HEADS, 3, d, HIDDEN).transpose(0, 1).reshape(3 * HIDDEN, HIDDEN)
                b = b.reshape(HEADS, 3, d).transpose(0, 1).reshape(3 * HIDDEN)
            t[f"layers.{i}.{ours}.weight"], t[f"layers.{i}.{ours}.bias"] = w, b
    return model, t, {"tied": False, "erf": True, "layernorm1p": False, "rope_dims": int(d * 0.67), "bias": True}


def write(name, model, tensors, options):
    ids = torch.tensor(IDS)
    logits = model(ids).logits.double()
    logprobs = torch.log_softmax(logits, -1)[:, :-1].gather(2, ids[:, 1:, None])[..., 0]
    rows = ids
    for _ in range(4):
        rows = torch.cat([rows, model(rows).logits[:, -1].argmax(-1, keepdim=True)], 1)
    golden = {"layers": LAYERS, "hidden": HIDDEN, "heads": HEADS, "ffn": FFN, "positions": POSITIONS,
              "vocabulary": VOCABULARY, **options, "ids": IDS, "last_logits": logits[:, -1].tolist(),
              "next_token_logprobs": logprobs.tolist(), "greedy": rows.tolist(),
              "tensors": {k: base64.b64encode(v.contiguous().float().numpy().tobytes()).decode()
                          for k, v in tensors.items()}}
    with open(name + ".json", "w") as f:
        json.dump(golden, f, indent=1)
        f.write("\n")


if __name__ == "__main__":
    write("tied", *gpt2(True, False, False))
    write("untied_erf_layernorm1p", *gpt2(False, True, True))
    write("rotary", *neox())
