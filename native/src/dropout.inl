// words[0, 4 lanes): philox() of the counters group .. group + lanes - 1, one behind the other; round_keys has k0 and
// k1 of each round.
inline void philox_words(uint32_t* words, const uint64_t* round_keys, uint32_t site, uint64_t sample, uint64_t group) {
  constexpr int lanes = sizeof(Lanes) / 8;
  static constexpr uint64_t numbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  Lanes steps;
  std::memcpy(&steps, numbers, sizeof steps);
  Lanes c0 = Lanes{} + uint32_t(sample), c1 = Lanes{} + (sample >> 32), c2 = Lanes{} + site, c3 = steps + group;
  const Lanes m0 = Lanes{} + philox_m0, m1 = Lanes{} + philox_m1, low = Lanes{} + 0xffffffff;
  for (int round = 0; round < philox_rounds; round++) {
    const Lanes a = product(c0, m0), b = product(c2, m1);
    c0 = (b >> 32) ^ c1 ^ round_keys[2 * round];
    c1 = b;
    c2 = (a >> 32) ^ c3 ^ round_keys[2 * round + 1];
    c3 = a;
  }
  const Lanes first_two = (c0 & low) | c1 << 32, last_two = (c2 & low) | c3 << 32;
  uint64_t pairs[2 * lanes];
  for (int i = 0; i < lanes; i++) {
    pairs[2 * i] = first_two[i];
    pairs[2 * i + 1] = last_two[i];
  }
  std::memcpy(words, pairs, sizeof pairs);
}

// factors[0, n) of the elements first .. first + n - 1 of a sample: 0 where dropped, else 1 / (1 - probability).
inline void dropout_factors(float* factors, const Dropout& dropout, uint64_t sample, uint64_t first, int64_t n) {
  constexpr int lanes = sizeof(Lanes) / 8, words = 4 * lanes;
  const uint32_t threshold = dropout.threshold, scale = bits_of(dropout.scale);
  uint64_t round_keys[2 * philox_rounds];
  PhiloxKey key = dropout.key;
  for (int round = 0; round < philox_rounds; round++, key.next()) {
    round_keys[2 * round] = key.k0;
    round_keys[2 * round + 1] = key.k1;
  }
  uint64_t group = first / 4;
  for (int64_t done = -int64_t(first % 4); done < n; done += words, group += lanes) {
    alignas(64) uint32_t drawn[words];
    philox_words(drawn, round_keys, dropout.site, sample, group);
    alignas(64) uint32_t block[words];  // bits of floats: a branch would be mispredicted as often as it is taken
    for (int i = 0; i < words; i++) block[i] = scale & -uint32_t(drawn[i] >= threshold);
    if (done >= 0 && n - done >= words) {
      std::memcpy(factors + done, block, sizeof block);
    } else {
      const int64_t from = std::max<int64_t>(-done, 0), to = std::min<int64_t>(n - done, words);
      std::memcpy(factors + done + from, block + from, size_t(to - from) * sizeof(float));
    }
  }
}

// f(c, n, factors) over the vectors of a row, from column c with n columns left; factors are 1 where nothing is
// dropped.
template <class F>
VN_INLINE void for_dropped_row(const RowDropout& d, int64_t row, const F& f) {
  if (!d.draws()) {
    for (int64_t c = 0; c < d.C; c += Vec::width) f(c, d.C - c, Vec(1.0f));
    return;
  }
  constexpr int64_t chunk = 512;
  alignas(64) float factors[chunk];
  for (int64_t begin = 0; begin < d.C; begin += chunk) {
    const int64_t end = std::min(d.C, begin + chunk);
    dropout_factors(factors, d.dropout, d.sample(row), d.element(row, begin), end - begin);
    for (int64_t c = begin; c < end; c += Vec::width) f(c, end - c, load(factors + c - begin));
  }
}
