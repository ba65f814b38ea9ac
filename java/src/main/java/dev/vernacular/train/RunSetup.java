package dev.vernacular.train;

import dev.vernacular.config.RunConfig;
import dev.vernacular.config.RunConfig.Trainer;
import dev.vernacular.data.Batch;
import dev.vernacular.data.DataPrefix;
import dev.vernacular.data.SampleSource;
import dev.vernacular.data.TrainingData;
import dev.vernacular.kernels.Kernels;
import dev.vernacular.model.ModelPlan;
import dev.vernacular.tokenizer.Tokenizer;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/// A run's model, data and memory plan, opened and found to fit together, before anything is allocated or
/// written.
///
/// @param train      at least `max_steps` global batches of samples
/// @param validation empty where there is none
record RunSetup(
        RunConfig config,
        StartingModel start,
        TrainingData data,
        SampleSource train,
        Optional<SampleSource> validation,
        ModelPlan plan)
        implements AutoCloseable {
    /// Tokens that are looked through for ids out of range before a run starts; each batch is looked through
    /// anyway.
    private static final long SCANNED_TOKENS = 4_000_000;

    static RunSetup open(RunConfig config, Kernels kernels) {
        StartingModel start = StartingModel.of(config);
        ModelPlan plan = ModelPlan.training(
                start.config(),
                config.trainer().precision(),
                config.batch().micro(),
                config.data().sequenceLength(),
                kernels);
        TrainingData data = TrainingData.open(
                DataPrefix.parse(config.data().prefix()),
                config.data().splits(),
                config.data().sequenceLength(),
                config.seed(),
                counts(config));
        try {
            SampleSource train = data.train()
                    .orElseThrow(() -> new TrainException(
                            DataPrefix.KEY + " is " + config.data().prefix() + ", which has no samples to train on"));
            RunSetup setup = new RunSetup(config, start, data, train, data.validation(), plan);
            setup.requireIds(train);
            setup.validation().ifPresent(setup::requireValidation);
            return setup;
        } catch (RuntimeException | Error e) {
            data.close();
            throw e;
        }
    }

    @Override
    public void close() {
        data.close();
    }

    /// What the training datasets are called.
    List<String> sourceNames() {
        return IntStream.range(0, train.sources()).mapToObj(train::nameOf).toList();
    }

    /// A micro-batch's arrays on the host.
    Batch batch() {
        int endOfDocument = start.tokenizer().map(Tokenizer::endOfText).orElse(-1);
        RunConfig.Data rules = config.data();
        return new Batch(
                config.batch().micro(),
                rules.sequenceLength(),
                new Batch.Rules(
                        endOfDocument, rules.masksEndOfDocument(), rules.resetsPositions(), rules.resetsAttention()),
                start.config().paddedVocabularySize());
    }

    /// UTF-8 bytes of each token, 0 for added ones such as `<|endoftext|>`; empty if there is no tokenizer, or
    /// no language to report them for.
    int[] bytesOfToken() {
        Optional<Tokenizer> known =
                start.tokenizer().filter(tokenizer -> !config.data().languages().isEmpty());
        if (known.isEmpty()) {
            return new int[0];
        }
        Tokenizer tokenizer = known.get();
        List<Integer> added = tokenizer.addedIds();
        int[] bytes = new int[tokenizer.size()];
        for (int id = 0; id < bytes.length; id++) {
            bytes[id] = tokenizer.length(id);
        }
        added.forEach(id -> bytes[id] = 0);
        return bytes;
    }

    /// As NeMo asks for them: what the whole run reads, validations counted one more than fit in.
    private static TrainingData.Counts counts(RunConfig config) {
        Trainer trainer = config.trainer();
        long global = config.batch().global();
        long validations = trainer.maxSteps() / trainer.valCheckInterval() + 1L;
        long validation = trainer.validationBatches().isPresent()
                ? validations * trainer.validationBatches().getAsInt() * global
                : trainer.validationShare() > 0 ? 1 : 0;
        return new TrainingData.Counts(trainer.maxSteps() * global, validation, 0);
    }

    private void requireIds(SampleSource samples) {
        Batch one = new Batch(
                1, samples.sequenceLength(), Batch.Rules.NONE, start.config().paddedVocabularySize());
        long count = Math.min(samples.size(), SCANNED_TOKENS / samples.sequenceLength());
        for (long index = 0; index < count; index++) {
            one.fill(samples, new long[] {index}, 0);
        }
    }

    private void requireValidation(SampleSource samples) {
        requireIds(samples);
        int global = config.batch().global();
        if (samples.size() < global) {
            throw new TrainException(
                    "the validation data has " + samples.size() + " samples of "
                            + samples.sequenceLength() + " tokens, a global batch takes " + global
                            + "\n  Set a smaller model.global_batch_size, or trainer.limit_val_batches=0 to leave validation out.");
        }
        int languages = config.data().languages().size();
        if (languages > 0 && languages != samples.sources()) {
            throw new TrainException("model.data.languages names " + languages + ", the validation data has "
                    + samples.sources() + " datasets\n  Name one for each, in their order.");
        }
    }
}
