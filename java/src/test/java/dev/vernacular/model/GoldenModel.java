package dev.vernacular.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.Norm;
import dev.vernacular.model.ParameterLayout.ParameterSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.util.Base64;

/// A model with the answers that `golden/model/make.py` had for it.
public record GoldenModel(JsonNode json) {
    public static GoldenModel read(String name) {
        try (InputStream in = GoldenModel.class.getResourceAsStream("/golden/model/" + name + ".json")) {
            return new GoldenModel(new ObjectMapper().readTree(in));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public GptConfig config() {
        int hidden = integer("hidden");
        int heads = integer("heads");
        return new GptConfig(
                integer("layers"),
                hidden,
                integer("ffn"),
                heads,
                hidden / heads,
                integer("positions"),
                integer("vocabulary"),
                json.get("erf").asBoolean() ? Activation.GELU_ERF : Activation.GELU_TANH,
                json.get("layernorm1p").asBoolean() ? Norm.LAYERNORM1P : Norm.LAYERNORM,
                1e-5f,
                integer("rope_dims"),
                100,
                1,
                json.get("tied").asBoolean(),
                json.get("bias").asBoolean(),
                true,
                0f,
                0f,
                0.02,
                true);
    }

    public ParameterSource weights() {
        return (parameter, values) -> {
            byte[] bytes = Base64.getDecoder()
                    .decode(json.get("tensors").get(parameter.name()).asText());
            values.copyFrom(MemorySegment.ofArray(bytes));
        };
    }

    /// Writes the weights into a flat buffer.
    public void fill(MemorySegment flat) {
        for (ParameterLayout.Parameter parameter : new ParameterLayout(config()).parameters()) {
            long at = parameter.offset() * Float.BYTES;
            weights().read(parameter, flat.asSlice(at, parameter.elements() * Float.BYTES));
        }
    }

    /// The inputs, one row a sequence.
    public int[][] ids() {
        return rows("ids");
    }

    /// The inputs and four greedy tokens.
    public int[][] greedy() {
        return rows("greedy");
    }

    /// Of the last token of a sequence.
    public double[] lastLogits(int sequence) {
        return numbers(json.get("last_logits").get(sequence));
    }

    /// Of each token but the first.
    public double[] logprobs(int sequence) {
        return numbers(json.get("next_token_logprobs").get(sequence));
    }

    private int integer(String key) {
        return json.get(key).asInt();
    }

    private int[][] rows(String key) {
        int[][] rows = new int[json.get(key).size()][];
        for (int i = 0; i < rows.length; i++) {
            double[] row = numbers(json.get(key).get(i));
            rows[i] = new int[row.length];
            for (int j = 0; j < row.length; j++) {
                rows[i][j] = (int) row[j];
            }
        }
        return rows;
    }

    private static double[] numbers(JsonNode array) {
        double[] numbers = new double[array.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = array.get(i).asDouble();
        }
        return numbers;
    }
}
