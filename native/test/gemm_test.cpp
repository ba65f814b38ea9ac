// Packs and micro-kernels of each instruction set of this machine against plain loops. Operands are small integers:
// every order of summation gives the same floats, so results must agree exactly.
#include "gemm.h"

#include "check.h"

using namespace vn;

namespace {

check::Random random_numbers;

template <class T>
std::vector<T> integers(int64_t n) {
  std::vector<T> values;
  for (int64_t i = 0; i < n; i++) values.push_back(from_float<T>(float(random_numbers.below(9) - 4)));
  return values;
}

// B packed by `pack`, A by rows and k-major, both products against the sum over k.
template <class T>
void product(Isa isa, int64_t rows, int64_t columns, int64_t k, bool transposed, bool master) {
  const Gemm& gemm = gemm_for(isa, dtype_of<T>());
  const int64_t lda = k + 3, ldb = (transposed ? k : columns) + 5, kw = gemm.words(k);
  const auto a = integers<T>(rows * lda), a_down = integers<T>(k * (rows + 1));
  const auto b = integers<T>((transposed ? columns : k) * ldb + 64);
  std::vector<float> b32;
  for (T x : b) b32.push_back(to_float(x));
  const int64_t panels = ceil_div(columns, panel_columns);
  check::Guarded<word> packed(panels * kw * panel_columns), words(rows * (kw + 1));
  check::Guarded<word> down(round_up(rows, k_major_rows) * kw);
  if (master) {
    (transposed ? gemm.transposed_f32 : gemm.straight_f32)(packed.data(), b32.data(), ldb, columns, k);
  } else {
    (transposed ? gemm.transposed : gemm.straight)(packed.data(), b.data(), ldb, columns, k);
  }
  gemm.copy_rows(words.data(), kw + 1, a.data(), lda, rows, k);
  gemm.straight_k_major(down.data(), a_down.data(), rows + 1, rows, k);
  CHECK(packed.intact() && words.intact() && down.intact(), "a pack wrote outside: %s", isa_name(isa));

  int64_t wrong = 0, seen = 0;
  const auto at = [&](int64_t kk, int64_t j) {
    return j < columns ? b32[size_t(transposed ? j * ldb + kk : kk * ldb + j)] : 0;
  };
  const auto compare = [&](const std::vector<T>& left, int64_t row_step, int64_t k_step) {
    return [&, row_step, k_step](int64_t i0, int count, int64_t j0, const float* tile) {
      for (int64_t i = i0; i < i0 + count; i++) {
        for (int64_t j = j0; j < j0 + panel_columns; j++, seen++) {
          float sum = 0;
          for (int64_t kk = 0; kk < k; kk++) sum += to_float(left[size_t(i * row_step + kk * k_step)]) * at(kk, j);
          wrong += tile[(i - i0) * panel_columns + j - j0] != sum;
        }
      }
    };
  };
  multiply_by_rows(gemm, rows, panels, kw, words.data(), kw + 1, packed.data(), compare(a, lda, 1));
  multiply_k_major(gemm, rows, panels, kw, down.data(), packed.data(), compare(a_down, 1, rows + 1));
  CHECK(wrong == 0 && seen == 2 * rows * panels * panel_columns,
        "%s, %d bytes, rows %lld, columns %lld, k %lld, transposed %d, master %d: %lld of %lld wrong", isa_name(isa),
        int(sizeof(T)), (long long) rows, (long long) columns, (long long) k, transposed, master, (long long) wrong,
        (long long) seen);
}

template <class T>
void all_products(Isa isa) {
  for (int64_t k : {1, 2, 3, 7, 15, 16, 17, 31, 32, 33, 40, 65}) {
    for (int64_t rows = 1; rows <= 33; rows += k < 20 ? 1 : 4) {
      const int64_t columns = 1 + random_numbers.below(70);
      for (bool transposed : {false, true}) {
        for (bool master : {false, true}) product<T>(isa, rows, columns, k, transposed, master);
      }
    }
  }
  product<T>(isa, 14, 300, 384, true, true);
  product<T>(isa, 24, 300, 384, false, false);
}

}  // namespace

void test_gemm(Isa isa) {
  all_products<float>(isa);
  all_products<bf16>(isa);
  all_products<f16>(isa);
}
