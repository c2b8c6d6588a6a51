// Copies out of views: whatever order the elements lie in, they come out row-major.

extension Tensor {
  /// The same elements, packed in row-major order; self if they are already.
  public func contiguous() -> Tensor {
    isContiguous ? self : packed().recorded([self]) { g in [g] }
  }

  /// The same elements in memory of their own, outside any gradient.
  public func clone() -> Tensor { packed() }

  /// A row-major copy that remembers nothing.
  func packed() -> Tensor {
    let span = Profile.Span("contiguous"); defer { span.end() }
    let result = Tensor(uninitialized: shape)
    guard result.count > 0 else { return result }
    let (source, target) = (storage.pointer + offset, result.storage.pointer)
    var (sizes, steps) = mergedLayout()
    var places = Tensor.rowMajor(sizes)
    let last = sizes.count - 1
    if steps[last] != 1, let near = steps.firstIndex(of: 1) {
      let (rows, columns) = ((sizes[near], places[near]), (sizes[last], steps[last]))
      for dim in [last, near] { sizes.remove(at: dim); steps.remove(at: dim); places.remove(at: dim) }
      forEachOffset(sizes, steps, places) { read, write in
        transpose(source + read, target + write, rows: rows.0, rowPlace: rows.1, columns: columns.0, columnStep: columns.1)
      }
    } else {
      let (count, step) = (sizes.removeLast(), steps.removeLast())
      forEachOffset(sizes, steps, places) { read, write in
        let (from, to) = (source + read, target + write)
        if step == 1 { for i in 0..<count { to[i] = from[i] } } else { for i in 0..<count { to[i] = from[i * step] } }
      }
    }
    withExtendedLifetime(self) {}
    return result
  }

  /// Sizes and strides with neighbouring dimensions merged where they are linear in memory; never empty.
  private func mergedLayout() -> (sizes: [Int], steps: [Int]) {
    var (sizes, steps): ([Int], [Int]) = ([], [])
    for (size, step) in zip(shape, strides) where size != 1 {
      if let last = sizes.indices.last, steps[last] == step * size { (sizes[last], steps[last]) = (sizes[last] * size, step) }
      else { sizes.append(size); steps.append(step) }
    }
    return sizes.isEmpty ? ([1], [1]) : (sizes, steps)
  }
}

/// Calls `body` with both offsets of every combination of indices below `sizes`, the last changing first.
@inline(__always)
private func forEachOffset(_ sizes: [Int], _ first: [Int], _ second: [Int], _ body: (Int, Int) -> Void) {
  var index = [Int](repeating: 0, count: sizes.count)
  var (a, b) = (0, 0)
  for _ in 0..<sizes.reduce(1, *) {
    body(a, b)
    var dim = sizes.count - 1
    while dim >= 0 {
      index[dim] += 1
      a += first[dim]; b += second[dim]
      if index[dim] < sizes[dim] { break }
      a -= first[dim] * sizes[dim]; b -= second[dim] * sizes[dim]
      index[dim] = 0
      dim -= 1
    }
  }
}

/// target[i rowPlace + j] = source[i + j columnStep], tile by tile, so that either side stays in cache.
private func transpose(
  _ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, rows: Int, rowPlace: Int, columns: Int, columnStep: Int
) {
  let tile = 16
  for column in stride(from: 0, to: columns, by: tile) {
    let width = Swift.min(tile, columns - column)
    for row in stride(from: 0, to: rows, by: tile) {
      for i in row..<Swift.min(row + tile, rows) {
        let (from, to) = (source + i + column * columnStep, target + i * rowPlace + column)
        for j in 0..<width { to[j] = from[j * columnStep] }
      }
    }
  }
}
