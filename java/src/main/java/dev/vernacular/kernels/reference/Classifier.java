package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.kernels.numbers.Elements;
import java.util.Arrays;

/// Softmax cross entropy over the vocabulary, and its gradients.
///
///     forward    z = h Eᵀ,   loss_r = log Σ_v e^(z_rv) - z_r,label   over v < V;   0 where label is -1
///     backward   dz_rv = g_r (softmax(z_r)_v - [v = label]),   dh = dz E,   dE (+)= dzᵀ h,   g = row scale * loss
/// scale
///
/// All logits are held at once, in double. A label of V or more, or below -1, sets the step's fault flag and
/// counts as -1.
final class Classifier {
    private Classifier() {}

    static void forwardBackward(
            Tensor losses,
            Tensor dHidden,
            Tensor dHead,
            Tensor hidden,
            Tensor labels,
            Tensor rowScale,
            Weight head,
            long columns,
            boolean accumulate,
            Tensor step) {
        int rows = Math.toIntExact(labels.elements());
        int cols = Math.toIntExact(head.cols());
        double[][] inputs = Elements.matrix(hidden, rows, cols);
        double[][] embeddings = WeightRows.all(head);
        double[][] logits = logits(inputs, embeddings, Math.toIntExact(columns));
        double[] loss = new double[rows];
        double[] scales = rowScale.isPresent() ? Elements.all(rowScale) : new double[rows];
        float lossScale = rowScale.isPresent() ? StepBlock.lossScale(step) : 1;
        for (int row = 0; row < rows; row++) {
            int label = label(labels, row, columns, step);
            loss[row] = intoGradient(logits[row], label, scales[row] * lossScale);
        }
        Elements.write(losses, 0, loss);
        if (dHidden.isPresent()) {
            for (int row = 0; row < rows; row++) {
                double[] gradient = new double[cols];
                for (int v = 0; v < columns; v++) {
                    Products.add(gradient, logits[row][v], embeddings[v]);
                }
                Elements.write(dHidden, (long) row * cols, gradient);
            }
            double[][] dTable = new double[embeddings.length][cols];
            double[][] used = Linear.transposedProduct(logits, inputs, Math.toIntExact(columns), cols);
            System.arraycopy(used, 0, dTable, 0, used.length);
            Elements.writeMatrix(dHead, dTable, accumulate);
        }
    }

    static void logits(Tensor logits, Tensor hidden, Weight head) {
        int cols = Math.toIntExact(head.cols());
        int rows = Math.toIntExact(hidden.elements() / cols);
        double[][] inputs = Elements.matrix(hidden, rows, cols);
        Elements.writeMatrix(logits, logits(inputs, WeightRows.all(head), Math.toIntExact(head.rows())), false);
    }

    private static double[][] logits(double[][] inputs, double[][] embeddings, int columns) {
        double[][] logits = new double[inputs.length][columns];
        for (int row = 0; row < inputs.length; row++) {
            for (int v = 0; v < columns; v++) {
                logits[row][v] = Products.dot(inputs[row], embeddings[v]);
            }
        }
        return logits;
    }

    private static int label(Tensor labels, int row, long columns, Tensor step) {
        int label = Elements.integer(labels, row);
        if (label >= -1 && label < columns) {
            return label;
        }
        StepBlock.setFault(step);
        return -1;
    }

    /// Replaces a row's logits by their gradient and returns its loss.
    private static double intoGradient(double[] logits, int label, double scale) {
        if (label < 0) {
            Arrays.fill(logits, 0);
            return 0;
        }
        double lse = Attention.logSumExp(logits);
        double loss = lse - logits[label];
        for (int v = 0; v < logits.length; v++) {
            logits[v] = scale * Math.exp(logits[v] - lse);
        }
        logits[label] -= scale;
        return loss;
    }
}
