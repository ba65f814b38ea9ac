package dev.vernacular.checkpoint.megatron;

import dev.vernacular.checkpoint.CheckpointException;
import dev.vernacular.config.ModelSection;
import dev.vernacular.model.GptConfig;
import java.util.OptionalInt;

/// How a model is laid out in a `.nemo`: whose names its tensors have, and over how many ranks they are spread.
///
/// @param isCore           megatron-core's names; else NeMo's own (legacy) ones, which every release reads
/// @param tensorParallel   ranks that share each large tensor
/// @param pipelineParallel stages that share the layers
public record MegatronLayout(boolean isCore, int tensorParallel, int pipelineParallel) {
    /// One rank, legacy names.
    public static final MegatronLayout LEGACY = new MegatronLayout(false, 1, 1);

    /// One rank, megatron-core's names.
    public static final MegatronLayout CORE = new MegatronLayout(true, 1, 1);

    private static final int MOST_RANKS = 100;
    private static final int MOST_STAGES = 1000;
    private static final int USUAL_DIVISOR = 128;

    /// @throws CheckpointException if there can be no such folders
    public MegatronLayout {
        if (tensorParallel < 1
                || tensorParallel > MOST_RANKS
                || pipelineParallel < 1
                || pipelineParallel > MOST_STAGES) {
            throw new CheckpointException("the tensor-parallel size is " + tensorParallel
                    + " and the pipeline-parallel size " + pipelineParallel + "; they can be 1 to " + MOST_RANKS
                    + " and 1 to " + MOST_STAGES);
        }
    }

    /// Folder of a rank's weights in the archive, with its slash; empty for the only rank.
    public String folder(int rank, int stage) {
        if (pipelineParallel > 1) {
            return "tp_rank_%02d_pp_rank_%03d/".formatted(rank, stage);
        }
        return tensorParallel > 1 ? "mp_rank_%02d/".formatted(rank) : "";
    }

    /// @throws CheckpointException naming what of a model its ranks cannot share evenly
    public void requireFits(GptConfig config, String target) {
        requireDivides(target, "num_layers", config.layers(), "pipeline", pipelineParallel, "");
        requireDivides(target, "num_attention_heads", config.heads(), "tensor", tensorParallel, "");
        requireDivides(target, "ffn_hidden_size", config.ffnHiddenSize(), "tensor", tensorParallel, "");
        requireDivides(
                target,
                "the number of rows of the token table",
                config.paddedVocabularySize(),
                "tensor",
                tensorParallel,
                "\n  Give it more first: vernacular expand --divisible-by " + USUAL_DIVISOR * tensorParallel);
    }

    private static void requireDivides(String target, String what, int value, String kind, int size, String remedy) {
        if (value % size != 0) {
            throw new CheckpointException("cannot write " + target + ": " + what + " is " + value
                    + ", which is no multiple of the " + kind + "-parallel size " + size + remedy);
        }
    }

    /// The model's section for this layout. NeMo computes the rows of the token table as
    /// `ceil(N / (X t)) X t` for N tokens, X = `make_vocab_size_divisible_by` and t ranks, and refuses any
    /// other number; so X is chosen to give the rows that there are.
    ///
    /// @param tokens N, if the model carries a tokenizer
    /// @param rows   of the token table
    public ModelSection section(ModelSection section, OptionalInt tokens, int rows) {
        ModelSection laidOut = section.with("make_vocab_size_divisible_by", (long) divisor(section, tokens, rows))
                .with("tensor_model_parallel_size", (long) tensorParallel)
                .with("pipeline_model_parallel_size", (long) pipelineParallel)
                .with("mcore_gpt", isCore)
                .without("megatron_legacy");
        return section.get("target").isPresent()
                ? laidOut
                : laidOut.with(
                        "target", "nemo.collections.nlp.models.language_modeling.megatron_gpt_model.MegatronGPTModel");
    }

    private int divisor(ModelSection section, OptionalInt tokens, int rows) {
        int before = section.vocabularyDivisor();
        if (before % tensorParallel == 0 && isDivisor(before, tokens, rows)) {
            return before / tensorParallel;
        }
        for (int divisor = USUAL_DIVISOR; divisor > 0; divisor--) {
            if (isDivisor((long) divisor * tensorParallel, tokens, rows)) {
                return divisor;
            }
        }
        return rows / tensorParallel;
    }

    /// Whether `rows` is the least multiple of `multiple` that holds all tokens.
    private static boolean isDivisor(long multiple, OptionalInt tokens, int rows) {
        return rows % multiple == 0 && (tokens.isEmpty() || rows - tokens.getAsInt() < multiple);
    }
}
