package dev.vernacular.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.Norm;
import dev.vernacular.model.GptConfig;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelSectionTest {
    /// As sparse as a NeMo 1.11 file may be.
    private static final String OLD = """
            encoder_seq_length: 2048
            num_layers: 24
            hidden_size: 2048
            num_attention_heads: 16
            kv_channels: null
            layernorm_epsilon: 1e-05
            """;

    private static ModelSection section(String text) {
        return ModelSection.of(Yaml.parse(text, "model_config.yaml"), "model_config.yaml");
    }

    @Test
    void anOldSparseConfigTakesTheDefaultsOfItsRelease() {
        GptConfig config = section(OLD).gptConfig(50304);

        assertThat(config)
                .isEqualTo(new GptConfig(
                        24,
                        2048,
                        8192,
                        16,
                        128,
                        2048,
                        50304,
                        Activation.GELU_TANH,
                        Norm.LAYERNORM,
                        1e-5f,
                        0,
                        10000,
                        1,
                        true,
                        true,
                        true,
                        0.1f,
                        0.1f,
                        0.02,
                        true));
    }

    @Test
    void theExactGeluIsTakenOnlyWithoutFusion() {
        assertThat(section(OLD + "bias_activation_fusion: False").gptConfig(128).activation())
                .isEqualTo(Activation.GELU_ERF);
        assertThat(section(OLD + "bias_gelu_fusion: False").gptConfig(128).activation())
                .isEqualTo(Activation.GELU_ERF);
        assertThat(section(OLD + "bias_activation_fusion: False\nopenai_gelu: True")
                        .gptConfig(128)
                        .activation())
                .isEqualTo(Activation.GELU_TANH);
    }

    @Test
    void ropeRotatesTheAskedShareOfAHead() {
        GptConfig config = section(OLD + "position_embedding_type: rope\nrotary_percentage: 0.5")
                .gptConfig(128);

        assertThat(config.ropeDims()).isEqualTo(64);
    }

    @ParameterizedTest
    @CsvSource({
        "normalization, rmsnorm, layernorm1p",
        "activation, fast-swiglu, gelu",
        "num_query_groups, 4, 16",
        "position_embedding_type, alibi, rope",
        "transformer_block_type, post_ln, pre_ln",
        "num_moe_experts, 8, 1",
        "headscale, true, false",
        "ffn_dropout, 0.1, 0.0"
    })
    void anUnsupportedOptionIsRefusedNamingKeyValueAndWhatIsSupported(String key, String value, String supported) {
        ModelSection section = section(OLD + key + ": " + value);

        assertThatThrownBy(() -> section.gptConfig(128))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(key + " is " + value)
                .hasMessageContaining(supported);
    }

    @Test
    void aMissingSizeIsRefusedNamingTheKey() {
        assertThatThrownBy(
                        () -> section("hidden_size: 8\nnum_attention_heads: 2").gptConfig(128))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("num_layers");
    }

    @Test
    void unknownKeysAreKeptAndTheOriginalIsNeverChanged() {
        ModelSection section = section(OLD + "my_key: {a: [1, x]}");

        ModelSection changed = section.with("tokenizer.vocab_file", "nemo:v").with("my_key.b", null);

        assertThat(changed.get("my_key.a")).contains(List.of(1L, "x"));
        assertThat(changed.text("tokenizer.vocab_file", "")).isEqualTo("nemo:v");
        assertThat(section.get("tokenizer.vocab_file")).isEmpty();
        Map<String, Object> inner = new HashMap<>(Map.of("a", List.of(1L, "x")));
        inner.put("b", null);
        assertThat(changed.asMap()).containsEntry("my_key", inner);
    }

    @Test
    void aWrapperNamedCfgOrModelIsUnwrapped() {
        assertThat(section("cfg: {num_layers: 3}").integer("num_layers")).isEqualTo(3);
        assertThat(section("model: {num_layers: 4}").integer("num_layers")).isEqualTo(4);
    }

    @Test
    void aValueOfTheWrongKindIsRefusedNamingIt() {
        assertThatThrownBy(() -> section("num_layers: twelve").integer("num_layers"))
                .hasMessageContaining("num_layers is twelve");
        assertThatThrownBy(() -> section("bias: 1").flag("bias", true)).hasMessageContaining("bias is 1");
    }
}
