package dev.vernacular.generate;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Sampling;
import dev.vernacular.model.Decoder;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterInit;
import dev.vernacular.model.ParameterLayout;
import java.util.Arrays;
import java.util.Random;

/// Times greedy decoding with a cache of keys and values, on random weights: no files.
///
/// The bound is memory bandwidth: each token reads every weight once.
///
/// @param weights of the matrices; activations are float32
/// @param prompt  tokens that are there
/// @param tokens  to be added, timed one by one
public record GenerationBenchmark(GptConfig config, Dtype weights, int batch, int prompt, int tokens) {
    /// @param prefillSeconds for the prompts
    /// @param secondsPerStep of each step: a token for every sequence of the batch
    public record Result(long parameters, int batch, double prefillSeconds, double[] secondsPerStep) {
        public double medianSeconds() {
            double[] sorted = secondsPerStep.clone();
            Arrays.sort(sorted);
            return sorted[sorted.length / 2];
        }

        public double minSeconds() {
            return Arrays.stream(secondsPerStep).min().orElseThrow();
        }

        public double tokensPerSecond() {
            return batch / medianSeconds();
        }
    }

    public GenerationBenchmark {
        if (batch < 1 || prompt < 1 || tokens < 1) {
            throw new GenerateException(
                    "batch " + batch + ", prompt " + prompt + " and tokens " + tokens + " must each be at least 1");
        }
    }

    /// Decodes twice, the first time to warm up.
    public Result run(Backend backend) {
        int capacity = prompt + tokens;
        Decoder decoder = new Decoder(config, weights, batch, capacity, backend.kernels(), backend.device());
        ParameterInit init = new ParameterInit(config, 1);
        decoder.load(init::fill);
        Random random = new Random(1);
        int[][] prompts = new int[batch][];
        Arrays.setAll(
                prompts,
                row -> random.ints(prompt, 0, config.paddedVocabularySize()).toArray());
        time(decoder, prompts);
        return time(decoder, prompts);
    }

    private Result time(Decoder decoder, int[][] prompts) {
        long start = System.nanoTime();
        decoder.prefill(prompts);
        double prefill = seconds(start);
        int[] last = Arrays.stream(prompts).mapToInt(ids -> ids[prompt - 1]).toArray();
        boolean[] isActive = new boolean[batch];
        Arrays.fill(isActive, true);
        double[] steps = new double[tokens];
        for (int t = 0; t < tokens; t++) {
            start = System.nanoTime();
            decoder.step(last, isActive);
            last = decoder.choose(config.paddedVocabularySize(), Sampling.GREEDY, t);
            steps[t] = seconds(start);
        }
        return new Result(new ParameterLayout(config).parameterCount(), batch, prefill, steps);
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
