package dev.vernacular.checkpoint.gguf;

import dev.vernacular.files.FilesException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A GGUF file of version 2 or 3, little-endian: keys with values, a table of tensors, their bytes. Mapped;
/// tensors end with [#close()].
///
/// @see <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">GGUF</a>
final class GgufFile implements AutoCloseable {
    private static final String MAGIC = "GGUF";
    private static final long LARGEST_HEAD = 256L << 20;
    private static final int DEFAULT_ALIGNMENT = 32;
    private static final int LARGEST_ALIGNMENT = 1 << 20;
    private static final int MOST_TENSORS = 100_000;
    private static final int MOST_AXES = 4;
    private static final int LONGEST_NAME = 64;
    private static final int SMALLEST_TENSOR = 32;

    private final String label;
    private final Arena arena = Arena.ofShared();
    private MemorySegment file;
    private GgufInput in;
    private GgufValues values;
    private long tensorCount;

    /// A tensor as it lies in the file, row-major.
    ///
    /// @param shape slowest axis first
    record Tensor(GgufType type, long[] shape, MemorySegment bytes) {}

    /// A line of the table.
    ///
    /// @param offset from the start of the data
    private record Place(String name, GgufType type, long[] shape, long offset, long byteSize) {}

    private GgufFile(Path path) {
        label = path.toString();
    }

    /// Maps a file and reads its keys.
    ///
    /// @throws FilesException if the file cannot be read
    /// @throws GgufException  if it is damaged or of another version
    static GgufFile open(Path path) {
        GgufFile opened = new GgufFile(path);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            opened.readKeys(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), opened.arena));
            return opened;
        } catch (IOException e) {
            opened.close();
            throw FilesException.reading(path, e);
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    GgufValues values() {
        return values;
    }

    @Override
    public void close() {
        arena.close();
    }

    private void readKeys(MemorySegment bytes) {
        file = bytes;
        in = new GgufInput(bytes.asSlice(0, Math.min(LARGEST_HEAD, bytes.byteSize())), label, 0);
        byte[] magic = MAGIC.getBytes(StandardCharsets.US_ASCII);
        in.skip(magic.length, "its first word");
        if (bytes.asSlice(0, magic.length).mismatch(MemorySegment.ofArray(magic)) >= 0) {
            throw new GgufException(label + " does not start with " + MAGIC + ": it is no GGUF file");
        }
        requireVersion(in.int32("its version"));
        tensorCount = in.count("the number of tensors", SMALLEST_TENSOR);
        long keyCount = in.count("the number of keys", GgufValues.smallestEntry());
        values = GgufValues.read(in, label, keyCount);
    }

    private void requireVersion(int version) {
        if (version == 2 || version == 3) {
            return;
        }
        int turned = Integer.reverseBytes(version);
        throw new GgufException(
                turned == 2 || turned == 3
                        ? label + " is a big-endian GGUF file\n  Convert it with gguf-convert-endian (of the Python"
                                + " package gguf) to little."
                        : label + " is of GGUF version " + Integer.toUnsignedString(version)
                                + "; versions 2 and 3 are read\n  Convert it anew with a recent llama.cpp.");
    }

    /// The table, by name, in the file's order. Called once.
    ///
    /// @throws GgufException if a tensor is there twice, of another type, outside the file or over another
    Map<String, Tensor> tensors() {
        int alignment = alignment();
        if (tensorCount > MOST_TENSORS) {
            throw new GgufException(label + " has " + tensorCount + " tensors, the limit is " + MOST_TENSORS);
        }
        List<Place> places = new ArrayList<>();
        for (long i = 0; i < tensorCount; i++) {
            places.add(place(i, alignment));
        }
        long start = (in.position() + alignment - 1) / alignment * alignment;
        MemorySegment data = file.asSlice(Math.min(start, file.byteSize()));
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Place place : places) {
            requireInside(place, data.byteSize());
            Tensor tensor = new Tensor(place.type(), place.shape(), data.asSlice(place.offset(), place.byteSize()));
            if (tensors.put(place.name(), tensor) != null) {
                throw new GgufException(label + ": the tensor " + place.name() + " is there twice");
            }
        }
        requireApart(places);
        return tensors;
    }

    private int alignment() {
        int alignment = values.integer("general.alignment").orElse(DEFAULT_ALIGNMENT);
        if (Integer.bitCount(alignment) != 1 || alignment > LARGEST_ALIGNMENT) {
            throw new GgufException(label + ": general.alignment is " + alignment + ", it can be a power of two up to "
                    + LARGEST_ALIGNMENT);
        }
        return alignment;
    }

    private Place place(long index, int alignment) {
        String name = in.text("the name of tensor " + index, LONGEST_NAME);
        int axes = in.int32("the axes of " + name);
        if (axes < 1 || axes > MOST_AXES) {
            throw new GgufException(label + ": " + name + " has " + Integer.toUnsignedString(axes)
                    + " axes, it can have 1 to " + MOST_AXES);
        }
        long[] shape = new long[axes];
        for (int axis = axes - 1; axis >= 0; axis--) {
            shape[axis] = in.int64("the sizes of " + name);
        }
        int code = in.int32("the type of " + name);
        GgufType type = GgufType.ofCode(code)
                .orElseThrow(() -> new GgufException(label + ": " + name + " is of type " + GgufType.name(code)
                        + ", which is not supported\n  Supported: F32, F16, BF16 and Q8_0; llama-quantize"
                        + " --allow-requantize makes them of others."));
        long offset = in.int64("the offset of " + name);
        if (offset < 0 || offset % alignment != 0) {
            throw new GgufException(label + ": " + name + " starts at byte " + Long.toUnsignedString(offset)
                    + " of the data, which is no multiple of " + alignment);
        }
        return new Place(name, type, shape, offset, byteSize(name, type, shape));
    }

    private long byteSize(String name, GgufType type, long[] shape) {
        try {
            long elements = 1;
            for (long size : shape) {
                if (size < 1) {
                    throw new ArithmeticException("no tensor has an axis of this size");
                }
                elements = Math.multiplyExact(elements, size);
            }
            if (shape[shape.length - 1] % type.blockElements() != 0) {
                throw new GgufException(label + ": " + name + " has rows of " + shape[shape.length - 1] + " elements, "
                        + type + " needs a multiple of " + type.blockElements());
            }
            return type.byteSize(elements);
        } catch (ArithmeticException e) {
            throw new GgufException(
                    label + ": " + name + " has the shape " + unsigned(shape) + "\n  The file is damaged.", e);
        }
    }

    private static String unsigned(long[] shape) {
        return Arrays.toString(
                Arrays.stream(shape).mapToObj(Long::toUnsignedString).toArray());
    }

    private void requireInside(Place place, long dataBytes) {
        if (place.byteSize() > dataBytes || place.offset() > dataBytes - place.byteSize()) {
            throw new GgufException(label + ": " + place.name() + " is " + place.byteSize() + " bytes at byte "
                    + place.offset() + " of the data, which has " + dataBytes
                    + "\n  The file is cut short or damaged.");
        }
    }

    private void requireApart(List<Place> places) {
        List<Place> sorted =
                places.stream().sorted(Comparator.comparingLong(Place::offset)).toList();
        for (int i = 1; i < sorted.size(); i++) {
            Place before = sorted.get(i - 1);
            if (before.offset() + before.byteSize() > sorted.get(i).offset()) {
                throw new GgufException(label + ": the bytes of " + before.name() + " and "
                        + sorted.get(i).name() + " overlap\n  The file is damaged.");
            }
        }
    }
}
