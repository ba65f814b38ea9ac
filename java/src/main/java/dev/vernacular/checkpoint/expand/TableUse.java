package dev.vernacular.checkpoint.expand;

/// What a model does with a table of one row a token.
enum TableUse {
    /// Its rows enter the model, and nothing else: text without a token never reads its row.
    INPUT,
    /// Its rows are what the model's last state is compared with: each takes part in every prediction.
    HEAD,
    /// Both, in a model whose head is tied.
    BOTH
}
