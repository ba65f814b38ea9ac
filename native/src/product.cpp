// Drivers of the matrix products (product.h).
#include "product.h"

#include <cstring>

#include "compute_copy.h"
#include "vector.h"

#define VN_LOOPS "product.inl"
#include "each_isa.h"

namespace vn {
namespace {

// Results this large go past the caches: they are written once and not read soon (90 -> 95 % of the limit).
constexpr int64_t streamed_result_bytes = 2 << 20;
constexpr int64_t pack_task_words = 32 << 10;  // of a packing task: a few microseconds

const void* element(const void* base, int64_t index, int64_t bytes) {
  return static_cast<const char*>(base) + index * bytes;
}

// Columns [j0, j0 + n) of B over elements [k0, k0 + k) of the reduction, as panels.
void pack_weights(Level level, const RowsProduct& p, word* panels, float* wide, int64_t j0, int64_t n, int64_t k0,
                  int64_t k) {
  const Weights& w = p.b;
  if (!p.transposed) return p.gemm->straight_f32(panels, w.master + k0 * w.cols + j0, w.cols, n, k);
  if (!w.copy) return p.gemm->transposed_f32(panels, w.master + j0 * w.cols + k0, w.cols, n, k);
  const int64_t kw = p.gemm->words(k);
  for (int64_t j = 0; j < n; j += panel_columns, panels += panel_columns * kw) {
    const int64_t rows = std::min(panel_columns, n - j);
    for (int64_t i = 0; i < rows; i++) {
      read_copy(level, wide + i * k, w.copy, w.rows, w.cols, j0 + j + i, k0, k, w.copy_dtype);
    }
    p.gemm->transposed_f32(panels, wide, k, rows, k);
  }
}

// One chunk of columns of B: `panels` of them from column j0, packed block of the reduction after block.
struct Chunk {
  int64_t j0, n, panels;
  word* packed;
  word* at(const Gemm& gemm, const Blocks& blocks, int64_t block, int64_t panel) const {
    const int64_t before = gemm.words(blocks.block) * block * panels;
    return packed + (before + panel * gemm.words(blocks.size(block))) * panel_columns;
  }
};

void pack_chunk(vn_context* ctx, const RowsProduct& p, const ProductScratch& scratch, const Blocks& blocks,
                const Chunk& chunk) {
  const int64_t panel_words = p.gemm->words(blocks.block) * panel_columns;
  const int64_t group = std::max<int64_t>(p.transposed ? 1 : 4, pack_task_words / panel_words);
  const int64_t groups = ceil_div(chunk.panels, group);
  ctx->pool.run(blocks.count * groups, [&](int64_t task, int thread) {
    const int64_t block = task / groups, panel = task % groups * group, j = panel * panel_columns;
    pack_weights(ctx->level, p, chunk.at(*p.gemm, blocks, block, panel), scratch.wide + thread * scratch.wide_floats,
                 chunk.j0 + j, std::min(chunk.n - j, group * panel_columns), blocks.first(block), blocks.size(block));
  });
}

// Adds the blocks of the reduction up in `sums` and hands out the last one's tiles with the whole sum.
struct Summing {
  const Finish& finish;
  float* sums;
  int64_t i0, j0, n;  // of this tile of C
  bool first, last;
  void operator()(int64_t i, int rows, int64_t j, float* tile) const {
    const auto sum = [&](float* to, const float* from) {
      for (int64_t e = 0; e < rows * panel_columns; e++) to[e] += from[e];
    };
    float* partial = sums + (j / panel_columns * tile_rows_most + i) * panel_columns;
    if (last) {
      if (!first) sum(tile, partial);
      finish.call(finish.arguments, i0 + i, rows, j0 + j, std::min(n - j, panel_columns), tile);
    } else if (first) {
      memcpy(partial, tile, size_t(rows * panel_columns) * sizeof(float));
    } else {
      sum(partial, tile);
    }
  }
};

void multiply_tile(const RowsProduct& p, const ProductScratch& scratch, const Blocks& blocks, const Chunk& chunk,
                   const Tiling& tiling, int64_t tile, int thread, const Finish& finish) {
  const Gemm& gemm = *p.gemm;
  const int64_t i0 = tiling.row(tile), rows = tiling.row_end(tile) - i0;
  const int64_t panel = tiling.panel(tile), panels = tiling.panel_end(tile) - panel;
  const int64_t j = panel * panel_columns;
  for (int64_t block = 0; block < blocks.count; block++) {
    const int64_t k0 = blocks.first(block), k = blocks.size(block), kw = gemm.words(k);
    const void* source = element(p.a, i0 * p.lda + k0, gemm.element_bytes);
    const word* a = static_cast<const word*>(source);
    int64_t lda = gemm.pairs ? p.lda / 2 : p.lda;
    if (!gemm.reads_in_place(p.lda, k)) {
      word* copy = scratch.a + thread * scratch.a_words;
      a = copy;
      lda = kw + 16;
      gemm.copy_rows(copy, lda, source, p.lda, rows, k);
    }
    multiply_by_rows(gemm, rows, panels, kw, a, lda, chunk.at(gemm, blocks, block, panel),
                     Summing{finish, scratch.sums + thread * scratch.sum_floats, i0, chunk.j0 + j, chunk.n - j,
                             block == 0, block + 1 == blocks.count});
  }
}

using ColumnSums = void (*)(float* sums, const void* source, int64_t ld, int64_t rows, int64_t n, bool add);

ColumnSums column_sums_of(Level level, int32_t dtype) {
  switch (dtype) {
    case VN_BF16: return VN_PICK(level, column_sums<bf16>);
    case VN_F16: return VN_PICK(level, column_sums<f16>);
    default: return VN_PICK(level, column_sums<float>);
  }
}

// A block of the reduction of a DownProduct with a chunk of X's columns: rows [r0, r0 + r), columns [k0, k0 + k).
struct Slab {
  int64_t r0, r, kw, k0, k, panels;
  bool add;
};

void pack_slab(vn_context* ctx, const DownProduct& p, const Slab& slab, word* packed) {
  const Gemm& gemm = *p.gemm;
  const int64_t group = std::max<int64_t>(4, pack_task_words / (std::max<int64_t>(1, slab.kw) * panel_columns));
  ctx->pool.run(ceil_div(slab.panels, group), [&](int64_t task, int) {
    const int64_t j = task * group * panel_columns, n = std::min(group * panel_columns, slab.k - j);
    const void* x = element(p.x, slab.r0 * p.ldx + slab.k0 + j, gemm.element_bytes);
    gemm.straight(packed + j * slab.kw, x, p.ldx, n, slab.r);
  });
}

// Packs Y's columns of this tile k-major and multiplies them with the tile's panels of X.
void multiply_slab_tile(vn_context* ctx, const DownProduct& p, const Slab& slab, const ProductScratch& scratch,
                        const Tiling& tiling, int64_t tile, int thread) {
  const Gemm& gemm = *p.gemm;
  const int64_t n0 = tiling.row(tile) * k_major_rows, n = std::min(p.N, tiling.row_end(tile) * k_major_rows) - n0;
  const int64_t panel = tiling.panel(tile), panels = tiling.panel_end(tile) - panel, j0 = panel * panel_columns;
  const void* source = element(p.y, slab.r0 * p.ldy + n0, gemm.element_bytes);
  word* y = scratch.a + thread * scratch.a_words;
  gemm.straight_k_major(y, source, p.ldy, n, slab.r);
  const auto put = VN_PICK(ctx->level, store_tile);
  const bool past_caches = p.N * p.K * int64_t(sizeof(float)) >= streamed_result_bytes;
  float* c = p.c + n0 * p.K + slab.k0 + j0;
  multiply_k_major(gemm, n, panels, slab.kw, y, scratch.packed + j0 * slab.kw,
                   [&](int64_t i, int rows, int64_t j, const float* sums) {
                     put(c + i * p.K + j, p.K, rows, std::min(slab.k - j0 - j, panel_columns), sums, slab.add,
                         past_caches);
                   });
  if (p.sums && slab.k0 == 0 && panel == 0) {
    column_sums_of(ctx->level, p.dtype)(p.sums + n0, source, p.ldy, slab.r, n, slab.add);
  }
}

}  // namespace

void multiply(vn_context* ctx, const RowsProduct& p, const ProductScratch& scratch, const Finish& finish) {
  if (p.transposed && p.M <= streamed_rows) return multiply_streamed(ctx, p, scratch, finish);
  const Blocks blocks(*p.gemm, p.K);
  const int64_t kw = p.gemm->words(blocks.block) * blocks.count, all_panels = ceil_div(p.N, panel_columns);
  const int64_t most = std::max<int64_t>(1, chunk_words / (kw * panel_columns));
  const int64_t chunks = ceil_div(all_panels, most), per_chunk = ceil_div(all_panels, chunks);
  for (int64_t first = 0; first < all_panels; first += per_chunk) {
    const int64_t j0 = first * panel_columns, panels = std::min(per_chunk, all_panels - first);
    const Chunk chunk{j0, std::min(p.N - j0, panels * panel_columns), panels, scratch.packed};
    pack_chunk(ctx, p, scratch, blocks, chunk);
    const Tiling tiling(p.M, panels, {tile_rows_most, 28, tile_panels_most, false});
    ctx->pool.run(tiling.count(), [&](int64_t tile, int thread) {
      multiply_tile(p, scratch, blocks, chunk, tiling, tile, thread, finish);
    });
  }
}

void multiply_down(vn_context* ctx, const DownProduct& p, const ProductScratch& scratch) {
  const Blocks blocks(*p.gemm, p.M);
  const int64_t all_panels = ceil_div(p.K, panel_columns), most = chunk_words / (block_words * panel_columns);
  const int64_t per_chunk = ceil_div(all_panels, ceil_div(all_panels, most));
  for (int64_t block = 0; block < blocks.count; block++) {
    const int64_t r = blocks.size(block);
    for (int64_t first = 0; first < all_panels; first += per_chunk) {
      const int64_t panels = std::min(per_chunk, all_panels - first), k0 = first * panel_columns;
      const int64_t k = std::min(p.K - k0, panels * panel_columns);
      const Slab slab{blocks.first(block), r, p.gemm->words(r), k0, k, panels, p.accumulate || block > 0};
      pack_slab(ctx, p, slab, scratch.packed);
      const Tiling tiling(ceil_div(p.N, k_major_rows), panels, {8, 2, 24, true});
      ctx->pool.run(tiling.count(), [&](int64_t tile, int thread) {
        multiply_slab_tile(ctx, p, slab, scratch, tiling, tile, thread);
      });
    }
  }
}

void sum_columns(vn_context* ctx, float* out, const void* x, int64_t rows, int64_t n, bool add, int32_t dtype) {
  constexpr int64_t task_columns = 64;
  const ColumnSums sums = column_sums_of(ctx->level, dtype);
  ctx->pool.run(ceil_div(n, task_columns), [&](int64_t task, int) {
    const int64_t j = task * task_columns;
    sums(out + j, element(x, j, storage_bytes(dtype)), n, rows, std::min(task_columns, n - j), add);
  });
}

}  // namespace vn
