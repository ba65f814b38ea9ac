package dev.vernacular.cli;

import dev.vernacular.generate.GenerationOptions;
import dev.vernacular.kernels.Sampling;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// How many tokens `generate` adds and how it chooses them: greedily, unless one of the options of sampling is
/// given.
final class SamplingOptions {
    private static final int TOKENS = 30;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--tokens", paramLabel = "N", description = "New tokens at most; default: " + TOKENS + ".")
    private Optional<Integer> tokens = Optional.empty();

    @Option(names = "--greedy", description = "The most probable token each time (the default).")
    private boolean greedy;

    @Option(names = "--temperature", paramLabel = "T", description = "Sample; below 1 sharper, above 1 flatter.")
    private Optional<Float> temperature = Optional.empty();

    @Option(names = "--top-k", paramLabel = "K", description = "Sample among the K most probable tokens.")
    private Optional<Integer> topK = Optional.empty();

    @Option(names = "--top-p", paramLabel = "P", description = "Sample among the most probable tokens of mass P.")
    private Optional<Float> topP = Optional.empty();

    @Option(
            names = "--repetition-penalty",
            paramLabel = "R",
            description = "Sample less of the tokens that the text has; 1 is no penalty.")
    private Optional<Float> repetitionPenalty = Optional.empty();

    GenerationOptions options(long seed) {
        if (greedy && samples()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--greedy chooses without --temperature, --top-k, --top-p and --repetition-penalty");
        }
        Sampling sampling = samples()
                ? new Sampling(temperature.orElse(1f), topK.orElse(0), topP.orElse(0f), seed)
                : Sampling.GREEDY;
        return new GenerationOptions(
                tokens.orElse(TOKENS), 0, sampling, repetitionPenalty.orElse(1f), List.of(), false);
    }

    boolean areGiven() {
        return greedy || tokens.isPresent() || samples();
    }

    private boolean samples() {
        return Stream.of(temperature, topK, topP, repetitionPenalty).anyMatch(Optional::isPresent);
    }
}
