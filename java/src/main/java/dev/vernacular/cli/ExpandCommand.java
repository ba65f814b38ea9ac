package dev.vernacular.cli;

import dev.vernacular.adapt.Measurements.StepZeroResult;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.expand.Expansion;
import dev.vernacular.checkpoint.expand.ExpansionPlan;
import dev.vernacular.checkpoint.expand.KeptWeights;
import dev.vernacular.checkpoint.expand.RowInit;
import dev.vernacular.files.AtomicFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `expand`: rows for new tokens.
@Command(
        name = "expand",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Gives a model the rows for a merged tokenizer, and checks that it has lost nothing: that every old row"
                    + " is there bit for bit, and what the new ones do to text in the base's language.",
            "PASS: its bits per byte rise by 1 % at most. FAIL is a finding, not an error: the model is written."
        },
        footer = {"", "Example:", "  vernacular expand --model gpt.nemo --tokenizer tok/th-en --output gpt-th.nemo"})
final class ExpandCommand implements Runnable {
    @Option(names = "--model", required = true, paramLabel = "MODEL", description = "The model to expand.")
    private Path model;

    @Option(
            names = "--tokenizer",
            required = true,
            paramLabel = "DIR",
            description = "Folder of the merged tokenizer, or a model that carries it.")
    private Path tokenizer;

    @Option(
            names = {"--output", "--out"},
            required = true,
            paramLabel = "OUT.nemo",
            description = "The expanded model.")
    private Path output;

    @Option(
            names = "--init",
            paramLabel = "METHOD",
            defaultValue = "subtoken",
            description = {
                "Rows of new tokens: subtoken (default), zero, normal, mean or mean-cov.",
                "All but zero also set the old padding rows that become tokens; appended padding is zero.",
                "\"Rows initialised\" are all that this writes: rows of new tokens and appended ones."
            })
    private String init;

    @Option(
            names = "--divisible-by",
            paramLabel = "N",
            description = "Rows of each tensor-parallel rank are a multiple of this; default: the model's"
                    + " make_vocab_size_divisible_by.")
    private Integer divisor;

    @Option(
            names = "--text",
            arity = "1..*",
            paramLabel = "NAME=FILE",
            description = "Text in the base's language to check on, a document a line; default: built-in English.")
    private List<String> texts = new ArrayList<>();

    @Option(names = "--no-check", description = "Write the model and check nothing.")
    private boolean isUnchecked;

    @Option(names = "--force", description = "Replace the output if it exists.")
    private boolean force;

    @Mixin
    private BackendOptions backends;

    @Mixin
    private CommonOptions common;

    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        RowInit method = RowInit.of(init);
        ExpansionCheck check = new ExpansionCheck(NamedTexts.files(texts, spec), backends, spec);
        AtomicFile.refuseToReplace(output, force);
        if (!isUnchecked) {
            backends.open().close(); // one that cannot be opened is an error now, not when the model is written
        }
        try (ModelFile base = ModelFile.open(model)) {
            OptionalInt multiple = divisor == null ? OptionalInt.empty() : OptionalInt.of(divisor);
            ExpansionPlan plan = ExpansionPlan.of(base, TokenizerArgument.load(tokenizer), method, multiple);
            Expansion.write(base, plan, output, force);
            if (!common.json) {
                show(plan, base.config().isTied());
            }
            Optional<StepZeroResult> step0 = isUnchecked ? Optional.empty() : check(check, base, plan);
            if (common.json) {
                Console.json(json(plan, base.config().isTied(), step0));
            }
        }
    }

    private Optional<StepZeroResult> check(ExpansionCheck check, ModelFile base, ExpansionPlan plan) {
        try (ModelFile written = ModelFile.open(output)) {
            new KeptWeights(base, plan, written).require();
            if (!common.json) {
                Console.result("old rows              bit-identical in the file, as is every other tensor");
            }
            return check.run(base, written, plan, !common.json);
        }
    }

    private static Map<String, Object> json(ExpansionPlan plan, boolean isTied, Optional<StepZeroResult> step0) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("tokenizer_size_before", plan.base().size());
        result.put("tokenizer_size_after", plan.merged().size());
        result.put("rows_before", plan.rowsBefore());
        result.put("rows_after", plan.rowsAfter());
        result.put("divisor", plan.multiple());
        result.put("rows_initialised", plan.rowsInitialised());
        result.put("init", plan.init().title());
        result.put("tied", isTied);
        step0.ifPresent(found -> result.put("step0", found.json()));
        return result;
    }

    private void show(ExpansionPlan plan, boolean isTied) {
        if (plan.isNothing()) {
            Console.result("nothing to add: the tokenizer has the model's "
                    + plan.base().size() + " tokens");
        }
        String ranks = plan.ranks() == 1
                ? ""
                : "  (" + plan.divisor() + " for each of " + plan.ranks() + " tensor-parallel ranks)";
        Console.result("O, rows before        " + plan.rowsBefore() + "  ("
                + plan.base().size() + " tokens)");
        Console.result("N, tokens             " + plan.merged().size());
        Console.result("X, rows divisible by  " + plan.multiple() + ranks);
        Console.result("rows after            " + plan.rowsAfter());
        Console.result("Diff                  " + (plan.rowsAfter() - plan.rowsBefore()));
        Console.result("rows initialised      " + plan.rowsInitialised() + "  ("
                + plan.init().title() + ", " + (isTied ? "tied head" : "embedding and head") + ")");
        Console.result("wrote                 " + output);
    }
}
