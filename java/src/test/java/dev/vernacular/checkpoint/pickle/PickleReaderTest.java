package dev.vernacular.checkpoint.pickle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PickleReaderTest {
    private static final Reconstructor PYTHON_ONLY = new Reconstructor() {
        @Override
        public Optional<Object> call(Global function, List<Object> arguments) {
            return PythonTypes.call(function, arguments);
        }

        @Override
        public Object persistent(Object id) {
            throw new IllegalArgumentException("no storages here");
        }
    };

    private static Object read(byte[] pickle) {
        return PickleReader.read(pickle, "x.ckpt", PYTHON_ONLY);
    }

    /// Operations in ASCII, with `\xNN` for other bytes.
    private static Object readText(String operations) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < operations.length(); i++) {
            if (operations.startsWith("\\x", i)) {
                bytes.write(Integer.parseInt(operations.substring(i + 2, i + 4), 16));
                i += 3;
            } else {
                bytes.write(operations.charAt(i));
            }
        }
        return read(bytes.toByteArray());
    }

    @Test
    void pythonsOwnProtocolFourIsRead() {
        // pickle.dumps({"a": (1, -2, 2**70, 1.5, None, True), "b": [b"\x00\xff", {3}]}, protocol=4)
        byte[] pickle = HexFormat.of()
                .parseHex("8004953c000000000000007d94288c016194284b014afeffffff8a0900000000000000"
                        + "0040473ff80000000000004e8874948c0162945d9428430200ff948f94284b039065752e");

        Object value = read(pickle);

        assertThat(value).isInstanceOf(Map.class);
        Map<?, ?> map = (Map<?, ?>) value;
        assertThat(map.get("a")).isEqualTo(Tuple.of(1L, -2L, BigInteger.TWO.pow(70), 1.5, null, true));
        assertThat((List<?>) map.get("b")).hasSize(2).first().isEqualTo(new byte[] {0, (byte) 0xff});
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\\x80\\x02cos\nsystem\nX\\x04\\x00\\x00\\x00true\\x85R.",
                "\\x80\\x04\\x8c\\x02os\\x8c\\x06system\\x93\\x8c\\x04true\\x85R.",
                "\\x80\\x02cbuiltins\neval\nX\\x04\\x00\\x00\\x001+12\\x85R.",
                "\\x80\\x02cos\nsystem\n)\\x81}b."
            })
    void aCallOfUnknownCodeIsOnlyEverARecord(String pickle) {
        Object value = readText(pickle);

        assertThat(value).isInstanceOf(PickledObject.class);
        assertThat(((PickledObject) value).type().toString()).isIn("os.system", "builtins.eval");
    }

    @Test
    void anOrderedDictKeepsItsItemsAndLosesItsAttributes() {
        Object value =
                readText("\\x80\\x02ccollections\nOrderedDict\n)R(K\\x01K\\x02u}X\\x01\\x00\\x00\\x00mK\\x05sb.");

        assertThat(value).isEqualTo(Map.of(1L, 2L));
    }

    @Test
    void aListThatHoldsItselfIsRead() {
        List<?> list = (List<?>) readText("\\x80\\x02]q\\x00h\\x00a.");

        assertThat(list).hasSize(1);
        assertThat(list.getFirst()).isSameAs(list);
    }

    @Test
    void deepNestingNeedsNoStack() {
        byte[] pickle = new byte[2 + 300_000 + 300_000 + 1];
        Arrays.fill(pickle, 2, 300_002, (byte) ']');
        Arrays.fill(pickle, 300_002, 600_002, (byte) 'a');
        pickle[0] = (byte) 0x80;
        pickle[1] = 2;
        pickle[600_001] = '.';
        pickle[600_002] = '.';

        assertThat(read(pickle)).isInstanceOf(List.class);
    }

    @Test
    void aTupleThatDoublesThirtyTimesIsNoKey() {
        StringBuilder bomb = new StringBuilder("\\x80\\x02}K\\x01");
        bomb.append("2\\x86".repeat(30)).append("K\\x00s.");

        assertThatThrownBy(() -> readText(bomb.toString()))
                .isInstanceOf(PickleException.class)
                .hasMessageContaining("1000 values");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\\x80\\x02",
                ".",
                "\\x80\\x02a.",
                "\\x80\\x02(.",
                "\\x80\\x02h\\x05.",
                "\\x80\\x02]K\\x01s.",
                "\\x80\\x02}(K\\x01u.",
                "\\x80\\x02K\\x01K\\x02.",
                "\\x80\\x02X\\xff\\xff\\xff\\xffab.",
                "\\x80\\x09K\\x01.",
                "\\x80\\x02cos",
                "\\x80\\x02}]K\\x01s.",
                "\\x80\\x02K\\x01K\\x02R.",
                "\\x80\\x02\\x8b\\xff\\xff\\xff\\x7f1.",
                "\\x80\\x02I12\n.",
                "\\x80\\x04\\x95\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f.",
                "\\x80\\x02)Q.",
                "\\x80\\x02K\\x01K\\x01b.",
                "\\x80\\x04\\x8d\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff.",
                "\\x80\\x02\\x85."
            })
    void aMalformedPickleIsRefusedNamingFileAndByte(String pickle) {
        assertThatThrownBy(() -> readText(pickle))
                .isInstanceOf(PickleException.class)
                .hasMessageContaining("x.ckpt")
                .hasMessageContaining("byte ");
    }

    @Test
    void everythingWrittenReadsBack() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put(
                "ints",
                List.of(0L, 255L, 256L, 65535L, 65536L, -1L, 1L << 40, -(1L << 40), BigInteger.ONE.shiftLeft(80)));
        values.put("others", Arrays.asList(1.5, null, true, false, "ไทย", new byte[] {0, -1, 65}));
        values.put("tuples", Tuple.of(Tuple.of(), Tuple.of(1L), Tuple.of(1L, 2L, 3L, 4L)));
        Map<Object, Object> large = new LinkedHashMap<>();
        for (long i = 0; i < 2500; i++) {
            large.put(i, List.of());
        }
        values.put("large", large);

        Object again = read(PickleWriter.write(values, (writer, value) -> false));

        assertThat(again).usingRecursiveComparison().isEqualTo(values);
    }

    @Test
    void whatAPickleCannotHoldIsRefused() {
        assertThatThrownBy(() -> PickleWriter.write(Map.of("x", new Object()), (writer, value) -> false))
                .isInstanceOf(PickleException.class)
                .hasMessageContaining("java.lang.Object");
    }

    @Test
    void aPickleCutAnywhereIsRefused() {
        byte[] whole = PickleWriter.write(
                Map.of("key", List.of(1L, "text", Tuple.of(2.5, Map.of()))), (writer, value) -> false);

        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> read(cut)).isInstanceOf(PickleException.class);
        }
    }

    @Test
    void anyBytesGiveDataOrATypedError() {
        Random random = new Random(7);
        byte[] base = PickleWriter.write(
                Map.of("key", List.of(1L, "text", Tuple.of(2.5, Map.of(3L, "x")))), (writer, value) -> false);
        for (int round = 0; round < 3_000; round++) {
            byte[] damaged = base.clone();
            damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            try {
                read(damaged);
            } catch (PickleException expected) {
                assertThat(expected).hasMessageContaining("x.ckpt");
            }
        }
    }

    @Test
    void latinTextBecomesBytes() {
        Object bytes = readText(
                "\\x80\\x02c_codecs\nencode\nX\\x03\\x00\\x00\\x00a\\xc3\\xbfX\\x06\\x00\\x00\\x00latin1\\x86R.");

        assertThat(bytes).isEqualTo("aÿ".getBytes(StandardCharsets.ISO_8859_1));
    }
}
