package dev.vernacular.cli;

import dev.vernacular.VernacularException;
import picocli.CommandLine.Option;

/// The shape of a GPT with random weights; GPT-2 124M by default.
final class ModelShapeOptions {
    @Option(names = "--layers", paramLabel = "N", defaultValue = "12", description = "Default: ${DEFAULT-VALUE}.")
    int layers;

    @Option(names = "--hidden", paramLabel = "N", defaultValue = "768", description = "Default: ${DEFAULT-VALUE}.")
    int hidden;

    @Option(names = "--heads", paramLabel = "N", defaultValue = "12", description = "Default: ${DEFAULT-VALUE}.")
    int heads;

    @Option(
            names = "--vocab",
            paramLabel = "N",
            defaultValue = "50304",
            description = "Rows of the token table; default: ${DEFAULT-VALUE}.")
    int vocab;

    /// @throws dev.vernacular.VernacularException naming the option that is out of range
    void check() {
        require("--layers", layers);
        require("--hidden", hidden);
        require("--heads", heads);
        require("--vocab", vocab);
        if (hidden % heads != 0) {
            throw new VernacularException("--hidden " + hidden + " is no multiple of --heads " + heads);
        }
    }

    /// @throws dev.vernacular.VernacularException if `value` is below 1
    static void require(String option, int value) {
        if (value < 1) {
            throw new VernacularException(option + " is " + value + ", it must be at least 1");
        }
    }
}
