// Decoding with a key-value cache: new keys and values are appended, then new queries attend to the whole cache.
//
//   keys[b, h, lengths[b] + t] = rope(k[b, t, h]),   values likewise, not rotated
//   out[b, t, h] = softmax_j(scale rope(q[b, t, h]) . keys[b, h', j]) values[b, h', j] over j <= lengths[b] + t,
//                  h' the key head of query head h
//
// keys, values [B, kv_heads, capacity, D], qkv [B, T, H + 2 kv_heads, D], out [B, T, H, D] of dtype; sums are float32.
// The query heads of a key head and their tokens are rows that share each read of a key. Keys are cut into splits of a
// fixed size, whose softmaxes are merged in order: by one block where there are blocks enough, else each split has a
// block, so that one sequence keeps a big device busy, and a second kernel merges. Both add in the same order. Lengths
// lie in device memory, so grids are made for the capacity and blocks past the length leave at once. A sequence whose
// length is negative or leaves no room for T more is left alone, with step.fault.
#include "attention.cuh"
#include "scratch_bytes.cuh"

namespace vn {
namespace {

constexpr int decode_threads = 128, key_lanes = 8, key_groups = decode_threads / key_lanes;  // eight lanes read a key
constexpr int split_keys = 128, lane_width = 8, pass_width = key_lanes * lane_width;
constexpr int most_rows = 8;      // of a block
constexpr int64_t few_blocks = 256;  // fewer blocks than this are split

struct Cache {
  const int32_t* lengths;
  Rope rope;
  vn_step* step;
  int T, H, kv_heads, D;
  int64_t capacity;

