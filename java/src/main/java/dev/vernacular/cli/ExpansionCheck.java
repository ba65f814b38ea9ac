package dev.vernacular.cli;

import dev.vernacular.adapt.Measurements.StepZeroResult;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.expand.ExpansionPlan;
import dev.vernacular.eval.BaseText;
import dev.vernacular.eval.StepZero;
import dev.vernacular.eval.TextSample;
import dev.vernacular.files.DocumentReader;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.KernelException;
import dev.vernacular.kernels.memory.MachineMemory;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/// The check at step 0 as `expand` makes it: on some text, on the backend that was asked for, if there is memory
/// for it.
///
/// @param texts files by the language's name; empty for the built-in English
record ExpansionCheck(Map<String, List<Path>> texts, BackendOptions backends) {
    private static final String BUILT_IN = "en";

    ExpansionCheck(Map<String, List<Path>> texts, BackendOptions backends, CommandSpec spec) {
        this(texts, backends);
        if (texts.size() > 1) {
            throw new ParameterException(
                    spec.commandLine(),
                    "--text names " + String.join(", ", texts.keySet())
                            + "; the check is on one language, that of the base");
        }
    }

    /// @param isShown print what was found
    /// @return empty, with a note for a person, if the models cannot be run here
    Optional<StepZeroResult> run(ModelFile base, ModelFile written, ExpansionPlan plan, boolean isShown) {
        if (plan.base().endOfText() < 0) {
            return unchecked("the tokenizer has no <|endoftext|>, with which a document starts");
        }
        TextSample sample = sample(base, plan);
        if (sample.tokens() == 0) {
            return unchecked("there is no text in the files of --text");
        }
        try (Backend backend = backends.open()) {
            long bytes = StepZero.bytes(base.config(), written.config(), backend);
            long available = MachineMemory.ofThisMachine().available();
            if (backend.device().isHostMemory() && bytes > available) {
                return unchecked("both models in float32 take %.1f GB, %.1f GB are free"
                        .formatted(bytes / 1e9, available / 1e9));
            }
            StepZero step0 = StepZero.of(sample.texts(), base, plan.base(), written, plan.merged(), backend);
            if (isShown) {
                show(step0, sample);
            }
            return Optional.of(StepZeroResult.of(step0));
        } catch (KernelException noMemory) {
            return unchecked(noMemory.getMessage());
        }
    }

    private TextSample sample(ModelFile base, ExpansionPlan plan) {
        if (texts.isEmpty()) {
            return TextSample.of(BaseText.english(), plan.base(), base.config());
        }
        List<Path> files = texts.values().iterator().next();
        try (DocumentReader documents = DocumentReader.open(files, "text")) {
            return TextSample.of(documents, plan.base(), base.config());
        }
    }

    private static Optional<StepZeroResult> unchecked(String why) {
        Console.note("not checked on text: " + why
                + "\n  The model is written. Check it elsewhere with vernacular eval --before BASE --after MODEL.");
        return Optional.empty();
    }

    private void show(StepZero step0, TextSample sample) {
        String name = texts.isEmpty()
                ? BUILT_IN + ", built-in"
                : texts.keySet().iterator().next();
        Console.result("checked on            %s: %,d tokens, %,d bytes%s"
                .formatted(
                        name,
                        sample.tokens(),
                        sample.bytes(),
                        step0.areBaseIdsIdentical() ? "" : "; the tokenizers give it other ids"));
        Console.result("bits per byte         %.4f -> %.4f  (%+.2f %%)"
                .formatted(step0.bitsPerByteBase(), step0.bitsPerByteExpanded(), 100 * step0.rise()));
        Console.result("same next token       %.1f %% of places"
                .formatted(100 * step0.agreement().greedy()));
        Console.result("new tokens take       %.3g of the probability"
                .formatted(step0.agreement().newIdMass()));
        Console.result("KL over base ids      %.3g".formatted(step0.agreement().klBaseIds()));
        Console.result("verdict               " + step0.verdict());
    }
}
