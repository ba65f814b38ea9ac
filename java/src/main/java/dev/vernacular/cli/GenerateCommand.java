package dev.vernacular.cli;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.config.Overrides;
import dev.vernacular.files.DocumentReader;
import dev.vernacular.generate.GenerateException;
import dev.vernacular.generate.Generation;
import dev.vernacular.generate.GenerationRequest;
import dev.vernacular.generate.Generator;
import dev.vernacular.generate.IdLines;
import dev.vernacular.generate.NemoInference;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.tokenizer.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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

/// `generate`: continues prompts, with options of its own or with those of NeMo's `megatron_gpt_eval.py`.
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Continues prompts: the most probable token each time, unless an option of sampling is given.",
            "Example: vernacular generate --model model.nemo --prompt 'The capital of Thailand is' --tokens 20"
        })
final class GenerateCommand implements Runnable {
    private static final int PROMPTS_AT_ONCE = 16;

    @Spec
    private CommandSpec spec;

    @Option(names = "--model", paramLabel = "MODEL", description = "Any supported model.")
    private Optional<Path> model = Optional.empty();

    @Option(
            names = "--prompt",
            arity = "1..*",
            converter = PromptText.class,
            paramLabel = "TEXT",
            description = "Texts to continue.")
    private List<String> prompts = new ArrayList<>();

    @Option(names = "--prompts", paramLabel = "FILE", description = "Texts to continue, one a line; JSON Lines too.")
    private Optional<Path> promptFile = Optional.empty();

    @Option(names = "--ids", paramLabel = "FILE", description = "Prompts as token ids, one a line; nothing is added.")
    private Optional<Path> ids = Optional.empty();

    @Mixin
    private SamplingOptions sampling;

    @Option(
            names = "--seed",
            defaultValue = "1234",
            paramLabel = "N",
            description = "Of sampling; default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--dtype",
            defaultValue = "fp32",
            paramLabel = "TYPE",
            description = "Of the weights: fp32, bf16, fp16 or int8; default: ${DEFAULT-VALUE}.")
    private String dtype;

    @Parameters(
            arity = "0..*",
            paramLabel = "key=value",
            description = "NeMo's keys, with NeMo's defaults: gpt_model_file=, checkpoint_dir=, checkpoint_name=,"
                    + " hparams_file=, prompts=[…], inference.greedy=, inference.tokens_to_generate= and so on.")
    private List<String> overrides = new ArrayList<>();

    @Mixin
    private TokenizerOption tokenizers;

    @Mixin
    private BackendOptions backends;

    @Mixin
    private CommonOptions common;

    @Override
    public void run() {
        overrides.addAll(PromptText.takeOverrides(prompts));
        GenerationRequest request = overrides.isEmpty() ? request() : nemoRequest();
        Dtype weights = weights();
        try (ModelFile file = ModelFile.open(request.model(), request.hparams())) {
            Optional<Tokenizer> tokenizer =
                    ids.isPresent() ? tokenizers.of(file) : Optional.of(tokenizers.required(file));
            List<int[]> tokens = ids.isPresent() ? IdLines.read(ids.get()) : request.tokens(tokenizer.orElseThrow());
            if (tokens.isEmpty()) {
                throw new GenerateException(
                        ids.map(from -> from + " has no line of ids").orElse("there is no prompt to continue"));
            }
            int capacity =
                    Generator.capacity(file.config(), tokens, request.options().tokens());
            int batch = Math.clamp(tokens.size(), 1, PROMPTS_AT_ONCE);
            try (Backend backend = backends.open()) {
                Generator generator = Generator.open(file, weights, tokenizer, batch, capacity, backend);
                List<String> texts = ids.isPresent() ? texts(tokens, tokenizer) : request.prompts();
                show(generator, tokens, texts, request);
            }
        }
    }

    private GenerationRequest request() {
        int given = (prompts.isEmpty() ? 0 : 1) + (promptFile.isPresent() ? 1 : 0) + (ids.isPresent() ? 1 : 0);
        if (given != 1) {
            throw wrong("give one of --prompt TEXT, --prompts FILE and --ids FILE");
        }
        promptFile.ifPresent(this::readPrompts);
        Path named = model.orElseThrow(() -> wrong("name a model with --model MODEL or gpt_model_file=FILE"));
        return new GenerationRequest(named, Optional.empty(), prompts, false, sampling.options(seed));
    }

    private void readPrompts(Path file) {
        DocumentReader.forEachText(List.of(file), "text", prompts::add);
        if (prompts.isEmpty()) {
            throw new GenerateException(file + " has no prompts\n  Write one a line.");
        }
    }

    private GenerationRequest nemoRequest() {
        for (String argument : overrides) {
            if (!Overrides.isOverride(argument)) {
                throw wrong("'" + argument + "' is neither an option nor key=value; texts follow --prompt");
            }
        }
        if (sampling.areGiven() || !prompts.isEmpty() || promptFile.isPresent()) {
            throw wrong("beside " + overrides.getFirst()
                    + " write prompts=[…] for --prompt, and inference.… for --tokens and the options of"
                    + " sampling: the two spellings have different defaults"
                    + "\n  If that is a text to continue, give it with --prompts FILE.");
        }
        return NemoInference.parse(overrides).request(model, seed);
    }

    private Dtype weights() {
        return switch (dtype) {
            case "fp32" -> Dtype.F32;
            case "bf16" -> Dtype.BF16;
            case "fp16" -> Dtype.F16;
            case "int8" -> Dtype.I8;
            default -> throw wrong("--dtype is '" + dtype + "'; choose one of fp32, bf16, fp16, int8");
        };
    }

    /// A single text is shown while it grows.
    private void show(Generator generator, List<int[]> tokens, List<String> texts, GenerationRequest request) {
        if (common.json) {
            Console.json(Map.of("results", json(generator.generate(tokens, request.options()), texts)));
        } else if (tokens.size() == 1) {
            Console.piece(texts.getFirst());
            generator.generate(tokens, request.options(), (prompt, piece) -> Console.piece(piece));
            Console.result("");
        } else {
            List<Generation> results = generator.generate(tokens, request.options());
            for (int i = 0; i < results.size(); i++) {
                Console.result(texts.get(i) + results.get(i).text());
            }
        }
    }

    private static List<Map<String, Object>> json(List<Generation> results, List<String> texts) {
        List<Map<String, Object>> json = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            Generation result = results.get(i);
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("prompt", texts.get(i));
            one.put("text", result.text());
            one.put("token_ids", result.tokens());
            one.put("logprobs", result.logprobs());
            one.put("tokens_per_s", result.tokensPerSecond());
            one.put("stop", result.stop().label());
            one.put("prompt_token_ids", result.prompt());
            one.put("prompt_logprobs", result.promptLogprobs());
            json.add(one);
        }
        return json;
    }

    /// Empty where there is no tokenizer, or not for these ids.
    private static List<String> texts(List<int[]> sequences, Optional<Tokenizer> tokenizer) {
        return sequences.stream()
                .map(ids -> tokenizer
                        .filter(t -> Arrays.stream(ids).allMatch(id -> id >= 0 && id < t.size()))
                        .map(t -> t.decode(ids))
                        .orElse(""))
                .toList();
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
