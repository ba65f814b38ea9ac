package dev.vernacular.checkpoint.expand;

import java.util.Random;

/// The row of each new token by the plan's method. Random rows depend on table and id alone, so results repeat.
final class NewRows {
    private static final long SEED = 1234;
    /// Rows drawn for one sample of the covariance.
    private static final int DRAWS = 256;
    private final ExpansionPlan plan;
    private final TableRows table;
    private final double std;
    private final long seed;
    private final int oldTokens;
    private final float[] mean;

    /// @param isHead the table is an untied head, whose random rows are not those of the input table
    NewRows(ExpansionPlan plan, TableRows table, double std, boolean isHead) {
        this.plan = plan;
        this.table = table;
        this.std = std;
        this.seed = isHead ? SEED + (1L << 32) : SEED;
        this.oldTokens = plan.base().size();
        this.mean = table.mean(oldTokens);
    }

    float[] row(int id) {
        return switch (plan.init()) {
            case SUBTOKEN -> subtokenMean(id);
            case ZERO -> new float[table.width()];
            case NORMAL -> normal(new Random(seed + id));
            case MEAN -> mean;
            case MEAN_COV -> sample(new Random(seed + id));
        };
    }

    private float[] subtokenMean(int id) {
        int[] parts = plan.base().encodePiece(plan.merged().decodeBytes(new int[] {id}));
        if (parts.length == 0) {
            return mean;
        }
        double[] sum = new double[table.width()];
        for (int part : parts) {
            addTo(sum, table.get(part), 1.0 / parts.length);
        }
        return toFloats(sum);
    }

    private float[] normal(Random random) {
        double[] row = new double[table.width()];
        for (int c = 0; c < row.length; c++) {
            row[c] = std * random.nextGaussian();
        }
        return toFloats(row);
    }

    /// `mean + K^(-1/2) sum_k g_k (x_(i_k) - mean)` with standard normal g and K base rows drawn at random: its
    /// mean and covariance are exactly theirs, without a C × C matrix.
    private float[] sample(Random random) {
        double[] row = new double[table.width()];
        double weightOfMean = 1;
        for (int draw = 0; draw < DRAWS; draw++) {
            double weight = random.nextGaussian() / Math.sqrt(DRAWS);
            addTo(row, table.get(random.nextInt(oldTokens)), weight);
            weightOfMean -= weight;
        }
        addTo(row, mean, weightOfMean);
        return toFloats(row);
    }

    private static void addTo(double[] sum, float[] row, double weight) {
        for (int c = 0; c < sum.length; c++) {
            sum[c] += weight * row[c];
        }
    }

    private static float[] toFloats(double[] values) {
        float[] floats = new float[values.length];
        for (int c = 0; c < values.length; c++) {
            floats[c] = (float) values[c];
        }
        return floats;
    }
}
