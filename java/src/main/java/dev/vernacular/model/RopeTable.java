package dev.vernacular.model;

/// Rotary position embedding's angles (Su et al. 2021): component i of the first `dims` of a head turns by
/// `position * base^(-2 i / dims)`.
final class RopeTable {
    private RopeTable() {}

    /// Cosines, then sines: [2, positions, dims / 2].
    static float[] of(GptConfig config, int positions) {
        int half = config.ropeDims() / 2;
        float[] table = new float[2 * positions * half];
        for (int position = 0; position < positions; position++) {
            for (int i = 0; i < half; i++) {
                double frequency = Math.pow(config.ropeBase(), -2.0 * i / config.ropeDims());
                double angle = position / config.positionScale() * frequency;
                table[position * half + i] = (float) Math.cos(angle);
                table[(positions + position) * half + i] = (float) Math.sin(angle);
            }
        }
        return table;
    }
}
