// Products on tensor cores: both operands bf16 or f16 with aligned lines, sums in float32 registers.
//
// A block computes a tile of BM x BN with one warp for each BM/2 x 32 of it, in steps of 32 along k. Each step's
// operands come to shared memory by cp.async, three steps in flight, in the layout they have in global memory; an
// operand whose k is not the contiguous axis is turned by ldmatrix.trans, so that x W^T, dy W and dy^T x all read x, dy
// and W in place. 16-byte words are placed by an exclusive or with their line number, so that the eight words that a
// quarter of an ldmatrix reads lie in different banks. Copies beyond an edge bring zeros. Every sum goes along k in
// order.
#include "finish.cuh"

namespace vn {
namespace {

constexpr int step = 32, stages = 3;         // along k
constexpr int word = 8;                      // elements of a 16-byte copy
constexpr unsigned row_tiles_together = 8;   // share columns of B in L2

struct Operand {
  const void* data;
  int64_t ld, outer, k;  // outer: rows of A, columns of B
};

// A tile [OUTER, step] (k contiguous) or [step, OUTER] in shared memory.
template <class T, int OUTER, bool K_CONTIGUOUS>
struct Tile {
  static constexpr int elements = OUTER * step, line = K_CONTIGUOUS ? step : OUTER, words = line / word;

  // Lines of 64 bytes take every second bank group twice, so that pairs of lines share a pattern.
  static __device__ __forceinline__ int offset(int row, int w) {
    return row * line + (K_CONTIGUOUS ? w ^ (row / 2 % 4) : w ^ (row % 8)) * word;
  }

  static __device__ __forceinline__ void fetch(T* shared, const Operand& from, int64_t outer0, int64_t k0) {
    const T* data = static_cast<const T*>(from.data);
    for (int i = threadIdx.x; i < elements / word; i += blockDim.x) {
      const int row = i / words, w = i % words;
      const int64_t major = (K_CONTIGUOUS ? outer0 : k0) + row, minor = (K_CONTIGUOUS ? k0 : outer0) + w * word;
      const int64_t majors = K_CONTIGUOUS ? from.outer : from.k, minors = K_CONTIGUOUS ? from.k : from.outer;
      const bool inside = major < majors && minor < minors;
      const int copied = inside ? int(min(int64_t(word), minors - minor)) * 2 : 0;
      cp_async16(shared + offset(row, w), inside ? data + major * from.ld + minor : data, copied);
    }
  }

