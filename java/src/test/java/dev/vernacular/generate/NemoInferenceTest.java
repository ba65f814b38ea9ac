package dev.vernacular.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.config.ConfigException;
import dev.vernacular.kernels.Sampling;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class NemoInferenceTest {
    @Test
    void withoutOverridesTheDefaultsAreNemos() {
        GenerationRequest request = request("gpt_model_file=m.nemo");

        assertThat(request.model()).isEqualTo(Path.of("m.nemo"));
        assertThat(request.addsBos()).isTrue();
        assertThat(request.prompts()).containsExactly("Q: How are you?", "Q: How big is the universe?");
        assertThat(request.options())
                .isEqualTo(new GenerationOptions(
                        30, 0, new Sampling(1f, 0, 0.9f, 7), 1f, List.of("<|endoftext|>"), false));
    }

    @Test
    void aPlainTextIsOnePrompt() {
        assertThat(request("gpt_model_file=m.nemo", "prompts='How are you?'").prompts())
                .containsExactly("How are you?");
    }

    @Test
    void aCheckpointIsNamedByFolderNameAndConfiguration() {
        GenerationRequest request =
                request("checkpoint_dir=run/checkpoints", "checkpoint_name=last.ckpt", "hparams_file=h.yaml");

        assertThat(request.model()).isEqualTo(Path.of("run/checkpoints/last.ckpt"));
        assertThat(request.hparams()).contains(Path.of("h.yaml"));
    }

    @Test
    void noModelIsAnErrorThatNamesBothWays() {
        assertThatThrownBy(() -> request("inference.greedy=True"))
                .isInstanceOf(GenerateException.class)
                .hasMessageContaining("gpt_model_file=")
                .hasMessageContaining("checkpoint_dir=");
    }

    @Test
    void logProbabilitiesTakeOneGreedyTokenAndNoBos() {
        GenerationRequest request = request("gpt_model_file=m.nemo", "inference.compute_logprob=True");

        assertThat(request.addsBos()).isFalse();
        assertThat(request.options().tokens()).isEqualTo(1);
        assertThat(request.options().sampling()).isEqualTo(Sampling.GREEDY);
        assertThat(request.options().scoresPrompt()).isTrue();
    }

    @Test
    void aPenaltyCountsOnlyWhenItIsGiven() {
        assertThat(request("gpt_model_file=m", "inference.repetition_penalty=1.5")
                        .options()
                        .repetitionPenalty())
                .isEqualTo(1.5f);
    }

    @Test
    void anUnknownKeyIsRefusedNamingTheNearest() {
        assertThatThrownBy(() -> request("inference.tokens_to_generat=3"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("inference.tokens_to_generate");
    }

    @Test
    void anImpossibleValueIsRefusedWithIt() {
        assertThatThrownBy(() -> request("gpt_model_file=m", "inference.top_p=1.5"))
                .isInstanceOf(GenerateException.class)
                .hasMessageContaining("top-p is 1.5");
    }

    private static GenerationRequest request(String... arguments) {
        return NemoInference.parse(List.of(arguments)).request(Optional.empty(), 7);
    }
}