  __device__ __forceinline__ bool fits(int b) const {
    if (lengths[b] >= 0 && int64_t(lengths[b]) + T <= capacity) return true;
    if (threadIdx.x == 0) set_fault(step);
    return false;
  }
  __host__ __device__ int rows() const { return H / kv_heads * T; }  // query rows of a key head
  __device__ __forceinline__ int64_t packed(int64_t b, int t, int head) const {
    return ((b * T + t) * (H + 2 * kv_heads) + head) * D;
  }
};

// A thread an element of a new key and of its value.
template <class T>
__global__ void append(Cache c, T* keys, T* values, const T* qkv, int64_t count) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  const int e = int(i % c.D), h = int(i / c.D % c.kv_heads), t = int(i / c.D / c.kv_heads % c.T);
  const int64_t b = i / c.D / c.kv_heads / c.T;
  const int64_t length = c.lengths[b], position = length + t;
  if (length < 0 || length + c.T > c.capacity) {
    set_fault(c.step);
    return;
  }
  const int64_t to = ((b * c.kv_heads + h) * c.capacity + position) * c.D + e;
  const T* k = qkv + c.packed(b, t, c.H + h);
  keys[to] = from_float<T>(c.rope.rotated(position, e, [&](int j) { return to_float(k[j]); }));
  values[to] = k[int64_t(c.kv_heads) * c.D + e];
}

// Eight elements as float32 from a row's element e on; zeros past its end, which only packs of one see.
template <int n, class T>
__device__ __forceinline__ void load8(float (&x)[lane_width], const T* row, int e, int D) {
#pragma unroll
  for (int i = 0; i < lane_width; i += n) {
    if (e + i < D) {
      const auto pack = Pack<T, n>::load(row + e + i);
      for (int j = 0; j < n; j++) x[i + j] = to_float(pack.at[j]);
    } else {
      for (int j = 0; j < n; j++) x[i + j] = 0;
    }
  }
}

// A softmax over some keys: their largest score, the sum of exponentials and (elsewhere) of weighted values.
struct Softmax {
  float maximum, sum;
  // By how much this and `other` shrink when they become one, in base 2.
  __device__ __forceinline__ float2 merge(const Softmax& other) {
    const float top = fmaxf(maximum, other.maximum), base = top == -INFINITY ? 0 : top;
    const float2 shrink = make_float2(exp2f(maximum - base), exp2f(other.maximum - base));
    maximum = top;
    sum = fmaf(sum, shrink.x, other.sum * shrink.y);
    return shrink;
  }
};

template <int rows>
struct DecodeTiles {
  float queries[rows][most_head_size];  // rotated and scaled for base 2
  float scores[rows][split_keys];
  float values[decode_threads / warp_lanes][rows][pass_width];  // of a warp's keys
  float out[rows][most_head_size];
  Softmax softmax[rows];
  float2 shrink[rows];
};

// Partial results [query row][split]: D sums of weighted values, then a softmax.
struct Partials {
  float* at;
  int64_t splits;
  int D;
  __host__ __device__ float* of(int64_t row, int64_t split) const { return at + (row * splits + split) * (D + 2); }
};

// scores[r][j] of the split's keys, 0 .. count - 1.
template <int rows, int n, class T>
__device__ __forceinline__ void score(DecodeTiles<rows>& tiles, const T* keys, int count, int D) {
  const int lane = threadIdx.x % key_lanes;
#pragma unroll(rows == 1 ? 4 : 1)  // more keys under way
  for (int j = int(threadIdx.x) / key_lanes; j < split_keys; j += key_groups) {
    float dot[rows] = {};
    for (int e = lane * lane_width; j < count && e < D; e += pass_width) {
      float k[lane_width];
      load8<n>(k, keys + int64_t(j) * D, e, D);
#pragma unroll
      for (int r = 0; r < rows; r++) {
        for (int i = 0; i < lane_width; i++) dot[r] += tiles.queries[r][e + i] * k[i];
      }
    }
#pragma unroll
    for (int r = 0; r < rows; r++) {
      for (int bits = 1; bits < key_lanes; bits *= 2) dot[r] += __shfl_xor_sync(all_lanes, dot[r], bits);
      if (lane == 0) tiles.scores[r][j] = dot[r];
    }
  }
}

// A block: the rows from first_row on of one key head, one split of its keys or, where `partials` has no memory, all.
template <class T, int n, int rows>
__global__ void __launch_bounds__(decode_threads, 4)
attend(Cache c, T* out, const T* qkv, const T* keys, const T* values, Partials partials, float scale) {
  __shared__ DecodeTiles<rows> tiles;
  const int row_tiles = (c.rows() + rows - 1) / rows, warp = threadIdx.x / warp_lanes, lane = threadIdx.x % warp_lanes;
  const int blocks = partials.at ? int(partials.splits) : 1;
  const int64_t index = blockIdx.x / unsigned(blocks);
  const int first_row = int(index % row_tiles) * rows, kv_head = int(index / row_tiles % c.kv_heads);
  const int b = int(index / row_tiles / c.kv_heads), end_row = min(first_row + rows, c.rows());
  const int split0 = partials.at ? int(blockIdx.x % unsigned(blocks)) : 0;
  const auto token = [&](int r) { return (first_row + r) % c.T; };
  const auto head = [&](int r) { return kv_head * (c.H / c.kv_heads) + (first_row + r) / c.T; };
  if (!c.fits(b)) return;  // the whole block
  const int length = c.lengths[b], total = length + c.T;  // keys that the last token sees
  const int splits = (total + split_keys - 1) / split_keys, split1 = partials.at ? split0 + 1 : splits;
  if (split0 >= splits) return;
  for (int i = threadIdx.x; i < rows * most_head_size; i += decode_threads) {
    const int r = i / most_head_size, e = i % most_head_size;
    float x = 0;
    if (e < c.D && first_row + r < end_row) {
      const T* q = qkv + c.packed(b, token(r), head(r));
      x = c.rope.rotated(length + token(r), e, [&](int j) { return to_float(q[j]); }) * (scale * log2_e);
    }
    tiles.queries[r][e] = x;
    tiles.out[r][e] = 0;
  }
  if (threadIdx.x < rows) tiles.softmax[threadIdx.x] = {-INFINITY, 0};
  __syncthreads();
  const int64_t cache = (int64_t(b) * c.kv_heads + kv_head) * c.capacity;
  for (int split = split0; split < split1; split++) {
    const int j0 = split * split_keys, count = min(total - j0, split_keys);
    score<rows, n>(tiles, keys + (cache + j0) * c.D, count, c.D);
    __syncthreads();
    for (int r = warp; r < rows; r += decode_threads / warp_lanes) {  // a warp a row
      const int visible = first_row + r < end_row ? length + token(r) + 1 - j0 : 0;
      float top = -INFINITY, sum = 0;
      for (int j = lane; j < split_keys; j += warp_lanes) top = j < visible ? fmaxf(top, tiles.scores[r][j]) : top;
      top = warp_max(top);
      for (int j = lane; j < split_keys; j += warp_lanes) {
        sum += tiles.scores[r][j] = j < visible ? exp2f(tiles.scores[r][j] - top) : 0;
      }
      sum = warp_sum(sum);
      if (lane == 0) tiles.shrink[r] = tiles.softmax[r].merge({top, sum});
    }
    __syncthreads();
    const int group = threadIdx.x / key_lanes, e_lane = threadIdx.x % key_lanes * lane_width;
    for (int e0 = 0; e0 < c.D; e0 += pass_width) {
      float sums[rows][lane_width] = {};
#pragma unroll(rows == 1 ? 4 : 1)
      for (int j = group; j < count && e0 + e_lane < c.D; j += key_groups) {
        float v[lane_width];
        load8<n>(v, values + (cache + j0 + j) * c.D, e0 + e_lane, c.D);
#pragma unroll
        for (int r = 0; r < rows; r++) {
          for (int i = 0; i < lane_width; i++) sums[r][i] += tiles.scores[r][j] * v[i];
        }
      }
#pragma unroll
      for (int r = 0; r < rows; r++) {
#pragma unroll
        for (int i = 0; i < lane_width; i++) {
          float sum = sums[r][i];
          for (int bits = key_lanes; bits < warp_lanes; bits *= 2) sum += __shfl_xor_sync(all_lanes, sum, bits);
          if (lane < key_lanes) tiles.values[warp][r][e_lane + i] = sum;
        }
      }
      __syncthreads();
      for (int i = threadIdx.x; i < rows * pass_width; i += decode_threads) {
        const int r = i / pass_width, e = i % pass_width;
        if (e0 + e >= c.D) continue;
        float sum = 0;
        for (int w = 0; w < decode_threads / warp_lanes; w++) sum += tiles.values[w][r][e];
        float& to = tiles.out[r][e0 + e];
        to = fmaf(to, tiles.shrink[r].x, sum * tiles.shrink[r].y);
      }
      __syncthreads();
    }
  }
  for (int i = threadIdx.x; i < rows * c.D; i += decode_threads) {
    const int r = i / c.D, e = i % c.D;
    if (first_row + r >= end_row) continue;
    const int64_t row = (int64_t(b) * c.T + token(r)) * c.H + head(r);
    const Softmax softmax = tiles.softmax[r];
    if (partials.at) {
      float* to = partials.of(row, split0);
      to[e] = tiles.out[r][e];
      if (e == 0) to[c.D] = softmax.maximum, to[c.D + 1] = softmax.sum;
    } else {
      out[row * c.D + e] = from_float<T>(tiles.out[r][e] / softmax.sum);
    }
  }
}

// A warp a row of out: its splits, in order.
template <class T>
__global__ void merge_splits(Cache c, T* out, Partials partials, int64_t rows) {
  const int64_t row = (int64_t(blockIdx.x) * blockDim.x + threadIdx.x) / warp_lanes;
  if (row >= rows) return;
  const int lane = threadIdx.x % warp_lanes, t = int(row / c.H % c.T);
  const int64_t length = c.lengths[row / c.H / c.T];
  if (length < 0 || length + c.T > c.capacity) return;  // attend has set the fault
  const int splits = int(ceil_div(length + t + 1, split_keys));
  for (int e = lane; e < c.D; e += warp_lanes) {
    Softmax softmax = {-INFINITY, 0};
    float sum = 0;
    for (int split = 0; split < splits; split++) {
      const float* from = partials.of(row, split);
      const float2 shrink = softmax.merge({from[c.D], from[c.D + 1]});
      sum = fmaf(sum, shrink.x, from[e] * shrink.y);
    }
    out[row * c.D + e] = from_float<T>(sum / softmax.sum);
  }
}

int64_t partial_elements(int64_t rows, int64_t capacity, int64_t D) {
  return rows * ceil_div(capacity, split_keys) * (D + 2);
}

// Calls f with whether a block takes one row or several (std::integral_constant).
template <class F>
int32_t for_rows(int rows, const F& f) {
  return rows == 1 ? f(std::integral_constant<int, 1>{}) : f(std::integral_constant<int, most_rows>{});
}

template <class T>
int32_t attend_all(vn_context* ctx, const Cache& c, T* out, const T* qkv, const T* keys, const T* values, int64_t B,
                   float scale) {
  return for_rows(c.rows(), [&](auto rows) {
    const int64_t blocks = B * c.kv_heads * ceil_div(c.rows(), rows()), query_rows = B * c.T * c.H;
    Partials partials = {nullptr, ceil_div(c.capacity, split_keys), c.D};
    Scratch scratch(ctx);
    if (blocks < few_blocks && partials.splits > 1) {
      partials.at = scratch.take<float>(partial_elements(query_rows, c.capacity, c.D));
      VN_TRY(require_workspace(ctx, "decode_attention", scratch.bytes()));
    }
    const dim3 grid(unsigned(blocks * (partials.at ? partials.splits : 1)));
    // Rows of whole groups of eight elements are read in 16-byte words.
    VN_TRY(for_pack<T>(c.D % lane_width == 0 ? c.D : 1, {keys, values}, [&](auto n) {
      VN_LAUNCH(ctx, (attend<T, n(), rows()>), grid, decode_threads, 0, c, out, qkv, keys, values, partials, scale);
      return int32_t(VN_OK);
    }));
    if (partials.at) {
      constexpr int warps = decode_threads / warp_lanes;
      VN_LAUNCH(ctx, merge_splits<T>, dim3(unsigned(ceil_div(query_rows, warps))), decode_threads, 0, c, out, partials,
                query_rows);
    }
    return int32_t(VN_OK);
  });
}

}  // namespace
}  // namespace vn

