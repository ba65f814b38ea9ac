// Parameter tensors in the flat buffers, as kernels walk them. The list lies in device memory, so each block first counts
// the tiles of every segment that is not frozen; tile t of all is then found by bisection. A block takes tiles
// blockIdx.x, blockIdx.x + gridDim.x, ...: which block sums what depends on neither the GPU nor the order of blocks.
#pragma once
#include "context.cuh"

namespace vn {

constexpr int segment_threads = 256;
constexpr int segment_blocks = 1024;  // about one wave on the largest GPUs; part of the order of sums
constexpr int64_t tile_elements = 4096;
constexpr int64_t most_segments = 11000;  // their tile counts fit the shared memory that every launch may have

// Dynamic shared memory of a kernel that makes SegmentTiles.
inline int64_t segment_tiles_bytes(int64_t count) { return (count + 1) * int64_t(sizeof(int32_t)); }

inline int32_t require_segment_count(Call* ctx, const char* operation, int64_t count) {
  if (count <= most_segments) return VN_OK;
  return fail(ctx, VN_UNSUPPORTED, "%s: %lld segments; the CUDA backend takes %lld", operation, (long long) count,
              (long long) most_segments);
}

class SegmentTiles {
 public:
  // Called by all threads of a block; `ends` is the launch's dynamic shared memory.
  __device__ SegmentTiles(const vn_segment* segments, int64_t count, int32_t* ends)
      : segments_(segments), count_(int(count)), ends_(ends) {
    if (threadIdx.x < warp_lanes) {
      int32_t total = 0;
      for (int base = 0; base < count_; base += warp_lanes) {
        const int i = base + int(threadIdx.x);
        int32_t running = i < count_ ? tiles_of(segments[i]) : 0;
        for (int distance = 1; distance < warp_lanes; distance *= 2) {
          const int32_t before = __shfl_up_sync(all_lanes, running, distance);
          if (int(threadIdx.x) >= distance) running += before;
        }
        if (i < count_) ends[i] = total + running;
        total += __shfl_sync(all_lanes, running, warp_lanes - 1);
      }
      if (threadIdx.x == 0) ends[count_] = total;
    }
    __syncthreads();
  }

  __device__ int32_t count() const { return ends_[count_]; }

  // Elements first .. first + n - 1 of a segment.
  struct Tile {
    const vn_segment* segment;
    int64_t first;
    int n;
  };
  __device__ Tile tile(int32_t t) const {
    int low = 0, high = count_ - 1;  // the first segment that ends after t
    while (low < high) {
      const int middle = (low + high) / 2;
      if (ends_[middle] > t) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    const vn_segment* s = segments_ + low;
    const int64_t first = int64_t(t - (low > 0 ? ends_[low - 1] : 0)) * tile_elements;
    return {s, first, int(min(tile_elements, s->rows * s->cols - first))};
  }

 private:
  static __device__ int32_t tiles_of(const vn_segment& s) {
    return s.frozen ? 0 : int32_t((s.rows * s.cols + tile_elements - 1) / tile_elements);
  }

  const vn_segment* segments_;
  int count_;
  const int32_t* ends_;
};

// f(i, pack size as an integral_constant) over the elements of a tile: by packs of four where `aligned`, one by one where
// not and at the end.
template <class F>
__device__ __forceinline__ void for_tile(int n, bool aligned, const F& f) {
  const int packed = aligned ? n / 4 * 4 : 0;
  for (int i = int(threadIdx.x) * 4; i < packed; i += segment_threads * 4) f(i, std::integral_constant<int, 4>{});
  for (int i = packed + int(threadIdx.x); i < n; i += segment_threads) f(i, std::integral_constant<int, 1>{});
}

__device__ __forceinline__ bool is_aligned(const void* p, unsigned bytes) {
  return reinterpret_cast<uintptr_t>(p) % bytes == 0;
}

}  // namespace vn
