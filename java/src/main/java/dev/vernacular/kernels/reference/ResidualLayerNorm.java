package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.Dropout;
import dev.vernacular.kernels.Norm;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.numbers.Elements;

/// Residual addition and layer normalisation over the last axis (Ba et al. 2016).
///
///     forward    s = residual + mask x,   mu = mean_c s,   r = (mean_c (s - mu)^2 + eps)^(-1/2),   n = (s - mu) r
///                out = n g + b            g = weight, or 1 + weight (layernorm1p)
///     backward   db = Σ dout,   dg = Σ dout n   (over rows),   h = dout g
///                ds = r (h - mean_c h - n mean_c(h n)) (+ what came from above),   dx = mask ds
///
/// What is normalised is the sum as stored, so that it can be normalised again from it.
final class ResidualLayerNorm {
    private ResidualLayerNorm() {}

    static void forward(
            Tensor sum,
            Tensor out,
            Tensor mean,
            Tensor rstd,
            Tensor residual,
            Tensor x,
            Tensor weight,
            Tensor bias,
            float epsilon,
            Norm norm,
            Dropout dropout,
            Tensor step) {
        int cols = Math.toIntExact(residual.size(-1));
        DropoutMask mask = DropoutMask.of(dropout, step);
        double[] values = new double[cols];
        double[] branch = new double[cols];
        double[] gain = out.isPresent() ? gain(weight, norm) : new double[0];
        double[] shift = bias.isPresent() ? Elements.all(bias) : new double[cols];
        for (long row = 0; row < residual.rows(); row++) {
            Elements.read(values, residual, row * cols);
            if (x.isPresent()) {
                Elements.read(branch, x, row * cols);
                mask.apply(branch, row);
                Products.add(values, 1, branch);
                Elements.write(sum, row * cols, values);
                Elements.read(values, sum, row * cols);
            }
            if (out.isPresent()) {
                double mu = mean(values);
                double r = 1 / Math.sqrt(variance(values, mu) + epsilon);
                for (int c = 0; c < cols; c++) {
                    values[c] = (values[c] - mu) * r * gain[c] + shift[c];
                }
                Elements.write(out, row * cols, values);
                Elements.write(mean, row, new double[] {mu});
                Elements.write(rstd, row, new double[] {r});
            }
        }
    }

    static void backward(
            Tensor dResidual,
            Tensor dX,
            Tensor dWeight,
            Tensor dBias,
            Tensor dOut,
            Tensor sum,
            Tensor mean,
            Tensor rstd,
            Tensor weight,
            Norm norm,
            Dropout dropout,
            boolean addResidual,
            boolean accumulate,
            Tensor step) {
        int cols = Math.toIntExact(weight.elements());
        DropoutMask mask = DropoutMask.of(dropout, step);
        double[] means = Elements.all(mean);
        double[] scales = Elements.all(rstd);
        double[] gain = gain(weight, norm);
        double[] dGain = new double[cols];
        double[] dShift = new double[cols];
        double[] n = new double[cols];
        double[] gradient = new double[cols];
        for (int row = 0; row < means.length; row++) {
            Elements.read(n, sum, (long) row * cols);
            Elements.read(gradient, dOut, (long) row * cols);
            for (int c = 0; c < cols; c++) {
                n[c] = (n[c] - means[row]) * scales[row];
                dGain[c] += gradient[c] * n[c];
                dShift[c] += gradient[c];
                gradient[c] *= gain[c];
            }
            double meanH = mean(gradient);
            double meanHn = Products.dot(gradient, n) / cols;
            for (int c = 0; c < cols; c++) {
                gradient[c] = scales[row] * (gradient[c] - meanH - n[c] * meanHn);
            }
            if (addResidual) {
                Elements.read(n, dResidual, (long) row * cols);
                Products.add(gradient, 1, n);
            }
            Elements.write(dResidual, (long) row * cols, gradient);
            if (dX.isPresent()) {
                mask.apply(gradient, row);
                Elements.write(dX, (long) row * cols, gradient);
            }
        }
        Elements.writeRow(dWeight, 0, dGain, accumulate);
        if (dBias.isPresent()) {
            Elements.writeRow(dBias, 0, dShift, accumulate);
        }
    }

    private static double[] gain(Tensor weight, Norm norm) {
        double[] gain = Elements.all(weight);
        if (norm == Norm.LAYERNORM1P) {
            for (int c = 0; c < gain.length; c++) {
                gain[c] += 1;
            }
        }
        return gain;
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.length;
    }

    private static double variance(double[] values, double mean) {
        double squares = 0;
        for (double value : values) {
            squares += (value - mean) * (value - mean);
        }
        return squares / values.length;
    }
}
