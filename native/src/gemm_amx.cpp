// AMX micro-kernel on the same B panels. Compiled, but no machine at hand could run it: the native test covers it
// where there is one, and VERNACULAR_ISA=avx512bf16 avoids it.
//
// A block of 32 x 32: tiles 0-3 are sums, 4-5 are A (16 rows x 16 words, straight from the activation's rows), 6-7 are
// B (16 words x 16 columns of pairs: half a panel, row stride 128 bytes). Four products for four loads. A k-major has
// no rows for a tile to load: those products stay with vdpbf16ps.
#include <immintrin.h>

#include "gemm_parts.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,amx-tile,amx-bf16")

namespace vn {
namespace {

constexpr int64_t tile_words = 16, tile_rows = 16;

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

void configure(int rows, int words) {
  const auto low = uint8_t(std::min(rows, int(tile_rows))), high = uint8_t(rows > tile_rows ? rows - tile_rows : low);
  TileConfig config;
  for (int t : {0, 1, 4}) config.rows[t] = low;
  for (int t : {2, 3, 5}) config.rows[t] = high;  // unused with at most 16 rows, but no tile may have zero
  for (int t : {6, 7}) config.rows[t] = uint8_t(words);
  for (int t = 0; t < 8; t++) config.row_bytes[t] = uint16_t(t == 4 || t == 5 ? words * 4 : 64);
  __asm__ volatile("" : : "r"(&config) : "memory");  // g++ 12 takes _tile_loadconfig to read 8 bytes only
  _tile_loadconfig(&config);
}

void product(int rows, int64_t kw, int words, const word* a, int64_t lda, const word* b, float* tile) {
  constexpr int64_t stride = panel_columns * 4;
  const bool two = rows > tile_rows;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (int64_t k = 0; k < kw; k += words, a += words, b += words * panel_columns) {
    _tile_loadd(4, a, lda * 4);
    _tile_loadd(6, b, stride);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, b + 16, stride);
    _tile_dpbf16ps(1, 4, 7);
    if (two) {
      _tile_loadd(5, a + tile_rows * lda, lda * 4);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  _tile_stored(0, tile, stride);
  _tile_stored(1, tile + 16, stride);
  if (two) {
    _tile_stored(2, tile + tile_rows * panel_columns, stride);
    _tile_stored(3, tile + tile_rows * panel_columns + 16, stride);
  }
}

// Loading a configuration clears the tiles, so a ragged end of the reduction is a second pass, added in memory.
void amx_micro(int rows, int64_t kw, const word* a, int64_t lda, const word* b, float* tile) {
  const int64_t whole = kw / tile_words * tile_words;
  const int rest = int(kw - whole);
  if (whole > 0) {
    configure(rows, tile_words);
    product(rows, whole, tile_words, a, lda, b, tile);
  }
  if (rest > 0) {
    alignas(64) float end[most_block_rows * panel_columns];
    configure(rows, rest);
    product(rows, rest, rest, a + whole, lda, b + whole * panel_columns, whole > 0 ? end : tile);
    for (int64_t i = 0; whole > 0 && i < rows * panel_columns; i++) tile[i] += end[i];
  }
  _tile_release();
}

}  // namespace

MicroKernels amx_micro_kernels() { return {amx_micro, avx512bf16_micro_kernels().k_major, int(most_block_rows)}; }

}  // namespace vn

#pragma GCC pop_options
