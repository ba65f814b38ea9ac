// Micro-kernel of AVX-512: up to 14 rows x 32 columns, 28 accumulators, 2 registers of B, 1 broadcast of A. Included
// twice, with `dot` for floats and for pairs of bf16. It reaches the processor's limit with operands in L2.

// By rows, five rows share a base register: offsets 0 .. 4 times lda need two index registers (lda, 3 lda). The empty
// asm keeps the compiler from making fourteen pointers, which spill.
template <int MR, bool BY_ROWS>
static void block(int64_t kw, const word* a, int64_t lda, const word* b, float* tile) {
  __m512 c0[MR], c1[MR];
#pragma GCC unroll 16
  for (int i = 0; i < MR; i++) c0[i] = c1[i] = _mm512_setzero_ps();
  const char *p0 = reinterpret_cast<const char*>(a), *p1 = p0 + 20 * lda, *p2 = p0 + 40 * lda;
  int64_t l1 = lda * 4, l3 = lda * 12;
  const word* const end = b + kw * panel_columns;

  const auto step = [&](int u) __attribute__((always_inline)) {
    const __m512i b0 = _mm512_load_si512(b + u * panel_columns), b1 = _mm512_load_si512(b + u * panel_columns + 16);
#pragma GCC unroll 16
    for (int i = 0; i < MR; i++) {
      const char* p = i < 5 ? p0 : i < 10 ? p1 : p2;
      const int64_t row = i % 5 == 0 ? 0 : i % 5 == 1 ? l1 : i % 5 == 2 ? 2 * l1 : i % 5 == 3 ? l3 : 4 * l1;
      const char* q = BY_ROWS ? p + row + 4 * u : p0 + 4 * i + u * l1;
      int value;
      memcpy(&value, q, 4);
      const __m512i broadcast = _mm512_set1_epi32(value);
      c0[i] = dot(c0[i], broadcast, b0);
      c1[i] = dot(c1[i], broadcast, b1);
    }
  };
  const auto fetch = [&](int u) __attribute__((always_inline)) {
    _mm_prefetch(reinterpret_cast<const char*>(b + u * panel_columns), _MM_HINT_T0);
    _mm_prefetch(reinterpret_cast<const char*>(b + u * panel_columns + 16), _MM_HINT_T0);
  };
  const auto advance = [&](int words) __attribute__((always_inline)) {
    p0 += BY_ROWS ? words * 4 : words * l1;
    if (BY_ROWS) p1 += words * 4, p2 += words * 4;
    b += words * panel_columns;
    __asm__ volatile("" : "+r"(p0), "+r"(p1), "+r"(p2), "+r"(l1), "+r"(l3));
  };
  while (b + 4 * panel_columns <= end) {
    fetch(12);
    fetch(13);
    step(0);
    step(1);
    fetch(14);
    fetch(15);
    step(2);
    step(3);
    advance(4);
  }
  while (b < end) {
    step(0);
    advance(1);
  }
#pragma GCC unroll 16
  for (int i = 0; i < MR; i++) {
    _mm512_store_ps(tile + i * panel_columns, c0[i]);
    _mm512_store_ps(tile + i * panel_columns + 16, c1[i]);
  }
}

template <bool BY_ROWS>
static void micro(int rows, int64_t kw, const word* a, int64_t lda, const word* b, float* tile) {
  switch (rows) {
    case 14: return block<14, BY_ROWS>(kw, a, lda, b, tile);
    case 13: return block<13, BY_ROWS>(kw, a, lda, b, tile);
    case 12: return block<12, BY_ROWS>(kw, a, lda, b, tile);
    case 11: return block<11, BY_ROWS>(kw, a, lda, b, tile);
    case 10: return block<10, BY_ROWS>(kw, a, lda, b, tile);
    case 9: return block<9, BY_ROWS>(kw, a, lda, b, tile);
    case 8: return block<8, BY_ROWS>(kw, a, lda, b, tile);
    case 7: return block<7, BY_ROWS>(kw, a, lda, b, tile);
    case 6: return block<6, BY_ROWS>(kw, a, lda, b, tile);
    case 5: return block<5, BY_ROWS>(kw, a, lda, b, tile);
    case 4: return block<4, BY_ROWS>(kw, a, lda, b, tile);
    case 3: return block<3, BY_ROWS>(kw, a, lda, b, tile);
    case 2: return block<2, BY_ROWS>(kw, a, lda, b, tile);
    default: return block<1, BY_ROWS>(kw, a, lda, b, tile);
  }
}
