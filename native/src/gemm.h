// Blocks of matrix products, on 32-bit words. A word is one float, or a pair of bf16 neighbours along the reduction
// (only where the processor multiplies such pairs; else bf16, like f16, is widened to floats while it is packed).
//
//   tile[rows][32] = A[rows, k] B[k, 32]
//
// B panel   [k words][32 columns], 64-byte aligned: one layout for AVX2 (2 x 16), AVX-512 (2 zmm), vdpbf16ps and AMX.
// A by rows [rows][lda words]: broadcast straight from an activation where its type and stride allow, else copied.
// A k-major [k words][12 rows]: for products whose reduction runs down the rows of A (dweight; attention's dk, dv).
//
// The micro-kernel leaves its block in a tile of floats in L1 and the caller's epilogue reads it there: one
// micro-kernel per instruction set, as many epilogues as wanted. The drivers over whole matrices are in product.h.
#pragma once
#include <algorithm>

#include "context.h"

namespace vn {

using word = uint32_t;

constexpr int64_t panel_columns = 32;
constexpr int64_t k_major_rows = 12;     // divides 768, 2304, 3072, 50304
constexpr int64_t most_block_rows = 32;  // of any instruction set: tiles are [32][32] floats

// tile[rows][32] over kw words. By rows: A[i * lda + k]; k-major: A[k * lda + i].
using MicroKernel = void (*)(int rows, int64_t kw, const word* a, int64_t lda, const word* b, float* tile);

// Packs a matrix [.., ld] into panels of [words(k)][width] words, one behind the other; positions past n and past k
// (the second half of a last pair) are zero.
//   transposed: column j of a panel is row j of src; the reduction runs along its rows (k elements)
//   straight:   column j is column j of src; the reduction runs down its rows (k of them)
using Pack = void (*)(word* panels, const void* src, int64_t ld, int64_t n, int64_t k);
// Rows of k elements as words of A, row stride ldd words.
using CopyRows = void (*)(word* dst, int64_t ldd, const void* src, int64_t ld, int64_t rows, int64_t k);

// What products of one storage type use on one instruction set.
struct Gemm {
  bool pairs = false;
  int element_bytes = 4;      // of the storage type
  int block_rows;             // most rows of a block by rows
  MicroKernel by_rows;
  MicroKernel k_major;        // at most k_major_rows rows
  Pack transposed_f32;        // width 32, from float32 (rounded to bf16 where words are pairs)
  Pack straight_f32;          // width 32, from float32
  Pack transposed;            // width 32, from the storage type
  Pack straight;              // width 32, from the storage type
  Pack straight_k_major;      // width 12, from the storage type
  Pack straight_k_major_f32;  // width 12, from float32
  CopyRows copy_rows;         // from the storage type
  CopyRows copy_rows_f32;     // from float32

  int64_t words(int64_t k) const { return pairs ? (k + 1) / 2 : k; }

  // A row stride that is a multiple of 2 KiB puts a block's rows into two L1 sets of 8 ways (92 % becomes 70 %), and an
  // odd number of pairs would read into the next row: then the block must be copied.
  bool reads_in_place(int64_t lda, int64_t k) const {
    const bool same_type = element_bytes == (pairs ? 2 : 4);
    return same_type && lda * element_bytes % 2048 != 0 && !(pairs && (lda % 2 || k % 2));
  }
};

// dtype: VN_F32, VN_BF16 or VN_F16.
const Gemm& gemm_for(Isa isa, int32_t dtype);

// Splits m rows into blocks of at most `most` that differ by one at most: no thin last block.
struct RowBlocks {
  int64_t m, count;
  RowBlocks(int64_t m, int64_t most) : m(m), count(ceil_div(m, most)) {}
  int64_t at(int64_t i) const { return m * i / count; }
};

// Rows [0, m) by panels [0, panels) of B over kw words; epilogue(i0, rows, j0, tile) once per block, j0 in columns.
template <class Epilogue>
void multiply_by_rows(const Gemm& gemm, int64_t m, int64_t panels, int64_t kw, const word* a, int64_t lda,
                      const word* b, const Epilogue& epilogue) {
  alignas(64) float tile[most_block_rows * panel_columns];
  const RowBlocks blocks(m, gemm.block_rows);
  for (int64_t j = 0; j < panels; j++) {
    for (int64_t i = 0; i < blocks.count; i++) {
      const int64_t i0 = blocks.at(i), rows = blocks.at(i + 1) - i0;
      gemm.by_rows(int(rows), kw, a + i0 * lda, lda, b + j * kw * panel_columns, tile);
      epilogue(i0, int(rows), j * panel_columns, tile);
    }
  }
}

// The same with A k-major, packed in panels of 12 rows.
template <class Epilogue>
void multiply_k_major(const Gemm& gemm, int64_t m, int64_t panels, int64_t kw, const word* a, const word* b,
                      const Epilogue& epilogue) {
  alignas(64) float tile[most_block_rows * panel_columns];
  for (int64_t j = 0; j < panels; j++) {
    for (int64_t i0 = 0; i0 < m; i0 += k_major_rows) {
      const int rows = int(std::min(m - i0, k_major_rows));
      gemm.k_major(rows, kw, a + i0 * kw, k_major_rows, b + j * kw * panel_columns, tile);
      epilogue(i0, rows, j * panel_columns, tile);
    }
  }
}

}  // namespace vn
