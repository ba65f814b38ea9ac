package dev.vernacular.checkpoint.expand;

import dev.vernacular.files.Utf8;
import java.util.Arrays;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// The row of each new token by the plan's method. Random rows depend on table and id alone, so results repeat.
final class NewRows {
    private static final long SEED = 1234;
    /// Rows drawn for one sample of the covariance.
    private static final int DRAWS = 256;
    private final ExpansionPlan plan;
    private final OldRows table;
    private final TableUse use;
    private final double std;
    private final long seed;
    private final int oldTokens;
    private final float[] values;
    private Optional<float[]> mean = Optional.empty();

    /// @param table whose old rows the new ones are made of
    /// @param std   of normal rows
    NewRows(ExpansionPlan plan, OldRows table, TableUse use, double std) {
        this.plan = plan;
        this.table = table;
        this.use = use;
        this.std = std;
        // The random rows of an untied head are not those of the input table.
        this.seed = use == TableUse.HEAD ? SEED + (1L << 32) : SEED;
        this.oldTokens = plan.base().size();
        this.values = new float[table.width()];
    }

    float[] row(int id) {
        return switch (plan.init()) {
            case SUBTOKEN -> ofParts(id);
            case ZERO -> new float[table.width()];
            case NORMAL -> normal(random(id));
            case MEAN -> mean();
            case MEAN_COV -> sample(random(id));
        };
    }

    /// Numbers of neighbouring ids have nothing in common; those of [java.util.Random] begin alike.
    private RandomGenerator random(int id) {
        return new SplittableRandom(seed + id);
    }

    private float[] mean() {
        if (mean.isEmpty()) {
            mean = Optional.of(table.mean(oldTokens));
        }
        return mean.get();
    }

    /// See [RowInit#SUBTOKEN].
    private float[] ofParts(int id) {
        int[] parts = oldIds(plan.merged().decodeBytes(new int[] {id}));
        if (parts.length == 0) {
            return mean();
        }
        double[] sum = new double[table.width()];
        double norms = 0;
        for (int part : parts) {
            table.get(part, values);
            norms += norm(values);
            for (int c = 0; c < sum.length; c++) {
                sum[c] += values[c];
            }
        }
        float[] row = scaled(sum, 1.0 / parts.length);
        double norm = norm(row);
        return use == TableUse.INPUT && norm > 0 ? scaled(sum, norms / parts.length / norm / parts.length) : row;
    }

    /// What the old tokenizer makes of a new token's text; of its bytes as one piece where it is no whole text.
    private int[] oldIds(byte[] bytes) {
        String text = Utf8.text(bytes);
        return Arrays.equals(Utf8.bytes(text), bytes)
                ? plan.base().encodeOrdinary(text)
                : plan.base().encodePiece(bytes);
    }

    private float[] normal(RandomGenerator random) {
        float[] row = new float[table.width()];
        for (int c = 0; c < row.length; c++) {
            row[c] = (float) (std * random.nextGaussian());
        }
        return row;
    }

    /// `mean + K^(-1/2) sum_k g_k (x_(i_k) - mean)` with standard normal g and K old rows drawn at random: its
    /// mean and covariance are exactly theirs, without a C × C matrix.
    private float[] sample(RandomGenerator random) {
        float[] row = new float[table.width()];
        double weightOfMean = 1;
        for (int draw = 0; draw < DRAWS; draw++) {
            float weight = (float) (random.nextGaussian() / Math.sqrt(DRAWS));
            table.get(random.nextInt(oldTokens), values);
            addTo(row, values, weight);
            weightOfMean -= weight;
        }
        addTo(row, mean(), (float) weightOfMean);
        return row;
    }

    private static void addTo(float[] sum, float[] row, float weight) {
        for (int c = 0; c < sum.length; c++) {
            sum[c] += weight * row[c];
        }
    }

    private static float[] scaled(double[] values, double factor) {
        float[] scaled = new float[values.length];
        for (int c = 0; c < values.length; c++) {
            scaled[c] = (float) (factor * values[c]);
        }
        return scaled;
    }

    private static double norm(float[] row) {
        double squares = 0;
        for (float value : row) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }
}
