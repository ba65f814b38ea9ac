// Every mistake in an argument is refused with a sentence, before anything is touched.
#include "session.h"

using namespace vn;

namespace {

constexpr int64_t n = 4096;

struct Buffers {
  check::Guarded<float> a{n}, b{n}, c{n}, d{n}, e{n};
  check::Guarded<int32_t> ids{64};
  bool untouched() {
    for (auto* x : {&a, &b, &c, &d, &e}) {
      if (!x->same(fresh_) || !x->intact()) return false;
    }
    return true;
  }

 private:
  check::Guarded<float> fresh_{n};
};

void refuse(check::Session& session, Buffers& x, int32_t status, int32_t want, const char* part) {
  const char* message = vn_last_error(session.ctx);
  CHECK(status == want && strstr(message, part), "status %d, \"%s\"; wanted %d and \"%s\"", status, message, want,
        part);
  CHECK(x.untouched(), "a refused call wrote something (%s)", message);
}

void test_attention_arguments(const check::Target& target, check::Session& s, Buffers& x) {
  const auto forward = [&](const void* qkv, int64_t B, int64_t T, int64_t kv_heads, int64_t D, float dropout,
                           int32_t dtype) {
    return vn_attention_forward(s.ctx, x.a.data(), x.b.data(), qkv, nullptr, nullptr, nullptr, B, T, 2, kv_heads, D,
                                0, 0,
                                1, 0, dropout, dtype);
  };
  refuse(s, x, forward(nullptr, 1, 4, 2, 8, 0, VN_F32), VN_INVALID_ARGUMENT, "qkv is null");
  refuse(s, x, forward(x.c.data(), -1, 4, 2, 8, 0, VN_F32), VN_INVALID_ARGUMENT, "B is -1");
  refuse(s, x, forward(x.c.data(), int64_t(1) << 40, int64_t(1) << 40, 2, 8, 0, VN_F32), VN_INVALID_ARGUMENT,
         "T 1099511627776");
  refuse(s, x, forward(x.c.data(), 1, 4, 3, 8, 0, VN_F32), VN_INVALID_ARGUMENT, "kv_heads 3");
  refuse(s, x, forward(x.c.data(), 1, 4, 2, 257, 0, VN_F32), VN_INVALID_ARGUMENT, "D is 257");
  refuse(s, x, forward(x.c.data(), 1, 4, 2, 8, 1, VN_F32), VN_INVALID_ARGUMENT, "dropout is 1");
  refuse(s, x, forward(x.c.data(), 1, 4, 2, 8, 0, VN_I8), VN_UNSUPPORTED, "dtype is 3");
  refuse(s, x, forward(x.c.data(), 1, 4, 2, 8, 0, 17), VN_INVALID_ARGUMENT, "dtype is 17");
  if (!target.is_cpu) return;  // needs no workspace there
  refuse(s, x, forward(x.c.data(), 1, 100000, 2, 64, 0, VN_F32), VN_WORKSPACE,
         "attention_forward: needs a workspace of");
}

void test_row_arguments(check::Session& s, Buffers& x) {
  const auto norm = [&](void* sum, const void* in, float* mean, int64_t rows, int64_t C, int32_t kind) {
    return vn_residual_layernorm_forward(s.ctx, sum, x.b.data(), mean, x.d.data(), x.e.data(), in, x.a.data(),
                                         nullptr, rows,
                                         4, C, 1e-5f, kind, 0, 0, VN_F32, VN_F32);
  };
  refuse(s, x, norm(nullptr, x.c.data(), x.c.data(), 4, 8, 0), VN_INVALID_ARGUMENT, "sum is null and x is given");
  refuse(s, x, norm(nullptr, nullptr, nullptr, 4, 8, 0), VN_INVALID_ARGUMENT, "mean is null");
  refuse(s, x, norm(nullptr, nullptr, x.c.data(), 4, 0, 0), VN_INVALID_ARGUMENT, "C 0");
  refuse(s, x, norm(nullptr, nullptr, x.c.data(), 4, 8, 2), VN_INVALID_ARGUMENT, "norm is 2");
  refuse(s, x, vn_embedding_forward(s.ctx, x.a.data(), nullptr, nullptr, x.b.data(), nullptr, nullptr, 4, 4, 8, 8, 0,
                                    0, 0,
                                    VN_F32, VN_F32), VN_INVALID_ARGUMENT, "ids is null");
  refuse(s, x, vn_cast(s.ctx, x.a.data(), nullptr, 8, VN_F32, VN_F32), VN_INVALID_ARGUMENT, "x is null");
  refuse(s, x, vn_axpy(s.ctx, x.a.data(), x.b.data(), -5, 1), VN_INVALID_ARGUMENT, "n is -5");
}

void test_sampling_arguments(check::Session& s, Buffers& x) {
  const auto sample = [&](int64_t V, float temperature, int64_t top_k, float top_p) {
    return vn_sample(s.ctx, x.ids.data(), nullptr, x.a.data(), 1, V, 64, temperature, top_k, top_p, 1, 0);
  };
  refuse(s, x, sample(65, 1, 0, 0), VN_INVALID_ARGUMENT, "V 65");
  refuse(s, x, sample(64, -1, 0, 0), VN_INVALID_ARGUMENT, "temperature is -1");
  refuse(s, x, sample(64, 1, -2, 0), VN_INVALID_ARGUMENT, "top_k is -2");
  refuse(s, x, sample(64, 1, 0, 1.5f), VN_INVALID_ARGUMENT, "top_p is 1.5");
  refuse(s, x, vn_penalize_repetition(s.ctx, x.a.data(), x.ids.data(), x.ids.data(), 1, 4, 64, 0), VN_INVALID_ARGUMENT,
         "penalty is 0");
}

void test_unbound(const check::Target& target) {
  check::Session s(target, 1, {});
  Buffers x;
  vn_context_bind(s.ctx, nullptr, 0, nullptr);
  refuse(s, x, vn_gradient_norm(s.ctx, x.a.data(), nullptr, 0, 1), VN_INVALID_ARGUMENT, "no step block");
}

}  // namespace

void test_arguments(const check::Target& target) {
  check::Session session(target, 2, {16, 4, 16, 2, 8, 0, 64, VN_F32, 1});
  Buffers buffers;
  test_attention_arguments(target, session, buffers);
  test_row_arguments(session, buffers);
  test_sampling_arguments(session, buffers);
  test_unbound(target);
}
