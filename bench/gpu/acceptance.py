"""The CUDA backend's acceptance on a host with a GPU: no internet, no Java, no compiler; PyTorch only if the host has it.

  bench/gpu/pack acceptance.tar.gz            # here: makes the archive
  tar xzf acceptance.tar.gz && cd acceptance  # there
  python3 acceptance.py --part 1 --out results; ... --part 5
  python3 acceptance.py --merge --out results # results/acceptance.json and a table

Each part takes at most nine minutes and writes results/part-N.json, also when a step of it fails: a step that fails is a
row that says so. `--backend cuda-emulated --small` runs the same script where there is no GPU, at toy sizes.

  1 parity        the kernels' tests on the GPU, compute-sanitizer on them, logits and losses beside the CPU's
  2 kernels       each kernel alone, beside a copy of the device's memory, in bf16, fp16 and fp32
  3 steps 124M    whole training steps, bf16 and fp16, beside PyTorch eager and compiled on the same batch; memory
  4 steps 1.3B    the same at the NeMo walkthrough's size, batches of 8 and of 1
  5 runs          the demo on the GPU, the same bits twice, fp16's loss scale, generation
"""
import argparse, json, os, shutil, subprocess, sys, time

here = os.path.dirname(os.path.abspath(__file__))
p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--part", type=int, choices=range(1, 6))
p.add_argument("--merge", action="store_true")
p.add_argument("--out", default="results")
p.add_argument("--backend", default="cuda")
p.add_argument("--small", action="store_true", help="toy sizes, to try the script itself")
p.add_argument("--program", default=os.path.join(here, "vernacular", "bin", "vernacular"))
p.add_argument("--tests", default=os.path.join(here, "vernacular_cuda_test"))
a = p.parse_args()
os.makedirs(a.out, exist_ok=True)
rows, started = [], time.time()
BUDGET = 530  # seconds of a part


def sh(command, limit=None, env=None):
    """Runs a command in what is left of the part's time; (status, stdout, stderr), status 124 when it ran out."""
    left = max(5, BUDGET - (time.time() - started))
    try:
        q = subprocess.run(command, capture_output=True, text=True, timeout=min(left, limit or left),
                           env=dict(os.environ, **(env or {})))
        return q.returncode, q.stdout, q.stderr
    except subprocess.TimeoutExpired as e:
        return 124, (e.stdout or b"").decode() if isinstance(e.stdout, bytes) else e.stdout or "", "ran out of time"
    except OSError as e:
        return 127, "", str(e)


