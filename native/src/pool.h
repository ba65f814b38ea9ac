// Thread pool: dynamic tiles, bounded spin then futex; a worker that holds no tile cannot delay anybody.
//
// One 64-bit ticket = job number (high 32 bits) | next tile (low 32). A thread claims tile i of job j by
// compare-and-swap from (j, i) to (j, i + 1): one that woke late sees another job number and claims nothing, so jobs
// follow each other without a barrier of all workers. The caller works too and leaves when the last claimed tile is
// done. What a tile computes may depend on shapes and instruction set only, never on the thread that runs it.
#pragma once
#include <immintrin.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace vn {

// Threads worth starting: this process's affinity, cut to its cgroup's quota (v2 cpu.max, v1 cfs_quota_us).
int usable_threads();

class Pool {
 public:
  explicit Pool(int threads) {
    workers_.reserve(size_t(threads - 1));
    try {
      for (int i = 1; i < threads; i++) workers_.emplace_back([this, i] { work(i); });
    } catch (...) {  // the system has no more threads: end those that started
      stop();
      throw;
    }
  }
  ~Pool() { stop(); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  int threads() const { return int(workers_.size()) + 1; }

  // Calls f(tile, thread) for every tile in [0, tiles), thread in [0, threads()). Tiles < 2^31. Not reentrant.
  template <class F>
  void run(int64_t tiles, const F& f) {
    run(tiles, [](const void* c, int64_t tile, int thread) { (*static_cast<const F*>(c))(tile, thread); }, &f);
  }

 private:
  using Body = void (*)(const void* context, int64_t tile, int thread);
  using clock = std::chrono::steady_clock;
  static constexpr auto spin_time = std::chrono::microseconds(50);

  void run(int64_t tiles, Body body, const void* context) {
    if (tiles <= 1 || workers_.empty()) {
      for (int64_t i = 0; i < tiles; i++) body(context, i, 0);
      return;
    }
    // Close first: a thread still looking at the old ticket could otherwise read the new number of tiles and claim
    // tile n of a job that has n tiles. After the exchange its compare-and-swap fails.
    ticket_.exchange(uint64_t(job_ + 1) << 32 | 0xffffffffu, std::memory_order_acq_rel);
    body_.store(body, std::memory_order_release);
    context_.store(context, std::memory_order_release);
    tiles_.store(uint32_t(tiles), std::memory_order_release);
    left_.store(int32_t(tiles), std::memory_order_relaxed);
    publish();
    take(job_, 0);
    wait_for_others();
  }

  void wait_for_others() {
    for (auto until = clock::now() + spin_time;;) {
      const int32_t left = left_.load(std::memory_order_acquire);
      if (left == 0) return;
      if (spin_before(until)) continue;
      waiting_.store(1);
      if (left_.load() != 0) futex(&left_, FUTEX_WAIT_PRIVATE, left);
      waiting_.store(0);
    }
  }

  void publish() {
    job_++;
    ticket_.store(uint64_t(job_) << 32, std::memory_order_seq_cst);
    epoch_.store(int32_t(job_), std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) futex(&epoch_, FUTEX_WAKE_PRIVATE, 1 << 30);
  }

  void take(uint32_t job, int thread) {
    uint64_t ticket = ticket_.load(std::memory_order_acquire);
    for (;;) {
      if (uint32_t(ticket >> 32) != job) return;
      const Body body = body_.load(std::memory_order_acquire);
      const void* context = context_.load(std::memory_order_acquire);
      const uint32_t tile = uint32_t(ticket);
      if (tile >= tiles_.load(std::memory_order_acquire)) return;
      // Success: the job was open while its fields were read, and cannot end before this tile is done.
      if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
        continue;
      }
      body(context, tile, thread);
      if (left_.fetch_sub(1) == 1 && waiting_.load()) futex(&left_, FUTEX_WAKE_PRIVATE, 1);
      ticket = ticket_.load(std::memory_order_acquire);
    }
  }

  void work(int thread) {
    int32_t seen = 0;
    for (;;) {
      wait_for_job(seen);
      seen = epoch_.load(std::memory_order_acquire);
      if (stop_) return;
      take(uint32_t(seen), thread);
    }
  }

  void wait_for_job(int32_t seen) {
    for (auto until = clock::now() + spin_time; epoch_.load(std::memory_order_acquire) == seen;) {
      if (spin_before(until)) continue;
      sleepers_.fetch_add(1, std::memory_order_seq_cst);
      if (epoch_.load(std::memory_order_seq_cst) == seen) futex(&epoch_, FUTEX_WAIT_PRIVATE, seen);
      sleepers_.fetch_sub(1, std::memory_order_seq_cst);
    }
  }

  void stop() {
    stop_ = true;
    tiles_.store(0);
    publish();
    for (auto& worker : workers_) worker.join();
  }

  static bool spin_before(clock::time_point until) {
    if (clock::now() >= until) return false;
    for (int i = 0; i < 16; i++) _mm_pause();
    return true;
  }

  static void futex(std::atomic<int32_t>* address, int operation, int32_t value) {
    syscall(SYS_futex, address, operation, value, nullptr, nullptr, 0);
  }

  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<int32_t> left_{0};
  std::atomic<int32_t> waiting_{0};
  alignas(64) std::atomic<int32_t> epoch_{0};
  std::atomic<int32_t> sleepers_{0};
  alignas(64) std::atomic<Body> body_{nullptr};
  std::atomic<const void*> context_{nullptr};
  std::atomic<uint32_t> tiles_{0};
  std::atomic<bool> stop_{false};
  uint32_t job_ = 0;
  std::vector<std::thread> workers_;
};

}  // namespace vn
