package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.AttentionShape;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.contract.Shapes;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.kernels.numbers.Elements;

/// Rotary position embedding by halves (Su et al. 2021): components i and i + R/2 of the first R turn by an
/// angle whose cosine and sine are in the table. Turning back is the same with the sine's sign changed.
final class Rotary {
    private final Tensor table;
    private final long tablePositions;
    private final int half;
    private final Tensor step;
    private final double[] cosines;
    private final double[] sines;

    Rotary(AttentionShape shape, Tensor step) {
        table = shape.rope();
        tablePositions = Shapes.tablePositions(shape);
        half = Math.toIntExact(shape.ropeDims() / 2);
        this.step = step;
        cosines = new double[half];
        sines = new double[half];
    }

    void rotate(double[] vector, long position) {
        turn(vector, position, 1);
    }

    void rotateBack(double[] vector, long position) {
        turn(vector, position, -1);
    }

    private void turn(double[] vector, long position, double sign) {
        if (half == 0) {
            return;
        }
        if (position < 0 || position >= tablePositions) {
            StepBlock.setFault(step);
            return;
        }
        Elements.read(cosines, table, position * half);
        Elements.read(sines, table, (tablePositions + position) * half);
        for (int i = 0; i < half; i++) {
            double a = vector[i];
            double b = vector[i + half];
            double sine = sign * sines[i];
            vector[i] = a * cosines[i] - b * sine;
            vector[i + half] = b * cosines[i] + a * sine;
        }
    }
}
