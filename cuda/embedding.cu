// Token and position embedding: two table rows are added; backward adds each row's gradient to its two table rows.
//
//   forward    out[r] = dropout(tokens[ids[r]] + position_table[positions[r]])
//   backward   dtokens[i] (+)= sum over r with ids[r] = i of dropout(dout[r]),   dposition_table likewise
//
// out, dout [rows, C] residual_dtype; tables and their gradients float32. An id or position outside its table gives a
// row of zeros, no gradient, and step.fault.
//
// Backward walks the rows sorted by id in chunks of equal length, whatever the groups are: a common id, or the padding's,
// may have thousands of rows. A group inside one chunk is summed and written there. One that crosses a border leaves a part
// in each of its chunks, and the chunk where it began adds them in order. So a table row has one writer, and the order
// of sums depends on the rows alone. Group starts are not needed for this; ids that fall set step.fault.
#include "compute_copy.cuh"
#include "dropout.cuh"
#include "embedding_arguments.h"
#include "scratch_bytes.cuh"

namespace vn {
namespace {

constexpr int block_threads = 256;
constexpr int64_t chunk_rows = 32;

template <class R>
struct Embedding {
  R* out;
  const int32_t *ids, *positions;
  const float* tokens;
  const void* tokens_copy;
  const float* position_table;
  int64_t C, Vp, P;
  uint32_t T_;
  int32_t copy_dtype;
  DropoutSite dropout;
  vn_step* step;
};

// T as a divisor of rows, which are int32.
inline uint32_t short_T(int64_t T) { return uint32_t(std::min<int64_t>(T, INT32_MAX)); }

// Multiplies elements c .. c + N - 1 of a row by their dropout factors.
template <int N>
__device__ __forceinline__ void drop(float (&x)[N], const DropoutSite& d, int64_t row, uint32_t T, int64_t C,
                                     int64_t c) {
  if (!d.draws()) return;
  const uint64_t sample = uint32_t(row) / T, element = uint64_t(uint32_t(row) % T) * uint64_t(C) + uint64_t(c);
  if constexpr (N % 4 == 0) {
    for (int first = 0; first < N; first += 4) {
      const uint32_t kept = d.kept(sample, element / 4 + first / 4);
      for (int j = 0; j < 4; j++) x[first + j] *= kept >> j & 1 ? d.scale : 0;
    }
  } else {
    for (int j = 0; j < N; j++) x[j] *= d.factor(sample, element + j);
  }
}

// A block a row.
template <class R, int N>
__global__ void __launch_bounds__(block_threads) embedding_forward(const Embedding<R> a) {
  const int64_t row = blockIdx.x, id = a.ids[row], position = a.position_table ? a.positions[row] : 0;
  const bool inside = id >= 0 && id < a.Vp && position >= 0 && (!a.position_table || position < a.P);
  if (!inside && threadIdx.x == 0) set_fault(a.step);
  for (int64_t c = int64_t(threadIdx.x) * N; c < a.C; c += int64_t(blockDim.x) * N) {
    float x[N] = {};
    if (inside) {
      if (a.tokens_copy) {
        read_copy(x, a.tokens_copy, a.Vp, a.C, id, c, a.copy_dtype);
      } else {
        read_copy(x, a.tokens, a.Vp, a.C, id, c, VN_F32);
      }
      if (a.position_table) {
        float y[N];
        read_copy(y, a.position_table, a.P, a.C, position, c, VN_F32);
        for (int j = 0; j < N; j++) x[j] += y[j];
      }
      drop(x, a.dropout, row, a.T_, a.C, c);
    }
    Pack<R, N> out;
    for (int j = 0; j < N; j++) out.at[j] = from_float<R>(x[j]);
    out.store(a.out + row * a.C + c);
  }
}

template <class R>
struct TableGradient {
  float* gradient;  // [table_rows, C]
  float* parts;     // [chunks, 2, C]: of the group that came from the chunk before, and of the one that goes on
  const R* dout;
  const int32_t *keys, *order;  // an id or a position of each row; rows sorted by it
  int64_t rows, table_rows, C;
  uint32_t T_;
  bool accumulate;
  DropoutSite dropout;
  vn_step* step;

