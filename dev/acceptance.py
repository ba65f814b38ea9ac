"""Runs the program's commands against the Python oracles: python dev/acceptance.py [CHECK …]

Needs a Python with java/src/test/oracle/requirements.txt. Prints a line for each check with the worst figure seen; exit 1 if one fails.
Everything goes through ./vernacular as a user would call it; VERNACULAR_BACKEND chooses the backend.
"""
import json, math, os, pathlib, random, re, shutil, signal, subprocess, sys, tempfile, time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ORACLE = ROOT / "java/src/test/oracle"
ENV = dict(os.environ, OMP_NUM_THREADS="1")


def oracle(script, *arguments):
    done = subprocess.run([sys.executable, ORACLE / script, *map(str, arguments)], capture_output=True, text=True, env=ENV)
    if done.returncode:
        raise AssertionError(f"oracle {script}: {done.stderr[-2000:]}")
    return done.stdout


def vernacular(*arguments, status=0, **options):
    done = subprocess.run([ROOT / "vernacular", *map(str, arguments)], capture_output=True, text=True, **options)
    if done.returncode != status:
        raise AssertionError(f"vernacular {' '.join(map(str, arguments))}: exit {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-3000:]}")
    return done


def check_formats(tmp):
    """Random models through every pair of formats: tensors bit-equal, NeMo's names and shapes, torch.load(weights_only=True)."""
    import tarfile, io, torch, yaml
    sys.path.insert(0, str(ORACLE))
    import oracle_common
    from safetensors.torch import load_file
    targets = {"nemo": ("--to", "nemo"), "mcore": ("--to", "nemo-mcore"), "tp2": ("--to", "nemo", "--tp", 2), "tp2pp2": ("--to", "nemo", "--tp", 2, "--pp", 2), "core-pp2": ("--to", "nemo-mcore", "--pp", 2),
               "ckpt": ("--to", "ckpt"), "hf": ("--to", "hf")}
    variants = [["--dtype", "fp32"], ["--dtype", "fp16", "--mcore"], ["--dtype", "bf16", "--untied"], ["--tp", 2, "--gzip"], ["--tp", 4, "--mcore", "--untied", "--dtype", "fp16"],
                ["--gzip", "--old-config", "--dtype", "bf16"], ["--tp", 2, "--pp", 2], ["--pp", 2, "--mcore", "--dtype", "bf16"]]

    def place(name, kind):
        return tmp / name / kind / "m.ckpt" if kind == "ckpt" else tmp / name / (kind if kind == "hf" else f"{kind}.nemo")

    def tensors(path, kind):
        """Megatron's tensors under short names, by an independent reader."""
        if kind == "hf":
            return {key: value for key, value in load_file(path / "model.safetensors").items()}
        if kind == "ckpt":
            state = torch.load(path, weights_only=True)
            assert state["hyper_parameters"]["cfg"] == yaml.safe_load(open(path.parent / "hparams.yaml"))["cfg"], path
            assert (state["epoch"], state["global_step"], state["hparams_name"]) == (0, 0, "cfg"), path
            state = state["state_dict"]
        else:
            with tarfile.open(path) as archive:
                for member in archive:
                    if member.name.endswith("model_weights.ckpt"):
                        torch.load(io.BytesIO(archive.extractfile(member).read()), weights_only=True)
            state = oracle_common.read_nemo(path)[1]
        kinds = {value.dtype for value in state.values() if torch.is_tensor(value)}
        return dict(oracle_common.canon(state)[0], dtype=kinds)

    def equal(a, b):
        return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) and a[k].dtype == b[k].dtype if torch.is_tensor(a[k]) else a[k] == b[k] for k in a)

    count = 0
    for seed, extra in enumerate(variants, 31):
        rng = random.Random(seed)
        heads, head = rng.choice([4, 8]), rng.choice([2, 4, 6])
        name = f"m{seed}"
        start = tmp / name / "start.nemo"
        oracle("make_nemo_fixture.py", "--out", start, "--seed", seed, "--layers", rng.choice([2, 4]), "--hidden", heads * head, "--heads", heads, "--ffn", rng.choice([0, heads * 10]), "--vocab", rng.randint(257, 600),
               "--divisor", rng.choice([8, 64, 128]), "--seq", rng.randint(20, 70), *extra)
        wanted = tensors(start, "nemo")
        # `transformers` gives the numbers that a Hugging Face folder should hold.
        config, state, _ = oracle_common.read_nemo(start)
        theirs = {key: value.to(next(iter(wanted["dtype"]))) for key, value in oracle_common.to_hf_state(state, config)[0].items()}
        if "head" not in wanted:
            del theirs["lm_head.weight"]
        for kind, options in targets.items():
            vernacular("convert", start, place(name, kind), *options)
            got = tensors(place(name, kind), kind)
            assert equal(got, theirs if kind == "hf" else wanted), (extra, kind)
            if kind not in ("hf", "ckpt"):
                oracle("check_nemo.py", place(name, kind), "--equal", start, "--quiet")
        for kind in targets:
            for other, options in targets.items():
                target = tmp / name / f"from-{kind}" / other
                vernacular("convert", place(name, kind), target / "m.ckpt" if other == "ckpt" else target, *options)
                assert equal(tensors(target / "m.ckpt" if other == "ckpt" else target, other), theirs if other == "hf" else wanted), (extra, kind, other)
                count += 1
        shutil.rmtree(tmp / name)
    return f"{len(variants)} models, {count} pairs of formats: tensors bit-equal, torch.load(weights_only=True) and check_nemo.py content"


