package dev.vernacular.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.model.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunConfigTest {
    private static final String DATA = "model.data.data_prefix={train:[a],validation:[b],test:[c]}";

    @TempDir
    private Path folder;

    @Test
    void theDefaultsAreNemos() {
        RunConfig config = resolve();

        assertThat(config.trainer().precision()).isEqualTo(Precision.FP16);
        assertThat(config.trainer().maxSteps()).isEqualTo(100_000);
        assertThat(config.trainer().valCheckInterval()).isEqualTo(100);
        assertThat(config.trainer().validationBatches()).hasValue(50);
        assertThat(config.batch().accumulationSteps()).isEqualTo(2);
        assertThat(config.data().sequenceLength()).isEqualTo(512);
        assertThat(config.optimizer().learningRate()).isEqualTo(2e-4);
        assertThat(config.optimizer().beta2()).isEqualTo(0.98);
        assertThat(config.optimizer().schedule()).contains(new RunConfig.Schedule(2e-5, 500, 0, 100_000));
        assertThat(config.scaling()).isEqualTo(new RunConfig.Scaling(0x1p32, 1000, 2));
        assertThat(config.experiment().name()).isEqualTo("megatron_gpt");
        assertThat(config.seed()).isEqualTo(1234);
        assertThat(config.notes()).isEmpty();
    }

    @Test
    void theWalkthroughsCommandLineIsUnderstood() throws IOException {
        RunConfig config = restored(
                Map.of(
                        "num_layers",
                        2L,
                        "hidden_size",
                        8L,
                        "encoder_seq_length",
                        2048L,
                        "max_position_embeddings",
                        2048L),
                "name=megatron_gpt_",
                "exp_manager.name=megatron_gpt_1",
                "trainer.devices=1",
                "trainer.num_nodes=1",
                "trainer.precision=16",
                "trainer.val_check_interval=300",
                "trainer.max_steps=1200",
                "model.megatron_amp_O2=False",
                "model.tensor_model_parallel_size=1",
                "model.pipeline_model_parallel_size=1",
                "model.micro_batch_size=1",
                "model.global_batch_size=1",
                "++model.use_flash_attention=False",
                "++model.seq_len_interpolation_factor=null");

        assertThat(config.experiment().name()).isEqualTo("megatron_gpt_1");
        assertThat(config.data().sequenceLength()).isEqualTo(2048);
        assertThat(config.trainer().maxSteps()).isEqualTo(1200);
        assertThat(config.notes()).containsExactly("name=megatron_gpt_ has no effect here: a label");
    }

    @ParameterizedTest
    @CsvSource({
        "32, FP32",
        "'32', FP32",
        "32-true, FP32",
        "bf16, BF16",
        "bf16-mixed, BF16",
        "16, FP16",
        "16-mixed, FP16"
    })
    void everySpellingOfAPrecisionIsKnown(String spelling, Precision expected) {
        assertThat(resolve("trainer.precision=" + spelling).trainer().precision())
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "trainer.precision=64 | trainer.precision is 64",
                "trainer.devices=2 | trainer.devices is 2",
                "trainer.num_nodes=4 | trainer.num_nodes is 4",
                "model.tensor_model_parallel_size=2 | model.tensor_model_parallel_size is 2",
                "model.global_batch_size=3 | must be a multiple of model.micro_batch_size, 4",
                "model.optim.lr=fast | model.optim.lr is fast",
                "model.optim.name=sgd | model.optim.name is sgd",
                "model.optim.sched.name=WarmupAnnealing | model.optim.sched.name",
                "model.optim.sched.min_lr=1 | at most model.optim.lr",
                "model.optim.betas=[0.9,1.0] | model.optim.betas",
                "trainer.max_steps=0 | trainer.max_steps is 0",
                "trainer.max_steps=-1 | trainer.max_steps is -1",
                "trainer.max_steps=1e30 | trainer.max_steps is 1e30,",
                "trainer.max_steps=1e12 | from 1 to 2147483647",
                "trainer.max_steps=1.5 | trainer.max_steps is 1.5",
                "trainer.val_check_interval=0 | trainer.val_check_interval is 0",
                "trainer.limit_val_batches=2.5 | trainer.limit_val_batches is 2.5",
                "model.data.dataloader_type=cyclic | model.data.dataloader_type is cyclic",
                "trainer.max_steps.x=3 | there is no key 'trainer.max_steps.x'",
                "trainer.max_stepps=3 | Did you mean trainer.max_steps?",
                "restore_from_path=no/such.nemo | there is no model no/such.nemo",
            })
    void aWrongValueIsRefusedNamingItsKey(String override, String message) {
        assertThatThrownBy(() -> resolve(override.strip()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(message.strip());
    }

    @Test
    void missingDataIsNamed() {
        assertThatThrownBy(() -> RunConfig.resolve(Optional.empty(), List.of(), (path, hparams) -> section(Map.of())))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("model.data.data_prefix must be given");
    }

    @Test
    void keysWithoutEffectAreAcceptedAndSaidSo() {
        assertThat(resolve("trainer.benchmark=True").notes())
                .containsExactly("trainer.benchmark=true has no effect here: a setting of cuDNN");
        assertThat(resolve("++model.my_own=3").notes()).containsExactly("nothing reads model.my_own");
    }

    @Test
    void theFileLiesUnderTheCommandLine() throws IOException {
        Path file = file("trainer: {max_steps: 7, precision: 32}\nmodel: {optim: {lr: 1e-3}}\n");

        RunConfig config = RunConfig.resolve(
                Optional.of(file), List.of(DATA, "trainer.max_steps=9"), (path, hparams) -> section(Map.of()));

        assertThat(config.trainer().maxSteps()).isEqualTo(9);
        assertThat(config.trainer().precision()).isEqualTo(Precision.FP32);
        assertThat(config.optimizer().learningRate()).isEqualTo(1e-3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"trainer: {max_step: 7}", "model: {hiden_size: 8}", "some: 1"})
    void aSlipInTheFileIsNamed(String yaml) throws IOException {
        Path file = file(yaml);

        assertThatThrownBy(
                        () -> RunConfig.resolve(Optional.of(file), List.of(DATA), (path, hparams) -> section(Map.of())))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("there is no key");
    }

    @Test
    void theRestoredModelDecidesItsShapeAndTheRunItsTraining() throws IOException {
        RunConfig config = restored(
                Map.of(
                        "hidden_size", 8L,
                        "encoder_seq_length", 64L,
                        "micro_batch_size", 32L,
                        "hidden_dropout", 0.2,
                        "seed", 42L,
                        "optim", Map.of("name", "sgd", "lr", 7L),
                        "unknown_key", "kept"),
                "model.optim.lr=1e-3");

        assertThat(config.model().get("hidden_size")).contains(8L);
        assertThat(config.model().get("unknown_key")).contains("kept");
        assertThat(config.data().sequenceLength()).isEqualTo(64);
        assertThat(config.batch().micro()).isEqualTo(4);
        assertThat(config.optimizer().learningRate()).isEqualTo(1e-3);
        assertThat(config.seed()).isEqualTo(42);
        assertThat(config.notes()).isEmpty();
    }

    @Test
    void theCommandLineWinsOverTheRestoredModelAndSaysWhereNemoWouldIgnoreIt() throws IOException {
        RunConfig config = restored(
                Map.of("hidden_size", 8L, "encoder_seq_length", 64L, "hidden_dropout", 0.2),
                "model.hidden_dropout=0",
                "model.encoder_seq_length=16");

        assertThat(config.model().get("hidden_dropout")).contains(0L);
        assertThat(config.data().sequenceLength()).isEqualTo(16);
        assertThat(config.notes())
                .containsExactly("model.hidden_dropout=0 replaces the model's own 0.2 (NeMo would ignore it)");
    }

    @Test
    void theFilesArchitectureIsIgnoredForARestoredModelAndSaidSo() throws IOException {
        Path file = file("model: {hidden_size: 99, encoder_seq_length: 32, optim: {lr: 0.5}}\n");
        Path model = Files.createFile(folder.resolve("m.nemo"));

        RunConfig config = RunConfig.resolve(
                Optional.of(file),
                List.of(DATA, "restore_from_path=" + model),
                (path, hparams) -> section(Map.of("hidden_size", 8L, "encoder_seq_length", 64L)));

        assertThat(config.model().get("hidden_size")).contains(8L);
        assertThat(config.data().sequenceLength()).isEqualTo(32);
        assertThat(config.optimizer().learningRate()).isEqualTo(0.5);
        assertThat(config.notes()).singleElement().asString().contains("model.hidden_size");
    }

    @Test
    void aDeletedScheduleLeavesTheLearningRateConstant() {
        assertThat(resolve("~model.optim.sched").optimizer().schedule()).isEmpty();
    }

    @Test
    void ratiosAreOfTheScheduleAndAWarmUpBeyondTheEndIsNoted() {
        RunConfig config = resolve("trainer.max_steps=100", "+model.optim.sched.warmup_ratio=0.25");

        assertThat(config.optimizer().schedule().orElseThrow().warmupSteps()).isEqualTo(25);
        assertThat(resolve("trainer.max_steps=100").notes())
                .singleElement()
                .asString()
                .contains("still rising");
    }

    @Test
    void sharesOfValidationAreOfTheRunAndOfAnEpoch() {
        RunConfig config = resolve(
                "trainer.max_steps=40",
                "trainer.val_check_interval=0.25",
                "trainer.limit_val_batches=1.0",
                "model.optim.sched.warmup_steps=1");

        assertThat(config.trainer().valCheckInterval()).isEqualTo(10);
        assertThat(config.trainer().validationBatches()).isEmpty();
    }

    private RunConfig restored(Map<String, Object> section, String... overrides) throws IOException {
        Path model = Files.createFile(folder.resolve("model.nemo"));
        List<String> all = new ArrayList<>(List.of(DATA, "restore_from_path=" + model));
        all.addAll(List.of(overrides));
        return RunConfig.resolve(Optional.empty(), all, (path, hparams) -> section(section));
    }

    private static RunConfig resolve(String... overrides) {
        List<String> all = new ArrayList<>(List.of(DATA));
        all.addAll(List.of(overrides));
        return RunConfig.resolve(Optional.empty(), all, (path, hparams) -> section(Map.of()));
    }

    private Path file(String yaml) throws IOException {
        return Files.writeString(folder.resolve("run.yaml"), yaml);
    }

    private static ModelSection section(Map<String, Object> values) {
        return ModelSection.of(values, "the test's model");
    }
}
