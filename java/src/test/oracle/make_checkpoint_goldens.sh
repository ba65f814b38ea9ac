#!/bin/sh
# Writes the golden checkpoints of the tests: make_checkpoint_goldens.sh FOLDER (a Python with requirements.txt as $PYTHON).
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd); out=$1; python=${PYTHON:-python3}
make() { name=$1; shift; "$python" "$here/make_nemo_fixture.py" --out "$out/$name.nemo" --layers 2 --hidden 6 --heads 2 --ffn 10 --vocab 259 --divisor 4 --seq 5 "$@"; }
make legacy --hf-out "$out/hf" --ckpt-out "$out/lightning"
make mcore --mcore
make gzip-old-config --gzip --old-config --seed 3
make bf16-erf --dtype bf16 --erf
make fp16-mcore --dtype fp16 --mcore
make untied --untied
make layernorm1p --layernorm1p
make tp2 --tp 2
make tp2-pp2 --tp 2 --pp 2
make pp2-mcore --pp 2 --mcore
make pp2-untied --pp 2 --untied
for version in 0 1 3; do "$python" "$here/make_megatron_lm.py" "$out/legacy.nemo" --out "$out/megatron-lm-$version.pt" --checkpoint-version $version; done
rm -f "$out/hf/generation_config.json" "$out/hf/tokenizer_config.json" "$out/lightning/tokenizer/tokenizer_config.json"
mv "$out"/lightning/checkpoints/*.ckpt "$out/lightning/checkpoints/step=3-last.ckpt"
"$python" "$here/tensor_sums.py" "$out"/*.nemo > "$out/sums.txt"
"$python" "$here/gguf_check.py" "$out/legacy.gguf" --nemo "$out/legacy.nemo" --make
"$python" "$here/q8_blocks.py" > "$out/q8_0.txt"
