package dev.vernacular.checkpoint.gguf;

import dev.vernacular.checkpoint.ConvertedTensor;
import dev.vernacular.checkpoint.Gpt2Section;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.ModelFormat;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.checkpoint.megatron.MegatronNames;
import dev.vernacular.config.ModelSection;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.TokenizerFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Opens GGUF files of the gpt2 architecture. Matrices in blocks of 8 bits (Q8_0) are read as float32.
public record GgufModel(
        Path path,
        ModelSection section,
        GptConfig config,
        Optional<TokenizerFiles> tokenizer,
        List<StoredTensor> tensors,
        GgufFile file)
        implements ModelFile {
    private static final String ARCHITECTURE = "gpt2";
    private static final String TABLE = GgufNames.of(ParameterLayout.WORD_EMBEDDINGS);
    private static final String HEAD = GgufNames.of(ParameterLayout.HEAD);

    /// @throws GgufException if the file is damaged, or of an architecture or a type that is not supported,
    ///   naming key or tensor
    public static ModelFile open(Path path) {
        GgufFile file = GgufFile.open(path);
        try {
            return read(path, file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public ModelFormat format() {
        return ModelFormat.GGUF;
    }

    @Override
    public void close() {
        file.close();
    }

    private static ModelFile read(Path path, GgufFile file) {
        GgufValues values = file.values();
        requireGpt2(path, values);
        Map<String, GgufFile.Tensor> theirs = file.tensors();
        GgufFile.Tensor table = theirs.get(TABLE);
        if (table == null || table.shape().length != 2 || table.shape()[0] > Integer.MAX_VALUE) {
            throw new GgufException(path + " has no matrix " + TABLE + ", which every gpt2 model has");
        }
        int rows = (int) table.shape()[0];
        Optional<TokenizerFiles> tokenizer = GgufTokenizer.read(values, path.toString(), rows);
        boolean isTied = !theirs.containsKey(HEAD) || isSame(table, theirs.get(HEAD));
        ModelSection section = section(path, values, isTied, Gpt2Section.divisor(rows, tokenizer));
        GptConfig config = section.gptConfig(rows);
        if (config.layers() > theirs.size()) {
            throw new GgufException(path + ": gpt2.block_count is " + config.layers() + ", but there are only "
                    + theirs.size() + " tensors");
        }
        return new GgufModel(path, section, config, tokenizer, tensors(path, config, theirs), file);
    }

    private static void requireGpt2(Path path, GgufValues values) {
        String architecture = values.text("general.architecture")
                .orElseThrow(() -> new GgufException(path + " has no key general.architecture: it is no model"));
        if (!architecture.equals(ARCHITECTURE)) {
            throw new GgufException(path + ": general.architecture is " + architecture
                    + ", which is not supported\n  Supported: " + ARCHITECTURE);
        }
        int parts = values.integer("split.count").orElse(1);
        if (parts > 1) {
            throw new GgufException(
                    path + " is one of " + parts + " parts of a model\n  Join them with llama-gguf-split --merge.");
        }
    }

    private static ModelSection section(Path path, GgufValues values, boolean isTied, long divisor) {
        int hiddenSize = values.requireInteger("gpt2.embedding_length");
        int heads = values.requireInteger("gpt2.attention.head_count");
        requireSame(path, values, "gpt2.attention.head_count_kv", heads);
        for (String part : List.of("key", "value")) {
            requireSame(path, values, "gpt2.attention." + part + "_length", heads == 0 ? 0 : hiddenSize / heads);
        }
        Map<String, Object> section = Gpt2Section.defaults();
        long positions = values.requireInteger("gpt2.context_length");
        section.put("encoder_seq_length", positions);
        section.put("max_position_embeddings", positions);
        section.put("num_layers", (long) values.requireInteger("gpt2.block_count"));
        section.put("hidden_size", (long) hiddenSize);
        section.put("ffn_hidden_size", (long) values.requireInteger("gpt2.feed_forward_length"));
        section.put("num_attention_heads", (long) heads);
        section.put("layernorm_epsilon", decimal(values.requireNumber("gpt2.attention.layer_norm_epsilon")));
        section.put("make_vocab_size_divisible_by", divisor);
        section.put("share_embeddings_and_output_weights", isTied);
        return ModelSection.of(section, path.toString());
    }

    /// 1e-5 for the float nearest to it.
    private static double decimal(double value) {
        return Double.parseDouble(Float.toString((float) value));
    }

    private static void requireSame(Path path, GgufValues values, String key, int supported) {
        int value = values.integer(key).orElse(supported);
        if (value != supported) {
            throw new GgufException(
                    path + ": " + key + " is " + value + ", which is not supported\n  Supported: " + supported);
        }
    }

    private static boolean isSame(GgufFile.Tensor table, GgufFile.Tensor head) {
        return table.type() == head.type()
                && Arrays.equals(table.shape(), head.shape())
                && table.bytes().mismatch(head.bytes()) < 0;
    }

    private static List<StoredTensor> tensors(Path path, GptConfig config, Map<String, GgufFile.Tensor> theirs) {
        ParameterLayout layout = new ParameterLayout(config);
        List<GgufTensor> tensors = new ArrayList<>();
        Set<String> unknown = new HashSet<>(theirs.keySet());
        unknown.remove(HEAD);
        for (String name : MegatronNames.inModuleOrder(config)) {
            String theirName = GgufNames.of(name);
            long[] wanted = layout.get(name).shape();
            GgufFile.Tensor found = theirs.get(theirName);
            if (found == null || !Arrays.equals(found.shape(), wanted)) {
                throw new GgufException(path + ": " + theirName + " should have the shape " + Arrays.toString(wanted)
                        + ", the file has " + (found == null ? "no such tensor" : Arrays.toString(found.shape())));
            }
            tensors.add(new GgufTensor(name, found));
            unknown.remove(theirName);
        }
        unknown.stream().sorted().findFirst().ifPresent(name -> {
            throw new GgufException(path + ": " + name + " is in the file, but a gpt2 model of " + config.layers()
                    + " layers has no such tensor");
        });
        return inOneType(tensors);
    }

    /// GGUF has vectors and positions in float32 whatever a model's type is. Where matrices are in a short type
    /// and all else fits it too, all is read in that type: it is what the model was before it became GGUF.
    private static List<StoredTensor> inOneType(List<GgufTensor> tensors) {
        Dtype dtype = tensors.getFirst().dtype();
        boolean fits = dtype != Dtype.F32 && tensors.stream().allMatch(tensor -> tensor.fits(dtype));
        return tensors.stream()
                .<StoredTensor>map(tensor -> fits ? ConvertedTensor.of(tensor, dtype) : tensor)
                .toList();
    }
}