  // Four 8x8 matrices at (outer, k): the halves of 16 outer go with the lane's bit `outer_bit`, those of k the other.
  static __device__ __forceinline__ void load(uint32_t (&r)[4], const T* shared, int outer, int k, int outer_half,
                                              int k_half) {
    const int lane = threadIdx.x % warp_lanes;
    if constexpr (K_CONTIGUOUS) {
      ldmatrix4<false>(r, shared + offset(outer + lane % 8 + outer_half * 8, k / word + k_half));
    } else {
      ldmatrix4<true>(r, shared + offset(k + lane % 8 + k_half * 8, outer / word + outer_half));
    }
  }
};

template <class T, int BM, int BN, bool A_K, bool B_K>
__global__ void __launch_bounds__(BN / 32 * 64, 2)
mma_product(Finish finish, Operand a, Operand b, unsigned row_tiles, unsigned column_tiles, bool packs) {
  using TileA = Tile<T, BM, A_K>;
  using TileB = Tile<T, BN, B_K>;
  constexpr int WM = BM / 2, WN = 32, MT = WM / 16, NT = WN / 8;
  VN_SHARED(T, shared);
  T* const shared_a = shared;
  T* const shared_b = shared + stages * TileA::elements;
  const int lane = threadIdx.x % warp_lanes, warp = threadIdx.x / warp_lanes;
  const int m0 = warp / (BN / WN) * WM, n0 = warp % (BN / WN) * WN;

  // Tiles in groups of rows, column by column.
  const unsigned first = blockIdx.x / (row_tiles_together * column_tiles) * row_tiles_together;
  const unsigned height = min(row_tiles_together, row_tiles - first), inside = blockIdx.x - first * column_tiles;
  const int64_t row0 = int64_t(first + inside % height) * BM, column0 = int64_t(inside / height) * BN;

  const int steps = int(ceil_div(a.k, step));
  const auto fetch = [&](int s) {
    if (s < steps) {
      TileA::fetch(shared_a + s % stages * TileA::elements, a, row0, int64_t(s) * step);
      TileB::fetch(shared_b + s % stages * TileB::elements, b, column0, int64_t(s) * step);
    }
    cp_async_commit();
  };
  float sums[MT][NT][4] = {};
  for (int s = 0; s < stages - 1; s++) fetch(s);
  for (int s = 0; s < steps; s++) {
    cp_async_wait<stages - 2>();
    __syncthreads();  // step s has landed for everyone, and everyone has left the stage that is fetched into next
    fetch(s + stages - 1);
    const T* const ta = shared_a + s % stages * TileA::elements;
    const T* const tb = shared_b + s % stages * TileB::elements;
#pragma unroll
    for (int k = 0; k < step; k += 16) {
      uint32_t fa[MT][4], fb[NT / 2][4];
#pragma unroll
      for (int i = 0; i < MT; i++) TileA::load(fa[i], ta, m0 + i * 16, k, lane / 8 % 2, lane / 16);
#pragma unroll
      for (int j = 0; j < NT / 2; j++) TileB::load(fb[j], tb, n0 + j * 16, k, lane / 16, lane / 8 % 2);
#pragma unroll
      for (int i = 0; i < MT; i++) {
#pragma unroll
        for (int j = 0; j < NT; j++) mma16816<T>(sums[i][j], fa[i], fb[j / 2][j % 2 * 2], fb[j / 2][j % 2 * 2 + 1]);
      }
    }
  }
  cp_async_wait<0>();

  // Half of the tile's rows at a time through shared memory. A lane holds columns 2q, 2q + 1 of rows g and g + 8 of
  // each 16 x 8.
  auto& tile = *reinterpret_cast<SumTile<WM, BN>*>(shared);
#pragma unroll 1
  for (int half = 0; half < 2; half++) {
    __syncthreads();
    if (m0 == half * WM) {
#pragma unroll
      for (int i = 0; i < MT; i++) {
#pragma unroll
        for (int j = 0; j < NT; j++) {
          const int row = i * 16 + lane / 4, column = n0 + j * 8 + lane % 4 * 2;
          Pack<float, 2>{sums[i][j][0], sums[i][j][1]}.store(&tile.at[row][column]);
          Pack<float, 2>{sums[i][j][2], sums[i][j][3]}.store(&tile.at[row + 8][column]);
        }
      }
    }
    __syncthreads();
    tile.template finish<T>(finish, row0 + half * WM, column0, a.outer, b.outer, packs);
  }
}

template <class T, int BM, int BN, bool A_K, bool B_K>
int32_t launch(vn_context* ctx, const Product& p) {
  const Operand a{p.a.data, p.a.ld, p.m, p.k}, b{p.b.data, p.b.ld, p.n, p.k};
  const int64_t row_tiles = ceil_div(p.m, BM), column_tiles = ceil_div(p.n, BN);
  constexpr int64_t bytes = stages * (BM + BN) * step * int64_t(sizeof(T));
  static_assert(bytes <= 48 << 10 && int64_t(sizeof(SumTile<BM / 2, BN>)) <= bytes);
  VN_LAUNCH(ctx, (mma_product<T, BM, BN, A_K, B_K>), dim3(unsigned(row_tiles * column_tiles)), BN / 32 * 64, bytes,
            p.finish, a, b, unsigned(row_tiles), unsigned(column_tiles), allows_packs(p.finish, finish_pack));
  return VN_OK;
}

template <class T, int BM, int BN>
int32_t launch_in_layout(vn_context* ctx, const Product& p) {
  if (p.a.by_columns) return launch<T, BM, BN, false, false>(ctx, p);
  return p.b.by_columns ? launch<T, BM, BN, true, true>(ctx, p) : launch<T, BM, BN, true, false>(ctx, p);
}

template <class T>
int32_t launch_in_tiles(vn_context* ctx, const Product& p, int64_t tiles_wanted) {
  const bool large = ceil_div(p.m, 128) * ceil_div(p.n, 128) >= tiles_wanted;
  return large ? launch_in_layout<T, 128, 128>(ctx, p) : launch_in_layout<T, 64, 64>(ctx, p);
}

}  // namespace

bool can_mma(const Product& p) {
  const bool pairs = p.a.dtype == p.b.dtype && (p.a.dtype == VN_BF16 || p.a.dtype == VN_F16);
  const bool finishes = p.finish.dtype == VN_F32 || p.finish.dtype == p.a.dtype;
  return pairs && finishes && !(p.a.by_columns && p.b.by_columns) && has_aligned_lines(p.a) && has_aligned_lines(p.b);
}

int32_t multiply_mma(vn_context* ctx, const Product& p, int64_t tiles_wanted) {
  if (p.a.dtype == VN_BF16) return launch_in_tiles<bf16>(ctx, p, tiles_wanted);
  return launch_in_tiles<f16>(ctx, p, tiles_wanted);
}

}  // namespace vn
