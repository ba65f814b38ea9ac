package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.Activation;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.numbers.Elements;

/// Linear layers with their activations.
///
///     forward    pre = x Wᵀ + b (rounded to its dtype),   y = act(pre)
///     backward   dx = (dy W) act'(xpre),   dW (+)= dyᵀ x,   db (+)= Σ_r dy
final class Linear {
    private Linear() {}

    static void forward(Tensor y, Tensor pre, Tensor x, Weight weight, Tensor bias, Activation activation) {
        int cols = Math.toIntExact(weight.rows());
        int rows = Math.toIntExact(x.elements() / weight.cols());
        double[][] inputs = Elements.matrix(x, rows, Math.toIntExact(weight.cols()));
        double[] shift = bias.isPresent() ? Elements.all(bias) : new double[cols];
        double[][] products = new double[rows][cols];
        double[] weights = new double[Math.toIntExact(weight.cols())];
        for (int col = 0; col < cols; col++) {
            WeightRows.read(weights, weight, col);
            for (int row = 0; row < rows; row++) {
                products[row][col] = Products.dot(inputs[row], weights) + shift[col];
            }
        }
        for (int row = 0; row < rows; row++) {
            store(y, pre, row, products[row], activation);
        }
    }

    static void backward(
            Tensor dX,
            Tensor dWeight,
            Tensor dBias,
            Tensor dY,
            Tensor x,
            Tensor xPre,
            Weight weight,
            Activation activation,
            boolean accumulate) {
        int n = Math.toIntExact(weight.rows());
        int k = Math.toIntExact(weight.cols());
        int rows = Math.toIntExact(dY.elements() / n);
        double[][] gradients = Elements.matrix(dY, rows, n);
        if (dWeight.isPresent()) {
            Elements.writeMatrix(dWeight, transposedProduct(gradients, Elements.matrix(x, rows, k), n, k), accumulate);
        }
        if (dBias.isPresent()) {
            Elements.writeRow(dBias, 0, columnSums(gradients, n), accumulate);
        }
        if (dX.isPresent()) {
            double[][] weights = WeightRows.all(weight);
            double[] before = new double[k];
            for (int row = 0; row < rows; row++) {
                double[] dInput = new double[k];
                for (int col = 0; col < n; col++) {
                    Products.add(dInput, gradients[row][col], weights[col]);
                }
                if (activation != Activation.NONE) {
                    Elements.read(before, xPre, (long) row * k);
                    timesDerivative(dInput, before, activation);
                }
                Elements.write(dX, (long) row * k, dInput);
            }
        }
    }

    static void biasActivationForward(Tensor y, Tensor pre, Tensor x, Tensor bias, Activation activation) {
        double[] values = new double[Math.toIntExact(x.size(-1))];
        double[] shift = bias.isPresent() ? Elements.all(bias) : new double[values.length];
        for (long row = 0; row < x.rows(); row++) {
            Elements.read(values, x, row * values.length);
            Products.add(values, 1, shift);
            store(y, pre, row, values, activation);
        }
    }

    static void biasActivationBackward(
            Tensor dX, Tensor dBias, Tensor dY, Tensor pre, Activation activation, boolean accumulate) {
        int cols = Math.toIntExact(dY.size(-1));
        double[][] gradients = Elements.matrix(dY, Math.toIntExact(dY.rows()), cols);
        double[] before = new double[cols];
        for (int row = 0; row < gradients.length; row++) {
            if (activation != Activation.NONE) {
                Elements.read(before, pre, (long) row * cols);
                timesDerivative(gradients[row], before, activation);
            }
        }
        Elements.writeMatrix(dX, gradients, false);
        if (dBias.isPresent()) {
            Elements.writeRow(dBias, 0, columnSums(gradients, cols), accumulate);
        }
    }

    /// `dyᵀ x`, [n, k].
    static double[][] transposedProduct(double[][] dy, double[][] x, int n, int k) {
        double[][] product = new double[n][k];
        for (int row = 0; row < dy.length; row++) {
            for (int col = 0; col < n; col++) {
                Products.add(product[col], dy[row][col], x[row]);
            }
        }
        return product;
    }

    private static double[] columnSums(double[][] rows, int cols) {
        double[] sums = new double[cols];
        for (double[] row : rows) {
            Products.add(sums, 1, row);
        }
        return sums;
    }

    private static void timesDerivative(double[] gradient, double[] before, Activation activation) {
        for (int i = 0; i < gradient.length; i++) {
            gradient[i] *= Gelu.derivative(activation, before[i]);
        }
    }

    private static void store(Tensor y, Tensor pre, long row, double[] values, Activation activation) {
        if (pre.isPresent()) {
            Elements.writeRow(pre, row, values, false);
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = Gelu.value(activation, Elements.round(values[i], y.dtype()));
        }
        Elements.writeRow(y, row, values, false);
    }
}
