/// How a file stores one number; little-endian throughout.
enum ElementType: Sendable {
  case bool, uint8, uint16, uint32, uint64, int8, int16, int32, int64, float16, bfloat16, float32, float64

  /// In bytes.
  var size: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }

  /// What an array of `shape` takes; nil where that is no shape, or beyond counting even without its zeros.
  func byteCount(_ shape: [Int]) -> Int? {
    var count = size
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
      guard size >= 0, !overflow else { return nil }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }

  /// Reads `count` numbers as `read` delivers their bytes, one megabyte at a time, and rounds each to the nearest Float.
  func floats(_ count: Int, into target: UnsafeMutablePointer<Float>, _ read: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
    if self == .float32 { return try read(UnsafeMutableRawBufferPointer(start: target, count: count * 4)) }
    try chunks(count, read) { raw, start, count in
      let target = target + start
      switch self {
      case .bool: map(raw, count, target) { (x: UInt8) in x == 0 ? 0 : 1 }
      case .uint8: map(raw, count, target) { (x: UInt8) in Float(x) }
      case .uint16: map(raw, count, target) { (x: UInt16) in Float(x) }
      case .uint32: map(raw, count, target) { (x: UInt32) in Float(x) }
      case .uint64: map(raw, count, target) { (x: UInt64) in Float(x) }
      case .int8: map(raw, count, target) { (x: Int8) in Float(x) }
      case .int16: map(raw, count, target) { (x: Int16) in Float(x) }
      case .int32: map(raw, count, target) { (x: Int32) in Float(x) }
      case .int64: map(raw, count, target) { (x: Int64) in Float(x) }
      case .float16: map(raw, count, target) { (x: UInt16) in Float(Float16(bitPattern: x)) }
      case .bfloat16: map(raw, count, target) { (x: UInt16) in Float(bitPattern: UInt32(x) << 16) }
      case .float32: map(raw, count, target) { (x: UInt32) in Float(bitPattern: x) }
      case .float64: map(raw, count, target) { (x: UInt64) in Float(Double(bitPattern: x)) }
      }
    }
  }

  /// The same in double precision: for times, identifiers and states that Float would round.
  func doubles(_ count: Int, into target: UnsafeMutablePointer<Double>, _ read: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
    switch self {
    case .uint32, .uint64, .int32, .int64, .float64:
      try chunks(count, read) { raw, start, count in
        let target = target + start
        switch self {
        case .uint32: map(raw, count, target) { (x: UInt32) in Double(x) }
        case .uint64: map(raw, count, target) { (x: UInt64) in Double(x) }
        case .int32: map(raw, count, target) { (x: Int32) in Double(x) }
        case .int64: map(raw, count, target) { (x: Int64) in Double(x) }
        default: map(raw, count, target) { (x: UInt64) in Double(bitPattern: x) }
        }
      }
    default:  // every number of the narrower types is a Float
      var floats = [Float](repeating: 0, count: count)
      try floats.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { try self.floats(count, into: base, read) } }
      for i in floats.indices { target[i] = Double(floats[i]) }
    }
  }

  private func chunks(
    _ count: Int, _ read: (UnsafeMutableRawBufferPointer) throws -> Void, _ use: (UnsafeRawPointer, _ start: Int, _ count: Int) -> Void
  ) throws {
    let most = 1 << 17
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: most * size, alignment: 64)
    defer { buffer.deallocate() }
    for start in stride(from: 0, to: count, by: most) {
      let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(min(most, count - start) * size)])
      try read(piece)
      if let base = piece.baseAddress { use(base, start, piece.count / size) }
    }
  }

  @inline(__always)
  private func map<Stored, Number>(_ raw: UnsafeRawPointer, _ count: Int, _ target: UnsafeMutablePointer<Number>, _ convert: (Stored) -> Number) {
    let stored = raw.assumingMemoryBound(to: Stored.self)  // 64-byte aligned by `chunks`
    for i in 0..<count { target[i] = convert(stored[i]) }
  }
}
