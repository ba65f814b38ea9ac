package dev.vernacular.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class YamlTest {
    private static Object scalar(String text) {
        return Yaml.parse("v: " + text, "test.yaml").get("v");
    }

    @Test
    void floatsNeedNoPointAsInOmegaConf() {
        assertThat(scalar("2e-4")).isEqualTo(2e-4);
        assertThat(scalar("1E5")).isEqualTo(1e5);
        assertThat(scalar(".5")).isEqualTo(0.5);
        assertThat(scalar("1.")).isEqualTo(1.0);
        assertThat(scalar("-.inf")).isEqualTo(Double.NEGATIVE_INFINITY);
    }

    @Test
    void booleansAreThoseOfYaml11() {
        assertThat(scalar("yes")).isEqualTo(true);
        assertThat(scalar("Off")).isEqualTo(false);
        assertThat(scalar("True")).isEqualTo(true);
        assertThat(scalar("'no'")).isEqualTo("no");
    }

    @Test
    void integersOfEveryBaseAreRead() {
        assertThat(scalar("4294967296")).isEqualTo(4294967296L);
        assertThat(scalar("1_000")).isEqualTo(1000L);
        assertThat(scalar("-0x10")).isEqualTo(-16L);
        assertThat(scalar("010")).isEqualTo(8L);
        assertThat(scalar("99999999999999999999")).isEqualTo(new BigInteger("99999999999999999999"));
    }

    @Test
    void nullsTimesAndPlainTextKeepTheirKind() {
        assertThat(scalar("~")).isNull();
        assertThat(scalar("")).isNull();
        assertThat(scalar("1:30")).isEqualTo("1:30");
        assertThat(scalar("2024-01-02")).isEqualTo("2024-01-02");
        assertThat(scalar("08")).isEqualTo("08");
        assertThat(scalar("???")).isEqualTo("???");
    }

    @Test
    void theWriterSortsKeysAndKeepsEveryValueOnTheWayBack() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("z", Arrays.asList(1L, null, 2e-5, "no", "2e-4", "1:30", "2024-01-02", "", "ไทย"));
        values.put("a", Map.of("deep", List.of(Map.of("x", 0.1, "b", true))));
        values.put("empty", Map.of());

        String text = Yaml.write(values);

        assertThat(text)
                .startsWith("a:\n")
                .contains("2.0e-05")
                .contains("'1:30'")
                .contains("'2e-4'");
        assertThat(Yaml.parse(text, "again")).isEqualTo(values);
    }

    @Test
    void floatsAreWrittenAsPythonWritesThem() {
        assertThat(Yaml.floatText(1e-5)).isEqualTo("1.0e-05");
        assertThat(Yaml.floatText(1e-4)).isEqualTo("0.0001");
        assertThat(Yaml.floatText(4294967296.0)).isEqualTo("4294967296.0");
        assertThat(Yaml.floatText(1e20)).isEqualTo("1.0e+20");
        assertThat(Yaml.floatText(0.98)).isEqualTo("0.98");
    }

    @Test
    void aSyntaxErrorNamesFileAndLine() {
        assertThatThrownBy(() -> Yaml.parse("a: 1\nb: [1, 2\nc: 3\n", "conf.yaml"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("conf.yaml")
                .hasMessageContaining("line");
    }

    @Test
    void aKeyGivenTwiceIsRefused() {
        assertThatThrownBy(() -> Yaml.parse("a: 1\na: 2\n", "conf.yaml"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("duplicate key a");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "just text",
                "- 1\n- 2\n",
                "!!python/object/apply:os.system ['true']",
                "a: !!java.lang.Object {}"
            })
    void whatIsNoPlainMappingIsRefusedNamingTheFile(String text) {
        assertThatThrownBy(() -> Yaml.parse(text, "conf.yaml"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("conf.yaml");
    }

    @Test
    void deepNestingIsRefusedWithoutAStackOverflow() {
        assertThatThrownBy(() -> Yaml.parse("a: " + "[".repeat(100_000), "conf.yaml"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("64 levels");
    }

    @Test
    void anchorsThatMultiplyAreRefused() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x, x]\n");
        for (int i = 1; i < 40; i++) {
            bomb.append("a%d: &a%d [*a%d, *a%d]%n".formatted(i, i, i - 1, i - 1));
        }

        assertThatThrownBy(() -> Yaml.parse(bomb.toString(), "conf.yaml"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("anchors");
    }
}
