package dev.vernacular.kernels.reference;

import dev.vernacular.kernels.Activation;

/// Activations and their derivatives (Hendrycks & Gimpel 2016).
final class Gelu {
    private static final double ROOT_2_OVER_PI = Math.sqrt(2 / Math.PI);
    private static final double CUBIC = 0.044715;
    /// Beyond it the continued fraction converges faster than the series.
    private static final double SERIES_LIMIT = 3;

    private Gelu() {}

    static double value(Activation activation, double x) {
        return switch (activation) {
            case NONE -> x;
            case GELU_TANH -> 0.5 * x * (1 + Math.tanh(ROOT_2_OVER_PI * (x + CUBIC * x * x * x)));
            case GELU_ERF -> 0.5 * x * (1 + erf(x / Math.sqrt(2)));
        };
    }

    static double derivative(Activation activation, double x) {
        return switch (activation) {
            case NONE -> 1;
            case GELU_TANH -> {
                double tanh = Math.tanh(ROOT_2_OVER_PI * (x + CUBIC * x * x * x));
                double inner = ROOT_2_OVER_PI * (1 + 3 * CUBIC * x * x);
                yield 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * inner;
            }
            case GELU_ERF -> 0.5 * (1 + erf(x / Math.sqrt(2))) + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
        };
    }

    /// The error function: a series of positive terms (Abramowitz & Stegun 7.1.6), then the complement's
    /// continued fraction (7.1.14).
    static double erf(double x) {
        double z = Math.abs(x);
        double value = z < SERIES_LIMIT ? series(z) : 1 - complement(z);
        return Math.copySign(value, x);
    }

    private static double series(double z) {
        double term = z;
        double sum = z;
        for (int n = 1; term > sum * 1e-17; n++) {
            term *= 2 * z * z / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-z * z) * sum;
    }

    private static double complement(double z) {
        double fraction = 0;
        for (int n = 60; n > 0; n--) {
            fraction = n / 2.0 / (z + fraction);
        }
        return Math.exp(-z * z) / Math.sqrt(Math.PI) / (z + fraction);
    }
}
