package dev.vernacular.train.store;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Lightning's names of checkpoint files: in the template each `{key:format}` becomes `key=value`, as in
/// `megatron_gpt--val_loss=2.31-step=300-consumed_samples=300.0.ckpt`; `-last` marks the newest, `-v1` a second
/// file of the same name.
final class CheckpointName {
    static final String SUFFIX = ".ckpt";
    static final String LAST = "-last";
    private static final Pattern FIELD = Pattern.compile("\\{(\\w+)(?::(?:\\.(\\d))?([fd]))?}");
    private static final Pattern VERSION = Pattern.compile("-v\\d+$");
    private static final Pattern STEP = Pattern.compile("step=(\\d+)");
    private static final Pattern CONSUMED = Pattern.compile("consumed_samples=(\\d+)(\\.\\d+)?");
    private static final Pattern VALIDATION = Pattern.compile("val_loss=(-?\\d+(\\.\\d+)?)");

    private CheckpointName() {}

    /// The template with its fields filled in, without `-last` and `.ckpt`. A key without a value is 0, as in
    /// Lightning.
    static String format(String template, Map<String, Double> values) {
        Matcher field = FIELD.matcher(template);
        return field.replaceAll(match -> {
            double value = values.getOrDefault(match.group(1), 0.0);
            return Matcher.quoteReplacement(
                    match.group(1) + "=" + spell(match.group(1), match.group(2), match.group(3), value));
        });
    }

    private static String spell(String key, String decimals, String type, double value) {
        if ("f".equals(type)) {
            return new BigDecimal(value)
                    .setScale(decimals == null ? 6 : Integer.parseInt(decimals), RoundingMode.HALF_EVEN)
                    .toPlainString();
        }
        boolean isWhole = "d".equals(type) || key.equals("step") || key.equals("epoch");
        String plain = new BigDecimal(String.valueOf(value)).toPlainString();
        return isWhole ? String.valueOf((long) value) : plain.contains(".") ? plain : plain + ".0";
    }

    static boolean isLast(Path file) {
        return stem(file).endsWith(LAST);
    }

    /// Steps done, by the name; -1 if it does not say.
    static int step(Path file) {
        return find(STEP, file).map(Integer::parseInt).orElse(-1);
    }

    static Optional<Double> validationLoss(Path file) {
        return find(VALIDATION, file).map(Double::valueOf);
    }

    /// What NeMo reads its place in the data from.
    static Optional<Long> consumedSamples(Path file) {
        return find(CONSUMED, file).map(Long::valueOf);
    }

    private static Optional<String> find(Pattern pattern, Path file) {
        Matcher matcher = pattern.matcher(file.getFileName().toString());
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private static String stem(Path file) {
        String name = file.getFileName().toString();
        String stem = name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name;
        return VERSION.matcher(stem).replaceFirst("");
    }
}