  // The row at place i of the order, or -1, and its key, or -1.
  __device__ int64_t row(int64_t i) const {
    const int64_t r = order[i];
    return r >= 0 && r < rows ? r : -1;
  }
  __device__ int64_t key(int64_t i) const {
    const int64_t r = row(i), k = r < 0 ? -1 : keys[r];
    return k >= 0 && k < table_rows ? k : -1;
  }
  template <int N>
  __device__ void write(int64_t key, int64_t c, const Pack<float, N>& sum) const {
    if (key < 0) return;
    float* to = gradient + key * C + c;
    Pack<float, N> total = sum;
    if (accumulate) {
      const auto before = Pack<float, N>::load(to);
      for (int j = 0; j < N; j++) total.at[j] += before.at[j];
    }
    total.store(to);
  }
};

// Chunk blockIdx.x; a thread has N columns and needs no other.
template <class R, int N>
__global__ void __launch_bounds__(block_threads, 4) sum_chunks(const TableGradient<R> a) {
  const int64_t c = (int64_t(blockIdx.y) * block_threads + threadIdx.x) * N;
  const int64_t begin = int64_t(blockIdx.x) * chunk_rows, end = min(begin + chunk_rows, a.rows);
  if (c >= a.C) return;
  float* parts = a.parts + int64_t(blockIdx.x) * 2 * a.C + c;
  int64_t key = a.key(begin);
  bool came = begin > 0 && a.key(begin - 1) == key, fault = key < 0;
  Pack<float, N> sum = {};
  const auto leave = [&] { came ? sum.store(parts) : a.write(key, c, sum); };
  constexpr int ahead = 4;  // rows whose loads are under way together
  for (int64_t first = begin; first < end; first += ahead) {
    Pack<R, N> dout[ahead];
    int64_t keys[ahead], rows[ahead];
#pragma unroll
    for (int i = 0; i < ahead; i++) {
      const int64_t place = min(first + i, end - 1);
      rows[i] = a.row(place);
      keys[i] = a.key(place);
      dout[i] = {};
      if (keys[i] >= 0) dout[i] = Pack<R, N>::load(a.dout + rows[i] * a.C + c);
    }
#pragma unroll
    for (int i = 0; i < ahead; i++) {
      if (first + i >= end) break;
      if (keys[i] != key) {
        leave();
        fault = fault || keys[i] < key;
        key = keys[i];
        came = false;
        sum = {};
      }
      if (key < 0) continue;
      float x[N];
      for (int j = 0; j < N; j++) x[j] = to_float(dout[i].at[j]);
      drop(x, a.dropout, rows[i], a.T_, a.C, c);
      for (int j = 0; j < N; j++) sum.at[j] += x[j];
    }
  }
  const bool goes_on = end < a.rows && a.key(end) == key;
  if (goes_on && !came) {
    sum.store(parts + a.C);
  } else {
    leave();
  }
  if (fault && threadIdx.x == 0) set_fault(a.step);
}

// The group that began in chunk blockIdx.x and goes on in the next ones.
template <class R, int N>
__global__ void __launch_bounds__(block_threads) join_chunks(const TableGradient<R> a, int64_t chunks) {
  const int64_t c = (int64_t(blockIdx.y) * block_threads + threadIdx.x) * N;
  const int64_t chunk = blockIdx.x, begin = chunk * chunk_rows, end = begin + chunk_rows;
  if (c >= a.C || end >= a.rows) return;
  const int64_t key = a.key(end - 1);
  if (key < 0 || a.key(end) != key || (begin > 0 && a.key(begin - 1) == key)) return;
  int64_t last = chunk + 1, beyond = chunks;  // the last chunk that begins with this key
  while (beyond - last > 1) {
    const int64_t middle = (last + beyond) / 2;
    if (a.key(middle * chunk_rows) == key) {
      last = middle;
    } else {
      beyond = middle;
    }
  }
  auto sum = Pack<float, N>::load(a.parts + (chunk * 2 + 1) * a.C + c);
#pragma unroll 8
  for (int64_t i = chunk + 1; i <= last; i++) {
    const auto part = Pack<float, N>::load(a.parts + i * 2 * a.C + c);
    for (int j = 0; j < N; j++) sum.at[j] += part.at[j];
  }
  a.write(key, c, sum);
}

template <class R>
int32_t table_backward(vn_context* ctx, const TableGradient<R>& a) {
  if (!a.accumulate && a.table_rows > 0 && a.C > 0) {
    VN_TRY(launched(ctx, "embedding_backward", cudaMemsetAsync(a.gradient, 0, size_t(a.table_rows * a.C) * sizeof(float),
                                                               ctx->stream)));
  }
  return for_pack<float>(a.C, {a.gradient, a.parts, a.dout}, [&](auto pack) -> int32_t {
    const int64_t chunks = ceil_div(a.rows, chunk_rows);
    const dim3 grid(unsigned(chunks), unsigned(ceil_div(a.C, block_threads * pack.value)));
    VN_LAUNCH(ctx, (sum_chunks<R, pack.value>), grid, dim3(block_threads), 0, a);
    if (chunks > 1) VN_LAUNCH(ctx, (join_chunks<R, pack.value>), grid, dim3(block_threads), 0, a, chunks);
    return VN_OK;
  });
}

float* take_parts(Scratch& scratch, int64_t rows, int64_t C) {
  return scratch.take<float>(ceil_div(rows, chunk_rows) * 2 * C);
}

}  // namespace

int64_t embedding_scratch_bytes(const vn_sizes& sizes) {
  Scratch scratch;
  if (sizes.training) take_parts(scratch, sizes.rows, sizes.C);
  return scratch.bytes();
}

}  // namespace vn

