package dev.vernacular.data;

import java.util.List;

/// Samples of several datasets, interleaved so that after any number of them each dataset's share is as near to
/// its weight as it can be (Megatron's `build_blending_indices`): step i takes the dataset with the largest
/// `weight * max(i, 1) - used`, the first of equals.
public final class BlendedDataset implements SampleSource {
    private static final int MOST_SOURCES = Short.MAX_VALUE;

    private final List<? extends SampleSource> parts;
    private final short[] partOf;
    private final int[] sampleOf;

    /// @param parts   not empty, of one sequence length; each with at least `ceil(size * weight)` samples
    /// @param weights of the parts, summing to 1
    /// @param size    samples of the blend
    public BlendedDataset(List<? extends SampleSource> parts, double[] weights, long size) {
        if (parts.isEmpty() || parts.size() != weights.length || parts.size() > MOST_SOURCES) {
            throw new DataException(parts.size() + " datasets with " + weights.length + " weights cannot be blended");
        }
        this.parts = List.copyOf(parts);
        partOf = new short[Math.toIntExact(size)];
        sampleOf = new int[partOf.length];
        long[] used = new long[weights.length];
        for (int i = 0; i < partOf.length; i++) {
            int part = neediest(weights, used, Math.max(i, 1));
            partOf[i] = (short) part;
            sampleOf[i] = (int) used[part]++;
        }
        requireEnough(used);
    }

    @Override
    public long size() {
        return partOf.length;
    }

    @Override
    public int sequenceLength() {
        return parts.getFirst().sequenceLength();
    }

    @Override
    public int sources() {
        return parts.size();
    }

    @Override
    public int sourceOf(long index) {
        return partOf[Math.toIntExact(index)];
    }

    @Override
    public String nameOf(int source) {
        return parts.get(source).nameOf(0);
    }

    @Override
    public void read(long index, int[] tokens) {
        int i = Math.toIntExact(index);
        parts.get(partOf[i]).read(sampleOf[i], tokens);
    }

    /// The sample within its dataset that a blended sample is.
    long sampleOf(long index) {
        return sampleOf[Math.toIntExact(index)];
    }

    private static int neediest(double[] weights, long[] used, double step) {
        int best = 0;
        double largest = weights[0] * step - used[0];
        for (int part = 1; part < weights.length; part++) {
            double deficit = weights[part] * step - used[part];
            if (deficit > largest) {
                largest = deficit;
                best = part;
            }
        }
        return best;
    }

    private void requireEnough(long[] used) {
        for (int part = 0; part < used.length; part++) {
            if (used[part] > parts.get(part).size()) {
                throw new DataException(
                        nameOf(part) + " has " + parts.get(part).size() + " samples, the blend takes " + used[part]);
            }
        }
    }
}
