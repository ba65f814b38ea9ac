"""Runs the program's commands against the Python oracles: python dev/acceptance.py [CHECK …]

Needs a Python with java/src/test/oracle/requirements.txt. Prints a line for each check with the worst figure seen; exit 1 if one fails.
Everything goes through ./vernacular as a user would call it; VERNACULAR_BACKEND chooses the backend.
"""
import json, os, pathlib, random, re, shutil, signal, subprocess, sys, tempfile, time

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
                with tarfile.open(place(name, kind)) as archive:
                    for member in archive:
                        if member.name.endswith("model_weights.ckpt"):
                            torch.load(io.BytesIO(archive.extractfile(member).read()), weights_only=True)
                oracle("check_nemo.py", place(name, kind), "--equal", start, "--quiet")
        # All pairs, dealt out over the models.
        for kind, other in [(a, b) for a in targets for b in targets][seed - 31::len(variants)]:
            target = place(f"{name}/from-{kind}", other)
            vernacular("convert", place(name, kind), target, *targets[other])
            assert equal(tensors(target, other), theirs if other == "hf" else wanted), (extra, kind, other)
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
