/// The sizes of a convolution, which ties wide [length, samples, channels] to narrow [places, samples, filters] by a weight
/// [filters, channels / groups, kernel]: place j of a filter looks at entries j · stride + t · dilation - padding.
struct ConvolutionSizes: Sendable {
  var samples, channels, length, filters, places: Int
  var kernel, stride, padding, dilation, groups: Int

  var channelsOfGroup: Int { channels / groups }
  var filtersOfGroup: Int { filters / groups }

  /// Rows of narrow that a tap ties to as many of wide: each row of the former meets one of the latter.
  struct Piece: Sendable {
    /// Among `taps`.
    let tap: Int
    let narrow, wide: Int
    let rows: Int
  }

  /// The taps that see more than zeros.
  var taps: [Int] { (0..<kernel).filter { !inside($0).isEmpty } }
  /// From a row of wide to the one that belongs to narrow's next, within a piece.
  var wideStep: Int { samples == 1 ? stride : 1 }
  /// Of one of the three products, without those with zeros beside the rows.
  var flops: Double { 2 * Double((0..<kernel).reduce(0) { $0 + inside($1).count }) * Double(samples) * Double(filters) * Double(channelsOfGroup) }

  /// Throws for tensors that no machine holds.
  func check() throws {
    try Tensor.check([length, samples, channels])
    try Tensor.check([places, samples, filters])
    try Tensor.check([kernel, channels + 16 * groups, filtersOfGroup + 16])
  }

  /// The places whose tap `t` lies inside the row.
  private func inside(_ t: Int) -> Range<Int> {
    let shift = t * dilation - padding
    let first = shift >= 0 ? 0 : Swift.min(places, (stride - 1 - shift) / stride)
    let end = length - 1 < shift ? 0 : Swift.min(places, (length - 1 - shift) / stride + 1)
    return first..<Swift.max(first, end)
  }

  /// Narrow's rows in chunks of at most `limit`, and for each of them what its taps see.
  func chunks(of limit: Int) -> [[Piece]] {
    let taps = taps.map { (tap: $0, rows: inside($0).lowerBound * samples..<inside($0).upperBound * samples) }
    let together = stride == 1 || samples == 1 ? places : 1  // places whose rows lie evenly on both sides
    var chunks: [[Piece]] = []
    for first in Swift.stride(from: 0, to: places, by: together) {
      let end = (first + together) * samples
      for row in Swift.stride(from: first * samples, to: end, by: limit) {
        let chunk = row..<Swift.min(end, row + limit)
        chunks.append(taps.enumerated().compactMap { index, tap in
          let rows = chunk.clamped(to: tap.rows)
          guard !rows.isEmpty else { return nil }
          let (place, sample) = rows.lowerBound.quotientAndRemainder(dividingBy: samples)
          let entry = place * stride + tap.tap * dilation - padding
          return Piece(tap: index, narrow: rows.lowerBound, wide: entry * samples + sample, rows: rows.count)
        })
      }
    }
    return chunks
  }
}
