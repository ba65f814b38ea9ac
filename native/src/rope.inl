// out [D] = x rotated to `position` (direction 1) or back (-1); a plain conversion where nothing is to rotate.
// out may be x.
template <class Out, class In>
inline void rotate_row(vn_context* ctx, Out* out, const In* x, const Rope& rope, int64_t position, int64_t D,
                       float direction) {
  const int64_t half = rope.rotates(ctx, position) ? rope.half : 0;
  for (int64_t c = 0; c < half; c += Vec::width) {
    const int64_t n = half - c;
    const Vec cosine = load(rope.cosines(position) + c, n), sine = load(rope.sines(position) + c, n) * direction;
    const Vec x1 = load(x + c, n), x2 = load(x + half + c, n);
    store(out + c, nfma(x2, sine, x1 * cosine), n);
    store(out + half + c, fma(x1, sine, x2 * cosine), n);
  }
  for (int64_t c = 2 * half; c < D; c += Vec::width) store(out + c, load(x + c, D - c), D - c);
}
