package dev.vernacular.checkpoint.megatron;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vernacular.checkpoint.InMemoryTensor;
import dev.vernacular.checkpoint.StoredTensor;
import dev.vernacular.kernels.Dtype;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QkvRowsTest {
    private static final int HEADS = 3;
    private static final int HEAD_SIZE = 5;

    /// Each row holds its head, part and place as one number: 100 a + 10 p + c.
    private static StoredTensor in(QkvRows order) {
        float[] values = new float[3 * HEADS * HEAD_SIZE];
        for (int head = 0; head < HEADS; head++) {
            for (int part = 0; part < 3; part++) {
                for (int c = 0; c < HEAD_SIZE; c++) {
                    values[(int) order.row(head, part, c, HEADS, HEAD_SIZE)] = 100 * head + 10 * part + c;
                }
            }
        }
        return new InMemoryTensor(
                "layers.0.qkv.bias", Dtype.F32, new long[] {values.length}, MemorySegment.ofArray(values));
    }

    private static float[] read(StoredTensor tensor) {
        float[] values = new float[(int) tensor.elements()];
        tensor.read(MemorySegment.ofArray(values));
        return values;
    }

    @Test
    void theOrdersAreThoseOfTheirFormats() {
        assertThat(read(in(QkvRows.BY_PART))).startsWith(0, 1, 2, 3, 4, 100, 101);
        assertThat(read(in(QkvRows.BY_HEAD))).startsWith(0, 1, 2, 3, 4, 10, 11);
        assertThat(read(in(QkvRows.BY_ROW))).startsWith(0, 10, 20, 1, 11, 21, 2);
    }

    @ParameterizedTest
    @EnumSource
    void anyOrderBecomesAnyOther(QkvRows from) {
        for (QkvRows to : QkvRows.values()) {
            StoredTensor reordered = ReorderedQkv.of(in(from), HEADS, from, to);

            assertThat(read(reordered)).as("%s to %s", from, to).isEqualTo(read(in(to)));
        }
    }

    @Test
    void someRowsAreReadWithoutTheOthers() {
        float[] rows = new float[7];

        ReorderedQkv.of(in(QkvRows.BY_HEAD), HEADS, QkvRows.BY_HEAD, QkvRows.BY_PART)
                .readRows(3, MemorySegment.ofArray(rows));

        assertThat(rows).containsExactly(3, 4, 100, 101, 102, 103, 104);
    }
}
