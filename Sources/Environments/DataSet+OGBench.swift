import Files
import Tensors

/// OGBench's npz, in its three forms: as downloaded, where a trajectory's last row holds its last observation alone; with `next_observations`; and
/// compact, where `valids` are 0 in those last rows.
///
/// `terminals` say where a trajectory ends, which is a time limit. Only `masks`, where a file has them, say that the task was done: 0 where it was.
/// A trajectory goes on after it was done; it terminated where its last step did it.
extension DataSet {
  static func loadOGBench(_ file: any ArrayFile, _ selection: DataSelection) throws -> DataSet {
    let shape = try file.shape(of: "observations")
    guard shape.count >= 2, shape[0] > 0 else { throw UsageError("observations want the shape [steps, size], got \(shape)") }
    func flags(_ key: String) throws -> [Bool]? {
      guard try file.shape(key) != nil else { return nil }
      let flags = try DataSet.flags(file.tensor(key), key)
      guard flags.count == shape[0] else { throw UsageError("\(key) want the shape [\(shape[0])], got [\(flags.count)]") }
      return flags
    }
    guard let terminals = try flags("terminals") else { throw UsageError("'\(file.path)' has no array 'terminals'") }
    let hasNext = try file.shape("next_observations") != nil
    let spans = try OGBenchRows.spans(terminals, valids: flags("valids"), hasNext: hasNext)
    let parts = try selection.steps(of: spans.map(\.count), in: file.path)
    let done = try flags("masks")?.map { !$0 }

    let rows = OGBenchRows(pieces: parts.map { spans[$0.episode].lowerBound..<spans[$0.episode].lowerBound + $0.steps })
    let count = rows.count
    var (terminated, timeouts) = (Array(repeating: false, count: count), Array(repeating: false, count: count))
    var end = 0
    for piece in rows.pieces {
      end += piece.count
      terminated[end - 1] = done?[piece.upperBound - 1] ?? false
      timeouts[end - 1] = !terminated[end - 1]
    }
    // What was seen after a piece is the next row, or stands with its last step.
    let final: Tensor? = try hasNext
      ? matrix(file.rows("next_observations", at: rows.pieces.map { $0.upperBound - 1 }))
      : rows.pieces[rows.pieces.count - 1].upperBound == shape[0] ? nil : matrix(file.rows("observations", at: rows.pieces.map(\.upperBound)))
    return try DataSet(
      observations: matrix(rows.read("observations", of: file, steps: shape[0])), actions: matrix(rows.read("actions", of: file, steps: shape[0])),
      rewards: file.shape("rewards") == nil ? Tensor.zeros([count]) : column(rows.read("rewards", of: file, steps: shape[0])),
      terminals: terminated, timeouts: timeouts, finalObservations: final, success: done.map { done in rows.pieces.flatMap { done[$0] } })
  }
}

/// The rows of a file that are steps, trajectory after trajectory.
private struct OGBenchRows {
  let pieces: [Range<Int>]
  var count: Int { pieces.reduce(0) { $0 + $1.count } }

  /// The steps of each trajectory. Without `next_observations` its last row is none, and one that nothing ends lacks its last observation.
  static func spans(_ terminals: [Bool], valids: [Bool]?, hasNext: Bool) throws -> [Range<Int>] {
    var (spans, start): ([Range<Int>], Int) = ([], 0)
    for row in terminals.indices {
      let isLastObservation = valids.map { !$0[row] } ?? (!hasNext && terminals[row])
      if isLastObservation {
        spans.append(start..<row)
        start = row + 1
      } else if hasNext, terminals[row] {
        spans.append(start..<row + 1)
        start = row + 1
      }
    }
    if start < terminals.count { spans.append(start..<terminals.count) }
    return spans
  }

  /// Reads from the first of the rows to the last, and closes the gaps where it is.
  func read(_ key: String, of file: any ArrayFile, steps: Int) throws -> Tensor {
    let shape = try file.shape(of: key)
    guard shape.first == steps else { throw UsageError("\(key) want \(steps) rows as observations have, got shape \(shape)") }
    let first = pieces[0].lowerBound
    let whole = try file.tensor(key, rows: first..<pieces[pieces.count - 1].upperBound)
    let width = shape.dropFirst().reduce(1, *)
    var end = 0
    whole.withMutablePointer { values in
      for piece in pieces {
        if piece.lowerBound - first > end { (values + end * width).update(from: values + (piece.lowerBound - first) * width, count: piece.count * width) }
        end += piece.count
      }
    }
    return end == whole.shape[0] ? whole : try whole.narrow(0, 0, end)
  }
}
