package dev.vernacular.checkpoint.fuzz;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vernacular.VernacularException;
import dev.vernacular.checkpoint.ModelFile;
import dev.vernacular.config.ConfigException;
import dev.vernacular.config.ModelSection;
import dev.vernacular.config.Yaml;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Configurations that ask for much memory or time, or for models that cannot be.
class HostileConfigTest {
    private static final String CONFIG = "model_config.yaml";

    @TempDir
    private Path folder;

    private static String refusalOf(String yaml) {
        return Reading.assertReadOrRefused(() -> Yaml.parse(yaml, CONFIG), CONFIG)
                .map(VernacularException::getMessage)
                .orElseThrow(() -> new AssertionError("it was read"));
    }

    /// Ten times ten times ten …
    private static String laughs(String first) {
        StringBuilder yaml = new StringBuilder("a0: &a0 " + first + "\n");
        for (int level = 1; level < 40; level++) {
            String alias = "*a" + (level - 1);
            yaml.append("a%d: &a%d [".formatted(level, level) + (alias + ", ").repeat(9) + alias + "]\n");
        }
        return yaml.toString();
    }

    @Test
    void aliasesThatMultiplyAreRefused() {
        assertThat(refusalOf(laughs("lol"))).contains("unfolds");
        assertThat(refusalOf(laughs("{a: b}"))).contains("unfolds");
        assertThat(refusalOf("a: &a [*a]")).contains(CONFIG);
        assertThat(refusalOf("a: &a {b: *a}")).contains(CONFIG);
        assertThat(refusalOf("a: &a x\nb: [" + "*a, ".repeat(5000) + "]")).contains("aliases");
    }

