// Casts, scaling and sums against plain loops.
#include "session.h"

using check::Array;

void test_glue(const check::Target& target) {
  constexpr int64_t rows = 130, C = 77;
  check::Random random;
  for (int32_t dtype : {VN_F32, VN_BF16, VN_F16}) {
    Array x(rows * C, dtype);
    x.randomize(random);
    const auto got = check::same_every_time(
        "glue", target, {},
        [&] {
          check::Outputs o;
          o.push_back(check::make_array(rows * C, VN_F32));
          o.push_back(check::make_array(rows * C, dtype));
          o.push_back(check::make_array(C, VN_F32));
          return o;
        },
        [&](check::Session& session, check::Outputs& o) {
          int32_t status = vn_cast(session.ctx, o[0]->data(), x.data(), rows * C, VN_F32, dtype);
          if (!status) status = vn_cast(session.ctx, o[1]->data(), o[0]->data(), rows * C, dtype, VN_F32);
          if (!status) status = vn_axpy(session.ctx, o[0]->floats(), o[0]->floats(), rows * C, 2);
          if (!status) status = vn_scale(session.ctx, o[0]->floats(), rows * C, 0.5f);
          if (!status) status = vn_reduce_rows(session.ctx, o[2]->floats(), x.data(), rows, C, 0, dtype);
          if (!status) status = vn_reduce_rows(session.ctx, o[2]->floats(), x.data(), rows, C, 1, dtype);
          return status;
        });
    CHECK(got[1]->same(x), "a cast there and back changes values (dtype %d)", dtype);
    std::vector<double> scaled, sums(size_t(C), 0.0);
    for (int64_t i = 0; i < rows * C; i++) scaled.push_back(1.5 * double(x.get(i))),
        sums[size_t(i % C)] += 2 * double(x.get(i));
    check::check_close("axpy and scale", "", *got[0], scaled, 2e-7);
    check::check_close("reduce_rows", "", *got[2], sums, 2e-6);
  }
}