using namespace vn;

int64_t vn::decode_scratch_bytes(const vn_sizes& sizes) {
  if (sizes.D < 1) return 0;
  const int64_t rows = std::min(sizes.rows * sizes.H, few_blocks * most_rows);
  return partial_elements(rows, sizes.T, std::min(sizes.D, most_head_size)) * 4 + 64;
}

int32_t vn_kv_append(vn_context* ctx, void* keys, void* values, const void* qkv, const int32_t* lengths,
                     const float* rope, int64_t B, int64_t T, int64_t H, int64_t kv_heads, int64_t D,
                     int64_t capacity, int64_t rope_dims, int64_t P, int32_t dtype) {
  const char* operation = "kv_append";
  VN_TRY(require_decode(ctx, {operation, rope, B, T, H, kv_heads, D, capacity, rope_dims, P}));
  VN_TRY(require_pointers(ctx, operation, B * T,
                          {{"keys", keys}, {"values", values}, {"qkv", qkv}, {"lengths", lengths}}));
  const Cache c = {lengths, Rope(ctx, rope, P, rope_dims), ctx->step, int(T), int(H), int(kv_heads), int(D), capacity};
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto type) {
    using A = decltype(type);
    constexpr int threads = 256;
    const int64_t count = B * T * kv_heads * D;
    VN_LAUNCH(ctx, append<A>, dim3(unsigned(ceil_div(count, threads))), threads, 0, c, static_cast<A*>(keys),
              static_cast<A*>(values), static_cast<const A*>(qkv), count);
    return int32_t(VN_OK);
  });
}

int32_t vn_decode_attention(vn_context* ctx, void* out, const void* qkv, const void* keys, const void* values,
                            const int32_t* lengths, const float* rope, int64_t B, int64_t T, int64_t H,
                            int64_t kv_heads, int64_t D, int64_t capacity, int64_t rope_dims, int64_t P, float scale,
                            int32_t dtype) {
  const char* operation = "decode_attention";
  VN_TRY(require_decode(ctx, {operation, rope, B, T, H, kv_heads, D, capacity, rope_dims, P}));
  VN_TRY(require_pointers(ctx, operation, B * T, {{"out", out}, {"qkv", qkv}, {"keys", keys}, {"values", values},
                                                  {"lengths", lengths}}));
  const Cache c = {lengths, Rope(ctx, rope, P, rope_dims), ctx->step, int(T), int(H), int(kv_heads), int(D), capacity};
  if (B * T == 0) return VN_OK;
  return for_dtype(ctx, operation, "dtype", dtype, [&](auto type) {
    using A = decltype(type);
    return attend_all(ctx, c, static_cast<A*>(out), static_cast<const A*>(qkv), static_cast<const A*>(keys),
                      static_cast<const A*>(values), B, scale);
  });
}
