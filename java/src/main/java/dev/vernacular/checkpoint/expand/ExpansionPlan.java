package dev.vernacular.checkpoint.expand;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.tokenizer.Tokenizer;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.LongStream;

/// How many rows the token table of an expanded model has, and which of them are new.
///
/// @param base       tokenizer the model was trained with, ids `0 .. base.size() - 1`
/// @param merged     tokenizer it gets, with the same ids first
/// @param rowsBefore O, rows of the table, padding included
/// @param rowsAfter  `R = ceil(N / (X TP)) X TP` for N tokens, as NeMo computes it
/// @param divisor    X, `make_vocab_size_divisible_by`
/// @param ranks      TP, the tensor-parallel ranks of the model's configuration, each of which holds R / TP rows
public record ExpansionPlan(
        Tokenizer base, Tokenizer merged, int rowsBefore, int rowsAfter, int divisor, int ranks, RowInit init) {
    private static final int LARGEST_DIVISOR = 1 << 16;

    /// @param divisor of the number of rows on each rank; by default the model's own
    /// @throws CheckpointException if the model has no tokenizer, or if `merged` is not its extension
    public static ExpansionPlan of(ModelFile model, Tokenizer merged, RowInit init, OptionalInt divisor) {
        Tokenizer base = Tokenizer.of(model.tokenizer()
                .orElseThrow(() -> new CheckpointException(model.path()
                        + " carries no tokenizer, so which ids are new cannot be known\n"
                        + "  Put vocab.json and merges.txt beside it, or name them in its configuration.")));
        requireExtension(model, base, merged);
        int rowsBefore = model.config().paddedVocabularySize();
        if (base.size() > rowsBefore) {
            throw new CheckpointException(
                    model.path() + ": its tokenizer has " + base.size() + " tokens, its table of word"
                            + " embeddings only " + rowsBefore + " rows; they do not belong together");
        }
        int ranks = model.section().integer("tensor_model_parallel_size", 1);
        int rowsOfRank = divisor.orElse(model.section().vocabularyDivisor() / ranks);
        long multiple = (long) rowsOfRank * ranks;
        if (rowsOfRank < 1 || multiple > LARGEST_DIVISOR) {
            throw new CheckpointException("the rows should be a multiple of " + rowsOfRank
                    + (ranks == 1 ? "" : " times " + ranks + " tensor-parallel ranks") + "; it can be 1 to "
                    + LARGEST_DIVISOR + "\n  Set it with --divisible-by.");
        }
        int rowsAfter = Math.toIntExact(Math.ceilDiv(merged.size(), multiple) * multiple);
        return new ExpansionPlan(base, merged, rowsBefore, rowsAfter, rowsOfRank, ranks, init);
    }

    /// X TP, of which the rows are a multiple.
    public int multiple() {
        return divisor * ranks;
    }

    /// What becomes of a row of the expanded table.
    enum Kind {
        /// It is the old table's, bit for bit: an old token's, or padding that no token takes.
        KEPT,
        NEW,
        /// Appended, zero.
        PADDING
    }

    Kind kind(long row) {
        if (row < base.size() || row < rowsBefore && (row >= merged.size() || init == RowInit.ZERO)) {
            return Kind.KEPT;
        }
        return row < merged.size() ? Kind.NEW : Kind.PADDING;
    }

    /// The first row after `row` that may be of another kind.
    long endOfRun(long row) {
        return LongStream.of(base.size(), merged.size(), rowsBefore, rowsAfter)
                .filter(edge -> edge > row)
                .min()
                .orElseThrow();
    }

    /// Rows that this expansion writes: those of new tokens, old padding or not, and those it appends. With
    /// `zero` the appended ones only: old padding rows that become tokens stay as they are.
    public int rowsInitialised() {
        int appended = Math.max(0, rowsAfter - rowsBefore);
        int paddingNowTokens = Math.min(rowsBefore, merged.size()) - base.size();
        return init == RowInit.ZERO ? appended : paddingNowTokens + appended;
    }

    public int newTokens() {
        return merged.size() - base.size();
    }

    /// Neither a token nor a row changes.
    public boolean isNothing() {
        return newTokens() == 0 && rowsAfter == rowsBefore;
    }

    private static void requireExtension(ModelFile model, Tokenizer base, Tokenizer merged) {
        if (merged.size() < base.size()) {
            throw new CheckpointException(
                    "the tokenizer has " + merged.size() + " tokens, that of " + model.path() + " has "
                            + base.size() + "; trained rows would be cut off\n"
                            + "  Merge the new tokenizer with the model's own first: vernacular tokenizer merge");
        }
        List<String> before = base.vocabulary().tokens();
        List<String> after = merged.vocabulary().tokens();
        for (int id = 0; id < before.size(); id++) {
            if (!before.get(id).equals(after.get(id))) {
                throw new CheckpointException("token " + id + " is '" + after.get(id) + "' in the tokenizer and '"
                        + before.get(id) + "' in that of " + model.path() + "; its row would mean something else\n"
                        + "  Merge the new tokenizer with the model's own first: vernacular tokenizer merge");
            }
        }
    }
}
