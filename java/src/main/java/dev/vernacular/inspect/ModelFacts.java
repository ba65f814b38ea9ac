package dev.vernacular.inspect;

import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelFormat;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.WeightsHash;
import dev.vernacular.files.FilesException;
import dev.vernacular.files.Sha256;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.train.store.CheckpointSummary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;

/// Facts of a model in any format.
///
/// @param path        file or folder
/// @param hparams     of a Lightning checkpoint
/// @param listTensors with name, type, shape and hash
/// @param alwaysHash  however long it takes
record ModelFacts(Path path, Optional<Path> hparams, boolean listTensors, boolean alwaysHash) {
    /// Hashed in less than a second.
    private static final long QUICKLY_HASHED_BYTES = 256L << 20;

    Map<String, Object> facts() {
        try (ModelFile model = ModelFile.open(path, hparams)) {
            Map<String, Object> facts = Inspection.start(path, "model");
            facts.put("format", model.format().toString());
            putSize(facts, model);
            putArchitecture(facts, model.config());
            putVocabulary(facts, model);
            putLayout(facts, model);
            training(model.format()).ifPresent(training -> facts.put("training", facts(training)));
            Optional<WeightsHash> hash =
                    isHashed(model) ? Optional.of(WeightsHash.of(model.tensors())) : Optional.empty();
            facts.put("weights_sha256", hash.map(WeightsHash::whole).orElse(null));
            facts.put("file_sha256", hash.isPresent() && Files.isRegularFile(path) ? Sha256.of(path) : null);
            if (listTensors) {
                facts.put("tensors", tensors(model, hash));
            }
            facts.put("config", model.section().asMap());
            return facts;
        }
    }

    private void putSize(Map<String, Object> facts, ModelFile model) {
        facts.put("parameters", new ParameterLayout(model.config()).parameterCount());
        facts.put(
                "dtypes",
                new ArrayList<>(new TreeSet<>(
                        model.tensors().stream().map(ModelFacts::dtype).toList())));
        facts.put("weight_bytes", weightBytes(model));
        facts.put("file_bytes", fileBytes());
    }

    private static void putArchitecture(Map<String, Object> facts, GptConfig config) {
        facts.put("layers", config.layers());
        facts.put("hidden_size", config.hiddenSize());
        facts.put("ffn_hidden_size", config.ffnHiddenSize());
        facts.put("heads", config.heads());
        facts.put("head_size", config.headSize());
        facts.put("max_positions", config.maxPositions());
        facts.put("rope_dims", config.ropeDims());
        facts.put("activation", config.activation().name().toLowerCase(Locale.ROOT));
        facts.put("normalization", config.norm().name().toLowerCase(Locale.ROOT));
        facts.put("bias", config.hasBias());
        facts.put("tied", config.isTied());
    }

    private static void putVocabulary(Map<String, Object> facts, ModelFile model) {
        Optional<Tokenizer> tokenizer = model.tokenizer().map(Tokenizer::of);
        int rows = model.config().paddedVocabularySize();
        facts.put("rows", rows);
        facts.put("tokens", tokenizer.map(Tokenizer::size).orElse(null));
        facts.put("padding_rows", tokenizer.map(found -> rows - found.size()).orElse(null));
        facts.put("divisor", model.section().vocabularyDivisor());
        facts.put("pre_tokenizer", tokenizer.map(Tokenizer::preTokenizer).orElse(null));
    }

    /// How Megatron's weights are spread over ranks; formats without ranks say nothing.
    private static void putLayout(Map<String, Object> facts, ModelFile model) {
        if (model.format() == ModelFormat.NEMO || model.format() == ModelFormat.LIGHTNING) {
            facts.put("tensor_parallel", model.section().integer("tensor_model_parallel_size", 1));
            facts.put("pipeline_parallel", model.section().integer("pipeline_model_parallel_size", 1));
            facts.put("key_names", model.section().flag("mcore_gpt", false) ? "megatron-core" : "legacy");
        }
    }

    private Optional<CheckpointSummary> training(ModelFormat format) {
        return format == ModelFormat.LIGHTNING ? CheckpointSummary.of(path) : Optional.empty();
    }

    private static Map<String, Object> facts(CheckpointSummary training) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("step", training.step());
        facts.put("consumed_samples", training.consumedSamples().orElse(null));
        facts.put("val_loss", training.validationLoss().orElse(null));
        facts.put("optimizer", training.moments() > 0);
        facts.put("optimizer_moments", training.moments());
        facts.put("scheduler", training.schedulers() > 0);
        facts.put("scheduler_step", training.schedulerStep().orElse(null));
        facts.put("loss_scale", training.lossScale().orElse(null));
        facts.put("lightning_version", training.lightningVersion().orElse(null));
        return facts;
    }

    private boolean isHashed(ModelFile model) {
        return alwaysHash || weightBytes(model) <= QUICKLY_HASHED_BYTES;
    }

    private static List<Map<String, Object>> tensors(ModelFile model, Optional<WeightsHash> hash) {
        List<Map<String, Object>> tensors = new ArrayList<>();
        for (StoredTensor tensor : model.tensors()) {
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("name", tensor.name());
            facts.put("dtype", dtype(tensor));
            facts.put("shape", tensor.shape());
            facts.put("bytes", tensor.byteSize());
            hash.ifPresent(found -> facts.put("sha256", found.byTensor().get(tensor.name())));
            tensors.add(facts);
        }
        return tensors;
    }

    private static String dtype(StoredTensor tensor) {
        return tensor.dtype().name().toLowerCase(Locale.ROOT);
    }

    private static long weightBytes(ModelFile model) {
        return model.tensors().stream().mapToLong(StoredTensor::byteSize).sum();
    }

    /// Of the file, or of all files of the folder.
    private long fileBytes() {
        try (Stream<Path> files = Files.walk(path)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        } catch (IOException e) {
            throw FilesException.reading(path, e);
        }
    }
}