def metrics(run):
    return [line for line in map(json.loads, open(run / "metrics.jsonl")) if "loss" in line]


def check_logits(tmp):
    """Logits of random models within 1e-4, greedy tokens identical."""
    variants = [[], ["--mcore"], ["--untied"], ["--erf"], ["--layernorm1p"], ["--gzip", "--old-config"], ["--dtype", "bf16"], ["--dtype", "fp16", "--mcore", "--untied"]]
    worst, count = 0.0, 0
    for seed, extra in enumerate(variants, 11):
        rng = random.Random(seed)
        heads, head = rng.choice([1, 2, 3, 4]), rng.choice([4, 6, 8, 16])
        seq, vocab = rng.randint(20, 70), rng.randint(257, 700)
        model = tmp / f"m{seed}.nemo"
        oracle("make_nemo_fixture.py", "--out", model, "--seed", seed, "--layers", rng.randint(1, 4), "--hidden", heads * head, "--heads", heads, "--vocab", vocab, "--seq", seq, *extra)
        ids = [[rng.randrange(257) for _ in range(seq - 10)] for _ in range(3)]
        (tmp / "ids.txt").write_text("\n".join(" ".join(map(str, row)) for row in ids) + "\n")
        want = json.loads(oracle("logits.py", "--nemo", model, "--engine", "both", "--ids", ";".join(",".join(map(str, r)) for r in ids), "--greedy", 8, "--limit-vocab", vocab, "--atol", 1e-4))
        got = json.loads(vernacular("score", "--model", model, "--ids", "--text", f"x={tmp}/ids.txt", "--json").stdout)["x"]["token_logprobs"]
        worst = max([worst] + [abs(a - b) for g, w in zip(got, want["next_token_logprobs"], strict=True) for a, b in zip(g, w, strict=True)])
        out = json.loads(vernacular("generate", "--model", model, "--ids", tmp / "ids.txt", "--tokens", 8, "--greedy", "--json").stdout)["results"]
        for g, w, row in zip(out, want["greedy"], ids, strict=True):
            end = vocab - 1
            expected = w[len(row):]
            expected = expected[:expected.index(end) + 1] if end in expected else expected
            produced = [t for t in g["token_ids"][-len(expected):]]
            assert produced == expected or g["token_ids"][:len(expected)] == expected, (g["token_ids"], expected)
        count += 1
    assert worst <= 1e-4, worst
    return f"{count} models, largest difference of a log-probability {worst:.1e}, greedy tokens identical"


def check_train(tmp):
    """Twenty AdamW steps on a shuffled dataset, accumulation on: losses 1e-4, gradient norms 1e-3."""
    worst_loss = worst_norm = 0.0
    for seed, extra in ((3, []), (4, ["--untied"])):
        model = tmp / f"t{seed}.nemo"
        oracle("make_nemo_fixture.py", "--out", model, "--seed", seed, "--layers", 2, "--hidden", 48, "--heads", 3, "--vocab", 300, "--seq", 24, *extra)
        rng = random.Random(seed)
        docs = ";".join(",".join(str(rng.randrange(257)) for _ in range(rng.randint(3, 60))) for _ in range(90))
        prefix = tmp / f"d{seed}_text_document"
        oracle("make_indexed_dataset.py", "--prefix", prefix, "--docs", docs, "--append-eod", 299, "--vocab-size", 300)
        steps, batch = 20, 6
        samples = tmp / f"s{seed}.json"
        samples.write_text(oracle("read_indexed_dataset.py", prefix, "--num-samples", steps * batch, "--seq-length", 24, "--seed", 77))
        want = json.loads(oracle("train_reference.py", "--nemo", model, "--samples", samples, "--steps", steps, "--seq", 24, "--micro-batch", 2, "--global-batch", batch, "--lr", 2e-3, "--min-lr", 2e-4, "--warmup", 4, "--max-steps", 30))["steps"]
        vernacular("train", f"restore_from_path={model}", f"model.data.data_prefix={{train:[{prefix}],validation:[{prefix}],test:[{prefix}]}}", f"trainer.max_steps={steps}", "trainer.val_check_interval=20", "trainer.limit_val_batches=1",
                   "trainer.precision=32", "model.micro_batch_size=2", f"model.global_batch_size={batch}", "model.seed=77", "model.hidden_dropout=0", "model.attention_dropout=0", "model.optim.lr=2e-3", "model.optim.sched.min_lr=2e-4",
                   "model.optim.sched.warmup_steps=4", "model.optim.sched.max_steps=30", f"exp_manager.exp_dir={tmp}/runs", f"exp_manager.name=t{seed}")
        got = metrics(tmp / f"runs/t{seed}")
        assert len(got) == steps, len(got)
        for g, w in zip(got, want):
            worst_loss = max(worst_loss, abs(g["loss"] - w["loss"]) / w["loss"])
            worst_norm = max(worst_norm, abs(g["grad_norm"] - w["grad_norm"]) / w["grad_norm"])
    assert worst_loss <= 1e-4 and worst_norm <= 1e-3, (worst_loss, worst_norm)
    return f"2 x 20 steps, relative difference of losses {worst_loss:.1e}, of gradient norms {worst_norm:.1e}"


