package dev.vernacular.kernels;

/// How the next token is chosen.
///
/// @param temperature 0 takes the most probable token (greedy)
/// @param topK        keep the k most probable; 0 keeps all
/// @param topP        keep the smallest set whose mass exceeds p; 0 or 1 keeps all
/// @param seed        key of the counter-based generator
public record Sampling(float temperature, long topK, float topP, long seed) {
    public static final Sampling GREEDY = new Sampling(0, 0, 0, 0);
}