using namespace vn;

int32_t vn_embedding_forward(vn_context* ctx, void* out, const int32_t* ids, const int32_t* positions,
                             const float* tokens, const void* tokens_copy, const float* position_table, int64_t rows,
                             int64_t T, int64_t C, int64_t Vp, int64_t P, int32_t site, float dropout,
                             int32_t copy_dtype, int32_t residual_dtype) {
  VN_TRY(check_embedding_forward(ctx, out, ids, positions, tokens, tokens_copy, position_table, rows, T, C, Vp, P,
                                 dropout));
  return for_dtype(ctx, "embedding_forward", "residual_dtype", residual_dtype, [&](auto type) {
    using R = decltype(type);
    const Embedding<R> a = {static_cast<R*>(out), ids, positions, tokens, tokens_copy, position_table, C, Vp, P,
                            short_T(T), copy_dtype, DropoutSite(ctx, site, dropout), ctx->step};
    return for_pack<R>(C, {out, tokens, tokens_copy, position_table}, [&](auto pack) -> int32_t {
      const int64_t threads = std::clamp<int64_t>(round_up(C / pack.value, warp_lanes), warp_lanes, block_threads);
      VN_LAUNCH(ctx, (embedding_forward<R, pack.value>), dim3(unsigned(rows)), dim3(unsigned(threads)), 0, a);
      return VN_OK;
    });
  });
}

int32_t vn_embedding_backward(vn_context* ctx, float* dtokens, float* dposition_table, const void* dout,
                              const int32_t* ids, const int32_t* order, const int32_t* starts,
                              const int32_t* positions, const int32_t* position_order, const int32_t* position_starts,
                              int64_t rows, int64_t T, int64_t C, int64_t Vp, int64_t P, int32_t site, float dropout,
                              int32_t accumulate_tokens, int32_t accumulate_positions, int32_t residual_dtype) {
  VN_TRY(check_embedding_backward(ctx, dtokens, dposition_table, dout, ids, order, starts, positions, position_order,
                                  position_starts, rows, T, C, Vp, P, dropout));
  Scratch scratch(ctx);
  float* parts = take_parts(scratch, rows, C);
  VN_TRY(require_workspace(ctx, "embedding_backward", scratch.bytes()));
  return for_dtype(ctx, "embedding_backward", "residual_dtype", residual_dtype, [&](auto type) -> int32_t {
    using R = decltype(type);
    const DropoutSite drawn(ctx, site, dropout);
    const R* dout_rows = static_cast<const R*>(dout);
    VN_TRY(table_backward<R>(ctx, {dtokens, parts, dout_rows, ids, order, rows, Vp, C, short_T(T),
                                   accumulate_tokens != 0, drawn, ctx->step}));
    if (!dposition_table) return VN_OK;
    return table_backward<R>(ctx, {dposition_table, parts, dout_rows, positions, position_order, rows, P, C, short_T(T),
                                   accumulate_positions != 0, drawn, ctx->step});
  });
}
