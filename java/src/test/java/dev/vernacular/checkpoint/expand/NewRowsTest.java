package dev.vernacular.checkpoint.expand;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.vernacular.checkpoint.Elements;
import dev.vernacular.checkpoint.Golden;
import dev.vernacular.checkpoint.InMemoryTensor;
import dev.vernacular.kernels.Dtype;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.Vocabulary;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NewRowsTest {
    private static final int WIDTH = 3;
    private static final int OLD_TOKENS = 259;
    private static final int NEW_TOKENS = 4000;
    /// Four standard errors of a mean of 4,000 numbers, or of their products, of the table's size.
    private static final double SAMPLING = 0.1;

    /// Old rows `(a, a + b / 2 + 1, c)` for standard normal a, b and c.
    private static float[] table() {
        Random random = new Random(5);
        float[] table = new float[OLD_TOKENS * WIDTH];
        for (int row = 0; row < OLD_TOKENS; row++) {
            table[row * WIDTH] = (float) random.nextGaussian();
            table[row * WIDTH + 1] = table[row * WIDTH] + (float) random.nextGaussian() / 2 + 1;
            table[row * WIDTH + 2] = (float) random.nextGaussian();
        }
        return table;
    }

    private static float[] newRows(float[] table, RowInit init) {
        Tokenizer base = Tokenizer.load(Golden.path("hf"));
        Vocabulary vocabulary = base.vocabulary();
        List<String> tokens = new ArrayList<>(vocabulary.tokens());
        for (int i = 0; i < NEW_TOKENS; i++) {
            tokens.add("new" + i);
        }
        Tokenizer merged = Tokenizer.of(
                new Vocabulary(tokens, vocabulary.merges(), vocabulary.added(), vocabulary.preTokenizer()));
        int rows = OLD_TOKENS + NEW_TOKENS;
        ExpansionPlan plan = new ExpansionPlan(base, merged, OLD_TOKENS, rows, 1, 1, init);
        MemorySegment stored = MemorySegment.ofArray(table);
        OldRows oldRows = new OldRows(new InMemoryTensor("table", Dtype.F32, new long[] {OLD_TOKENS, WIDTH}, stored));
        NewRows newRows = new NewRows(plan, oldRows, TableUse.BOTH, 0.5);
        float[] made = new float[NEW_TOKENS * WIDTH];
        for (int i = 0; i < NEW_TOKENS; i++) {
            System.arraycopy(newRows.row(OLD_TOKENS + i), 0, made, i * WIDTH, WIDTH);
        }
        return made;
    }

    private static double mean(float[] rows, int column) {
        double sum = 0;
        for (int at = column; at < rows.length; at += WIDTH) {
            sum += rows[at];
        }
        return sum * WIDTH / rows.length;
    }

    private static double covariance(float[] rows, int a, int b) {
        double sum = 0;
        for (int at = 0; at < rows.length; at += WIDTH) {
            sum += (rows[at + a] - mean(rows, a)) * (rows[at + b] - mean(rows, b));
        }
        return sum * WIDTH / rows.length;
    }

    @Test
    void meanCovRowsHaveTheMeanAndTheCovarianceOfTheOldRows() {
        float[] old = table();

        float[] made = newRows(old, RowInit.MEAN_COV);

        for (int a = 0; a < WIDTH; a++) {
            assertThat(mean(made, a)).isCloseTo(mean(old, a), within(SAMPLING));
            for (int b = 0; b < WIDTH; b++) {
                assertThat(covariance(made, a, b)).isCloseTo(covariance(old, a, b), within(2 * SAMPLING));
            }
        }
    }

    @Test
    void normalRowsAreAroundZeroWithTheConfigsDeviationAndNeighboursHaveNothingInCommon() {
        float[] made = newRows(table(), RowInit.NORMAL);

        double products = 0;
        for (int at = WIDTH; at < made.length; at += WIDTH) {
            products += made[at] * made[at - WIDTH];
        }
        assertThat(mean(made, 0)).isCloseTo(0, within(SAMPLING));
        assertThat(Math.sqrt(covariance(made, 0, 0))).isCloseTo(0.5, within(SAMPLING));
        assertThat(products / NEW_TOKENS).isCloseTo(0, within(SAMPLING / 4));
    }

    @Test
    void rowsOfEveryFloatingTypeAreReadAsTheyWereWritten() {
        float[] values = {1.5f, -0.25f, 3};

        for (Dtype dtype : List.of(Dtype.F16, Dtype.BF16, Dtype.F32, Dtype.F64)) {
            byte[] bytes = new byte[2 * WIDTH * dtype.bytes()];
            MemorySegment stored = MemorySegment.ofArray(bytes);
            Elements.fromFloat32(MemorySegment.ofArray(values), stored.asSlice(bytes.length / 2), dtype, values.length);
            OldRows rows = new OldRows(new InMemoryTensor("table", dtype, new long[] {2, WIDTH}, stored));

            float[] read = new float[WIDTH];
            rows.get(1, read);
            assertThat(read).as(dtype.toString()).containsExactly(values);
        }
    }
}
