package dev.vernacular.checkpoint.expand;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.Golden;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.Vocabulary;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExpansionTest {
    private static final int WIDTH = 6;
    private static final int OLD_TOKENS = 259;
    private static final int OLD_ROWS = 260;
    /// A mean of a few float32 rows, summed in float64 and rounded once.
    private static final float FLOAT32_ROUNDING = 1e-7f;

    @TempDir
    private Path folder;

    /// The golden tokenizer with Thai KO KAI (three bytes, of which it merges the first two) and its double.
    private static Tokenizer merged() {
        Vocabulary base = Tokenizer.load(Golden.path("hf")).vocabulary();
        List<String> tokens = new ArrayList<>(base.tokens());
        List<Vocabulary.Merge> merges = new ArrayList<>(base.merges());
        merges.add(new Vocabulary.Merge("à¸", "ģ"));
        merges.add(new Vocabulary.Merge("à¸ģ", "à¸ģ"));
        tokens.addAll(List.of("à¸ģ", "à¸ģà¸ģ"));
        return Tokenizer.of(new Vocabulary(tokens, merges, base.added(), base.preTokenizer()));
    }

    private Map<String, float[]> expanded(String name, RowInit init) {
        Path out = folder.resolve(init.title() + "-" + name);
        try (ModelFile model = ModelFile.open(Golden.path(name))) {
            Expansion.write(model, ExpansionPlan.of(model, merged(), init, OptionalInt.empty()), out, false);
        }
        return Golden.values(out);
    }

    private static float[] row(float[] table, int row) {
        return Arrays.copyOfRange(table, row * WIDTH, (row + 1) * WIDTH);
    }

    @ParameterizedTest
    @EnumSource(RowInit.class)
    void oldRowsAndEveryOtherTensorStayBitForBit(RowInit init) {
        Map<String, float[]> before = Golden.values(Golden.path("untied.nemo"));

        Map<String, float[]> after = expanded("untied.nemo", init);

        before.forEach((name, values) -> {
            boolean isTable = name.equals(ParameterLayout.WORD_EMBEDDINGS) || name.equals(ParameterLayout.HEAD);
            int kept = isTable ? OLD_TOKENS * WIDTH : values.length;
            assertThat(Arrays.copyOf(after.get(name), kept)).as(name).isEqualTo(Arrays.copyOf(values, kept));
            assertThat(after.get(name)).hasSize(isTable ? 264 * WIDTH : values.length);
        });
    }

    @Test
    void zeroAppendsZerosAndKeepsOldPadding() {
        float[] before = Golden.values(Golden.path("legacy.nemo")).get(ParameterLayout.WORD_EMBEDDINGS);

        float[] after = expanded("legacy.nemo", RowInit.ZERO).get(ParameterLayout.WORD_EMBEDDINGS);

        assertThat(Arrays.copyOf(after, before.length)).isEqualTo(before);
        assertThat(Arrays.copyOfRange(after, before.length, after.length)).containsOnly(0f);
    }

    @ParameterizedTest
    @EnumSource(RowInit.class)
    void appendedPaddingIsZero(RowInit init) {
        Map<String, float[]> after = expanded("untied.nemo", init);

        for (String table : List.of(ParameterLayout.WORD_EMBEDDINGS, ParameterLayout.HEAD)) {
            float[] rows = after.get(table);
            assertThat(Arrays.copyOfRange(rows, (OLD_TOKENS + 2) * WIDTH, rows.length))
                    .hasSize(3 * WIDTH)
                    .containsOnly(0f);
        }
    }

    @Test
    void oldPaddingThatNoTokenNeedsStaysAsItWas() {
        float[] before = Golden.values(Golden.path("tp2.nemo")).get(ParameterLayout.WORD_EMBEDDINGS);

        float[] after = expanded("tp2.nemo", RowInit.MEAN).get(ParameterLayout.WORD_EMBEDDINGS);

        int padding = (OLD_TOKENS + 2) * WIDTH;
        assertThat(after).hasSameSizeAs(before);
        assertThat(Arrays.copyOfRange(after, padding, after.length))
                .isEqualTo(Arrays.copyOfRange(before, padding, before.length));
    }

    /// The plain mean of the two parts of the first new token.
    private static float[] meanOfParts(float[] table) {
        Map<String, Integer> ids =
                Tokenizer.load(Golden.path("hf")).vocabulary().ids();
        float[] first = row(table, ids.get("à¸"));
        float[] second = row(table, ids.get("ģ"));
        float[] mean = new float[WIDTH];
        for (int c = 0; c < WIDTH; c++) {
            mean[c] = (first[c] + second[c]) / 2;
        }
        return mean;
    }

    private static double norm(float[] row) {
        double squares = 0;
        for (float value : row) {
            squares += value * value;
        }
        return Math.sqrt(squares);
    }

    @Test
    void subtokenIsThePlainMeanOfTheBaseTokensWhereTheHeadReadsIt() {
        float[] head = Golden.values(Golden.path("untied.nemo")).get(ParameterLayout.HEAD);
        float[] tied = Golden.values(Golden.path("legacy.nemo")).get(ParameterLayout.WORD_EMBEDDINGS);

        float[] headAfter = expanded("untied.nemo", RowInit.SUBTOKEN).get(ParameterLayout.HEAD);
        float[] tiedAfter = expanded("legacy.nemo", RowInit.SUBTOKEN).get(ParameterLayout.WORD_EMBEDDINGS);

        assertThat(row(headAfter, OLD_TOKENS)).containsExactly(meanOfParts(head), within(FLOAT32_ROUNDING));
        assertThat(row(tiedAfter, OLD_TOKENS)).containsExactly(meanOfParts(tied), within(FLOAT32_ROUNDING));
    }

    @Test
    void subtokenHasTheMeanNormOfTheBaseTokensInAnInputTableOfItsOwn() {
        float[] before = Golden.values(Golden.path("untied.nemo")).get(ParameterLayout.WORD_EMBEDDINGS);
        Map<String, Integer> ids =
                Tokenizer.load(Golden.path("hf")).vocabulary().ids();
        double wanted = (norm(row(before, ids.get("à¸"))) + norm(row(before, ids.get("ģ")))) / 2;

        float[] after = row(expanded("untied.nemo", RowInit.SUBTOKEN).get(ParameterLayout.WORD_EMBEDDINGS), OLD_TOKENS);

        float[] mean = meanOfParts(before);
        float factor = (float) (wanted / norm(mean));
        assertThat(factor).isGreaterThan(1.01f);
        for (int c = 0; c < WIDTH; c++) {
            assertThat(after[c]).isCloseTo(factor * mean[c], within(FLOAT32_ROUNDING));
        }
    }

    @Test
    void meanIsTheMeanOfTheBaseRows() {
        float[] before = Golden.values(Golden.path("legacy.nemo")).get(ParameterLayout.WORD_EMBEDDINGS);
        double sum = 0;
        for (int row = 0; row < OLD_TOKENS; row++) {
            sum += before[row * WIDTH];
        }

        float[] after = expanded("legacy.nemo", RowInit.MEAN).get(ParameterLayout.WORD_EMBEDDINGS);

        assertThat(after[OLD_TOKENS * WIDTH]).isCloseTo((float) (sum / OLD_TOKENS), within(FLOAT32_ROUNDING));
        assertThat(row(after, OLD_TOKENS)).isEqualTo(row(after, OLD_TOKENS + 1));
    }

    @Test
    void randomRowsDifferByIdAndTableAndRepeat() {
        Map<String, float[]> after = expanded("untied.nemo", RowInit.MEAN_COV);
        float[] input = after.get(ParameterLayout.WORD_EMBEDDINGS);

        assertThat(row(input, OLD_TOKENS)).isNotEqualTo(row(input, OLD_TOKENS + 1));
        Map<String, float[]> normal = expanded("untied.nemo", RowInit.NORMAL);
        assertThat(row(normal.get(ParameterLayout.HEAD), OLD_TOKENS))
                .isNotEqualTo(row(normal.get(ParameterLayout.WORD_EMBEDDINGS), OLD_TOKENS));
    }

    @Test
    void theReportCountsRows() {
        try (ModelFile model = ModelFile.open(Golden.path("tp2.nemo"))) {
            ExpansionPlan plan = ExpansionPlan.of(model, merged(), RowInit.SUBTOKEN, OptionalInt.empty());

            assertThat(plan.divisor()).isEqualTo(4);
            assertThat(plan.multiple()).isEqualTo(8);
            assertThat(plan.rowsBefore()).isEqualTo(264);
            assertThat(plan.rowsAfter()).isEqualTo(264);
            assertThat(plan.rowsInitialised()).isEqualTo(2);
            assertThat(plan.isNothing()).isFalse();
        }
        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            assertThat(ExpansionPlan.of(model, merged(), RowInit.MEAN, OptionalInt.of(128))
                            .rowsInitialised())
                    .isEqualTo(384 - OLD_TOKENS);
            assertThat(ExpansionPlan.of(model, merged(), RowInit.ZERO, OptionalInt.of(128))
                            .rowsAfter())
                    .isEqualTo(384);
            assertThat(ExpansionPlan.of(model, merged(), RowInit.ZERO, OptionalInt.of(128))
                            .rowsInitialised())
                    .isEqualTo(384 - OLD_ROWS);
            assertThat(ExpansionPlan.of(model, Tokenizer.load(Golden.path("hf")), RowInit.MEAN, OptionalInt.empty())
                            .isNothing())
                    .isTrue();
        }
    }

    @Test
    void rowsAreAMultipleOfTheDivisorOnEveryTensorParallelRank() {
        try (ModelFile model = ModelFile.open(Golden.path("tp2.nemo"))) {
            ExpansionPlan plan = ExpansionPlan.of(model, merged(), RowInit.MEAN, OptionalInt.of(50));

            assertThat(plan.rowsAfter()).isEqualTo(300);
        }
    }

    @Test
    void theWrittenConfigurationGivesTheRowsThatNemoComputes() {
        Path out = folder.resolve("tp.nemo");
        try (ModelFile model = ModelFile.open(Golden.path("tp2.nemo"))) {
            ExpansionPlan plan = ExpansionPlan.of(model, merged(), RowInit.MEAN, OptionalInt.of(50));
            Expansion.write(model, plan, out, false);
        }

        try (ModelFile written = ModelFile.open(out)) {
            int divisor = written.section().vocabularyDivisor();
            assertThat(Math.ceilDiv(OLD_TOKENS + 2, divisor) * divisor)
                    .isEqualTo(written.config().paddedVocabularySize());
        }
    }

    @Test
    void aTokenizerThatIsNoExtensionIsRefused() {
        Vocabulary base = Tokenizer.load(Golden.path("hf")).vocabulary();
        Tokenizer fewer = Tokenizer.of(
                new Vocabulary(base.tokens().subList(0, 258), base.merges(), List.of(), base.preTokenizer()));
        List<String> moved = new ArrayList<>(merged().vocabulary().tokens());
        java.util.Collections.swap(moved, 257, 260);
        Tokenizer renumbered =
                Tokenizer.of(new Vocabulary(moved, merged().vocabulary().merges(), base.added(), base.preTokenizer()));

        try (ModelFile model = ModelFile.open(Golden.path("legacy.nemo"))) {
            assertThatThrownBy(() -> ExpansionPlan.of(model, fewer, RowInit.MEAN, OptionalInt.empty()))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("258 tokens")
                    .hasMessageContaining("259");
            assertThatThrownBy(() -> ExpansionPlan.of(model, renumbered, RowInit.MEAN, OptionalInt.empty()))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("token 257");
        }
    }
}
