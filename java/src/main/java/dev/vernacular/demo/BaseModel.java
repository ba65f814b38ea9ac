package dev.vernacular.demo;

import dev.vernacular.config.Overrides;
import dev.vernacular.config.RunConfig;
import dev.vernacular.data.text.Preprocess;
import dev.vernacular.data.text.PreprocessOptions;
import dev.vernacular.kernels.Backend;
import dev.vernacular.tokenizer.Tokenizer;
import dev.vernacular.tokenizer.training.BpeTrainer;
import dev.vernacular.tokenizer.training.TrainingSettings;
import dev.vernacular.train.StepListener;
import dev.vernacular.train.TrainingRun;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/// The demo's pretrained model: a GPT of about a million parameters that learns English from the built-in
/// corpus.
///
/// @param folder of its tokenizer, data and run
record BaseModel(Path folder) {
    static final int LAYERS = 4;
    static final int WIDTH = 128;
    static final int CONTEXT = 128;
    static final int BATCH = 4;
    private static final int VOCABULARY = 2000;

    Path tokenizer() {
        return folder.resolve("tokenizer");
    }

    /// Trains the tokenizer and makes the datasets.
    void prepare(List<String> documents, Path train, Path heldOut) {
        Tokenizer tokenizer = BpeTrainer.train(TrainingSettings.of(VOCABULARY), documents.stream());
        tokenizer.save(tokenizer(), true);
        preprocess(tokenizer, train, "train");
        preprocess(tokenizer, heldOut, "val");
    }

    private void preprocess(Tokenizer tokenizer, Path file, String part) {
        PreprocessOptions options = new PreprocessOptions(
                List.of(file),
                List.of("text"),
                false,
                Optional.of(tokenizer.endOfText()),
                folder.resolve(part),
                Runtime.getRuntime().availableProcessors(),
                0,
                false,
                true);
        Preprocess.run(options, tokenizer::encodeOrdinary, tokenizer.size(), counts -> {});
    }

    /// Trains the model from random weights.
    ///
    /// @return the model as .nemo
    /// @throws DemoException if it was stopped by a signal
    Path train(int steps, long seed, Supplier<Backend> backends, StepListener listener) {
        List<String> overrides = List.of(
                "exp_manager.exp_dir=" + Overrides.quote(folder.toString()),
                "exp_manager.name=base",
                "exp_manager.resume_if_exists=False",
                "exp_manager.version=run",
                "exp_manager.checkpoint_callback_params.save_top_k=0",
                "exp_manager.checkpoint_callback_params.save_nemo_on_train_end=True",
                "trainer.precision=32",
                "trainer.max_steps=" + steps,
                "trainer.val_check_interval=" + steps,
                "trainer.limit_val_batches=8",
                "model.num_layers=" + LAYERS,
                "model.hidden_size=" + WIDTH,
                "model.ffn_hidden_size=" + 4 * WIDTH,
                "model.num_attention_heads=4",
                "model.encoder_seq_length=" + CONTEXT,
                "model.max_position_embeddings=" + CONTEXT,
                "model.data.seq_length=" + CONTEXT,
                "model.micro_batch_size=" + BATCH,
                "model.global_batch_size=" + BATCH,
                "model.hidden_dropout=0.0",
                "model.attention_dropout=0.0",
                "model.seed=" + seed,
                "model.tokenizer.vocab_file="
                        + Overrides.quote(tokenizer().resolve("vocab.json").toString()),
                "model.tokenizer.merge_file="
                        + Overrides.quote(tokenizer().resolve("merges.txt").toString()),
                "model.optim.lr=2e-3",
                "model.optim.weight_decay=0.1",
                "model.optim.betas=[0.9,0.95]",
                "model.optim.sched.warmup_steps=" + steps / 20,
                "model.optim.sched.min_lr=2e-4",
                "model.data.data_prefix={train:[" + dataset("train") + "],validation:[" + dataset("val") + "],test:["
                        + dataset("val") + "]}");
        RunConfig config = TrainingRun.configure(Optional.empty(), overrides);
        try (Backend backend = backends.get()) {
            return finished(TrainingRun.run(config, backend, listener));
        }
    }

    static Path finished(TrainingRun.Result result) {
        if (result.isStopped()) {
            throw new DemoException("stopped in the base model's training after step " + result.steps()
                    + "\n  The same command starts the demo again from its beginning.");
        }
        return result.nemo().orElseThrow();
    }

    private String dataset(String part) {
        return Overrides.quote(folder.resolve(part + "_text_document").toString());
    }
}