def mixed_text(size, seed):
    rng = random.Random(seed)
    blocks = [(0x20, 0x7e), (0xa0, 0x17f), (0x370, 0x3ff), (0x400, 0x4ff), (0x590, 0x5ff), (0x600, 0x6ff), (0x900, 0x97f), (0xe00, 0xe7f), (0x1780, 0x17ff), (0x3040, 0x30ff), (0x4e00, 0x9fff), (0xac00, 0xd7a3), (0x1f300, 0x1f6ff), (0, 0x1f), (0x2000, 0x206f), (0x300, 0x36f)]
    words = "the of and can't we'll I've don't it's 123 4567 foo_bar <|endoftext| ... --- \t  \u00a0 ไทย ประเทศ नमस्ते".split(" ")
    out, length = [], 0
    while length < size:
        kind = rng.random()
        if kind < 0.5:
            piece = rng.choice(words) + " " * rng.choice([0, 1, 1, 1, 2, 5])
        else:
            a, b = rng.choice(blocks)
            piece = "".join(chr(rng.randint(a, b)) for _ in range(rng.randint(1, 12)))
        piece = piece.replace("\n", " ").replace("\r", " ")
        out.append(piece)
        length += len(piece.encode())
        if rng.random() < 0.01:
            out.append("\n")
    return "".join(out)


def check_tokenizer(tmp):
    """Ids against Hugging Face tokenizers on a megabyte of mixed scripts; decode(encode(x)) = x."""
    from tokenizers import Tokenizer
    corpus = tmp / "corpus.txt"
    corpus.write_text(mixed_text(400_000, 1))
    shown = []
    for kind in ("gpt2", "marks"):
        folder = tmp / f"tok-{kind}"
        vernacular("tokenizer", "train", "--input", corpus, "--vocab-size", 3000, "--output", folder, "--pre-tokenizer", kind, "--special", "<|endoftext|>")
        theirs = Tokenizer.from_file(str(folder / "tokenizer.json"))
        raw = mixed_text(1_000_000, 2).encode() + b"\nbad \xff\xc3\x28 \xed\xa0\x80 \xf0\x9f\x98 end\n"
        (tmp / "text.txt").write_bytes(raw)
        lines = raw.decode("utf-8", errors="replace").split("\n")[:-1]
        got = vernacular("tokenizer", "encode", "--tokenizer", folder, "--input", tmp / "text.txt").stdout.split("\n")
        (tmp / "ids.txt").write_text("\n".join(got))
        wrong = sum(" ".join(map(str, theirs.encode(line).ids)) != ours for line, ours in zip(lines, got))
        back = vernacular("tokenizer", "decode", "--tokenizer", folder, "--input", tmp / "ids.txt").stdout.split("\n")
        unequal = sum(a != b for a, b in zip(lines, back))
        assert len(got) - 1 == len(lines) and wrong == 0 and unequal == 0, (len(got), len(lines), wrong, unequal)
        shown.append(f"{kind}: {len(raw)} bytes, {len(lines)} lines, 0 differ, 0 do not come back")
    return "; ".join(shown)


def check_dataset(tmp):
    """.bin/.idx against the oracle's bytes."""
    corpus = tmp / "c.txt"
    corpus.write_text(mixed_text(200_000, 5))
    folder = tmp / "tok"
    vernacular("tokenizer", "train", "--input", corpus, "--vocab-size", 2000, "--output", folder, "--special", "<|endoftext|>")
    eod = json.load(open(folder / "vocab.json"))["<|endoftext|>"]
    lines = [line for line in mixed_text(300_000, 6).split("\n") if line]
    (tmp / "d.jsonl").write_text("".join(json.dumps({"text": line}) + "\n" for line in lines) + json.dumps({"text": ""}) + "\n")
    vernacular("preprocess", f"--input={tmp}/d.jsonl", "--json-keys=text", "--tokenizer-library=megatron", "--vocab", folder / "vocab.json", "--dataset-impl", "mmap", "--tokenizer-type", "GPT2BPETokenizer",
               "--merge-file", folder / "merges.txt", "--append-eod", f"--output-prefix={tmp}/ours", "--workers", 3)
    oracle("make_indexed_dataset.py", "--prefix", tmp / "theirs", "--jsonl", tmp / "d.jsonl", "--tokenizer", folder, "--append-eod", eod)
    for suffix in (".bin", ".idx"):
        assert (tmp / f"ours_text_document{suffix}").read_bytes() == (tmp / f"theirs{suffix}").read_bytes(), suffix
    return f"{len(lines)} documents, {(tmp / 'theirs.bin').stat().st_size} + {(tmp / 'theirs.idx').stat().st_size} bytes identical"


def ids_file(path, rng, below, rows=3, length=20):
    path.write_text("\n".join(" ".join(str(rng.randrange(below)) for _ in range(length)) for _ in range(rows)) + "\n")
    return [[int(i) for i in line.split()] for line in path.read_text().splitlines()]


def scored(model, ids):
    return json.loads(vernacular("score", "--model", model, "--ids", "--text", f"x={ids}", "--json").stdout)["x"]["token_logprobs"]


