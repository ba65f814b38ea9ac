package dev.vernacular.kernels;

/// A weight matrix as products read it: the float32 master and, on backends that want one, its compute copy.
///
/// @param master [rows, cols] float32, or [Tensor#NONE] when only the copy exists (decoding)
/// @param copy   opaque bytes, [Tensor#NONE] when the backend reads the master
/// @param rows   of the matrix; `cols` likewise
public record Weight(Tensor master, Tensor copy, Dtype copyDtype, long rows, long cols) {
    /// A weight that is read from its master.
    public static Weight ofMaster(Tensor master) {
        return new Weight(master, Tensor.NONE, Dtype.F32, master.size(0), master.size(1));
    }
}
