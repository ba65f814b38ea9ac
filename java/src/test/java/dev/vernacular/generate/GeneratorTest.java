package dev.vernacular.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.kernels.Sampling;
import dev.vernacular.model.GoldenModel;
import dev.vernacular.model.GptConfig;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.model.ParameterLayout.ParameterSource;
import dev.vernacular.model.TinyModel;
import dev.vernacular.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class GeneratorTest {
    private static final Tokenizer TOKENIZER = Tokenizer.load(Path.of("src/test/resources/golden/tokenizer/gpt2"));

    @AutoClose
    private final Backend backend = Backends.open("reference", 1, Optional.empty());

    @Test
    void greedyTextsAreThoseOfTransformers() {
        GoldenModel golden = GoldenModel.read("untied_erf_layernorm1p");
        Generator generator =
                new Generator(golden.config(), golden.weights(), Dtype.F32, Optional.empty(), 2, 11, backend);

        List<Generation> results = generator.generate(List.of(golden.ids()), GenerationOptions.greedy(4));

        for (int i = 0; i < 2; i++) {
            int[] whole = golden.greedy()[i];
            int prompt = golden.ids()[i].length;
            assertThat(results.get(i).tokens())
                    .isEqualTo(
                            Arrays.stream(whole, prompt, whole.length).boxed().toList());
            assertThat(results.get(i).stop()).isEqualTo(Stop.LENGTH);
        }
    }

    @Test
    void promptsOfDifferentLengthsInOneBatchGiveWhatEachGivesAlone() {
        List<int[]> prompts = List.of(new int[] {5}, new int[] {1, 2, 3, 4}, new int[] {9, 9});
        GenerationOptions options = GenerationOptions.greedy(3);

        List<Generation> together = generator(3).generate(prompts, options);

        for (int i = 0; i < prompts.size(); i++) {
            Generation alone =
                    generator(1).generate(List.of(prompts.get(i)), options).getFirst();
            assertThat(together.get(i).tokens()).isEqualTo(alone.tokens());
            assertThat(together.get(i).logprobs()).isEqualTo(alone.logprobs());
        }
    }

    @Test
    void moreThanABatchOfPromptsComeBackInTheirOrder() {
        List<int[]> prompts =
                IntStream.range(0, 5).mapToObj(i -> new int[] {3 * i}).toList();

        List<Generation> results = generator(2).generate(prompts, GenerationOptions.greedy(2));

        assertThat(results.stream().map(result -> result.prompt().getFirst())).containsExactly(0, 3, 6, 9, 12);
    }

    @Test
    void theSameSeedDrawsTheSameTextAndAnotherSeedAnother() {
        GenerationOptions options = sampled(7);

        List<Integer> first = generator(1)
                .generate(List.of(new int[] {5}), options)
                .getFirst()
                .tokens();
        List<Integer> again = generator(1)
                .generate(List.of(new int[] {5}), options)
                .getFirst()
                .tokens();
        List<Integer> other = generator(1)
                .generate(List.of(new int[] {5}), sampled(8))
                .getFirst()
                .tokens();

        assertThat(again).isEqualTo(first).isNotEqualTo(other);
    }

    @Test
    void idsAboveTheTokenizerAreNeverChosen() {
        GenerationOptions hot = new GenerationOptions(6, 0, new Sampling(100f, 0, 0f, 1), 1f, List.of(), false);
        for (int seed = 0; seed < 5; seed++) {
            List<Integer> tokens = generator(1)
                    .generate(List.of(new int[] {seed}), hot)
                    .getFirst()
                    .tokens();

            assertThat(tokens).allMatch(id -> id < TOKENIZER.size());
        }
    }

    @Test
    void streamedPiecesAreTheText() {
        StringBuilder pieces = new StringBuilder();

        Generation result = generator(1)
                .generate(List.of(new int[] {5}), sampled(3), (prompt, piece) -> pieces.append(piece))
                .getFirst();

        assertThat(pieces).hasToString(result.text());
    }

    @Test
    void anEndStringStopsAndStaysInTheText() {
        Generation free = generator(1)
                .generate(List.of(new int[] {5}), GenerationOptions.greedy(6))
                .getFirst();
        String end = TOKENIZER.decode(new int[] {free.tokens().getFirst()});
        GenerationOptions options = new GenerationOptions(6, 0, Sampling.GREEDY, 1f, List.of(end), false);

        Generation stopped =
                generator(1).generate(List.of(new int[] {5}), options).getFirst();

        assertThat(stopped.stop()).isEqualTo(Stop.END_STRING);
        assertThat(stopped.text()).isEqualTo(end);
        assertThat(stopped.tokens()).hasSize(1);
    }

    @Test
    void aPromptBeyondThePositionsIsRefusedBeforeAnythingRuns() {
        assertThatThrownBy(() -> Generator.capacity(config(), List.of(new int[3]), 6))
                .isInstanceOf(GenerateException.class)
                .hasMessageContaining("prompt 1 has 3 tokens")
                .hasMessageContaining("7 positions")
                .hasMessageContaining("at most 5 tokens");
    }

    @Test
    void anIdThatTheModelLacksIsRefused() {
        assertThatThrownBy(() -> generator(1).generate(List.of(new int[] {100_000}), GenerationOptions.greedy(1)))
                .isInstanceOf(GenerateException.class)
                .hasMessageContaining("100000");
    }

    @Test
    void aScoredPromptComesWithLogProbabilitiesOfAllButItsFirstToken() {
        GenerationOptions options = new GenerationOptions(1, 0, Sampling.GREEDY, 1f, List.of(), true);

        Generation result =
                generator(1).generate(List.of(new int[] {5, 6, 7}), options).getFirst();

        assertThat(result.promptLogprobs()).hasSize(2).allMatch(logprob -> logprob < 0);
    }

    private static GenerationOptions sampled(long seed) {
        return new GenerationOptions(6, 6, new Sampling(3f, 50, 0.95f, seed), 1.3f, List.of(), false);
    }

    private static GptConfig config() {
        return TinyModel.config().withPaddedVocabularySize(TOKENIZER.size() + 40);
    }

    private Generator generator(int batch) {
        GptConfig config = config();
        MemorySegment flat = Arena.ofAuto().allocate(new ParameterLayout(config).elements() * Float.BYTES, 64);
        TinyModel.random(flat);
        return new Generator(
                config, ParameterSource.ofFlat(flat), Dtype.F32, Optional.of(TOKENIZER), batch, 7, backend);
    }
}
