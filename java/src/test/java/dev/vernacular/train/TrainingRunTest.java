package dev.vernacular.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.vernacular.VernacularException;
import dev.vernacular.checkpoint.BrokenModels;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.checkpoint.torch.TorchFile;
import dev.vernacular.checkpoint.torch.TorchTensor;
import dev.vernacular.config.RunConfig;
import dev.vernacular.data.DataException;
import dev.vernacular.data.IndexedDatasetWriter;
import dev.vernacular.data.TokenType;
import dev.vernacular.kernels.Backend;
import dev.vernacular.kernels.Backends;
import dev.vernacular.model.ParameterLayout;
import dev.vernacular.train.TrainFixture.Recorder;
import dev.vernacular.train.TrainingRun.Result;
import dev.vernacular.train.store.RunFolder;
import dev.vernacular.train.store.StoreException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingRunTest {
    @TempDir
    private Path folder;

    @Test
    void theRunFolderHoldsWhatItsReadersExpect() throws IOException {
        Path run = folder.resolve("run");

        Result result = TrainFixture.run(
                TrainFixture.config(
                        run,
                        "trainer.max_steps=5",
                        "trainer.val_check_interval=2",
                        "model.data.languages=[xx]",
                        "model.optim.sched.warmup_steps=2"),
                StepListener.SILENT);

        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            lines.add(new ObjectMapper().readTree(line));
        }
        assertThat(lines.stream().map(line -> line.get("step").asInt())).containsExactly(1, 2, 2, 3, 4, 4, 5, 5);
        assertThat(keys(lines.getFirst()))
                .containsExactly(
                        "step", "loss", "lr", "grad_norm", "loss_scale", "consumed_samples", "tokens_per_s", "ms");
        assertThat(keys(lines.get(2))).containsExactly("step", "val_loss", "bits_per_byte");
        assertThat(lines.get(2).get("bits_per_byte").get("xx").asDouble()).isBetween(5.0, 10.0);
        assertThat(result.checkpoint().orElseThrow().getFileName().toString())
                .matches("megatron_gpt--val_loss=5\\.\\d\\d-step=5-consumed_samples=20\\.0-last\\.ckpt");
        assertThat(names(run.resolve("checkpoints")))
                .hasSize(4)
                .filteredOn(name -> name.contains("-last"))
                .hasSize(1);
        try (ModelFile model = ModelFile.open(result.checkpoint().get())) {
            assertThat(model.config().layers()).isEqualTo(2);
            assertThat(model.tokenizer()).isPresent();
        }
    }

    @Test
    void onlyTheBestCheckpointsAreKept() throws IOException {
        TrainFixture.run(
                TrainFixture.config(
                        folder,
                        "trainer.max_steps=5",
                        "trainer.val_check_interval=1",
                        "exp_manager.checkpoint_callback_params.save_top_k=2",
                        "model.optim.sched.warmup_steps=2"),
                StepListener.SILENT);

        assertThat(names(folder.resolve("checkpoints")))
                .filteredOn(name -> !name.contains("-last"))
                .hasSize(2);
    }

    @Test
    void aCheckpointHoldsTheWeightsOfItsStepThoughTrainingGoesOnWhileItIsWritten() throws IOException {
        Path longer = folder.resolve("longer");
        Path ended = folder.resolve("ended");
        for (Path run : List.of(longer, ended)) {
            RunConfig config = TrainFixture.config(
                    run,
                    "trainer.max_steps=" + (run.equals(longer) ? 8 : 4),
                    "trainer.val_check_interval=4",
                    "model.optim.sched.max_steps=8",
                    "model.optim.sched.warmup_steps=2");
            TrainFixture.run(config, StepListener.SILENT);
        }

        assertThat(stateAfterStep4(longer)).isEqualTo(stateAfterStep4(ended));
    }

    @Test
    void aCheckpointThatCannotBeWrittenEndsTheRunNamingItsStepAndTheLastGoodOne() {
        RunConfig config = TrainFixture.config(
                folder, "trainer.max_steps=8", "trainer.val_check_interval=2", "model.optim.sched.warmup_steps=2");
        StepListener spoiler = new StepListener() {
            @Override
            public void saved(Path file) {
                try (Stream<Path> files = Files.list(folder.resolve("checkpoints"))) {
                    files.forEach(path -> path.toFile().delete());
                    Files.delete(folder.resolve("checkpoints"));
                    Files.createFile(folder.resolve("checkpoints"));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };

        assertThatThrownBy(() -> TrainFixture.run(config, spoiler))
                .isInstanceOf(TrainException.class)
                .hasMessageStartingWith("step 4: ")
                .hasMessageContaining("The last good checkpoint is " + folder.resolve("checkpoints"));
    }

    @Test
    void anOverflowSkipsTheUpdateAndHalvesTheScaleFromTheSecondOn() {
        Recorder recorder = new Recorder();

        TrainFixture.run(
                TrainFixture.config(
                        folder,
                        "trainer.precision=16",
                        "trainer.max_steps=8",
                        "model.native_amp_init_scale=1e7",
                        "trainer.limit_val_batches=0",
                        "model.optim.sched.warmup_steps=2"),
                recorder);

        List<StepListener.Step> steps = recorder.steps;
        assertThat(steps.get(0).isSkipped() && steps.get(1).isSkipped()).isTrue();
        assertThat(steps.get(1).lossScale()).isEqualTo(steps.get(0).lossScale());
        assertThat(steps.get(2).lossScale()).isEqualTo(steps.get(1).lossScale() / 2);
        assertThat(steps.get(1).learningRate()).isEqualTo(steps.get(0).learningRate());
        assertThat(steps.get(1).consumedSamples()).isEqualTo(8);
        assertThat(recorder.notes)
                .anyMatch(
                        note -> note.matches("\\d of 8 steps skipped: gradients overflowed \\(loss scale now \\d+\\)"));
        assertThat(steps).filteredOn(step -> !step.isSkipped()).isNotEmpty().allMatch(step -> step.gradientNorm() < 10);
    }

    @Test
    void aLossThatIsNotFiniteStopsTheRunNamingStepTensorAndSamples() {
        RunConfig config =
                TrainFixture.config(folder, "model.optim.lr=1e38", "~model.optim.sched", "trainer.limit_val_batches=0");

        assertThatThrownBy(() -> TrainFixture.run(config, StepListener.SILENT))
                .isInstanceOf(TrainException.class)
                .hasMessageContaining("step 2: the loss is NaN, on samples 4 to 7")
                .hasMessageContaining(".weight")
                .hasMessageContaining("There is no checkpoint yet")
                .extracting(e -> ((VernacularException) e).exitStatus())
                .isEqualTo(1);
    }

    @Test
    void aRunOfNothingButOverflowsSaysThatNothingWasLearned() {
        Recorder recorder = new Recorder();

        TrainFixture.run(
                TrainFixture.config(
                        folder,
                        "trainer.precision=16",
                        "trainer.max_steps=2",
                        "model.native_amp_init_scale=1e9",
                        "trainer.limit_val_batches=0",
                        "model.optim.sched.warmup_steps=1"),
                recorder);

        assertThat(recorder.notes)
                .anyMatch(note -> note.startsWith("warning: nothing was learned: gradients overflowed in all 2 steps"));
    }

    @Test
    void inFloat32TheAdviceIsNotAnotherPrecision() {
        RunConfig config =
                TrainFixture.config(folder, "model.optim.lr=1e38", "~model.optim.sched", "trainer.limit_val_batches=0");

        assertThatThrownBy(() -> TrainFixture.run(config, StepListener.SILENT))
                .hasMessageContaining("model.optim.lr")
                .message()
                .doesNotContain("bf16");
    }

    @Test
    void aModelWithAWeightThatIsNotANumberIsRefusedAsSuch() {
        Path broken = BrokenModels.withNaN(
                TrainFixture.golden("tied.nemo"), ParameterLayout.WORD_EMBEDDINGS, folder.resolve("broken.nemo"));

        assertThatThrownBy(() -> TrainFixture.run(
                        TrainFixture.config(folder.resolve("run"), "restore_from_path=" + broken), StepListener.SILENT))
                .isInstanceOf(TrainException.class)
                .hasMessageContaining("broken.nemo: " + ParameterLayout.WORD_EMBEDDINGS + " holds NaN");
    }

    @Test
    void damagedWeightsAreFoundBeforeAnythingIsWritten() throws IOException {
        Path damaged = BrokenModels.withFlippedBit(
                TrainFixture.golden("tied.nemo"), ParameterLayout.WORD_EMBEDDINGS, folder.resolve("damaged.nemo"));

        assertThatThrownBy(() -> TrainFixture.run(
                        TrainFixture.config(folder.resolve("run"), "restore_from_path=" + damaged),
                        StepListener.SILENT))
                .isInstanceOf(VernacularException.class)
                .hasMessageContaining("is damaged: tensor " + ParameterLayout.WORD_EMBEDDINGS);
        assertThat(folder.resolve("run")).doesNotExist();
    }

    @Test
    void anIdBeyondTheModelsRowsIsFoundBeforeAnythingIsWritten() {
        Path prefix = folder.resolve("other");
        int[] ids = new int[400];
        Arrays.fill(ids, 7);
        ids[399] = 272;
        IndexedDatasetWriter.write(prefix, TokenType.forVocabulary(300), false, writer -> {
            writer.add(ids);
            writer.endDocument();
        });
        Path run = folder.resolve("run");

        assertThatThrownBy(() -> TrainFixture.run(
                        TrainFixture.config(
                                run, "model.data.data_prefix={train:[" + prefix + "],validation:[],test:[]}"),
                        StepListener.SILENT))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("token id 272")
                .hasMessageContaining("272");
        assertThat(run).doesNotExist();
    }

    @Test
    void shapesThatDifferFromTheModelsAreRefusedBeforeAnythingIsWritten() {
        Path run = folder.resolve("run");

        assertThatThrownBy(() ->
                        TrainFixture.run(TrainFixture.config(run, "model.ffn_hidden_size=13"), StepListener.SILENT))
                .isInstanceOf(TrainException.class)
                .hasMessageContaining("down.weight has the shape")
                .hasMessageContaining("13");
        assertThat(run).doesNotExist();
    }

    @Test
    void aSequenceLongerThanThePositionsIsRefused() {
        assertThatThrownBy(() -> TrainFixture.run(
                        TrainFixture.config(folder.resolve("run"), "model.encoder_seq_length=14"), StepListener.SILENT))
                .isInstanceOf(VernacularException.class)
                .hasMessageContaining("14");
    }

    @Test
    void aFolderInUseIsRefused() {
        RunConfig config = TrainFixture.config(folder);
        try (RunFolder.Claim claim = RunFolder.of(config.experiment()).claim()) {
            assertThat(claim.folder().path()).isEqualTo(folder);

            assertThatThrownBy(() -> TrainFixture.run(config, StepListener.SILENT))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("in use by another run");
        }
    }

    @Test
    void withoutAModelTheTokenizerGivesTheRowsAndWeightsAreRandom() throws IOException {
        Path tokenizer = TrainFixture.golden("lightning/tokenizer/vocab.json").getParent();
        Recorder recorder = new Recorder();

        Result result = TrainFixture.run(
                TrainFixture.config(
                        folder,
                        "restore_from_path=null",
                        "model.tokenizer.vocab_file=" + tokenizer.resolve("vocab.json"),
                        "model.tokenizer.merge_file=" + tokenizer.resolve("merges.txt"),
                        "model.num_layers=1",
                        "model.hidden_size=12",
                        "model.ffn_hidden_size=20",
                        "model.num_attention_heads=3",
                        "model.encoder_seq_length=13",
                        "trainer.max_steps=2",
                        "model.make_vocab_size_divisible_by=16",
                        "trainer.limit_val_batches=0",
                        "model.optim.sched.warmup_steps=1",
                        "exp_manager.checkpoint_callback_params.save_nemo_on_train_end=True"),
                recorder);

        assertThat(recorder.steps.getFirst().loss()).isBetween(Math.log(272) - 0.2, Math.log(272) + 0.2);
        assertThat(recorder.notes).contains("starting from random weights");
        try (ModelFile model = ModelFile.open(result.nemo().orElseThrow())) {
            assertThat(model.config().paddedVocabularySize()).isEqualTo(272);
            assertThat(model.tokenizer()).isPresent();
        }
    }

    @Test
    void withNeitherModelNorTokenizerTheMessageNamesBothKeys() {
        assertThatThrownBy(() ->
                        TrainFixture.run(TrainFixture.config(folder, "restore_from_path=null"), StepListener.SILENT))
                .isInstanceOf(TrainException.class)
                .hasMessageContaining("restore_from_path")
                .hasMessageContaining("model.tokenizer.vocab_file");
    }

    @Test
    void aPlanCountsWhatTheRunAllocatesAndWritesNothing() {
        RunConfig config = TrainFixture.config(folder.resolve("run"));
        try (Backend backend = Backends.open("reference", 0, Optional.empty())) {
            TrainingPlan plan = TrainingPlan.of(config, backend, true);

            assertThat(plan.parameters()).isEqualTo(7212);
            assertThat(plan.tokens()).isEqualTo(20 * 4 * 13);
            assertThat(plan.bytesByKind().values().stream()
                            .mapToLong(Long::longValue)
                            .sum())
                    .isEqualTo(plan.bytes());
            assertThat(plan.secondsPerStep().orElseThrow()).isPositive();
            assertThat(folder.resolve("run")).doesNotExist();
        }
    }

    /// Weights and moments.
    private static byte[] stateAfterStep4(Path run) throws IOException {
        Path checkpoints = run.resolve("checkpoints");
        String name = names(checkpoints).stream()
                .filter(file -> file.contains("step=4") && !file.contains("-last"))
                .findFirst()
                .orElseThrow();
        try (TorchFile file = TorchFile.open(checkpoints.resolve(name))) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (String key : List.of("state_dict", "optimizer_states")) {
                tensors(file.dictionary().get(key)).forEach(tensor -> bytes.writeBytes(bytes(tensor)));
            }
            return bytes.toByteArray();
        }
    }

    private static Stream<TorchTensor> tensors(Object value) {
        return switch (value) {
            case TorchTensor tensor -> Stream.of(tensor);
            case Map<?, ?> map -> map.values().stream().flatMap(TrainingRunTest::tensors);
            case List<?> list -> list.stream().flatMap(TrainingRunTest::tensors);
            case null, default -> Stream.of();
        };
    }

    private static byte[] bytes(TorchTensor tensor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(tensor.byteSize(), 64);
            tensor.read(memory);
            return memory.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    private static List<String> keys(JsonNode line) {
        List<String> keys = new ArrayList<>();
        line.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    private static List<String> names(Path checkpoints) throws IOException {
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".ckpt"))
                    .toList();
        }
    }
}
