package dev.vernacular.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Datasets and their weights, as one of NeMo's lists names them: `[path]`, `[w1, path1, w2, path2, …]`, or a
/// path alone. `[1.0, path]` is a blend of one and not the same as `[path]`: it asks the dataset for half a
/// percent more samples, which can change the number of epochs and so the order.
///
/// @param prefixes the datasets' paths without `.bin` and `.idx`
/// @param weights  one for each, positive, summing to 1; empty for a dataset without blending
public record DatasetBlend(List<Path> prefixes, Optional<double[]> weights) {
    public DatasetBlend {
        prefixes = List.copyOf(prefixes);
        weights = weights.map(double[]::clone);
    }

    /// @param key   what the value is called in messages, such as `model.data.data_prefix.train`
    /// @param value a list or a path; weights are numbers or text
    /// @throws DataException if it is no such list
    static DatasetBlend parse(String key, Object value) {
        List<?> list = value instanceof List<?> items ? items : List.of(value);
        if (list.size() == 1) {
            return new DatasetBlend(List.of(path(key, list.getFirst())), Optional.empty());
        }
        if (list.isEmpty() || list.size() % 2 != 0) {
            throw wrong(key, value, "it has " + list.size() + " entries");
        }
        List<Path> prefixes = new ArrayList<>();
        double[] weights = new double[list.size() / 2];
        double sum = 0;
        for (int i = 0; i < weights.length; i++) {
            weights[i] = weight(key, value, list.get(2 * i));
            prefixes.add(path(key, list.get(2 * i + 1)));
            sum += weights[i];
        }
        for (int i = 0; i < weights.length; i++) {
            weights[i] /= sum;
        }
        return new DatasetBlend(prefixes, Optional.of(weights));
    }

    private static Path path(String key, Object entry) {
        if (!(entry instanceof String text) || text.isBlank()) {
            throw new DataException(key + ": " + entry + " is no path of a dataset");
        }
        return Path.of(text);
    }

    private static double weight(String key, Object list, Object entry) {
        double weight = Double.NaN;
        if (entry instanceof Number number) {
            weight = number.doubleValue();
        } else if (entry instanceof String text) {
            try {
                weight = Double.parseDouble(text.strip());
            } catch (NumberFormatException noNumber) {
                throw wrong(key, list, "'" + text + "' is no weight");
            }
        }
        if (!(weight > 0) || Double.isInfinite(weight)) {
            throw wrong(key, list, entry + " is no weight above 0");
        }
        return weight;
    }

    private static DataException wrong(String key, Object value, String why) {
        return new DataException(
                key + " is " + value + ": " + why + "\n  Expected [path] or [weight1, path1, weight2, path2, …].");
    }
}
