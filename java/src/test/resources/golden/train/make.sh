#!/bin/sh
# Makes the golden files of this folder. Usage: ORACLE=folder-of-the-oracle-scripts PYTHON=python ./make.sh
set -e
export OMP_NUM_THREADS=1
SHAPE="--layers 2 --hidden 12 --heads 3 --vocab 261 --divisor 16 --seq 13"
$PYTHON $ORACLE/make_nemo_fixture.py --out tied.nemo $SHAPE --seed 3 --ckpt-out lightning
$PYTHON $ORACLE/make_nemo_fixture.py --out untied.nemo $SHAPE --seed 4 --untied --erf
$PYTHON - <<PY
import json, random
random.seed(5)
with open("ids.jsonl", "w") as f:
    for _ in range(30):
        f.write(json.dumps([random.randrange(260) for _ in range(random.randrange(1, 40))]) + "\n")
PY
$PYTHON $ORACLE/make_indexed_dataset.py --prefix corpus --ids-jsonl ids.jsonl --vocab-size 261 --append-eod 260
$PYTHON $ORACLE/read_indexed_dataset.py corpus --num-samples 80 --seq-length 13 --seed 1234 > samples.json
for MODEL in tied untied; do
  $PYTHON $ORACLE/train_reference.py --nemo $MODEL.nemo --samples samples.json --steps 20 --seq 13 --micro-batch 2 \
    --global-batch 4 --lr 2e-3 --min-lr 2e-4 --warmup 5 --clip 0.5 > $MODEL.json
done
rm ids.jsonl samples.json
