package dev.vernacular.checkpoint.torch;

import dev.vernacular.checkpoint.pickle.Global;
import dev.vernacular.checkpoint.pickle.PickleWriter;
import dev.vernacular.checkpoint.pickle.Tuple;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// Writes what `torch.load(weights_only=True)` reads: maps, lists, [Tuple]s, strings, numbers, booleans, nulls,
/// byte arrays and [TorchTensor]s. Storages are taken one at a time, so a checkpoint larger than memory can be
/// written; tensors that share a storage share it in the file. The same data gives the same bytes.
public final class TorchWriter {
    private static final String ROOT = "archive/";
    private static final Global ORDERED_DICT = new Global("collections", "OrderedDict");
    private static final Global REBUILD = new Global("torch._utils", "_rebuild_tensor_v2");
    private final Map<TorchStorage, Integer> keys = new IdentityHashMap<>();
    private final List<TorchStorage> storages = new ArrayList<>();
    private byte[] pickle = {};

    private TorchWriter() {}

    /// @throws dev.vernacular.checkpoint.pickle.PickleException if `root` holds a kind of value that cannot be
    ///   written
    public static TorchWriter of(Object root) {
        TorchWriter writer = new TorchWriter();
        writer.pickle = PickleWriter.write(root, writer::tensor);
        return writer;
    }

    /// Bytes that [#writeTo] writes.
    public long byteSize() {
        List<String> names = new ArrayList<>(List.of(ROOT + "data.pkl", ROOT + "byteorder"));
        List<Long> sizes = new ArrayList<>(List.of((long) pickle.length, 6L));
        for (int key = 0; key < storages.size(); key++) {
            names.add(ROOT + "data/" + key);
            sizes.add(storages.get(key).byteSize());
        }
        names.add(ROOT + "version");
        sizes.add(2L);
        return ZipWriter.sizeOf(names, sizes);
    }

    /// Writes the whole file, front to back.
    public void writeTo(WritableByteChannel out) throws IOException {
        ZipWriter zip = new ZipWriter(out);
        zip.add(ROOT + "data.pkl", ByteBuffer.wrap(pickle));
        zip.add(ROOT + "byteorder", ascii("little"));
        for (int key = 0; key < storages.size(); key++) {
            TorchStorage storage = storages.get(key);
            zip.add(ROOT + "data/" + key, storage.byteSize(), storage::writeTo);
        }
        zip.add(ROOT + "version", ascii("3\n"));
        zip.finish();
    }

    private boolean tensor(PickleWriter out, Object value) {
        if (!(value instanceof TorchTensor tensor)) {
            return false;
        }
        out.value(REBUILD);
        out.begin();
        out.persistent(Tuple.of(
                "storage",
                new Global("torch", tensor.dtype().storageClass()),
                String.valueOf(key(tensor.storage())),
                "cpu",
                tensor.storage().byteSize() / tensor.dtype().bytes()));
        out.value(tensor.offset());
        out.value(Tuple.ofNumbers(tensor.shape()));
        out.value(Tuple.ofNumbers(tensor.strides()));
        out.value(false);
        out.call(ORDERED_DICT);
        out.endTuple();
        out.apply();
        return true;
    }

    private int key(TorchStorage storage) {
        return keys.computeIfAbsent(storage, added -> {
            storages.add(added);
            return storages.size() - 1;
        });
    }

    private static ByteBuffer ascii(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