    @Test
    void aliasesThatMultiplyInAKeyAreRefusedBeforeItIsHashed() {
        assertThat(refusalOf(laughs("lol") + "? *a39\n: x\n")).contains("a key is");
        assertThat(refusalOf(laughs("lol") + "? [*a39]\n: x\n")).contains("line 41: a key is");
        assertThat(refusalOf("? {a: b}\n: x\n")).contains("a key is");
        assertThat(refusalOf("? &a [*a]\n: x\n")).contains("a key is");
        assertThat(refusalOf("{a: [{b: {[c]: d}}]}")).contains("a key is");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{a: ", "- ", "? ", "[{a: ", "!!seq [", "&a ["})
    void tenThousandLevelsAreRefused(String opening) {
        assertThat(refusalOf("a:\n " + opening.repeat(10_000))).contains(CONFIG);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "!!int x",
                "!!int [1]",
                "!!float x",
                "!!float {}",
                "!!bool [x]",
                "!!str [x]",
                "!!map x",
                "!!seq x",
                "!!set x",
                "!!binary '%'",
                "!!binary [x]",
                "0b_",
                "0x_",
                "-0x_",
                "!!int ''",
                "!!float ''",
                "!x y",
                "!!python/object/apply:os.system [ls]",
                "!<tag:yaml.org,2002:int> x",
                "!!timestamp x",
                "!!merge x",
                "!!omap x"
            })
    void aTagThatDoesNotFitIsRefusedAndMakesNoObject(String value) {
        assertThat(refusalOf("num_layers: " + value)).contains("not valid YAML");
    }

    @Test
    void bytesAndSetsAreNoValues() {
        assertThat(refusalOf("a: !!binary aGVsbG8=")).contains("!!binary");
        assertThat(refusalOf("a: {b: [!!set {x, y}]}")).contains("!!set");
    }

    @Test
    void aClassOfJavaIsNotMade() {
        assertThatThrownBy(
                        () -> Yaml.parse("a: !!javax.script.ScriptEngineManager [!!java.net.URL ['file:/x']]", CONFIG))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("javax.script.ScriptEngineManager");
    }

    @Test
    void aNumberOfAMillionDigitsIsRefused() {
        assertThat(refusalOf("a: " + "9".repeat(1_000_000))).contains("no number");
        assertThat(refusalOf("a: 0x" + "f".repeat(1_000_000))).contains("no number");
        assertThat(refusalOf("a: 1." + "0".repeat(1_000_000) + "e5")).contains("no number");
    }

    @Test
    void aKeyGivenTwiceIsRefused() {
        assertThat(refusalOf("a: 1\nb: 2\na: 3\n")).contains("duplicate key");
    }

    @Test
    void aTextOfHundredMegabytesIsNotRead() throws IOException {
        Path file = folder.resolve(CONFIG);
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.write("a: ".getBytes(StandardCharsets.UTF_8));
            sparse.setLength(100 << 20);
        }

        assertThat(Reading.assertReadOrRefused(() -> Yaml.read(file), CONFIG))
                .get()
                .asString()
                .contains("104857600 bytes");
        assertThat(Reading.assertReadOrRefused(() -> ModelFile.open(folder).close(), CONFIG))
                .isPresent();
    }

    @Test
    void textThatOtherReadersTakeForATimeIsWrittenHoweverLong() {
        Map<String, Object> times = Map.of("a", "1" + ":1".repeat(200_000));

        assertThat(Yaml.parse(Yaml.write(times), CONFIG)).isEqualTo(times);
    }

    @ParameterizedTest
    @CsvSource({
        "num_layers, 1000000000",
        "num_layers, 0",
        "num_layers, -1",
        "num_layers, 1e9",
        "num_layers, 99999999999999999999",
        "num_layers, .inf",
        "num_layers, .nan",
        "num_layers, '[2]'",
        "hidden_size, 1000000000",
        "hidden_size, 2147483647",
        "hidden_size, -6",
        "hidden_size, 0",
        "ffn_hidden_size, 1000000000",
        "num_attention_heads, 0",
        "num_attention_heads, -2",
        "num_attention_heads, 2147483647",
        "max_position_embeddings, 2147483647",
        "make_vocab_size_divisible_by, abc",
        "kv_channels, 2147483647",
        "kv_channels, 0",
        "rotary_percentage, abc",
        "hidden_dropout, .nan",
        "position_embedding_type, rope",
        "activation, '[gelu]'",
        "normalization, null_norm",
    })
    void aModelThatCannotBeIsRefusedNamingItsFile(String key, String value) throws IOException {
        for (Templates.Member member : Templates.tarMembers(Templates.golden("checkpoint/legacy.nemo"))) {
            Files.write(folder.resolve(member.name()), member.bytes());
        }
        Path config = folder.resolve(CONFIG);
        ModelSection section = ModelSection.read(config).without(key);
        Files.writeString(config, Yaml.write(section.asMap()) + key + ": " + value + "\n");

        boolean isUnused = key.startsWith("make_vocab") || key.startsWith("rotary");
        assertThat(Reading.assertReadOrRefused(() -> Reading.model(folder), folder.toString())
                        .isPresent())
                .isNotEqualTo(isUnused);
    }

    @Test
    void headsThatMultiplyBeyondAnIntAreRefused() {
        ModelSection section = ModelSection.of(
                Map.of("num_layers", 1L, "hidden_size", 65536L, "num_attention_heads", 65536L, "kv_channels", 65536L),
                CONFIG);

        assertThat(Reading.assertReadOrRefused(() -> section.gptConfig(7), CONFIG))
                .get()
                .asString()
                .contains("num_attention_heads is 65536");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"n_embd\":1000000000}",
                "{\"n_layer\":1000000000}",
                "{\"n_head\":0}",
                "{\"n_head\":-1}",
                "{\"n_embd\":0}",
                "{\"n_embd\":1e400}",
                "{\"n_embd\":null}",
                "{\"n_embd\":[]}",
                "{\"n_layer\":1e9}",
                "{\"n_positions\":9223372036854775807}",
                "{\"n_inner\":-1}",
                "{\"n_embd\":99999999999999999999999}",
                "{\"layer_norm_epsilon\":\"x\"}"
            })
    void aHuggingFaceModelThatCannotBeIsRefusedNamingItsFile(String changed) throws IOException {
        String golden = new String(Templates.golden("checkpoint/hf/config.json"), StandardCharsets.UTF_8);
        String key = changed.substring(1, changed.indexOf(':'));
        Files.writeString(
                folder.resolve("config.json"),
                golden.replaceFirst(key + "\\s*:[^,}]*", changed.substring(1, changed.length() - 1)));
        Files.write(folder.resolve("model.safetensors"), Templates.golden("checkpoint/hf/model.safetensors"));

        assertThat(Reading.assertReadOrRefused(() -> Reading.model(folder), folder.toString()))
                .as(Files.readString(folder.resolve("config.json")))
                .isPresent();
    }

    @Test
    void jsonOfAHundredThousandLevelsIsRefused() throws IOException {
        Files.writeString(folder.resolve("config.json"), "{\"a\":" + "[".repeat(100_000));

        assertThat(Reading.assertReadOrRefused(() -> ModelFile.open(folder).close(), "config.json"))
                .isPresent();
    }
}
