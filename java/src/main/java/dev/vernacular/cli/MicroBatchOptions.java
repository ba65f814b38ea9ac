package dev.vernacular.cli;

import dev.vernacular.VernacularException;
import dev.vernacular.model.Precision;
import picocli.CommandLine.Option;

/// The micro-batch of a benchmark and its storage types.
final class MicroBatchOptions {
    @Option(
            names = "--seq",
            paramLabel = "N",
            defaultValue = "256",
            description = "Tokens in a sequence; default: ${DEFAULT-VALUE}.")
    int sequenceLength;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "4",
            description = "Sequences in a step; default: ${DEFAULT-VALUE}.")
    int batch;

    @Option(
            names = "--precision",
            paramLabel = "P",
            defaultValue = "32",
            description = "32, bf16 or 16; default: ${DEFAULT-VALUE}.")
    String precision;

    /// @throws VernacularException naming the option that is out of range
    void check() {
        ModelShapeOptions.require("--seq", sequenceLength);
        ModelShapeOptions.require("--batch", batch);
        precision();
    }

    Precision precision() {
        return switch (precision) {
            case "32", "fp32" -> Precision.FP32;
            case "bf16" -> Precision.BF16;
            case "16", "fp16" -> Precision.FP16;
            default -> throw new VernacularException("--precision " + precision + ": use 32, bf16 or 16");
        };
    }
}
