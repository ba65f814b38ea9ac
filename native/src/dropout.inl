// factors[0, n) of the elements first .. first + n - 1 of a sample: 0 where dropped, else 1 / (1 - probability).
// Sixteen counters at a time in plain loops, of which the compiler makes vectors.
inline void dropout_factors(float* factors, const Dropout& dropout, uint64_t sample, uint64_t first, int64_t n) {
  constexpr int counters = 16, words = 4 * counters;
  uint64_t group = first / 4;
  for (int64_t done = -int64_t(first % 4); done < n; done += words, group += counters) {
    uint32_t c0[counters], c1[counters], c2[counters], c3[counters];
    for (int i = 0; i < counters; i++) {
      c0[i] = uint32_t(sample);
      c1[i] = uint32_t(sample >> 32);
      c2[i] = dropout.site;
      c3[i] = uint32_t(group + uint64_t(i));
    }
    PhiloxKey key = dropout.key;
    for (int round = 0; round < philox_rounds; round++, key.next()) {
      for (int i = 0; i < counters; i++) {
        const uint64_t a = uint64_t(philox_m0) * c0[i], b = uint64_t(philox_m1) * c2[i];
        c0[i] = uint32_t(b >> 32) ^ c1[i] ^ key.k0;
        c1[i] = uint32_t(b);
        c2[i] = uint32_t(a >> 32) ^ c3[i] ^ key.k1;
        c3[i] = uint32_t(a);
      }
    }
    float block[words];
    for (int i = 0; i < counters; i++) {
      block[4 * i] = c0[i] >= dropout.threshold ? dropout.scale : 0;
      block[4 * i + 1] = c1[i] >= dropout.threshold ? dropout.scale : 0;
      block[4 * i + 2] = c2[i] >= dropout.threshold ? dropout.scale : 0;
      block[4 * i + 3] = c3[i] >= dropout.threshold ? dropout.scale : 0;
    }
    const int64_t from = std::max<int64_t>(-done, 0), to = std::min<int64_t>(n - done, words);
    std::memcpy(factors + done + from, block + from, size_t(to - from) * sizeof(float));
  }
}
