package dev.vernacular.cli;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.expand.Expansion;
import dev.vernacular.checkpoint.expand.ExpansionPlan;
import dev.vernacular.checkpoint.expand.RowInit;
import dev.vernacular.files.AtomicFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `expand`: rows for new tokens.
@Command(
        name = "expand",
        mixinStandardHelpOptions = true,
        description = "Gives a model the rows for a merged tokenizer.",
        footer = {"", "Example:", "  vernacular expand --model gpt.nemo --tokenizer tok/th-en --output gpt-th.nemo"})
final class ExpandCommand implements Runnable {
    @Option(names = "--model", required = true, paramLabel = "MODEL", description = "The model to expand.")
    Path model;

    @Option(
            names = "--tokenizer",
            required = true,
            paramLabel = "DIR",
            description = "Folder of the merged tokenizer, or a model that carries it.")
    Path tokenizer;

    @Option(
            names = {"--output", "--out"},
            required = true,
            paramLabel = "OUT.nemo",
            description = "The expanded model.")
    Path output;

    @Option(
            names = "--init",
            paramLabel = "METHOD",
            defaultValue = "subtoken",
            description = {
                "Rows of new tokens: subtoken (default), zero, normal, mean or mean-cov.",
                "All but zero also set the old padding rows that become tokens; appended padding is zero.",
                "\"Rows initialised\" are all that this writes: rows of new tokens and appended ones."
            })
    String init;

    @Option(
            names = "--divisible-by",
            paramLabel = "N",
            description = "Rows are a multiple of this; default: the model's make_vocab_size_divisible_by.")
    Integer divisor;

    @Option(names = "--force", description = "Replace the output if it exists.")
    boolean force;

    @Mixin
    CommonOptions common;

    @Override
    public void run() {
        RowInit method = RowInit.of(init);
        AtomicFile.refuseToReplace(output, force);
        try (ModelFile base = ModelFile.open(model)) {
            OptionalInt multiple = divisor == null ? OptionalInt.empty() : OptionalInt.of(divisor);
            ExpansionPlan plan = ExpansionPlan.of(base, TokenizerArgument.load(tokenizer), method, multiple);
            Expansion.write(base, plan, output, force);
            report(plan, base.config().isTied());
        }
    }

    private void report(ExpansionPlan plan, boolean isTied) {
        if (common.json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("tokenizer_size_before", plan.base().size());
            result.put("tokenizer_size_after", plan.merged().size());
            result.put("rows_before", plan.rowsBefore());
            result.put("rows_after", plan.rowsAfter());
            result.put("divisor", plan.divisor());
            result.put("rows_initialised", plan.rowsInitialised());
            result.put("init", plan.init().title());
            result.put("tied", isTied);
            Console.json(result);
            return;
        }
        if (plan.isNothing()) {
            Console.result("nothing to add: the tokenizer has the model's "
                    + plan.base().size() + " tokens");
        }
        Console.result("O, rows before        " + plan.rowsBefore() + "  ("
                + plan.base().size() + " tokens)");
        Console.result("N, tokens             " + plan.merged().size());
        Console.result("X, rows divisible by  " + plan.divisor());
        Console.result("rows after            " + plan.rowsAfter());
        Console.result("Diff                  " + (plan.rowsAfter() - plan.rowsBefore()));
        Console.result("rows initialised      " + plan.rowsInitialised() + "  ("
                + plan.init().title() + ", " + (isTied ? "tied head" : "embedding and head") + ")");
        Console.result("wrote " + output);
    }
}
