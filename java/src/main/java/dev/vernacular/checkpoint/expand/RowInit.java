package dev.vernacular.checkpoint.expand;

import dev.vernacular.checkpoint.CheckpointException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/// How rows of new tokens are filled; rows appended as padding are zero whatever the method.
public enum RowInit {
    /// The mean of the rows of the tokens that the base tokenizer cuts the new token's text into.
    SUBTOKEN,
    /// Zeros; the walkthrough's rule. Old padding rows that become tokens stay as they are.
    ZERO,
    /// Normal around zero with the config's `init_method_std`.
    NORMAL,
    /// The mean of all base rows.
    MEAN,
    /// Normal with the mean and covariance of the base rows (Hewitt 2021).
    MEAN_COV;

    /// `mean-cov` for `MEAN_COV`.
    public String title() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// @throws CheckpointException if there is no such method, naming those there are
    public static RowInit of(String title) {
        return Arrays.stream(values())
                .filter(method -> method.title().equals(title))
                .findFirst()
                .orElseThrow(() -> new CheckpointException("--init is '" + title + "'; it can be "
                        + Arrays.stream(values()).map(RowInit::title).collect(Collectors.joining(", "))));
    }
}
