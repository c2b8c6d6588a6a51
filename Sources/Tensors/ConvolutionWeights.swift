/// A convolution's weights for products with rows: for each group of outputs, each 16 of them and each tap that sees something, the inputs one after
/// the other with a number for each of the 16.
struct TapPanels: @unchecked Sendable {
  enum Outputs { case filters, channels }

  /// Of a group.
  let inputs, outputs: Int
  let taps: Int
  /// Panels of a group.
  let count: Int
  private let storage: Storage

  /// `weight` [filters, channels / groups, kernel]
  init(of weight: Tensor, _ sizes: ConvolutionSizes, outputs side: Outputs) throws {
    let used = sizes.taps
    (inputs, outputs) = side == .filters ? (sizes.channelsOfGroup, sizes.filtersOfGroup) : (sizes.filtersOfGroup, sizes.channelsOfGroup)
    taps = used.count
    count = (outputs + 15) / 16
    storage = Storage(sizes.groups * count * taps * inputs * 16)
    try fill(weight, sizes, used, side)
  }

  private func fill(_ weight: Tensor, _ sizes: ConvolutionSizes, _ used: [Int], _ side: Outputs) throws {
    let row = sizes.channelsOfGroup * sizes.kernel
    let worth = Swift.max(1, (1 << 14) / Swift.max(16 * inputs * taps, 1))
    try weight.withPointer { weight in
      nonisolated(unsafe) let weight = weight
      try Threads.parallel(rows: sizes.groups * count, minimum: worth) { part in
        for index in part {
          let (group, panel) = index.quotientAndRemainder(dividingBy: count)
          let columns = Swift.min(16, outputs - panel * 16)
          if columns < 16 { pointer(group, panel, 0).update(repeating: 0, count: taps * inputs * 16) }
          let first = weight + group * sizes.filtersOfGroup * row
          switch side {
          case .filters: fill(group, panel, filters: columns, first + panel * 16 * row, row, sizes.kernel, used)
          case .channels: fill(group, panel, channels: columns, first + panel * 16 * sizes.kernel, row, sizes.kernel, used)
          }
        }
      }
    }
  }

  /// Some channels of all filters at a time, whose places in the panel stay in the nearest cache.
  private func fill(_ group: Int, _ panel: Int, filters: Int, _ weight: UnsafePointer<Float>, _ row: Int, _ kernel: Int, _ used: [Int]) {
    let together = Swift.max(64, 320 / Swift.max(1, used.count))
    for channel in stride(from: 0, to: inputs, by: together) {
      let count = Swift.min(together, inputs - channel)
      for column in 0..<filters {
        let from = weight + column * row + channel * kernel
        for (tap, t) in used.enumerated() { copy(count, from + t, kernel, to: pointer(group, panel, tap) + channel * 16 + column, 16) }
      }
    }
  }

  private func fill(_ group: Int, _ panel: Int, channels: Int, _ weight: UnsafePointer<Float>, _ row: Int, _ kernel: Int, _ used: [Int]) {
    for (tap, t) in used.enumerated() {
      var (from, to) = (weight + t, pointer(group, panel, tap))
      for _ in 0..<inputs {
        if channels == 16 { copy(16, from, kernel, to: to, 1) } else { copy(channels, from, kernel, to: to, 1) }
        from += row
        to += 16
      }
    }
  }

  @inline(__always)
  private func copy(_ count: Int, _ source: UnsafePointer<Float>, _ step: Int, to target: UnsafeMutablePointer<Float>, _ targetStep: Int) {
    var (from, to) = (source, target)
    for _ in 0..<count {
      to.pointee = from.pointee
      from += step
      to += targetStep
    }
  }

  func pointer(_ group: Int, _ panel: Int, _ tap: Int) -> UnsafeMutablePointer<Float> {
    storage.pointer + ((group * count + panel) * taps + tap) * inputs * 16
  }
}
