// The pool: every tile of many short, uneven jobs exactly once, with fewer and with more threads than processors.
#include "pool.h"

#include <atomic>

#include "check.h"

void test_pool() {
  for (int threads : {1, 2, 3, 8}) {
    vn::Pool pool(threads);
    check::Random random;
    std::vector<std::atomic<int>> seen(70);
    std::atomic<int64_t> wrong_thread{0};
    int64_t wrong = 0;
    for (int job = 0; job < 20000; job++) {
      const int64_t tiles = random.below(int64_t(seen.size()) + 1);
      pool.run(tiles, [&](int64_t tile, int thread) {
        seen[size_t(tile)].fetch_add(1, std::memory_order_relaxed);
        if (thread < 0 || thread >= threads) wrong_thread++;
      });
      for (int64_t i = 0; i < int64_t(seen.size()); i++) wrong += seen[size_t(i)].exchange(0) != (i < tiles);
    }
    CHECK(wrong == 0 && wrong_thread == 0, "pool of %d threads: %lld tiles run never or twice", threads,
          (long long) wrong);
  }
}
