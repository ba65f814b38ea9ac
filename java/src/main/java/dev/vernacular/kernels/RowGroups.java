package dev.vernacular.kernels;

/// Rows of a batch grouped by an id, so that a sum per id has one writer and a fixed order.
///
/// @param order  [rows] int32, row numbers sorted by id, ties in row order
/// @param starts [rows + 1] int32, group g is `order[starts[g] .. starts[g+1]-1]`; padded with `rows` after the
///               last
public record RowGroups(Tensor order, Tensor starts) {}