def last_json(text):
    for line in reversed(text.strip().splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    return None


def row(check, holds, **figures):
    rows.append(dict(check=check, holds=holds, **figures))
    print(("ok    " if holds else "FAIL  " if holds is False else "note  ") + check, json.dumps(figures), flush=True)


def vernacular(*words, limit=None, env=None):
    started_at = time.time()
    status, out, err = sh([a.program, *words], limit, env)
    got = last_json(out)
    if status or got is None:
        row(" ".join(words[:3]), False, status=status, error=err.strip()[-600:])
        return None
    got["wall_s"] = round(time.time() - started_at, 1)
    return got


def gpu():
    status, out, _ = sh(["nvidia-smi", "--query-gpu=name,driver_version,memory.total,power.limit", "--format=csv,noheader"], 30)
    return out.strip() if status == 0 else "none"


def torch_python():
    for python in (os.environ.get("PEER_PYTHON"), "python3", sys.executable):
        if python and sh([python, "-c", "import torch; assert torch.cuda.is_available()"], 120)[0] == 0:
            return python
    return None


def parity():
    status, out, err = sh([a.tests], 240)
    row("kernels' tests", status == 0 if a.backend == "cuda" else None, tail=out.strip()[-300:] + err.strip()[-300:])
    for tool in ("memcheck", "racecheck"):
        sanitizer = shutil.which("compute-sanitizer")
        if sanitizer is None:
            row("compute-sanitizer " + tool, None, why="the host has none")
            continue
        status, out, err = sh([sanitizer, "--tool", tool, "--error-exitcode", "9", a.tests, "--small"], 120)
        row("compute-sanitizer " + tool, status == 0, tail=out.strip()[-300:])
    # The same tiny demo base on both backends: one model file, its scores must agree.
    work = os.path.join(a.out, "parity")
    shutil.rmtree(work, ignore_errors=True)
    if vernacular("demo", "--out", work, "--minutes", "0.3", "--backend", "cpu", "--json", "--force") is None:
        return
    text = os.path.join(work, "text.txt")
    with open(text, "w") as f:
        f.write("The capital of France is Paris. The currency of Japan is the yen.\n" * 20)
    scores = {}
    for backend in ("cpu", a.backend):
        scores[backend] = vernacular("score", "--model", os.path.join(work, "base.nemo"), "--text", "en=" + text, "--backend", backend, "--json")
    if all(scores.values()):
        mine, theirs = (scores[b]["en"]["bits_per_byte"] for b in ("cpu", a.backend))
        row("bits per byte of the demo's base, CPU and GPU", abs(mine - theirs) < 1e-4 * max(1, abs(mine)),
            cpu=mine, gpu=theirs)


FLOOR_SHARE = 0.75
BANDWIDTH = ("residual_layernorm_forward", "residual_layernorm_backward", "bias_activation_forward", "adamw_update", "gradient_norm")


def kernels():
    shapes = {"124m": ["--hidden", "768", "--heads", "12", "--vocab", "50304", "--batch", "32", "--seq", "1024"],
              "1.3b": ["--hidden", "2048", "--heads", "16", "--vocab", "50304", "--batch", "8", "--seq", "2048"]}
    if a.small:
        shapes = {"toy": ["--hidden", "64", "--heads", "2", "--vocab", "512", "--batch", "2", "--seq", "64"]}
    for name, shape in shapes.items():
        for precision in ("bf16", "16", "32"):
            got = vernacular("bench", "kernels", "--backend", a.backend, "--precision", precision, *shape, "--json", limit=120)
            if got is None:
                continue
            k = got["kernels"]
            copy = k["copy"]["gb_per_s"]
            row(f"kernels {name} {precision}", None, kernels=k)
            if precision == "bf16" and not a.small:
                for kernel in BANDWIDTH:
                    share = k[kernel]["gb_per_s"] / copy
                    row(f"{kernel} {name}: share of a copy's bandwidth", share >= FLOOR_SHARE, share=round(share, 3))
                row(f"attention_forward {name}", k["attention_forward"]["tflops"] >= (250 if name == "124m" else 330),
                    tflops=k["attention_forward"]["tflops"], note="operations of the lower triangle alone")
                row(f"attention_backward {name}", k["attention_backward"]["tflops"] >= 200, tflops=k["attention_backward"]["tflops"])


def steps(shape, floor, precisions, peer):
    words = sum((["--" + k, str(v)] for k, v in shape.items()), [])
    ours = None
    for precision in precisions:
        got = vernacular("bench", "train", "--backend", a.backend, "--precision", precision, *words,
                         "--steps", "10", "--warmup", "4", "--json", limit=200)
        if got is None:
            continue
        row(f"train {shape} {precision}", None if a.small else got["tokens_per_s"] >= floor, tokens_per_s=got["tokens_per_s"],
            ms_per_step=got["ms_per_step"], mfu=got["mfu"], planned_bytes=got["planned_bytes"], device_bytes=got.get("device_bytes"))
        ours = ours or got["tokens_per_s"]
    python = torch_python() if peer else None
    if peer and python is None:
        row(f"PyTorch {shape}", None, why="the host has no PyTorch that sees the GPU")
    for compiled in ([], ["--compile"]) if python else ():
        status, out, err = sh([python, os.path.join(here, "peer_train_torch.py"), "--device", "cuda", "--dtype", "bf16-autocast",
                               *words, "--steps", "10", "--warmup", "4", *compiled], 240)
        theirs = last_json(out)
        if theirs is None:
            row(f"PyTorch {shape} {compiled}", None, status=status, error=err[-300:])
        else:
            row(f"beside PyTorch {'compiled' if compiled else 'eager'} {shape}", ours is not None and ours >= theirs["tokens_per_s"],
                ours=ours, pytorch=theirs["tokens_per_s"], ratio=round((ours or 0) / theirs["tokens_per_s"], 3))


def steps_124m():
    shape = dict(layers=12, hidden=768, heads=12, vocab=50304, seq=1024, batch=32)
    steps(dict(layers=2, hidden=64, heads=2, vocab=512, seq=64, batch=2) if a.small else shape, 430e3, ("bf16", "16"), not a.small)


def steps_13b():
    if a.small:
        return row("1.3B", None, why="not at toy size")
    shape = dict(layers=24, hidden=2048, heads=16, vocab=50304, seq=2048, batch=8)
    steps(shape, 55e3, ("bf16", "16"), True)
    steps(dict(shape, batch=1), 45e3, ("bf16",), True)


TOY = ["--layers", "2", "--hidden", "64", "--heads", "2", "--vocab", "512"]


def runs():
    found = []
    for attempt in (1, 2):
        if a.small:  # the demo trains for too long for an emulator
            got = vernacular("bench", "train", "--backend", a.backend, *TOY, "--seq", "64", "--batch", "2", "--steps", "5", "--json")
        else:
            work = os.path.join(a.out, f"demo-{attempt}")
            shutil.rmtree(work, ignore_errors=True)
            got = vernacular("demo", "--backend", a.backend, "--out", work, "--minutes", "3", "--json", "--force")
        if got is None:
            return
        row(f"run {attempt} on {a.backend}", None, result=got)
        found.append({k: got[k] for k in ("languages", "step0", "facts", "loss_first", "loss_last") if k in got})
    row("the same run twice gives the same numbers", bool(found[0]) and found[0] == found[1], numbers=found)
    shape = TOY if a.small else []
    for dtype in ("32", "bf16"):
        got = vernacular("bench", "generate", "--backend", a.backend, "--precision", dtype, *shape, "--json", limit=120)
        if got is not None:
            row("generate " + dtype, None, **{k: v for k, v in got.items() if isinstance(v, (int, float, str))})


if a.merge:
    parts = {}
    for n in range(1, 6):
        path = os.path.join(a.out, f"part-{n}.json")
        if os.path.exists(path):
            with open(path) as f:
                parts[str(n)] = json.load(f)
    with open(os.path.join(a.out, "acceptance.json"), "w") as f:
        json.dump(parts, f, indent=1)
    failed = [r["check"] for part in parts.values() for r in part["rows"] if r["holds"] is False]
    print(f"{len(parts)} parts, {sum(len(q['rows']) for q in parts.values())} rows, {len(failed)} do not hold", *failed, sep="\n  ")
    sys.exit(bool(failed))
if a.part is None:
    p.error("say --part N, or --merge")
error = None
try:
    (parity, kernels, steps_124m, steps_13b, runs)[a.part - 1]()
except Exception as e:  # what was measured until here is kept
    error = repr(e)
    row("the script itself", False, error=error)
with open(os.path.join(a.out, f"part-{a.part}.json"), "w") as f:
    json.dump(dict(part=a.part, gpu=gpu(), date=time.strftime("%Y-%m-%d"), backend=a.backend, wall_s=round(time.time() - started, 1),
                   rows=rows), f, indent=1)
sys.exit(any(r["holds"] is False for r in rows))
