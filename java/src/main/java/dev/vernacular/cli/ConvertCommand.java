package dev.vernacular.cli;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.ConvertedTensor;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.NemoWriter;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.TrimmedModel;
import dev.vernacular.checkpoint.gguf.GgufType;
import dev.vernacular.checkpoint.gguf.GgufWriter;
import dev.vernacular.checkpoint.hf.HuggingFaceWriter;
import dev.vernacular.checkpoint.megatron.LightningWriter;
import dev.vernacular.checkpoint.megatron.MegatronLayout;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `convert`: one model format into another.
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        description = "Converts a model to another format or number type.",
        footer = {"", "Example:", "  vernacular convert gpt.nemo gpt-hf --to hf --dtype bf16"})
final class ConvertCommand implements Runnable {
    @Parameters(
            index = "0",
            paramLabel = "IN",
            description = "The model: .nemo, .ckpt, .gguf or a Hugging Face folder.")
    Path input;

    @Parameters(index = "1", paramLabel = "OUT", description = "What to write.")
    Path output;

    @Option(
            names = "--to",
            paramLabel = "FORMAT",
            description = "nemo, nemo-mcore, ckpt, hf or gguf; default: by the name's ending, else hf.")
    String format;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description = "fp32, fp16 or bf16, for gguf also q8_0; default: as it is.")
    String dtype;

    @Option(
            names = "--tp",
            paramLabel = "N",
            defaultValue = "1",
            description = "For .nemo: spread each tensor over N tensor-parallel ranks.")
    int tensorParallel;

    @Option(
            names = "--pp",
            paramLabel = "N",
            defaultValue = "1",
            description = "For .nemo: spread the layers over N pipeline stages.")
    int pipelineParallel;

    @Option(names = "--trim", description = "Drop padding rows; the way back fills them with zeros.")
    boolean trim;

    @Option(names = "--force", description = "Replace the output if it exists.")
    boolean force;

    @Mixin
    CommonOptions common;

    @Spec
    CommandSpec spec;

    @Override
    public void run() {
        String target = format != null ? format : formatOf(output.toString());
        try (ModelFile opened = ModelFile.open(input)) {
            ModelFile model = trim ? TrimmedModel.of(opened) : opened;
            List<StoredTensor> tensors = dtype == null || target.equals("gguf")
                    ? model.tensors()
                    : model.tensors().stream()
                            .map(tensor -> ConvertedTensor.of(tensor, dtype()))
                            .toList();
            if (!target.startsWith("nemo") && (tensorParallel != 1 || pipelineParallel != 1)) {
                throw new ParameterException(
                        spec.commandLine(), "--tp and --pp are for .nemo only, the output is " + target);
            }
            switch (target) {
                case "nemo", "nemo-mcore" ->
                    NemoWriter.write(
                            output,
                            model.section(),
                            model.tokenizer(),
                            tensors,
                            force,
                            new MegatronLayout(target.equals("nemo-mcore"), tensorParallel, pipelineParallel));
                case "ckpt" -> LightningWriter.write(output, model.section(), model.tokenizer(), tensors, force);
                case "hf" -> HuggingFaceWriter.write(output, model.config(), model.tokenizer(), tensors, force);
                case "gguf" ->
                    GgufWriter.write(output, model.config(), tokenizer(model), tensors, force, ggufType(model));
                default -> throw wrong("--to", target, "nemo, nemo-mcore, ckpt, hf or gguf");
            }
            report(target, model, tensors);
        }
    }

    private static String formatOf(String name) {
        return List.of("nemo", "ckpt", "gguf").stream()
                .filter(ending -> name.endsWith("." + ending))
                .findFirst()
                .orElse("hf");
    }

    private static Tokenizer tokenizer(ModelFile model) {
        Tokenizer tokenizer = Tokenizer.of(model.tokenizer()
                .orElseThrow(
                        () -> new CheckpointException(model.path() + " carries no tokenizer, which a GGUF file must")));
        if (!tokenizer.preTokenizer().equals("gpt2")) {
            Console.note("warning: readers of GGUF cut text as GPT-2 does, this model's tokenizer as '"
                    + tokenizer.preTokenizer() + "'; text will get other ids there than here");
        }
        return tokenizer;
    }

    /// Of a GGUF file's matrices; empty for as they are.
    private Optional<GgufType> ggufType(ModelFile model) {
        if (!"q8_0".equals(dtype)) {
            return Optional.ofNullable(dtype).map(given -> GgufType.valueOf(dtype().name()));
        }
        if (GgufWriter.hasRowsThatAreNoBlocks(model.config())) {
            Console.note("warning: q8_0 takes rows of a multiple of 32 numbers; this model has others, those"
                    + " matrices are written as fp16");
        }
        return Optional.of(GgufType.Q8_0);
    }

    private Dtype dtype() {
        return switch (dtype) {
            case "fp32" -> Dtype.F32;
            case "fp16" -> Dtype.F16;
            case "bf16" -> Dtype.BF16;
            default -> throw wrong("--dtype", dtype, "fp32, fp16, bf16, or q8_0 with --to gguf");
        };
    }

    private ParameterException wrong(String option, String value, String supported) {
        return new ParameterException(spec.commandLine(), option + " is '" + value + "'; it can be " + supported);
    }

    private void report(String target, ModelFile model, List<StoredTensor> tensors) {
        long bytes = target.equals("gguf")
                ? output.toFile().length()
                : tensors.stream().mapToLong(StoredTensor::byteSize).sum();
        if (common.json) {
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("input", input.toString());
            result.put("output", output.toString());
            result.put("format", target);
            result.put("rows", model.config().paddedVocabularySize());
            result.put("weight_bytes", bytes);
            Console.json(result);
        } else {
            Console.result("wrote " + output + ": " + target + ", " + tensors.size() + " tensors, " + bytes + " bytes");
        }
    }
}
