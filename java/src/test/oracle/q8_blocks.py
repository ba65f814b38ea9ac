"""Print blocks of 32 float32 numbers and what the gguf package makes of them in Q8_0, both in hex, a block a line."""
import gguf
import numpy as np

rng = np.random.default_rng(7)
halves = np.zeros(32, np.float32)
halves[:8] = [127, 0.5, -0.5, 1.5, -2.5, 126.5, -126.5, 0.49999997]
blocks = [rng.normal(size=32), rng.normal(size=32) * 0.02, rng.normal(size=32) * 1e-8, rng.normal(size=32) * 1e6,
          rng.standard_cauchy(size=32), halves, np.zeros(32)]
for block in blocks:
    block = block.astype("<f4")
    print(block.tobytes().hex(), gguf.quants.quantize(block, gguf.GGMLQuantizationType.Q8_0).tobytes().hex())
