"""Write the model of a .nemo archive as Megatron-LM saves one (model_optim_rng.pt), with the query, key and value rows of a checkpoint_version."""
import argparse

import torch

import oracle_common as oc

ap = argparse.ArgumentParser(description=__doc__)
ap.add_argument("nemo")
ap.add_argument("--out", required=True)
ap.add_argument("--checkpoint-version", type=float, default=3.0)
a = ap.parse_args()

cfg, sd, _ = oc.read_nemo(a.nemo)
w, layers, _ = oc.canon(sd)
heads, hidden = cfg["num_attention_heads"], cfg["hidden_size"]
encoder = {}
for i in range(layers):
    for short, key in oc.LEGACY_LAYER.items():
        t = w[f"{i}.{short}"]
        if "qkv" in short:
            t = t.reshape(heads, 3, hidden // heads, *t.shape[1:])
            if a.checkpoint_version < 1:
                t = t.transpose(0, 1)
            elif a.checkpoint_version < 2:
                t = t.transpose(1, 2)
            t = t.reshape(3 * hidden, *t.shape[3:]).contiguous()
        key = key if a.checkpoint_version >= 2 else key.replace("self_attention.", "attention.")
        encoder[f"layers.{i}.{key}"] = t
encoder.update({"final_layernorm.weight": w["lnf_w"], "final_layernorm.bias": w["lnf_b"]})
args = argparse.Namespace(
    num_layers=layers, hidden_size=hidden, ffn_hidden_size=cfg["ffn_hidden_size"], num_attention_heads=heads,
    kv_channels=hidden // heads, max_position_embeddings=cfg["max_position_embeddings"], layernorm_epsilon=1e-5,
    make_vocab_size_divisible_by=cfg["make_vocab_size_divisible_by"], bias_gelu_fusion=True, openai_gelu=False,
    tensor_model_parallel_size=1, pipeline_model_parallel_size=1, seq_length=cfg["encoder_seq_length"], lr=1e-4,
    params_dtype=torch.float32, untie_embeddings_and_output_weights="head" in w)
root = {"args": args, "iteration": 7, "model": {"language_model": {
    "embedding": {"word_embeddings": {"weight": w["wte"]}, "position_embeddings": {"weight": w["wpe"]}},
    "encoder" if a.checkpoint_version >= 2 else "transformer": encoder}}}
if a.checkpoint_version > 0:
    root["checkpoint_version"] = a.checkpoint_version
if "head" in w:
    root["model"]["language_model"]["output_layer"] = {"weight": w["head"]}
torch.save(root, a.out)
