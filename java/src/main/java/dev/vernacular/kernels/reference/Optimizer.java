package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.AdamW;
import dev.vernacular.kernels.ParameterSegments;
import dev.vernacular.kernels.ParameterSegments.Segment;
import dev.vernacular.kernels.Tensor;
import dev.vernacular.kernels.Weight;
import dev.vernacular.kernels.memory.StepBlock;
import dev.vernacular.kernels.numbers.Elements;

/// Gradient norm with clipping, and AdamW (Loshchilov & Hutter 2019).
///
///     norm   n = ||g / S||_2 over what is not frozen,   scale = min(1, clip / (n + 1e-6)) / S,   skip = n not finite
///     AdamW  g' = g scale,   m = b1 m + (1 - b1) g',   v = b2 v + (1 - b2) g'^2,   t = updates + 1
///            p -= lr (m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps) + decay p)
///
/// with S the loss scale, b1 and b2 the betas, lr the step's learning rate times the segment's.
final class Optimizer {
    private static final double CLIP_EPSILON = 1e-6;

    private Optimizer() {}

    static void gradientNorm(Tensor gradients, ParameterSegments segments, float clip, Tensor step) {
        double lossScale = StepBlock.lossScale(step);
        double squares = 0;
        for (Segment segment : segments.list()) {
            double[] values = new double[segment.frozen() ? 0 : length(segment)];
            Elements.read(values, gradients, segment.offset());
            squares += Products.dot(values, values);
        }
        double norm = Math.sqrt(squares) / lossScale;
        double factor = clip > 0 ? Math.min(1, clip / (norm + CLIP_EPSILON)) : 1;
        boolean finite = Double.isFinite(norm);
        StepBlock.setGradientNorm(step, (float) norm, (float) (factor / lossScale), !finite);
    }

    static void adamwUpdate(
            Tensor masters,
            Tensor m,
            Tensor v,
            Tensor gradients,
            ParameterSegments segments,
            AdamW adamw,
            Tensor step) {
        if (StepBlock.skipped(step)) {
            return;
        }
        for (Segment segment : segments.list()) {
            if (!segment.frozen()) {
                update(masters, m, v, gradients, segment, adamw, step);
            }
        }
    }

    private static void update(
            Tensor masters, Tensor m, Tensor v, Tensor gradients, Segment segment, AdamW adamw, Tensor step) {
        double scale = StepBlock.gradientScale(step);
        double rate = (double) StepBlock.learningRate(step) * segment.learningRateScale();
        double updates = StepBlock.updates(step) + 1;
        double firstCorrection = 1 - Math.pow(adamw.beta1(), updates);
        double secondCorrection = 1 - Math.pow(adamw.beta2(), updates);
        double[] p = values(masters, segment);
        double[] first = values(m, segment);
        double[] second = values(v, segment);
        double[] g = values(gradients, segment);
        for (int i = 0; i < p.length; i++) {
            double gradient = g[i] * scale;
            first[i] = adamw.beta1() * first[i] + (1 - (double) adamw.beta1()) * gradient;
            second[i] = adamw.beta2() * second[i] + (1 - (double) adamw.beta2()) * gradient * gradient;
            double direction = first[i] / firstCorrection / (Math.sqrt(second[i] / secondCorrection) + adamw.epsilon());
            p[i] -= rate * (direction + segment.weightDecay() * p[i]);
        }
        Elements.write(masters, segment.offset(), p);
        Elements.write(m, segment.offset(), first);
        Elements.write(v, segment.offset(), second);
        refreshCopy(masters, segment);
    }

    private static void refreshCopy(Tensor masters, Segment segment) {
        if (segment.copy().isPresent()) {
            long bytes = masters.dtype().bytes();
            Tensor master = new Tensor(
                    masters.segment().asSlice(segment.offset() * bytes, length(segment) * bytes),
                    masters.dtype(),
                    segment.rows(),
                    segment.cols());
            Weight weight =
                    new Weight(Tensor.NONE, segment.copy(), segment.copyDtype(), segment.rows(), segment.cols());
            WeightRows.refresh(weight, master);
        }
    }

    private static double[] values(Tensor flat, Segment segment) {
        double[] values = new double[length(segment)];
        Elements.read(values, flat, segment.offset());
        return values;
    }

    private static int length(Segment segment) {
        return Math.toIntExact(segment.rows() * segment.cols());
    }
}