def encoded(tokenizer, lines, tmp):
    (tmp / "lines.txt").write_text("\n".join(lines) + "\n")
    return [[int(i) for i in line.split()] for line in vernacular("tokenizer", "encode", "--tokenizer", tokenizer, "--input", tmp / "lines.txt").stdout.split("\n")[:-1]]


def check_huggingface(tmp):
    """transformers loads our folders, whole and in parts, with our logits and ids; we read what transformers and torch save."""
    import torch, transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_grad_enabled(False)
    variants = [[], ["--untied"], ["--erf", "--mcore"], ["--layernorm1p"], ["--dtype", "bf16", "--layernorm1p"], ["--dtype", "fp16", "--untied"], ["--dtype", "bf16", "--erf"]]
    lines = [line for line in mixed_text(60_000, 9).split("\n") if line] + ["a <|endoftext|> b"]
    worst, count, read = 0.0, 0, 0
    java = pathlib.Path(vernacular("--print-java-home").stdout.strip()) / "bin/java"

    def same(folder, nemo, name):
        vernacular("convert", folder, tmp / f"{name}.nemo", "--force")
        oracle("check_nemo.py", tmp / f"{name}.nemo", "--equal", nemo, "--quiet")

    for seed, extra in enumerate(variants, 31):
        rng = random.Random(seed)
        heads, vocab = rng.choice([1, 2, 3, 4]), rng.randint(257, 500)
        nemo, ours = tmp / f"h{seed}.nemo", tmp / f"ours{seed}"
        oracle("make_nemo_fixture.py", "--out", nemo, "--seed", seed, "--layers", rng.randint(1, 3), "--hidden", heads * rng.choice([4, 6, 16]), "--heads", heads, "--vocab", vocab, "--seq", 30, *extra)
        vernacular("convert", nemo, ours)
        (jar,) = (ROOT / "java/target").glob("vernacular-*-all.jar")
        subprocess.run([java, "-cp", jar, ROOT / "dev/oracle/ExportInShards.java", nemo, tmp / f"parts{seed}", "30000"], check=True)
        ids = ids_file(tmp / "ids.txt", rng, 257)
        want = scored(nemo, tmp / "ids.txt")
        for folder in (ours, tmp / f"parts{seed}"):
            model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True)
            assert not any(info.values()), info
            logprobs = torch.log_softmax(model(torch.tensor(ids)).logits.double(), -1)[:, :-1].gather(2, torch.tensor(ids)[:, 1:, None])[..., 0]
            worst = max(worst, (logprobs - torch.tensor(want, dtype=torch.double)).abs().max().item())
            assert (model.config.eos_token_id, model.generation_config.eos_token_id) == (vocab - 1, vocab - 1), model.config
            tokenizer = AutoTokenizer.from_pretrained(folder)
            theirs = tokenizer(lines)["input_ids"]
            assert theirs == encoded(folder, lines, tmp) and len(tokenizer) == vocab and tokenizer.eos_token_id == vocab - 1, folder
            assert [tokenizer.decode(row, clean_up_tokenization_spaces=False) for row in theirs] == lines
            count += 1
        auto = AutoModelForCausalLM.from_pretrained(ours)
        assert str(auto.dtype).endswith({"bf16": "bfloat16", "fp16": "float16"}.get(extra[1] if "--dtype" in extra else "", "float32")), auto.dtype
        if "--layernorm1p" in extra:
            continue
        same(ours, nemo, "back")
        same(tmp / f"parts{seed}", nemo, "back")
        # What others save: transformers, whole and in parts; torch, whole and in parts, with the hub's old names.
        for name, options in (("saved", {}), ("saved-parts", {"max_shard_size": "20KB"})):
            auto.save_pretrained(tmp / f"{name}{seed}", **options)
            same(tmp / f"{name}{seed}", nemo, name)
        state = {key.removeprefix("transformer."): value for key, value in auto.state_dict().items()}
        for layer in range(auto.config.n_layer):
            state[f"h.{layer}.attn.bias"] = torch.ones(1, 1, 30, 30, dtype=torch.uint8).tril()
            state[f"h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
        bins, parts = tmp / f"bin{seed}", tmp / f"bin-parts{seed}"
        for folder in (bins, parts):
            folder.mkdir()
            shutil.copy(ours / "config.json", folder)
        torch.save(state, bins / "pytorch_model.bin")
        names = {key: f"pytorch_model-0000{1 + at % 2}-of-00002.bin" for at, key in enumerate(state)}
        for part in set(names.values()):
            torch.save({key: state[key] for key in state if names[key] == part}, parts / part)
        (parts / "pytorch_model.bin.index.json").write_text(json.dumps({"metadata": {}, "weight_map": names}))
        same(bins, tmp / "saved.nemo", "bin")
        same(parts, tmp / "saved.nemo", "bin")
        assert scored(bins, tmp / "ids.txt") == want and scored(tmp / f"saved-parts{seed}", tmp / "ids.txt") == want, "scores differ"
        read += 4
    assert worst <= 1e-4, worst
    return f"{count} folders loaded by transformers, largest difference of a log-probability {worst:.1e}, {len(lines)} lines the same ids; {read} folders of transformers and torch read, scores equal"


def check_gguf(tmp):
    """The gguf package reads our files, types and 8-bit blocks as its own; we read them back, and the package's."""
    import gguf, numpy as np
    from safetensors.numpy import load_file
    variants = [["--hidden", 64], ["--hidden", 96, "--untied", "--dtype", "fp16"], ["--hidden", 32, "--layernorm1p", "--dtype", "bf16", "--mcore"], ["--hidden", 40, "--untied"]]
    count = blocks = 0
    for seed, extra in enumerate(variants, 41):
        nemo = tmp / f"g{seed}.nemo"
        oracle("make_nemo_fixture.py", "--out", nemo, "--seed", seed, "--layers", 2, "--heads", 4, "--vocab", 257 + seed, "--seq", 16, *extra)
        for dtype in (None, "fp32", "fp16", "bf16", "q8_0"):
            for trim in ([], ["--trim"]) if dtype in (None, "q8_0") else ([],):
                out = tmp / f"g{seed}-{dtype}.gguf"
                vernacular("convert", nemo, out, "--force", *(["--dtype", dtype] if dtype else []), *trim)
                oracle("gguf_check.py", out, "--nemo", nemo, *trim)
                count += 1
            if dtype is None and "--layernorm1p" not in extra:
                vernacular("convert", nemo, out, "--force")
                vernacular("convert", out, tmp / "back.nemo", "--force")
                oracle("check_nemo.py", tmp / "back.nemo", "--equal", nemo, "--quiet")
        plain = {tensor.name: tensor for tensor in gguf.GGUFReader(tmp / f"g{seed}-fp32.gguf").tensors}
        vernacular("convert", nemo, tmp / f"g{seed}-q8_0.gguf", "--force", "--dtype", "q8_0")
        small = {tensor.name: tensor for tensor in gguf.GGUFReader(tmp / f"g{seed}-q8_0.gguf").tensors}
        vernacular("convert", tmp / f"g{seed}-q8_0.gguf", tmp / f"g{seed}-hf")
        weights = load_file(tmp / f"g{seed}-hf/model.safetensors")
        for name, tensor in small.items():
            if tensor.tensor_type.name == "Q8_0":
                assert np.array_equal(gguf.quants.quantize(plain[name].data, tensor.tensor_type), tensor.data), name
                blocks += tensor.n_elements // 32
        for name, theirs in (("token_embd.weight", "wte.weight"), ("blk.1.ffn_up.weight", "h.1.mlp.c_fc.weight")):
            values = gguf.quants.dequantize(small[name].data, small[name].tensor_type)
            assert np.array_equal(values if "embd" in name else values.T, weights["transformer." + theirs]), name
        for options in ([], ["--f16"], ["--trim"]):
            oracle("gguf_check.py", tmp / "made.gguf", "--nemo", nemo, "--make", *options)
            vernacular("convert", tmp / "made.gguf", tmp / "made.nemo", "--force")
            if "--layernorm1p" not in extra and not options:
                oracle("check_nemo.py", tmp / "made.nemo", "--equal", nemo, "--quiet")
            vernacular("convert", tmp / "made.nemo", tmp / "again.gguf", "--force")
            made, again = ({tensor.name: np.array(tensor.data, np.float32) for tensor in gguf.GGUFReader(path).tensors} for path in (tmp / "made.gguf", tmp / "again.gguf"))
            assert made.keys() == again.keys() and all(np.array_equal(made[name], again[name]) for name in made), options
            count += 1
    return f"{count} files agree with the gguf package, {blocks} blocks of 8 bits byte for byte"


def check_llamacpp(tmp):
    """llama.cpp itself (npm's node-llama-cpp, LLAMA_MODULE=…/dist/index.js) loads our GGUF: the same ids and greedy tokens."""
    import unicodedata
    module = os.environ.get("LLAMA_MODULE")
    if not module or not shutil.which("node"):
        return "skipped: npm install node-llama-cpp in some folder, then set LLAMA_MODULE to its node_modules/node-llama-cpp/dist/index.js"

    def llama(model, lines=(), prompts=(), forbidden_from=0):
        (tmp / "questions.json").write_text(json.dumps({"lines": lines, "prompts": prompts, "tokens": 12, "forbidden_from": forbidden_from}))
        done = subprocess.run(["node", ORACLE / "llamacpp.mjs", model, tmp / "questions.json", tmp / "answers.json"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads((tmp / "answers.json").read_text())

    worst, agreement = 0.0, {}
    for seed, extra in enumerate(([], ["--untied", "--mcore"], ["--layernorm1p", "--dtype", "bf16"], ["--dtype", "fp16"]), 51):
        rng = random.Random(seed)
        heads, head, vocab = rng.choice([2, 4]), rng.choice([16, 24, 32]), rng.randint(257, 500)
        nemo = tmp / f"l{seed}.nemo"
        oracle("make_nemo_fixture.py", "--out", nemo, "--seed", seed, "--layers", rng.randint(1, 4), "--hidden", heads * head, "--heads", heads, "--vocab", vocab, "--seq", 48, *extra)
        prompts = ids_file(tmp / "prompts.txt", rng, 257, rows=4)
        for dtype in ("fp32", "fp16", "bf16", "q8_0"):
            for trim in ([], ["--trim"]) if dtype == "fp32" else (["--trim"],):
                out = tmp / "model.gguf"
                vernacular("convert", nemo, out, "--force", "--dtype", dtype, *trim)
                ours = json.loads(vernacular("generate", "--model", out, "--ids", tmp / "prompts.txt", "--tokens", 12, "--greedy", "--json").stdout)["results"]
                theirs = llama(out, [], prompts, vocab)["greedy"]
                for mine, other in zip(ours, theirs, strict=True):
                    length = len(mine["token_ids"])
                    agreement.setdefault(dtype, []).append(mine["token_ids"] == other["ids"][:length])
                    if dtype == "fp32":
                        assert agreement[dtype][-1], (seed, trim, mine["token_ids"], other["ids"])
                        worst = max([worst] + [abs(a - math.log(b)) for a, b in zip(mine["logprobs"], other["probabilities"])])
    assert worst <= 1e-2, worst  # llama.cpp's GELU is a table of float16

    oracle("make_nemo_fixture.py", "--out", tmp / "base.nemo", "--hidden", 64, "--vocab", 400, "--hf-out", tmp / "base")
    (tmp / "corpus.txt").write_text(mixed_text(300_000, 1))
    vernacular("tokenizer", "train", "--input", tmp / "corpus.txt", "--vocab-size", 3000, "--output", tmp / "trained")
    vernacular("tokenizer", "merge", "--base", tmp / "base", "--add", tmp / "trained", "--output", tmp / "merged", "--guard", "none")
    vernacular("expand", "--model", tmp / "base.nemo", "--tokenizer", tmp / "merged", "--output", tmp / "expanded.nemo")
    vernacular("convert", tmp / "expanded.nemo", tmp / "expanded.gguf")
    assigned = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co") and c not in (10, 13)]
    lines = [line for line in mixed_text(1_300_000, 2).split("\n") if line] + ["a <|endoftext|> b", "we'll won't I'VE  it's   ", "👩\u200d👩\u200d👧 🇹🇭 1\u00b2\u00bd", "\x00\x01\x1b[0m\x7f"]
    lines += ["".join(f"a{c}b 1{c}2 !{c}!  {c} {c}'s |" for c in assigned[at:at + 32]) for at in range(0, len(assigned), 32)]
    answers = llama(tmp / "expanded.gguf", lines)
    wrong = [line for line, mine, other in zip(lines, encoded(tmp / "merged", lines, tmp), answers["ids"], strict=True) if mine != other]
    assert not wrong, (len(wrong), wrong[:3])
    shares = ", ".join(f"{dtype} {sum(equal)} of {len(equal)}" for dtype, equal in agreement.items())
    return f"llama.cpp {answers['release']}: greedy continuations equal: {shares}; largest difference of a log-probability in fp32 {worst:.1e}; {len(lines)} lines, every character of Unicode {unicodedata.unidata_version} among them, the same ids"


def check_resume(tmp, kills=6):
    """kill -9 at random moments, then resume: the same losses, bit for bit; dropout, two sources, accumulation."""
    model = tmp / "m.nemo"
    oracle("make_nemo_fixture.py", "--out", model, "--layers", 3, "--hidden", 96, "--heads", 4, "--vocab", 400, "--seq", 64)
    rng = random.Random(8)
    for name in "ab":
        docs = ";".join(",".join(str(rng.randrange(300)) for _ in range(rng.randint(20, 200))) for _ in range(120))
        oracle("make_indexed_dataset.py", "--prefix", tmp / name, "--docs", docs, "--append-eod", 399, "--vocab-size", 400)
    blend = f"[0.7,{tmp}/a,0.3,{tmp}/b]"
    def command(name):
        return ["train", f"restore_from_path={model}", f"model.data.data_prefix={{train:{blend},validation:{blend},test:{blend}}}", "trainer.max_steps=120", "trainer.val_check_interval=10", "trainer.limit_val_batches=2",
                "trainer.precision=32", "model.micro_batch_size=2", "model.global_batch_size=6", "model.hidden_dropout=0.1", "model.attention_dropout=0.1", "model.optim.sched.warmup_steps=5", f"exp_manager.exp_dir={tmp}/runs", f"exp_manager.name={name}"]
    vernacular(*command("whole"))
    want = {line["step"]: line["loss"] for line in metrics(tmp / "runs/whole")}
    killed = 0
    for attempt in range(kills):
        process = subprocess.Popen([ROOT / "vernacular", *command("killed")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=rng.uniform(0.8, 3.5))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            killed += 1
    vernacular(*command("killed"))
    seen = {}
    for line in metrics(tmp / "runs/killed"):
        assert seen.setdefault(line["step"], line["loss"]) == line["loss"], line
    assert seen == want, [(s, want.get(s), seen.get(s)) for s in sorted(set(want) | set(seen)) if want.get(s) != seen.get(s)][:5]
    return f"{killed} kills, {len(want)} losses identical"


def check_hostile(tmp):
    """Files that are no models, tokenizers or texts: one paragraph, exit 2, nothing written, nothing run."""
    import pickle, io, tarfile, zipfile
    good = tmp / "good.nemo"
    oracle("make_nemo_fixture.py", "--out", good, "--vocab", 300, "--hf-out", tmp / "hf")
    bad = {}
    def file(name, content):
        bad[name] = tmp / name
        bad[name].write_bytes(content)
    whole = good.read_bytes()
    for share in (0.001, 0.3, 0.7, 0.9):
        file(f"cut-{share}.nemo", whole[:int(len(whole) * share)])
    file("empty.nemo", b"")
    file("text.nemo", b"This is a letter, not a model.\n" * 40)
    marker = tmp / "executed"
    class Bomb:
        def __reduce__(self):
            return os.system, (f"touch {marker}",)
    def archive(name, weights, extra=()):
        with tarfile.open(tmp / name, "w") as tar:
            for member, content in (("model_config.yaml", config), ("model_weights.ckpt", weights), *extra):
                info = tarfile.TarInfo(member)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        bad[name] = tmp / name
    with tarfile.open(good) as tar:
        config = tar.extractfile(next(m for m in tar.getnames() if m.endswith("model_config.yaml"))).read()
        weights = tar.extractfile(next(m for m in tar.getnames() if m.endswith("model_weights.ckpt"))).read()
    evil = io.BytesIO()
    with zipfile.ZipFile(evil, "w") as z:
        z.writestr("archive/data.pkl", pickle.dumps({"a": Bomb()}, protocol=2))
        z.writestr("archive/version", "3\n")
    archive("pickle.nemo", evil.getvalue())
    archive("climb.nemo", weights, [("../climbed.txt", b"out")])
    (tmp / "broken-merges").mkdir()
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(tmp / "hf" / name, tmp / "broken-merges" / name)
    with open(tmp / "broken-merges/merges.txt", "a") as f:
        f.write("only-one-part\n")
    (tmp / "broken.jsonl").write_text('{"text": "fine"}\n{"text": broken\n')
    (tmp / "beyond.txt").write_text("1 2 99999\n")
    oracle("make_indexed_dataset.py", "--prefix", tmp / "beyond", "--docs", ";".join(["1,2,40000"] * 60), "--append-eod", 299, "--vocab-size", 60000)
    data = f"{{train:[{tmp}/beyond],validation:[{tmp}/beyond],test:[{tmp}/beyond]}}"
    out = tmp / "out"
    calls = []
    for path in bad.values():
        calls += [["inspect", path], ["expand", "--model", path, "--tokenizer", tmp / "hf", "--output", out / "e.nemo"], ["generate", "--model", path, "--prompt", "x"],
                  ["train", f"restore_from_path={path}", f"model.data.data_prefix={data}", f"exp_manager.exp_dir={out}"]]
    calls += [["expand", "--model", good, "--tokenizer", tmp / "broken-merges", "--output", out / "e.nemo"], ["tokenizer", "encode", "--tokenizer", tmp / "broken-merges", "--input", tmp / "broken.jsonl"],
              ["preprocess", f"--input={tmp}/broken.jsonl", "--json-keys=text", "--tokenizer", tmp / "hf", "--append-eod", f"--output-prefix={out}/p"],
              ["score", "--model", good, "--ids", "--text", f"x={tmp}/beyond.txt"], ["generate", "--model", good, "--ids", tmp / "beyond.txt"],
              ["train", f"restore_from_path={good}", f"model.data.data_prefix={data}", f"exp_manager.exp_dir={out}", "trainer.max_steps=3", "model.optim.sched.warmup_steps=1"],
              ["train", f"restore_from_path={good}", "model.data.data_prefiks=x"], ["generate", "--model", tmp / "nowhere.nemo", "--prompt", "x"], ["train", "trainer.max_steps=many"]]
    for call in calls:
        done = vernacular(*call, status=2)
        lines = done.stderr.strip().split("\n")
        assert done.stdout == "" and "Exception" not in done.stderr and "\tat " not in done.stderr and len(lines) < 14, (call, done.stderr)
    left = [str(p) for p in out.rglob("*") if p.is_file()] if out.exists() else []
    assert not marker.exists() and not (tmp.parent / "climbed.txt").exists() and not left, left
    return f"{len(calls)} calls: exit 2 and a message each, nothing written, nothing run"


def check_expand(tmp):
    """Each way of filling rows against independent sums; `zero` bit-equal to the oracle's; the numbers of the check at step 0 from the oracle's logits."""
    import math, torch
    sys.path.insert(0, str(ORACLE))
    import bpe_reference, oracle_common
    corpus = tmp / "corpus.txt"
    corpus.write_text("ประเทศไทยมีเมืองหลวงคือกรุงเทพมหานคร ภาษาไทยเป็นภาษาราชการ\n" * 3 + "भारत की राजधानी नई दिल्ली है\n" * 3)
    oracle("bpe_reference.py", "--train", corpus, "--merges", 90, "--out", tmp / "new")
    texts = ["The quick brown fox jumps.", "Bangkok is the capital of Thailand.", "over the hill"]
    (tmp / "en.txt").write_text("\n".join(texts) + "\n")
    variants = [(300, []), (384, []), (300, ["--untied"]), (333, ["--tp", 2, "--divisor", 8, "--untied"]), (300, ["--dtype", "fp16", "--mcore"]), (310, ["--dtype", "bf16", "--untied", "--divisor", 1])]
    worst, count = 0.0, 0
    for seed, (vocab, extra) in enumerate(variants, 21):
        base = tmp / f"b{seed}.nemo"
        oracle("make_nemo_fixture.py", "--out", base, "--seed", seed, "--vocab", vocab, "--seq", 48, "--hf-out", tmp / f"hf{seed}", *extra)
        merged = tmp / f"merged{seed}"
        oracle("bpe_reference.py", "--merge-base", tmp / f"hf{seed}", "--merge-new", tmp / "new", "--out", merged)
        ids, old_merges = bpe_reference.load(tmp / f"hf{seed}")
        tokens = {i: token for token, i in bpe_reference.load(merged)[0].items()}
        char_bytes = {c: b for b, c in oracle_common.bytes_to_unicode()[0].items()}
        cfg, sd, _ = oracle_common.read_nemo(base)
        old, _, _ = oracle_common.canon(sd)
        n, o, multiple = len(tokens), old["wte"].shape[0], cfg["make_vocab_size_divisible_by"] * cfg["tensor_model_parallel_size"]
        r = -(-n // multiple) * multiple
        for init in ("zero", "subtoken", "mean", "mean-cov", "normal"):
            out = tmp / f"{seed}-{init}.nemo"
            report = json.loads(vernacular("expand", "--model", base, "--tokenizer", merged, "--output", out, "--init", init, "--text", f"en={tmp}/en.txt", "--json").stdout)
            step0 = report.pop("step0")
            assert report == {"tokenizer_size_before": vocab, "tokenizer_size_after": n, "rows_before": o, "rows_after": r, "divisor": multiple,
                              "rows_initialised": max(0, r - o) + (0 if init == "zero" else min(n, o) - vocab), "init": init, "tied": "head" not in old}, report
            if init == "zero":
                oracle("expand_nemo.py", base, "--tokenizer", merged, "--out", tmp / "oracle.nemo")
                oracle("check_nemo.py", out, "--equal", tmp / "oracle.nemo", "--expanded-from", base, "--quiet")
            elif o == vocab:
                oracle("check_nemo.py", out, "--expanded-from", base, "--new-rows", "any", "--quiet")
            new_cfg, new_sd, _ = oracle_common.read_nemo(out)
            new, _, _ = oracle_common.canon(new_sd)
            digits = {"fp16": 1e-3, "bf16": 8e-3}.get(extra[1] if extra[:1] == ["--dtype"] else "", 1e-6)
            for key, rows in new.items():
                if key not in ("wte", "head"):
                    assert torch.equal(rows, old[key]), key
                    continue
                kept = o if init == "zero" else vocab
                assert rows.shape[0] == r and torch.equal(rows[:kept], old[key][:kept]) and not rows[max(n, o):].any() and torch.equal(rows[n:o], old[key][n:]), (init, key)
                made, tokens_old = rows[kept:n].double(), old[key][:vocab].double()
                if init == "mean":
                    worst_row = (made - tokens_old.mean(0)).abs().max().item()
                elif init == "subtoken":
                    parts = [tokens_old[bpe_reference.encode(text, ids, old_merges)] for text in (bytes(char_bytes[c] for c in tokens[i]).decode("utf-8", "replace") for i in range(vocab, n)) if "\ufffd" not in text]
                    whole = [i - vocab for i in range(vocab, n) if "\ufffd" not in bytes(char_bytes[c] for c in tokens[i]).decode("utf-8", "replace")]
                    want = torch.stack([p.mean(0) for p in parts])
                    if key == "wte" and "head" in old:
                        want *= (torch.stack([p.norm(dim=1).mean() for p in parts]) / want.norm(dim=1))[:, None]
                    worst_row = (made[whole] - want).abs().max().item()
                else:
                    spread = made.std() / (tokens_old.std() if init == "mean-cov" else cfg["init_method_std"]) if init != "zero" else torch.tensor(1.0)
                    assert 0.8 < spread < 1.25, (init, key, spread)
                    worst_row = 0.0
                assert worst_row <= digits, (init, key, worst_row)
                worst = max(worst, worst_row)
            bits, mass, places = {}, 0.0, 0
            for name, (config, weights) in {"bits_per_byte_base": (cfg, sd), "bits_per_byte_expanded": (new_cfg, new_sd)}.items():
                nll = 0.0
                for text in texts:
                    row = torch.tensor([[ids["<|endoftext|>"]] + bpe_reference.encode(text, ids, old_merges)])
                    logprobs = torch.log_softmax(oracle_common.megatron_logits(weights, config, row).double(), -1)[0, :-1]
                    nll -= logprobs.gather(1, row[0, 1:, None]).sum().item()
                    if name == "bits_per_byte_expanded":
                        mass += logprobs[:, vocab:n].exp().sum().item()
                        places += logprobs.shape[0]
                bits[name] = nll / math.log(2) / sum(len(text.encode()) for text in texts)
            for name, want in dict(bits, new_token_mass=mass / places).items():
                assert abs(step0[name] - want) <= 1e-4 * want, (init, name, step0[name], want)
            assert step0["verdict"] == ("PASS" if bits["bits_per_byte_expanded"] <= 1.01 * bits["bits_per_byte_base"] else "FAIL"), step0
            count += 1
    return f"{count} expansions, largest difference of a row {worst:.1e}, zero bit-equal to the oracle, bits per byte and the new tokens' share within 1e-4"


CHECKS = {name[6:]: function for name, function in globals().items() if name.startswith("check_")}

if __name__ == "__main__":
    failed = 0
    for name in sys.argv[1:] or CHECKS:
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"acceptance-{name}-"))
        start = time.time()
        try:
            print(f"PASS {name}: {CHECKS[name](folder)} ({time.time() - start:.0f} s)", flush=True)
            shutil.rmtree(folder)
        except AssertionError as error:
            failed += 1
            print(f"FAIL {name}: {error} (files: {folder})", flush=True)
    sys.exit(1 if failed else 0)
