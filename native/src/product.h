// Whole matrix products on all threads, from blocks (gemm.h).
//
//   RowsProduct  C[M, N] = A[M, K] B[K, N]        A by rows: an activation or a gradient;  B a weight matrix
//   DownProduct  C[N, K] (+)= Y[M, N]^T X[M, K]   both activations, the reduction runs down their rows
//
// Each goes in two jobs of the pool: all threads pack B (or X) into shared scratch, then take tiles of C. Weights are
// packed, and rounded in bf16, at every use: 1-3 % of the time at 1,024 rows, and no second copy to store or refresh.
// Reductions are cut into blocks of about 1,024 words whose sums are added in order, B into chunks that stay in L3.
// Tiles, blocks and chunks depend on shapes and the instruction set alone.
#pragma once
#include "gemm.h"

namespace vn {

constexpr int64_t block_words = 1024;            // of a reduction: 112 rows of A and a panel of B stay in L2
constexpr int64_t tile_rows_most = 112;          // of C
constexpr int64_t tile_panels_most = 8;          // of C: 256 columns
constexpr int64_t chunk_words = int64_t(4) << 20;  // of B packed at a time: 16 MiB
constexpr int64_t tiles_wanted = 16;             // smaller tiles rather than fewer

// Scratch of a product. Per thread: a block of A (rows with 16 words between, against equal L1 sets, or k-major),
// sums over blocks of the reduction, and rows of a compute copy widened to floats.
struct ProductScratch {
  static constexpr int64_t a_words = tile_rows_most * (block_words + 16);
  static constexpr int64_t sum_floats = tile_rows_most * tile_panels_most * panel_columns;
  static constexpr int64_t wide_floats = panel_columns * 2 * block_words;

  word* packed;
  word* a;
  float* sums;
  float* wide;

  ProductScratch(Scratch& scratch, int threads, int64_t packed_words)
      : packed(scratch.take<word>(packed_words)),
        a(scratch.take<word>(threads * a_words)),
        sums(scratch.take<float>(threads * sum_floats)),
        wide(scratch.take<float>(threads * wide_floats)) {}

  // Words of B packed at a time, n columns over a reduction of k elements (in floats: pairs take less); also enough
  // for three rows of A as floats.
  static int64_t packed_words(int64_t n, int64_t k) {
    const int64_t kw = k + (k / block_words + 2) * 2 * panel_columns;  // blocks are rounded up
    return std::min(round_up(n, panel_columns) * kw, std::max(chunk_words, panel_columns * kw));
  }
  // For DownProduct: a block of n columns of X.
  static int64_t packed_words_down(int64_t n) {
    return std::min(round_up(n, panel_columns) * block_words, chunk_words);
  }
};

// A reduction of k elements in `count` blocks of `block` elements, the last one shorter.
struct Blocks {
  int64_t k, count, block;
  Blocks(const Gemm& gemm, int64_t k) : k(k), count(std::max<int64_t>(1, ceil_div(gemm.words(k), block_words))) {
    block = std::max(2 * panel_columns, round_up(ceil_div(k, count), 2 * panel_columns));
    count = std::max<int64_t>(1, ceil_div(k, block));
  }
  int64_t first(int64_t i) const { return i * block; }
  int64_t size(int64_t i) const { return std::min(block, k - i * block); }
};

// C[m, panels * 32] in tiles of at most `rows` rows and `panels` panels, halved until there are enough.
struct Tiling {
  struct Limits {
    int64_t rows, least_rows, panels;
    bool rows_first;  // halve rows before panels
  };
  int64_t m, panels, row_tiles, column_tiles;
  Tiling(int64_t m, int64_t panels, Limits limits)
      : m(m), panels(panels), row_tiles(ceil_div(m, limits.rows)), column_tiles(ceil_div(panels, limits.panels)) {
    const auto halve_rows = [&] {
      while (count() < tiles_wanted && m >= 2 * row_tiles * limits.least_rows) row_tiles *= 2;
    };
    if (limits.rows_first) halve_rows();
    while (count() < tiles_wanted && panels >= 4 * column_tiles) column_tiles *= 2;
    halve_rows();
  }
  int64_t count() const { return row_tiles * column_tiles; }
  // Tile i: rows [row(i), row_end(i)), panels [panel(i), panel_end(i)). Neighbours share their rows.
  int64_t row(int64_t i) const { return m * (i / column_tiles) / row_tiles; }
  int64_t row_end(int64_t i) const { return m * (i / column_tiles + 1) / row_tiles; }
  int64_t panel(int64_t i) const { return panels * (i % column_tiles) / column_tiles; }
  int64_t panel_end(int64_t i) const { return panels * (i % column_tiles + 1) / column_tiles; }
};

// A weight matrix [rows, cols]: its float32 master, or its compute copy.
struct Weights {
  const float* master;
  const void* copy;
  int64_t rows, cols;
  int32_t copy_dtype;
};

// Rows of A up to which weights are not packed but streamed, one dot product a row and column.
constexpr int64_t streamed_rows = 3;

// C[M, N] = A B with B = W^T (transposed, W [N, K]) or B = W (W [K, N], master only).
struct RowsProduct {
  const Gemm* gemm;
  int32_t dtype;  // of A, the gemm's
  const void* a;
  int64_t lda;  // elements of the storage type
  Weights b;
  bool transposed;
  int64_t M, N, K;
};

// Called once for every finished block: tile[rows][32] holds C[i0 .. i0+rows-1, j0 .. j0+n-1].
struct Finish {
  void (*call)(const void* arguments, int64_t i0, int rows, int64_t j0, int64_t n, const float* tile);
  const void* arguments;
};

void multiply(vn_context* ctx, const RowsProduct& product, const ProductScratch& scratch, const Finish& finish);
// The same for B = W^T and at most streamed_rows rows; multiply calls it.
void multiply_streamed(vn_context* ctx, const RowsProduct& product, const ProductScratch& scratch,
                       const Finish& finish);

struct DownProduct {
  const Gemm* gemm;
  int32_t dtype;  // of Y and X, the gemm's
  const void* y;
  int64_t ldy;  // elements of the storage type
  const void* x;
  int64_t ldx;
  int64_t M, N, K;
  float* c;     // [N, K]
  float* sums;  // [N]: column sums of Y, or null
  bool accumulate;
};

void multiply_down(vn_context* ctx, const DownProduct& product, const ProductScratch& scratch);

// out[n] (+)= column sums of x [rows, n], rows in order.
void sum_columns(vn_context* ctx, float* out, const void* x, int64_t rows, int64_t n, bool add, int32_t dtype);

}  // namespace vn
