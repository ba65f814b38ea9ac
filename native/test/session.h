// A context with a workspace of just vn_scratch_bytes, full of NaNs; typed arrays with guard bytes; and a runner that asks
// for the same bits every time: from 1, 2, 3 and 8 threads of the CPU, twice from a GPU.
#pragma once
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>

#include "../src/storage.h"
#include "check.h"

namespace check {

constexpr uint64_t seed = 0x0123456789abcdefull;
constexpr int64_t first_sample = (int64_t(1) << 33) + 7;

// Calls are asynchronous, so a context that was used makes the next reader wait.
class Context {
 public:
  operator vn_context*() {
    is_busy = true;
    return open;
  }
  static void wait() {
    if (is_busy) settle();
    is_busy = false;
  }

  vn_context* open = nullptr;

 private:
  inline static bool is_busy = false;
};

class Session {
 public:
  Session(const Target& target, int threads, const vn_sizes& sizes) : block_(1) {
    char message[512] = "";
    const int32_t status =
        vn_context_open(&ctx.open, 0, stream(), threads, target.isa, message, sizeof message);
    if (status != VN_OK) {
      printf("cannot open a context: %s\n", message);
      exit(1);
    }
    block_[0] = {};
    block_[0].seed = seed;
    block_[0].first_sample = first_sample;
    block_[0].learning_rate = 1e-3f;
    block_[0].loss_scale = 1;
    int64_t bytes = 0;
    vn_scratch_bytes(ctx, &bytes, &sizes);
    workspace_ = std::make_unique<Guarded<char>>(bytes);
    vn_context_bind(ctx, workspace_->data(), bytes, &block_[0]);
  }
  ~Session() {
    Context::wait();
    vn_context_close(ctx);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool intact() const {
    Context::wait();
    return workspace_->intact();
  }
  vn_step& step() {
    Context::wait();
    return block_[0];
  }

  Context ctx;

 private:
  Guarded<vn_step> block_;
  std::unique_ptr<Guarded<char>> workspace_;
};

// n elements of a storage type, read and written as floats.
class Array {
 public:
  Array(int64_t n, int32_t dtype) : dtype(dtype), bytes_(n * vn::storage_bytes(dtype)), n_(n) {}
  float get(int64_t i) const {
    Context::wait();
    const void* p = const_cast<Guarded<char>&>(bytes_).data();
    if (dtype == VN_F32) return static_cast<const float*>(p)[i];
    if (dtype == VN_BF16) return vn::to_float(static_cast<const vn::bf16*>(p)[i]);
    return vn::to_float(static_cast<const vn::f16*>(p)[i]);
  }
  void set(int64_t i, float x) {
    Context::wait();
    void* p = bytes_.data();
    if (dtype == VN_F32) static_cast<float*>(p)[i] = x;
    if (dtype == VN_BF16) static_cast<vn::bf16*>(p)[i] = vn::from_float<vn::bf16>(x);
    if (dtype == VN_F16) static_cast<vn::f16*>(p)[i] = vn::from_float<vn::f16>(x);
  }
  void randomize(Random& random, float scale = 1, float offset = 0) {
    for (int64_t i = 0; i < n_; i++) set(i, random.uniform() * scale + offset);
  }
  void copy(const Array& other) {
    Context::wait();
    memcpy(bytes_.data(), const_cast<Array&>(other).data(), size_t(bytes_.bytes()));
  }
  void* data() { return bytes_.data(); }
  float* floats() { return reinterpret_cast<float*>(bytes_.data()); }
  int64_t size() const { return n_; }
  bool intact() const {
    Context::wait();
    return bytes_.intact();
  }
  bool same(const Array& other) const {
    Context::wait();
    return bytes_.same(other.bytes_);
  }

  const int32_t dtype;

 private:
  Guarded<char> bytes_;
  int64_t n_;
};

// Storage rounding of a dtype, relative.
inline double unit(int32_t dtype) {
  return dtype == VN_F32 ? std::ldexp(1.0, -24) : dtype == VN_BF16 ? std::ldexp(1.0, -9) : std::ldexp(1.0, -12);
}

// Largest |got - want| / (|want| + rms(want)); infinity where got is not a number.
inline double worst_error(const Array& got, const std::vector<double>& want) {
  double squares = 0, worst = 0;
  for (double w : want) squares += w * w;
  const double rms = std::sqrt(squares / double(want.empty() ? 1 : want.size())) + 1e-30;
  for (int64_t i = 0; i < int64_t(want.size()); i++) {
    const double e = std::fabs(double(got.get(i)) - want[size_t(i)]) / (std::fabs(want[size_t(i)]) + rms);
    worst = e == e ? std::max(worst, e) : std::numeric_limits<double>::infinity();
  }
  return worst;
}

inline void check_close(const char* what, const std::string& where, const Array& got, const std::vector<double>& want,
                        double bound) {
  const double error = worst_error(got, want);
  CHECK(error <= bound, "%s (%s): error %.3g, bound %.3g", what, where.c_str(), error, bound);
  CHECK(got.intact(), "%s (%s): wrote outside", what, where.c_str());
}

// Calls run(session, outputs) once for each of the target's thread counts, with fresh outputs each time, and compares
// their bits. Returns the outputs of the first.
using Outputs = std::vector<std::unique_ptr<Array>>;
inline Outputs same_every_time(const char* what, const Target& target, const vn_sizes& sizes,
                               const std::function<Outputs()>& make,
                               const std::function<int32_t(Session&, Outputs&)>& run) {
  Outputs expected;
  for (int threads : target.threads) {
    Session session(target, threads, sizes);
    Outputs outputs = make();
    const int32_t status = run(session, outputs);
    CHECK(status == VN_OK, "%s: %s", what, vn_last_error(session.ctx));
    CHECK(session.intact(), "%s: wrote outside the workspace", what);
    for (size_t i = 0; i < expected.size(); i++) {
      CHECK(outputs[i]->same(*expected[i]), "%s: output %d differs on %d threads", what, int(i), threads);
    }
    if (expected.empty()) expected = std::move(outputs);
  }
  return expected;
}

inline std::unique_ptr<Array> make_array(int64_t n, int32_t dtype) { return std::make_unique<Array>(n, dtype); }

}  // namespace check
